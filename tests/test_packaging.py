"""The files of production's Docker image and of MWAA's archive: they need nothing else of the project."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath

import pytest

from infrastructure.packaging import mwaa_plugins, production_files

ROOT = Path(__file__).parents[1]
NOT_FOR_PRODUCTION = {"local", "tests", "tools"}
AIRFLOW_HOME = "/opt/airflow"  # of the image


@pytest.fixture(scope="module")
def names() -> list[str]:
    """The files of the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def is_ignored(name: str, patterns: Iterable[str]) -> bool:
    """Return whether ``.dockerignore`` keeps a file out of the build; the last pattern that matches decides.

    Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    ignored = False
    for pattern in patterns:
        wanted = pattern.removeprefix("!").strip("/")
        expression = "".join(
            {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
            for part in re.split(r"(\*\*/|\*\*|\*|\?)", wanted)
        )
        if re.fullmatch(f"{expression}(?:/.*)?", name):
            ignored = not pattern.startswith("!")
    return ignored


def image_files(names: Iterable[str], dockerfile: str, dockerignore: str, stage: str) -> dict[str, str]:
    """Return the files that COPY puts into a stage: path in the image to path in the project.

    :param names: the files of the repository.
    :param stage: its files include those of the stages that it is based on.
    """
    patterns = [line.strip() for line in dockerignore.splitlines() if line.strip() and line[0] != "#"]
    context = [name for name in names if not is_ignored(name, patterns)]
    stages: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in dockerfile.splitlines():
        match line.split():
            case ["FROM", base, "AS", name]:
                current = stages[name] = dict(stages.get(base, {}))
            case ["COPY", source, target]:
                assert not source.startswith("--"), f"this test does not understand {line!r}"
                current |= _copied(context, source, target)
            case ["COPY" | "ADD" | "FROM", *_]:
                pytest.fail(f"this test does not understand {line!r}")
    return stages[stage]


def _copied(context: Iterable[str], source: str, target: str) -> dict[str, str]:
    below = [name for name in context if name == source or name.startswith(f"{source}/")]
    assert below, f"COPY {source}: the repository has no such file or folder"
    return {str(PurePosixPath(target) / PurePosixPath(name).relative_to(source)): name for name in below}


def of_project(stage: str, names: Iterable[str]) -> dict[str, str]:
    """Return the files of a stage of the project's Dockerfile."""
    dockerfile, dockerignore = (ROOT / name for name in ("Dockerfile", ".dockerignore"))
    return image_files(names, dockerfile.read_text("utf-8"), dockerignore.read_text("utf-8"), stage)


def imported_packages(name: str) -> set[str]:
    """Return the first part of each module that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.fixture
def print_size(capsys: pytest.CaptureFixture[str]) -> Callable[[str, Iterable[str]], None]:
    """Print number and size of files where whoever runs the test sees it."""

    def show(what: str, sources: Iterable[str]) -> None:
        sizes = [(ROOT / source).stat().st_size for source in sources]
        with capsys.disabled():
            print(f"\n{what}: {len(sizes)} files, {sum(sizes):,} bytes")

    return show


def test_the_production_image_holds_what_production_needs_and_nothing_else(
    names: list[str], print_size: Callable[[str, Iterable[str]], None]
) -> None:
    files = of_project("airflow", names)
    assert sorted(files.values()) == sorted([*production_files(names), "requirements.txt"])
    for path, source in files.items():
        if source != "requirements.txt":
            assert path == f"{AIRFLOW_HOME}/{source}"
    print_size("production image", files.values())


def test_nothing_of_local_tests_or_tools_is_in_production(names: list[str]) -> None:
    for source in {*of_project("airflow", names).values(), *mwaa_plugins(names).values()}:
        assert source.partition("/")[0] not in NOT_FOR_PRODUCTION
        if source.endswith(".py"):
            assert imported_packages(source).isdisjoint(NOT_FOR_PRODUCTION), source


def test_the_local_image_adds_the_local_endpoint(names: list[str]) -> None:
    added = of_project("local-aws", names).items() - of_project("airflow", names).items()
    assert f"{AIRFLOW_HOME}/local/aws/__main__.py" in dict(added)
    assert {source.partition("/")[0] for _, source in added} == {"local", "requirements-local.txt"}


def test_the_archive_for_mwaa_has_plugins_at_its_top_and_no_dags(
    names: list[str], print_size: Callable[[str, Iterable[str]], None]
) -> None:
    archive = mwaa_plugins(names)
    assert {"plugin.py", ".airflowignore", "media_lake/__init__.py", "include/lake.yaml"} <= set(archive)
    assert not {path.partition("/")[0] for path in archive} & {"dags", "infrastructure", "plugins"}
    elsewhere = {"dags", "infrastructure"}
    wanted = [name for name in production_files(names) if name.partition("/")[0] not in elsewhere]
    assert sorted(archive.values()) == wanted
    print_size("plugins.zip for MWAA, unpacked", archive.values())


def test_rules_of_the_dockerfile_and_its_ignore_file_are_read() -> None:
    """The tests above would pass if the rules were ignored."""
    dockerfile = """
FROM somebody/airflow AS production
COPY requirements.txt /tmp/requirements.txt
COPY include /opt/airflow/include
FROM production AS more
COPY local /opt/airflow/local
"""
    names = ["requirements.txt", "include/a.py", "include/secret/b.py", "include/x.pyc", "local/c.py", "d.py"]
    ignored = "# comment\n**/*.pyc\ninclude/secret\n"
    production = {
        "/tmp/requirements.txt": "requirements.txt",
        "/opt/airflow/include/a.py": "include/a.py",
    }
    assert image_files(names, dockerfile, ignored, "production") == production
    more = image_files(names, dockerfile, ignored, "more")
    assert more == {**production, "/opt/airflow/local/c.py": "local/c.py"}
    assert is_ignored("include/x.pyc", ["**/*.pyc"])
    assert not is_ignored("include/x.pyc", ["**/*.pyc", "!include/x.pyc"])
    with pytest.raises(AssertionError, match="no such file or folder"):
        image_files(names, "FROM a AS b\nCOPY missing /missing", "", "b")


USE_ALL = """
import importlib, sys
from airflow.dag_processing.dagbag import DagBag
for name in sys.argv[1:]:
    importlib.import_module(name)
bag = DagBag("dags")
assert bag.import_errors == {}, bag.import_errors
assert {"local", "tests", "tools"}.isdisjoint(sys.modules)
print(*sorted(bag.dags))
"""


def run_alone(
    files: Mapping[str, str], folder: Path, path: tuple[str, ...], script: str, *arguments: str
) -> str:
    """Copy files to an empty folder, and return the output of a script that sees nothing else of the project.

    :param files: path in the folder to path in the project.
    :param path: the folders below it that are on Python's path.
    """
    for target, source in files.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, folder / target)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "PYTHONPATH": os.pathsep.join(str(folder / part) for part in path),
    }
    command = [sys.executable, "-c", script, *arguments]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_modules_and_dags_of_the_image_need_nothing_else_of_the_project(
    names: list[str], tmp_path: Path
) -> None:
    files = {name: name for name in production_files(names)}
    modules = [
        ".".join(PurePosixPath(name.removeprefix("plugins/")).with_suffix("").parts).removesuffix(".__init__")
        for name in files
        if name.endswith(".py") and not name.startswith("dags/")
    ]
    assert {"include.plan.planner", "infrastructure.resources", "media_lake.tasks.plan"} <= set(modules)
    output = run_alone(files, tmp_path, (".", "plugins"), USE_ALL, *modules)
    dags = sorted(PurePosixPath(name).stem for name in files if name.startswith("dags/"))
    assert output.splitlines()[-1].split() == dags
