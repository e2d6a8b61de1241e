"""The files that an MWAA environment reads from its bucket, made from a checkout of the project."""

from __future__ import annotations

import os
import shlex
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from include.core.settings import PREFIX, Settings, load_settings
from infrastructure.packaging import mwaa_plugins, production_files, project_files

LAKE_FILE_KEY = "config/lake.yaml"
_LAKE_FILE = f"{PREFIX}LAKE_FILE"
_OF_THE_LOCAL_STACK = f"{PREFIX}STACK_"


def write_bucket_files(root: Path, folder: Path) -> list[Path]:
    """Write ``plugins.zip``, ``requirements.txt``, ``startup.sh`` and ``dags/``; return them.

    Same content gives the same bytes.

    :param root: the project's root.
    :param folder: it is emptied first.
    :raises include.core.settings.SettingsError: if a setting in the environment is wrong.
    """
    startup = startup_script(os.environ, load_settings())
    names = project_files(root)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    plugins = folder / "plugins.zip"
    _write_archive(plugins, root, mwaa_plugins(names))
    requirements = folder / "requirements.txt"
    shutil.copyfile(root / "requirements-mwaa.txt", requirements)
    script = folder / "startup.sh"
    script.write_text(startup, encoding="utf-8")
    return [plugins, requirements, script, *_copy_dags(root, folder, names)]


def startup_script(environment: Mapping[str, str], settings: Settings) -> str:
    """Return the script that gives the lake's settings to all of Airflow's components on MWAA.

    Airflow's options of an environment become ``AIRFLOW__...`` variables alone, so these come from here
    ("Using a startup script", https://docs.aws.amazon.com/mwaa/latest/userguide/using-startup-script.html).

    :param environment: its variables ``MEDIA_LAKE_...`` are the settings.
    :param settings: the same, checked. ``lake.yaml`` is in the lake's bucket if they do not say where it is.
    """
    told = {_LAKE_FILE: settings.uri(LAKE_FILE_KEY)} | {
        name: value
        for name, value in environment.items()
        if name.startswith(PREFIX) and not name.startswith(_OF_THE_LOCAL_STACK)
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(told.items())]
    return "\n".join(["# The media lake's settings; `make mwaa` wrote them.", *lines, ""])


def _write_archive(target: Path, root: Path, content: Mapping[str, str]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for path, source in sorted(content.items()):
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (root / source).read_bytes())


def _copy_dags(root: Path, folder: Path, names: Iterable[str]) -> list[Path]:
    copies = []
    for name in production_files(names):
        if name.startswith("dags/"):
            copy = folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, copy)
            copies.append(copy)
    return copies
