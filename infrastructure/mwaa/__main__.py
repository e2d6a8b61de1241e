"""``python -m infrastructure.mwaa``: write what the bucket of an MWAA environment gets.

The lake's settings are those of the environment (``MEDIA_LAKE_...``). docs/MWAA.md says how to go on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from include.core.settings import SettingsError
from infrastructure.mwaa.bucket_files import write_bucket_files

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infrastructure.mwaa", description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("build/mwaa"), help="where (default: build/mwaa)")
    folder = parser.parse_args(arguments).folder
    try:
        files = write_bucket_files(ROOT, folder)
    except SettingsError as error:
        print(*error.args, sep="\n", file=sys.stderr)
        return 1
    for file in files:
        print(f"{file.stat().st_size:>9,} bytes  {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
