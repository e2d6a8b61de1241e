"""Compare the price book of a region with the AWS Price List, and write a new one if figures differ.

``python -m tools.refresh_prices us-east-1`` asks AWS; the region's name is that of AWS. It needs permission
for pricing:GetProducts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from include.core import prices
from include.core.errors import TerminalError
from include.core.prices import PriceBook, PriceError, load_price_books
from tools.price_list import differences, get_products, price_book

# The book whose lines all others have.
_COMPLETE = "us-east-1"
# The Price List is served from few regions (https://docs.aws.amazon.com/general/latest/gr/billing.html).
_SERVED_FROM = "us-east-1"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.refresh_prices", description=__doc__.split("\n")[0]
    )
    parser.add_argument("region", help="AWS region, such as eu-west-1")
    region = parser.parse_args(arguments).region
    try:
        print("\n".join(refresh(region)))
    except (TerminalError, BotoCoreError, ClientError) as error:
        print(f"prices: {error}", file=sys.stderr)
        return 1
    return 0


def refresh(region: str) -> list[str]:
    """Ask AWS, write a price book if figures differ, and return in words what became of each line."""
    known, complete = newest(region), newest(_COMPLETE)
    assert complete is not None
    client = boto3.client("pricing", region_name=_SERVED_FROM)
    new = price_book(region, get_products(client, region), known or complete)
    words = list(differences(known, new, complete.items))
    if known and _figures(known) == _figures(new):
        return [*words, f"price book {known.version} is up to date"]
    if known and known.effective >= new.effective:
        # Prices of days that were booked before stay as they were.
        words += [f"AWS's prices are of {new.effective}, and {known.version} is not older: mend it by hand"]
        raise PriceError("\n".join(words))
    return [*words, f"wrote {_write(new)}; check it, then commit it"]


def newest(region: str) -> PriceBook | None:
    """Return the newest price book of a region, None if it has none."""
    try:
        return load_price_books(region).books[-1]
    except PriceError:
        if (prices.PRICES / region).is_dir():
            raise
        return None


def _figures(book: PriceBook) -> dict[str, object]:
    return {name: (line.tiers, line.usage_type) for name, line in book.items.items()}


def _write(book: PriceBook) -> Path:
    path: Path = prices.PRICES / book.region / f"{book.effective}.yaml"
    path.parent.mkdir(exist_ok=True)
    content = book.model_dump(mode="json", exclude_defaults=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
