"""What the documents say is there: files, anchors, commands, versions. And their lines fit a page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/*.md", "local/**/*.md", "tests/**/*.md") for path in ROOT.glob(pattern)
)
LONGEST_LINE = 110
MOST_IMAGE_BYTES = 400_000

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@every_document
def test_no_line_is_too_long(path: Path) -> None:
    """Rows of tables cannot be broken."""
    lines = path.read_text(encoding="utf-8").splitlines()
    long = [
        f"line {number}: {len(line)} characters"
        for number, line in enumerate(lines, 1)
        if len(line) > LONGEST_LINE and not line.lstrip().startswith("|")
    ]
    assert long == [], f"break these lines of {path.name} after {LONGEST_LINE} characters at most"


@every_document
def test_what_a_link_leads_to_exists(path: Path) -> None:
    for target in links(path):
        file, _, anchor = target.partition("#")
        other = (path.parent / file) if file else path
        assert other.exists(), f"{path.name} links to {target}"
        assert not anchor or anchor in anchors(other), f"{path.name} links to {target}"


@every_document
def test_commands_of_make_exist(path: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    text = path.read_text(encoding="utf-8")
    named = {
        word
        for command in re.findall(r"`make ([^`]+)`", text)
        for word in re.findall(r"^[a-z-]+|(?<=make )[a-z-]+", command)
    }
    assert named <= targets


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/DEPLOY.md"])
def test_files_and_folders_that_a_guide_names_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    roots = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    named = {
        word
        for word in re.findall(r"`([\w./-]+)`", text)
        if "/" in word and word.split("/")[0] in roots and "." not in word.split("/")[0]
    }
    assert named
    assert [word for word in sorted(named) if not (ROOT / word).exists()] == []


def test_the_newest_version_of_the_changelog_is_the_projects() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\S+) - (\d{4}-\d{2}-\d{2})$", text, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert released[0][0] == project["version"]
    assert [day for _, day in released] == sorted((day for _, day in released), reverse=True)


def test_decisions_are_numbered_without_gaps() -> None:
    text = (ROOT / "docs" / "DECISIONS.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"^\*\*(\d+)\. ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_images_are_small() -> None:
    images = list((ROOT / "docs" / "images").glob("*"))
    assert sum(path.stat().st_size for path in images) <= MOST_IMAGE_BYTES


def links(path: Path) -> Iterator[str]:
    """Yield the targets within the project that a document links to, images too."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target.replace("%20", " ")


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
