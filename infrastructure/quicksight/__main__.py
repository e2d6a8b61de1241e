"""``python -m infrastructure.quicksight``: make QuickSight as defined, and say what changed."""

from __future__ import annotations

import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from include.core.errors import TerminalError
from include.core.settings import load_settings
from infrastructure.quicksight.installer import install


def main() -> int:
    try:
        settings = load_settings()
        outcomes = install(boto3.Session(region_name=settings.region), settings)
    except (TerminalError, BotoCoreError, ClientError) as error:
        print(f"quicksight: {error}", file=sys.stderr)
        return 1
    for outcome in outcomes:
        if outcome.change:
            print(f"{outcome.kind:17} {outcome.name:40} {outcome.change}")
    if not any(outcome.change for outcome in outcomes):
        print(f"nothing to change: {len(outcomes)} things are as defined")
    return 0


if __name__ == "__main__":
    sys.exit(main())
