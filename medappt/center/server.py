"""``twistd medappt-server``: options and what twistd makes of them."""

from __future__ import annotations

import os
import pwd
import resource
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from twisted.application.service import IService, MultiService
from twisted.python.util import runAsEffectiveUser

from medappt.center.options import CenterConfiguration, CenterOptions
from medappt.center.options import ServerOptions as Options
from medappt.center.passwords import Argon2Hasher
from medappt.center.service import CenterService, Surroundings
from medappt.center.workers import ThreadWorkers
from medappt.model.limits import Limits
from medappt.role.signals import SignalService
from medappt.role.startup import one_line_on_failure

__all__ = ["Options", "build_center", "makeService"]

T = TypeVar("T")


def makeService(options: Options) -> IService:
    """Called by twistd: everything that can go wrong at the start goes wrong here, while there
    is a terminal to say it on."""
    from twisted.internet import reactor

    with one_line_on_failure(options.role):
        return build_center(options, options.configuration(), reactor)


def build_center(
    options: CenterOptions, configuration: CenterConfiguration, reactor: Any
) -> MultiService:
    """A center that is ready to be started: its store is up to date and its ports listen.

    Raises ``CannotStart``.
    """
    surroundings = Surroundings(
        clock=reactor,
        now=lambda: datetime.now(UTC),
        randomness=os.urandom,
        workers=ThreadWorkers(reactor),
        hasher=Argon2Hasher(),
    )
    center = CenterService(
        configuration,
        surroundings,
        most_connections=most_connections(configuration.limits),
        role=options.role,
    )
    as_future_user(getattr(options, "parent", None), center.prepare_store)
    center.listen(reactor)
    services = MultiService()
    children: list[IService] = [center, SignalService(reactor, signal.SIGUSR1, center.back_up)]
    for child in children:
        child.setServiceParent(services)
    return services


def as_future_user(twistd_options: Any, action: Callable[[], T]) -> T:
    """Do ``action`` as the user that twistd will become (``--uid``, ``--gid``), so that the files
    it makes are that user's, and what that user may not do fails now."""
    uid = twistd_options["uid"] if twistd_options is not None else None
    gid = twistd_options["gid"] if twistd_options is not None else None
    if os.geteuid() != 0 or (uid is None and gid is None):
        return action()
    if uid is None:
        uid = 0
    if gid is None:
        gid = pwd.getpwuid(uid).pw_gid
    result: T = runAsEffectiveUser(uid, gid, action)
    return result


def most_connections(limits: Limits) -> int:
    """How many connections fit under the file limit (section 4), which is raised as far as this
    process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + limits.spare_files
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return limits.connections
    return max(1, min(limits.connections, soft - limits.spare_files))
