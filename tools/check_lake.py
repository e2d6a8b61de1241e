"""Check the settings and ``lake.yaml``, and say what a change of the file would cost.

``python -m tools.check_lake [file] [--days N]`` reads the file first, as every task does. It then looks up in
AWS what the file names, and plans the last days that were discovered with it. Nothing that it does is an
analysis, so Rekognition bills nothing. Without an endpoint or credentials it checks the file alone.

The exit status is 1 if anything is wrong, else 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from tabulate import tabulate  # type: ignore[import-untyped]

from include.core.errors import DENIED, error_code
from include.core.lake import Lake
from include.core.prices import PriceBook, PriceError, load_price_book
from include.core.setting_mistakes import printable
from include.core.settings import Settings, SettingsError, lake_place, load_settings
from include.plan.preview import Preview, known_manifests, preview
from include.store.lake_file import fetch_lake
from include.store.manifest import discovered_days
from include.store.workspace import Deployment
from tools.aws_checks import checks_of, run_checks
from tools.command_clients import CommandClients

DAYS = 30
# Without an endpoint that answers, the file alone is checked, and soon.
_IMPATIENT = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})


class NoAwsError(Exception):
    """AWS cannot be asked; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.check_lake", description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", type=lake_place, help="instead of MEDIA_LAKE_LAKE_FILE")
    parser.add_argument(
        "--days", type=_whole, default=DAYS, help=f"how many discovered days to plan (default: {DAYS})"
    )
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        place = options.file or settings.lake_file
        clients = CommandClients(settings.region, _IMPATIENT)
        lake = fetch_lake(place, settings.bucket, lambda: clients.client("s3"))
        book = load_price_book(settings.region)
    except SettingsError as error:
        print(*error.args, sep="\n")
        return 1
    except PriceError as error:
        print(f"MEDIA_LAKE_REGION: {error}")
        return 1
    print(f"{place}: right; {_in_words(lake)}")
    try:
        return _check_in_aws(settings, lake, book, options.days)
    except KeyboardInterrupt:
        return 130


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days; write one, such as {DAYS}")
    return int(text)


def _in_words(lake: Lake) -> str:
    features = {name for source in lake.sources for names in source.features.values() for name in names}
    return f"sources: {len(lake.sources)}, features: {len(features)}"


def _check_in_aws(settings: Settings, lake: Lake, book: PriceBook, days: int) -> int:
    try:
        clients, account = _connect(settings)
    except NoAwsError as error:
        print(f"only the file was checked: {error}")
        return 0
    except SettingsError as error:
        print(error)
        return 1
    print(f"\nlooked up in account {account}, {settings.region}:")
    findings = run_checks(list(checks_of(settings, lake, account, clients)))
    for finding in findings:
        print(f"  {finding.state:12} {printable(f'{finding.subject}: {finding.text}')}")
    deployment = Deployment(settings, clients)
    deployment.lake = lake
    print(f"\n{_costs(deployment, days, book)}")
    return int(any(finding.state == "wrong" for finding in findings))


def _connect(settings: Settings) -> tuple[CommandClients, str]:
    """Return clients, and the number of the account that their credentials are of.

    :raises NoAwsError: if there are no credentials, or no AWS that answers.
    :raises SettingsError: if AWS refuses them.
    """
    try:
        clients = CommandClients(settings.region, _IMPATIENT)
        if clients.session().get_credentials() is None:
            raise NoAwsError("there are no credentials of AWS")
        return clients, clients.client("sts").get_caller_identity()["Account"]
    except ClientError as error:
        if error_code(error) in DENIED:
            raise SettingsError(
                f"AWS refuses the credentials ({error_code(error)}); renew them, or take them away to check "
                "the file alone"
            ) from None
        raise NoAwsError(str(error)) from None
    except (BotoCoreError, ResponseParserError, ValueError) as error:
        raise NoAwsError(printable(str(error))) from None


def _costs(deployment: Deployment, most_days: int, book: PriceBook) -> str:
    """Return what enriching the last days again would pay, in words."""
    try:
        days = discovered_days(deployment.s3, deployment.settings.bucket)[-most_days:] if most_days else []
        if not days:
            return "no day was discovered yet, so nothing is known of what this file would cost"
        found = preview(deployment, known_manifests(deployment, days), book, {})
    except (ClientError, BotoCoreError) as error:
        return f"what this file would cost is not known: {error}"
    return "\n".join(_cost_lines(deployment.lake, days, found))


def _cost_lines(lake: Lake, days: Sequence[str], found: Preview) -> Iterator[str]:
    yield (
        f"if the last {len(days)} discovered days ({days[0]} to {days[-1]}, {found.assets.total()} files) "
        "were enriched again with this file:"
    )
    if found.calls:
        rows = [
            (each.place.source, each.place.media_type, each.place.feature, each.calls, f"{each.likely:,.4f}")
            for each in found.estimate.lines
        ]
        yield tabulate(rows, ["source", "media", "feature", "analyses", "USD"], disable_numparse=True)
        yield (
            f"{found.calls} analyses would be paid, ${found.estimate.likely:,.4f} at list prices and at most "
            f"${found.estimate.high:,.4f}; {found.reused} are paid for already"
        )
    else:
        yield f"nothing would be paid again; {found.reused} analyses are paid for already"
    names = {source.name for source in lake.sources}
    for name in sorted(found.assets.keys() - names):
        yield f"source {name} is no longer in the file; its {found.assets[name]} files were left out"
    for name in sorted(names - found.assets.keys()):
        yield f"source {name} has no files in these days; its costs are known once they are discovered"


if __name__ == "__main__":
    sys.exit(main())
