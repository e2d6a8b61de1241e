"""A copy of the project in which a test plays a checklist of CONTRIBUTING.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PARTS = ("dags", "docs", "include", "infrastructure", "local", "plugins", "sql", "tests", "tools")
_FILES = (".env.example", "CONTRIBUTING.md", "README.md", "pyproject.toml")
_GENERATORS = ("tools.generate", "local.aws.coverage")


def places_of(heading: str) -> list[str]:
    """Return the places of a checklist: the first path in each numbered line; ``<...>`` is any name."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\d+\. .*?`([^`]+)`", section, flags=re.MULTILINE)


def is_at(path: str, place: str) -> bool:
    """Whether a file is at a place of a checklist."""
    parts = (r"[^/]+" if part.startswith("<") else re.escape(part) for part in re.split("(<[^>]+>)", place))
    return re.fullmatch("".join(parts), path) is not None


@dataclass
class CopiedTree:
    """The copy.

    :ivar by_hand: the files changed so far, apart from those that the generators write.
    """

    root: Path
    by_hand: set[str] = field(default_factory=set)

    @classmethod
    def make(cls, root: Path) -> CopiedTree:
        for part in _PARTS:
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _FILES:
            shutil.copy(ROOT / name, root / name)
        return cls(root)

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Write a file by hand."""
        (self.root / path).write_text(text, encoding="utf-8")
        self.by_hand.add(path)

    def insert(self, path: str, before: str, text: str) -> None:
        """Put text into a file by hand, before the first occurrence of some other text."""
        content = self.read(path)
        assert before in content, f"{path} has no {before!r} any more"
        self.write(path, content.replace(before, text + before, 1))

    def generate(self) -> None:
        """Run the generators; the tests of the generators then say whether anything is stale."""
        for module in _GENERATORS:
            self._python("-m", module)

    def test(self, *paths: str) -> None:
        """Run tests of the copy; all have to pass."""
        self._python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *paths)

    def _python(self, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment | {"AIRFLOW_HOME": str(self.root / "airflow"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
