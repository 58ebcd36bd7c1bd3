"""``twistd medappt-server``: options and what twistd makes of them."""

from __future__ import annotations

import os
import pwd
import resource
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import Any

from twisted.application.service import IService
from twisted.python.util import runAsEffectiveUser

from medappt.center.options import CenterConfiguration, CenterOptions
from medappt.center.options import ServerOptions as Options
from medappt.center.passwords import Argon2Hasher
from medappt.center.service import CenterService, Surroundings
from medappt.center.workers import ThreadWorkers
from medappt.model.limits import Limits
from medappt.role.services import together
from medappt.role.signals import SignalService
from medappt.role.startup import CannotStart, one_line_on_failure

__all__ = ["Options", "build_center", "makeService"]


def makeService(options: Options) -> IService:
    """Called by twistd: everything that can go wrong at the start goes wrong here, while there
    is a terminal to say it on."""
    from twisted.internet import reactor

    with one_line_on_failure(options.role):
        return together(build_center(options, options.configuration(), reactor))


def build_center(
    options: CenterOptions, configuration: CenterConfiguration, reactor: Any
) -> list[IService]:
    """A center that is ready to be started: its store is up to date and its ports listen.

    The services it consists of, in the order in which they are to start. Raises ``CannotStart``.
    """
    surroundings = Surroundings(
        clock=reactor,
        now=lambda: datetime.now(UTC),
        randomness=os.urandom,
        jitter=SystemRandom().random,
        workers=ThreadWorkers(reactor),
        hasher=Argon2Hasher(),
    )
    center = CenterService(
        configuration,
        surroundings,
        most_connections=most_connections(configuration.limits),
        role=options.role,
    )
    prepare_for_future_user(getattr(options, "parent", None), center)
    center.listen(reactor)
    # the signal first: who reads that the center listens may ask for a copy at once
    return [SignalService(reactor, signal.SIGUSR1, center.back_up), center]


def prepare_for_future_user(twistd_options: Any, center: CenterService) -> None:
    """Prepare the store so that the user twistd will become (``--uid``, ``--gid``) can use it:
    files that did not exist become theirs. Raises ``CannotStart`` where they cannot write.

    The work is done as the user we are: the one to come may not be able to read our modules.
    """
    uid = twistd_options["uid"] if twistd_options is not None else None
    gid = twistd_options["gid"] if twistd_options is not None else None
    if os.geteuid() != 0 or (uid is None and gid is None):
        center.prepare_store()
        return
    uid = 0 if uid is None else uid
    gid = pwd.getpwuid(uid).pw_gid if gid is None else gid
    before = {path for path in center.store_files if os.path.lexists(path)}
    center.prepare_store()
    for path in center.store_files:
        if path not in before:
            os.chown(path, uid, gid, follow_symlinks=False)
    runAsEffectiveUser(uid, gid, check_writable, center.store_files)


def check_writable(files: Sequence[Path]) -> None:
    """Raise ``CannotStart`` unless the files, and the folders they are in, can be written to by
    the effective user."""
    for path in dict.fromkeys([*files, *(path.parent for path in files)]):
        if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            raise CannotStart(f"{path} cannot be written to by the user of --uid and --gid")


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
