"""``python -m infrastructure``: make what the pipeline needs, at the configured endpoint, and print it."""

from __future__ import annotations

import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from include.core.errors import TerminalError
from include.core.settings import load_settings
from infrastructure.resources import create


def main() -> int:
    try:
        settings = load_settings()
        resources = create(boto3.Session(region_name=settings.region), settings)
    except (TerminalError, BotoCoreError, ClientError) as error:
        print(f"infrastructure: {error}", file=sys.stderr)
        return 1
    for resource in resources:
        print(f"{resource.kind:18} {resource.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
