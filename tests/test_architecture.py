"""Tests of the plan of the house: who may import whom, and what no floor may reach for.

Every check is a function from sources to complaints, and has a test with a source that it must
complain about.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "medappt"
MOST_LINES = 400
"""Of a file: beyond it, it is more than one concern."""

MAY_IMPORT = {
    "model": set[str](),
    "wire": {"model"},
    "store": {"model"},
    "role": {"model", "wire"},
    "center": {"model", "wire", "store", "role", "federation"},
    "doctor": {"model", "wire", "store", "role"},
    "patient": {"model", "wire", "store", "role"},
    "federation": {"model", "wire", "store", "role"},
}
"""The rooms, and those that each may import beside itself."""

ROOF = {"__init__", "__main__", "cli", "clinic", "commands", "demo", "samples"}
"""What is above the rooms: it may import any."""

PURE = {"model", "wire"}
"""Rooms that import nothing but the standard library and one another."""

PURE_PACKAGES = {"wire": {"cryptography"}}
"""What pure rooms import beside it: functions of bytes, without a socket or a clock."""

SQL = {"sqlalchemy", "sqlite3", "alembic"}
DYNAMIC = {"importlib", "imp", "runpy", "pkgutil"}
"""Ways to import that no check of sources sees."""

IMPURE = {
    *(f"time.{name}" for name in ("time", "time_ns", "monotonic", "monotonic_ns", "sleep")),
    *("time.perf_counter", "time.perf_counter_ns", "datetime.date.today"),
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    *("os.urandom", "os.getrandom", "uuid.uuid1", "uuid.uuid4"),
}
"""Time, randomness and ids: parameters everywhere but where a process is put together."""

IMPURE_MODULES = {"random", "secrets"}

COMPOSITION = {
    "medappt.commands.machine": "what commands are given: random tags and keys, the instant",
    "medappt.center.server": "what twistd starts: the center is given its clock and randomness",
    "medappt.demo.cities": "the demo books in the weeks to come",
}
"""Modules that may reach for what is impure, and why."""

DISTRIBUTION_OF = {"zope": "zope.interface", "argon2": "argon2-cffi"}
"""Where a distribution is not called as the package it holds."""


@dataclass(frozen=True, slots=True)
class Module:
    """A source file, by its dotted name (a package's is that of its ``__init__``)."""

    name: str
    source: str

    @property
    def room(self) -> str:
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else ""

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.name)


def modules() -> list[Module]:
    found = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found.append(Module(name, path.read_text(encoding="utf-8")))
    return found


def imports(module: Module, tree: ast.AST | None = None) -> Iterator[str]:
    """The full name of all that is imported, wherever: also for type checkers, also in functions.

    ``from a import b`` gives ``a.b``, as ``b`` may be a module.
    """
    for node in ast.walk(module.tree if tree is None else tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.name.split(".")[: -node.level]
                base = ".".join([*package, *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def import_complaints(module: Module) -> Iterator[str]:
    """Imports that run up a floor, or out of a pure room."""
    if module.room in ROOF:
        return
    if module.room not in MAY_IMPORT:
        yield f"{module.name} is in no room of the plan"
        return
    allowed = MAY_IMPORT[module.room] | {module.room}
    for name in imports(module):
        top, _, rest = name.partition(".")
        room = rest.partition(".")[0]
        if top == PACKAGE and room not in allowed:
            yield f"{module.name} imports {name}"
        pure = sys.stdlib_module_names | PURE_PACKAGES.get(module.room, set())
        if top != PACKAGE and module.room in PURE and top not in pure:
            yield f"{module.name} is pure and imports {name}"
        if top in SQL and module.room != "store":
            yield f"{module.name} is not the store and imports {name}"


def dynamic_complaints(module: Module) -> Iterator[str]:
    """Imports that the other checks would not see."""
    for name in imports(module):
        if name.partition(".")[0] in DYNAMIC or name.endswith(".*"):
            yield f"{module.name} imports {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id == "__import__":
            yield f"{module.name} calls __import__"


def reactor_complaints(module: Module) -> Iterator[str]:
    """The global reactor imported outside a function: importing us would install one."""
    pending: list[ast.AST] = [module.tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in imports(module, node):
                if f"{name}.".startswith("twisted.internet.reactor."):
                    yield f"{module.name} imports the reactor in line {node.lineno}"
        pending.extend(ast.iter_child_nodes(node))


def impure_names(module: Module) -> Iterator[str]:
    """All that is impure and mentioned, called or not, under whatever name it was imported."""
    full_names: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                full_names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full_names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(module.tree):
        attributes: list[str] = []
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in full_names:
            name = ".".join([full_names[inner.id], *attributes])
            if name in IMPURE or name.partition(".")[0] in IMPURE_MODULES:
                yield name


def impurity_complaints(module: Module) -> Iterator[str]:
    if module.name not in COMPOSITION:
        yield from (f"{module.name} reaches for {name}" for name in impure_names(module))


def length_complaints(module: Module) -> Iterator[str]:
    lines = len(module.source.splitlines())
    if lines > MOST_LINES:
        yield f"{module.name} has {lines} lines"


def dependency_complaints(found: Iterable[Module], requirements: str) -> Iterator[str]:
    """Packages that are imported and that installing us does not install."""
    declared = {
        match[0].lower()
        for line in requirements.splitlines()
        if (match := re.match(r"[A-Za-z0-9._-]+", line.strip()))
    }
    for module in found:
        for name in imports(module):
            top = name.partition(".")[0]
            if top == PACKAGE or top in sys.stdlib_module_names:
                continue
            if DISTRIBUTION_OF.get(top, top) not in declared:
                yield f"{module.name} imports {name}, which is not required"


def package_complaints(found: Iterable[Module], listed: Iterable[str]) -> Iterator[str]:
    """Folders that an installation would leave behind, or miss."""
    folders = {module.name.rpartition(".")[0] for module in found}
    packages = {name for name in listed if name.partition(".")[0] == PACKAGE}
    yield from (f"{name} is not in setup.cfg" for name in sorted(folders - packages))
    yield from (f"{name} is in setup.cfg only" for name in sorted(packages - folders))


def plugin_complaints(source: str, known: set[str]) -> Iterator[str]:
    """Whatever is in a plugin file and neither names a role nor is needed for that: twistd runs
    it whenever anybody lists plugins."""
    first, *rest = ast.parse(source).body
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        yield "line 1 is no docstring"
    for node in rest:
        match node:
            case ast.ImportFrom(module="twisted.application.service", names=[alias]):
                is_fine = (alias.name, alias.asname) == ("ServiceMaker", None)
            case ast.Assign([ast.Name()], ast.Call(ast.Name("ServiceMaker"), arguments, [])):
                words = [each.value for each in arguments if isinstance(each, ast.Constant)]
                is_fine = len(words) == len(arguments) == 4 and words[1] in known
            case _:
                is_fine = False
        if not is_fine:
            yield f"line {node.lineno} is no ServiceMaker of a module of ours"


def setup() -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


class HouseTests(SynchronousTestCase):
    """The checks find nothing in the sources."""

    def test_modules_are_found(self) -> None:
        """The checks look at all that is there."""
        names = {module.name for module in modules()}
        self.assertIn("medappt.__main__", names)
        self.assertEqual({module.room for module in modules()} & set(MAY_IMPORT), set(MAY_IMPORT))

    def test_imports(self) -> None:
        """No arrow runs up a floor."""
        for check in (import_complaints, dynamic_complaints, reactor_complaints):
            self.assertEqual([each for module in modules() for each in check(module)], [])

    def test_impurity(self) -> None:
        """Clock, randomness and ids are parameters."""
        complaints = [each for module in modules() for each in impurity_complaints(module)]
        self.assertEqual(complaints, [])

    def test_composition(self) -> None:
        """Every module that may reach for them does: no exception outlives its reason."""
        impure = {module.name for module in modules() if any(impure_names(module))}
        self.assertEqual(impure, set(COMPOSITION))

    def test_length(self) -> None:
        """No file is longer than one concern."""
        complaints = [each for module in modules() for each in length_complaints(module)]
        self.assertEqual(complaints, [])

    def test_dependencies(self) -> None:
        """Installing us installs what we import."""
        requirements = setup()["options"]["install_requires"]
        self.assertEqual(list(dependency_complaints(modules(), requirements)), [])

    def test_packages(self) -> None:
        """Installing us installs every folder, and twistd's plugins."""
        listed = setup()["options"]["packages"].split()
        self.assertEqual(list(package_complaints(modules(), listed)), [])
        self.assertIn("twisted.plugins", listed)

    def test_plugins(self) -> None:
        """The plugin file names roles, and hides no plugins of others."""
        folder = ROOT / "twisted"
        self.assertEqual(list(folder.rglob("__init__.py")), [])
        (path,) = folder.rglob("*.py")
        known = {module.name for module in modules()}
        self.assertEqual(list(plugin_complaints(path.read_text(encoding="utf-8"), known)), [])


class PlantedTests(SynchronousTestCase):
    """The checks find what is wrong."""

    def test_up_a_floor(self) -> None:
        """However it is written, an import of a room above is found."""
        for name, source in (
            ("medappt.model.x", "import medappt.wire"),
            ("medappt.wire.x", "from medappt.store import disk"),
            ("medappt.store.x", "from medappt import role"),
            ("medappt.store.migrations.x", "from medappt.wire.words import split"),
            ("medappt.role.x", "def f():\n    import medappt.store.disk as disk"),
            ("medappt.center.x", "from ..patient import visit"),
            ("medappt.doctor.x", "from .. import center"),
            ("medappt.patient.x", "if TYPE_CHECKING:\n    from medappt.doctor import desk"),
            ("medappt.federation.x", "from medappt.center import session"),
            ("medappt.patient.x", "from medappt.federation import link"),
            ("medappt.center.x", "from medappt import samples"),
            ("medappt.center.x", "import medappt"),
            ("medappt.attic.x", ""),
        ):
            self.assertEqual(len(list(import_complaints(Module(name, source)))), 1, source)

    def test_down_a_floor(self) -> None:
        """An import of a room below, or of the own, is none."""
        for name, source in (
            ("medappt.wire.x", "import re\nfrom medappt.model import slots\nfrom . import words"),
            ("medappt.center.x", "from ..store import disk\nfrom .y import z\nimport twisted"),
            ("medappt.center.x", "from medappt.federation.link import Link"),
            ("medappt.federation.x", "from ..store import disk\nfrom medappt.wire import envelope"),
            ("medappt.wire.x", "from cryptography.exceptions import InvalidTag"),
            ("medappt.cli", "from medappt.patient import visit\nfrom medappt import center"),
        ):
            self.assertEqual(list(import_complaints(Module(name, source))), [], source)

    def test_out_of_a_pure_room(self) -> None:
        """Model and wire import neither Twisted nor SQL; SQL is the store's."""
        for package in ("twisted.python", "zope.interface", "sqlalchemy", "sqlite3", "alembic"):
            for room in PURE:
                module = Module(f"medappt.{room}.x", f"import {package}")
                self.assertNotEqual(list(import_complaints(module)), [], package)
        module = Module("medappt.model.x", "import cryptography")
        self.assertEqual(len(list(import_complaints(module))), 1)
        module = Module("medappt.center.x", "from sqlite3 import connect")
        self.assertEqual(len(list(import_complaints(module))), 1)

    def test_dynamic(self) -> None:
        """Imports that are not seen are seen."""
        for source in (
            "import importlib",
            "from importlib import import_module",
            "__import__('os')",
            "from os import *",
        ):
            self.assertEqual(len(list(dynamic_complaints(Module("medappt.x", source)))), 1, source)

    def test_reactor(self) -> None:
        """The reactor is found at module level, in classes and conditions, not in functions."""
        for source in (
            "from twisted.internet import reactor",
            "from twisted.internet import defer, reactor as r",
            "import twisted.internet.reactor",
            "from twisted.internet.reactor import callLater",
            "class A:\n    from twisted.internet import reactor",
            "if True:\n    try:\n        from twisted.internet import reactor\n    finally: pass",
        ):
            self.assertEqual(len(list(reactor_complaints(Module("medappt.x", source)))), 1, source)
        for source in (
            "def f():\n    from twisted.internet import reactor",
            "from twisted.internet import defer",
        ):
            self.assertEqual(list(reactor_complaints(Module("medappt.x", source))), [], source)

    def test_impure(self) -> None:
        """Clocks and dice are found under any name."""
        for source in (
            "import time\ntime.time()",
            "from time import sleep as rest\nrest(1)",
            "import datetime\ndatetime.datetime.now()",
            "from datetime import datetime, UTC\nnow = lambda: datetime.now(UTC)",
            "from datetime import datetime\nx = datetime.utcnow",
            "import random as dice\ndice.choice([1])",
            "import secrets\nsecrets.token_bytes()",
            "from uuid import uuid4\nuuid4()",
            "import os, os.path\nf(os.urandom)",
        ):
            self.assertNotEqual(list(impurity_complaints(Module("medappt.x", source))), [], source)
        for source in (
            "import time\ntime.gmtime(0)",
            "def f(now, random, clock):\n    return now(), random(3), clock.time()",
            "import os\nos.path.join('a')",
        ):
            self.assertEqual(list(impurity_complaints(Module("medappt.x", source))), [], source)

    def test_long(self) -> None:
        """A file of one line too many is found."""
        self.assertEqual(list(length_complaints(Module("medappt.x", "\n" * MOST_LINES))), [])
        too_long = Module("medappt.x", "\n" * (MOST_LINES + 1))
        self.assertEqual(list(length_complaints(too_long)), ["medappt.x has 401 lines"])

    def test_undeclared(self) -> None:
        """A package that nobody requires is found, and none that is required."""
        module = Module(
            "medappt.x", "import os, yaml, argon2\nfrom zope.interface import Interface"
        )
        requirements = "\nargon2-cffi >= 23\nzope.interface\n"
        self.assertEqual(
            list(dependency_complaints([module], requirements)),
            ["medappt.x imports yaml, which is not required"],
        )

    def test_unlisted(self) -> None:
        """A folder that setup.cfg does not list is found, and so is the reverse."""
        found = [Module("medappt.__init__", ""), Module("medappt.attic.__init__", "")]
        self.assertEqual(
            list(package_complaints(found, ["medappt", "medappt.cellar", "twisted.plugins"])),
            ["medappt.attic is not in setup.cfg", "medappt.cellar is in setup.cfg only"],
        )

    def test_more_than_plugins(self) -> None:
        """Anything but a docstring, the import and roles is found."""
        known = {"medappt.clinic"}
        plugin = '"""Roles."""\nfrom twisted.application.service import ServiceMaker\n'
        maker = 'a = ServiceMaker("a", "medappt.clinic", "b", "c")\n'
        self.assertEqual(list(plugin_complaints(plugin + maker, known)), [])
        for line in (
            "import medappt.clinic",
            "from twisted.application.service import Service",
            "print()",
            'a = ServiceMaker("a", "medappt.attic", "b", "c")',
            'a = ServiceMaker("a", f(), "b", "c")',
            'a.b = ServiceMaker("a", "medappt.clinic", "b", "c")',
        ):
            self.assertEqual(len(list(plugin_complaints(plugin + line, known))), 1, line)
        self.assertEqual(len(list(plugin_complaints("import os\n" + maker, known))), 1)
