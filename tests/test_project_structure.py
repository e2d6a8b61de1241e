"""The house keeps its plan: arrows between packages go one way, and a thing is found by its name."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("dags", "include", "infrastructure", "local", "plugins", "tools")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("plugins."): path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
}
STAGES = ("discover", "plan", "analyze", "normalize", "validate", "publish", "report")
# Logs are read by more people than media are: above DEBUG they name an object of a source by its media id.
LOUD = {"info", "warning", "error", "exception", "critical"}
NAMES_MEDIA = re.compile(r"""\[['"](key|Key|Body|s3_uri)['"]\]|\bitem\.key\b|\.s3_uri\b|\.title\b""")
VAGUE = {"base", "common", "helper", "helpers", "lib", "misc", "util", "utils"}

# Which rooms a room may import from, besides its own. The first name that fits a module is its room.
ROOMS: dict[str, set[str]] = {
    "include.core": set(),
    "include.store": {"include.core"},
    **{f"include.{stage}": {"include.core", "include.store"} for stage in (*STAGES, "operate")},
    "include": set(),
    "rekognition": set(),
    "media_lake": {"include", "rekognition"},
    "plugin": {"media_lake", "rekognition"},
    "dags": {"include.core", "media_lake"},
    "infrastructure": {"include"},
    "tools": {"include", "infrastructure"},
    "local": {"include", "infrastructure", "tools"},
}


def room_of(module: str) -> str:
    """Return the room that a module is in.

    :raises StopIteration: if the plan has no such room.
    """
    return next(room for room in ROOMS if module == room or module.startswith(f"{room}."))


def imported(name: str) -> Iterator[str]:
    """Yield the modules of the project that a module imports anywhere in it, also inside functions."""
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, (
                f"{name} imports relatively; write the whole path, so that it can be searched"
            )
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for dotted in found:
            module = _module(dotted)
            if module and module != name:
                yield module


def _module(dotted: str) -> str | None:
    """Return the module that a dotted name is in, or None if it is not one of the project's."""
    while dotted:
        for module in (dotted, f"{dotted}.__init__"):
            if module in MODULES:
                return module
        dotted = dotted.rpartition(".")[0]
    return None


ARROWS: Mapping[str, set[str]] = {name: set(imported(name)) for name in MODULES}


def may_import(room: str, other: str) -> bool:
    return room == other or any(
        other == allowed or other.startswith(f"{allowed}.") for allowed in ROOMS[room]
    )


def test_arrows_go_one_way() -> None:
    against = [
        f"{name} imports {other}, but {room_of(name)} may not know {room_of(other)}: move what both need to "
        "include/store or include/core, or let a task in plugins/media_lake/tasks pass it on"
        for name, others in ARROWS.items()
        for other in sorted(others)
        if not may_import(room_of(name), room_of(other))
    ]
    assert against == []


def test_there_are_no_cycles() -> None:
    try:
        TopologicalSorter(ARROWS).prepare()
    except CycleError as error:
        pytest.fail(f"{' -> '.join(error.args[1])}: move what both need to a module of its own")


def test_a_name_is_given_once() -> None:
    """What a package's ``__init__`` and ``__main__`` are is told by the package's name."""
    named = defaultdict(list)
    for name, path in MODULES.items():
        if not path.stem.startswith("__"):
            named[path.stem].append(name)
    several = [
        " and ".join(names) + " have one name: rename one of them" for names in named.values() if names[1:]
    ]
    assert several == []


def test_arrows_are_seen() -> None:
    """The tests above would pass if nothing was read."""
    assert "include.core.features" in ARROWS["include.plan.planner"]
    assert "include.normalize.__init__" in ARROWS["include.normalize.batch"]
    assert "media_lake.tasks.plan" in ARROWS["dags.enrich_images"]
    assert not may_import("include.plan", "include.analyze")
    assert not may_import("include.core", "include.store")
    assert not may_import("include.store", "local")


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_named_for_what_they_hold(name: str) -> None:
    assert VAGUE.isdisjoint(name.split("."))


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_short_and_say_what_they_are(name: str) -> None:
    text = MODULES[name].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    assert ast.get_docstring(ast.parse(text)), "a module begins with a docstring"


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("include")])
def test_the_library_is_free_of_airflow(name: str) -> None:
    assert not re.search(
        r"^\s*(from|import) airflow", MODULES[name].read_text(encoding="utf-8"), re.MULTILINE
    )


def told(source: str) -> Iterator[str]:
    """Yield what calls of loggers above DEBUG are given."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=logger, attr=level), args=arguments):
                if level in LOUD and ast.unparse(logger) in ("log", "self.log"):
                    yield from map(ast.unparse, arguments)


def test_logs_name_no_media_by_their_keys() -> None:
    found = {
        name: [
            argument for argument in told(path.read_text(encoding="utf-8")) if NAMES_MEDIA.search(argument)
        ]
        for name, path in MODULES.items()
        if room_of(name) not in ("local", "tools")
    }
    assert {name: arguments for name, arguments in found.items() if arguments} == {}


def test_keys_in_logs_are_seen() -> None:
    calls = [
        """log.info("%s", work.asset["key"])""",
        """self.log.error("%s", escaped(item.key))""",
        """self.log.warning("%.200r", message["Body"])""",
        """log.debug("%s", item.key)""",
        """log.info("%s", failed.key[:12])""",  # of an analysis
    ]
    seen = [any(NAMES_MEDIA.search(argument) for argument in told(call)) for call in calls]
    assert seen == [True, True, True, False, False]


def test_nobody_is_handed_a_presigned_link() -> None:
    """It would outlive the permission of whoever opens it (`docs/PRIVACY.md`)."""
    ours = {name: path for name, path in MODULES.items() if not name.startswith("local.")}
    found = [name for name, path in ours.items() if "presigned" in path.read_text(encoding="utf-8")]
    assert found == []
