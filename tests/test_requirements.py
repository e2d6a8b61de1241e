"""What is installed is what was looked at: every package has a version and hashes, wherever it goes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = ("requirements.txt", "requirements-local.txt", "requirements-uv.txt", "requirements-mwaa.txt")
# Everything in the project that installs packages.
INSTALLERS = ("Makefile", "Dockerfile", ".ci/run", ".github/workflows/ci.yaml")
ENTRY = re.compile(r"^([\w.-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_every_package_has_a_version_and_hashes(name: str) -> None:
    content = re.sub(r"^#.*\n", "", text(name), flags=re.MULTILINE)
    assert ENTRY.search(content)
    assert ENTRY.sub("", content).strip() == ""


def test_the_local_stack_has_the_versions_and_hashes_of_production() -> None:
    production, local = (set(ENTRY.findall(text(name))) for name in FILES[:2])
    assert production < local


@pytest.mark.parametrize("name", INSTALLERS)
def test_whatever_installs_packages_checks_their_hashes(name: str) -> None:
    lines = re.sub(r"\\\n\s*", "", text(name)).splitlines()
    installs = [line for line in lines if re.search(r"\bpip (install|sync)\b", line)]
    assert installs or name in (".ci/run", ".github/workflows/ci.yaml")
    assert [line for line in installs if "--require-hashes" not in line] == []


@pytest.mark.integration
def test_the_bill_of_materials_names_every_package_of_production(tmp_path: Path) -> None:
    file = tmp_path / "sbom.cdx.json"
    subprocess.run(
        ["make", "--silent", "sbom", f"VENV={Path(sys.executable).parents[1]}", f"SBOM={file}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    bill = json.loads(file.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "media-lake-enrichment"
    packages = {(component["name"], component["version"]) for component in bill["components"]}
    assert packages == {(name, version) for name, version, _ in ENTRY.findall(text("requirements.txt"))}
    assert all(component["externalReferences"][0]["hashes"] for component in bill["components"])
