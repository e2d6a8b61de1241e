"""Secrets of a stack: made once, kept in its folder, and readable by nobody else."""

from __future__ import annotations

from pathlib import Path


def kept_secret(path: Path, fresh: str) -> str:
    """Return the secret in a file, or write ``fresh`` there. Airflow must read what it encrypted earlier."""
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(fresh, encoding="ascii")
        return fresh
