"""``python -m tools.known_vulnerabilities``: ask OSV about the packages that the project installs.

OSV (https://osv.dev) has the advisories of PyPI and GitHub. One request asks about all packages:
https://google.github.io/osv.dev/post-v1-querybatch/.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
DATABASE = "https://api.osv.dev"
FILES = ("requirements.txt", "requirements-local.txt", "requirements-uv.txt")
NONE_KNOWN, KNOWN, NOT_ASKED = 0, 1, 2  # exit status
_PINNED = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)

Package = tuple[str, str]  # name, version


def pinned_packages(texts: Iterable[str]) -> list[Package]:
    """Return the packages of compiled requirements, each once.

    :param texts: contents of files that ``uv pip compile`` wrote.
    """
    return sorted({(found[1], found[2]) for text in texts for found in _PINNED.finditer(text)})


def known_vulnerabilities(database: str, packages: list[Package]) -> dict[Package, list[str]]:
    """Return the ids of the known vulnerabilities of each package that has some.

    :param database: address of OSV.
    :raises httpx.HTTPError: if the database does not answer.
    :raises ValueError: if it answers something else.
    """
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in packages
    ]
    reply = httpx.post(f"{database}/v1/querybatch", json={"queries": queries}, timeout=60)
    results = reply.raise_for_status().json().get("results", [])
    return {
        package: [vulnerability["id"] for vulnerability in result["vulns"]]
        for package, result in zip(packages, results, strict=True)
        if result.get("vulns")
    }


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Print what is known, and return the exit status: 1 if anything is, 2 if nobody could be asked."""
    parser = argparse.ArgumentParser(prog="python -m tools.known_vulnerabilities")
    parser.add_argument("--database", default=DATABASE, help="address of OSV or of a mirror")
    database = parser.parse_args(arguments).database
    packages = pinned_packages((root / name).read_text(encoding="utf-8") for name in FILES)
    try:
        found = known_vulnerabilities(database, packages)
    except (httpx.HTTPError, ValueError) as error:
        print(
            f"nothing was checked: {database} does not answer ({error}). Try again where it can be reached, "
            "or name a mirror with --database.",
            file=sys.stderr,
        )
        return NOT_ASKED
    for (name, version), ids in found.items():
        print(f"{name} {version}: {', '.join(f'https://osv.dev/{identity}' for identity in ids)}")
    print(f"{len(packages)} packages asked about, {len(found)} with known vulnerabilities")
    return KNOWN if found else NONE_KNOWN


if __name__ == "__main__":
    sys.exit(main())
