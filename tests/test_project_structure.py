"""What keeps the tree easy to find one's way in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("dags", "include", "plugins")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
# What makes the offline stand-in and the stack around it may know it; the pipeline may not.
OFFLINE = ("include/local_aws/", "include/stack/")
VAGUE = {"base", "common", "helper", "helpers", "lib", "misc", "tools", "util", "utils"}

# Modules without a test file of their own, and what tests them.
TESTED_ELSEWHERE = {
    "include/assets.py": "tests/dags/test_partitions.py",
    "include/analyze_images.py": "tests/integration/test_analyze_images.py",
    "include/analyze_videos.py": "tests/integration/test_analyze_videos.py",
    "include/athena.py": "tests/integration/test_pipeline.py",
    "include/query.py": "tests/local_aws/test_query_command.py",
    "include/usage.py": "tests/integration/test_pipeline.py",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports anywhere in it, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ("include." if node.level else "") + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


PIPELINE = [path for path in MODULES if not name_of(path).startswith(OFFLINE)]


@pytest.mark.parametrize("path", PIPELINE, ids=name_of)
def test_the_pipeline_does_not_know_the_local_endpoint(path: Path) -> None:
    assert [
        module for module in imported(path) if module.startswith(("include.local_aws", "include.stack"))
    ] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_named_for_what_they_hold(path: Path) -> None:
    assert path.stem not in VAGUE
    assert path.parent.name not in VAGUE


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    assert ast.get_docstring(ast.parse(text)), "a module begins with a docstring"


@pytest.mark.parametrize("path", sorted((ROOT / "include").glob("*.py")), ids=name_of)
def test_every_module_of_the_library_has_its_tests(path: Path) -> None:
    if path.name == "__init__.py":
        return
    expected = TESTED_ELSEWHERE.get(name_of(path), f"tests/include/test_{path.stem}.py")
    assert (ROOT / expected).exists()


@pytest.mark.parametrize("name", TESTED_ELSEWHERE)
def test_exceptions_are_needed(name: str) -> None:
    path = ROOT / name
    assert path.exists()
    assert not (ROOT / "tests" / "include" / f"test_{path.stem}.py").exists()


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.is_relative_to(ROOT / "include")], ids=name_of
)
def test_the_library_is_free_of_airflow(path: Path) -> None:
    """Except where the noun is Airflow's: assets."""
    if name_of(path) == "include/assets.py" or name_of(path).startswith(OFFLINE):
        return
    assert [module for module in imported(path) if module.split(".")[0] == "airflow"] == []
