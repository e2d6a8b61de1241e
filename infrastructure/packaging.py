"""The files that production needs: one rule for the Docker image and for MWAA's ``plugins.zip``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

PRODUCTION_FOLDERS = ("dags", "include", "infrastructure", "plugins", "sql")
# The lake is made from a deployer's machine, which MWAA's workers are not.
_NOT_ON_MWAA = ("dags/", "infrastructure/")


def project_files(root: Path) -> list[str]:
    """Return what is in the production folders of a checkout, as paths from its root."""
    return sorted(
        path.relative_to(root).as_posix()
        for folder in PRODUCTION_FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def production_files(names: Iterable[str]) -> list[str]:
    """Return the files that production needs, in the order of their names.

    :param names: paths from the project's root, such as those that ``git ls-files`` lists.
    """
    return sorted(name for name in names if name.partition("/")[0] in PRODUCTION_FOLDERS)


def mwaa_plugins(names: Iterable[str]) -> dict[str, str]:
    """Return the content of ``plugins.zip``: path in the archive to path in the project.

    MWAA unpacks the archive into its plugins folder, which Airflow puts on Python's path; ``PYTHONPATH`` is
    MWAA's own. So the content of ``plugins/`` is at the archive's top, and ``include/`` and ``sql/`` are
    beside it. The Dags are not in it: MWAA reads them from another folder ("Installing custom plugins",
    https://docs.aws.amazon.com/mwaa/latest/userguide/configuring-dag-import-plugins.html).

    :param names: paths from the project's root, such as those that ``git ls-files`` lists.
    """
    return {
        name.removeprefix("plugins/"): name
        for name in production_files(names)
        if not name.startswith(_NOT_ON_MWAA)
    }
