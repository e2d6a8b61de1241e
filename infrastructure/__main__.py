"""``python -m infrastructure``: make what the pipeline needs, at the configured endpoint, and print it.

With ``--catalog`` only tables and views: what is left to do where the CloudFormation template is deployed.
"""

from __future__ import annotations

import argparse
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from include.core.errors import TerminalError
from include.core.settings import load_settings
from infrastructure.resources import create, create_catalog


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infrastructure", description="Make what the lake needs.")
    parser.add_argument(
        "--catalog", action="store_true", help="only tables and views, where the template made the rest"
    )
    make = create_catalog if parser.parse_args(arguments).catalog else create
    try:
        settings = load_settings()
        resources = make(boto3.Session(region_name=settings.region), settings)
    except (TerminalError, BotoCoreError, ClientError) as error:
        print(f"infrastructure: {error}", file=sys.stderr)
        return 1
    for resource in resources:
        print(f"{resource.kind:18} {resource.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
