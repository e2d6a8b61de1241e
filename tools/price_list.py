"""What the AWS Price List says of Rekognition in one region, as a price book.

GetProducts returns each product as JSON with its attributes and terms; a term has a price dimension for each
tier ("Finding services and products using the AWS Price List Query API",
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from include.core.prices import PriceBook, PriceError, PriceItem, Tier

SERVICE = "AmazonRekognition"
SOURCE = "AWS Price List API, service code AmazonRekognition"

# Units of the Price List by unit of the price books, and how many of ours one is.
_UNITS: dict[str, dict[str, Decimal]] = {
    "image": {"image": Decimal(1), "images": Decimal(1)},
    "minute": {"minute": Decimal(1), "minutes": Decimal(1)},
    "hour": {"hour": Decimal(1), "hours": Decimal(1), "hrs": Decimal(1), "minute": Decimal(60),
             "minutes": Decimal(60)},
}  # fmt: skip
_SMALLEST = Decimal("0.000001")


@dataclass(frozen=True)
class Product:
    """A product of the Price List.

    :ivar unit: that its prices are for.
    :ivar effective: from when they hold.
    """

    usage_type: str
    unit: str
    effective: date
    tiers: tuple[Tier, ...]


def get_products(client: Any, region: str) -> list[Product]:
    """Ask AWS for the products of a region."""
    pages = client.get_paginator("get_products").paginate(
        ServiceCode=SERVICE,
        Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
        FormatVersion="aws_v1",
    )
    return [
        product for page in pages for text in page["PriceList"] for product in _products(json.loads(text))
    ]


def _products(item: Mapping[str, Any]) -> Iterator[Product]:
    """Yield what an item of the Price List says; one without a price on demand is left out."""
    for term in item["terms"].get("OnDemand", {}).values():
        dimensions = sorted(term["priceDimensions"].values(), key=lambda each: Decimal(each["beginRange"]))
        prices = [(each, Decimal(each["pricePerUnit"]["USD"])) for each in dimensions]
        if prices and all(usd > 0 for _, usd in prices):
            yield Product(
                usage_type=item["product"]["attributes"]["usagetype"],
                unit=dimensions[0]["unit"],
                effective=date.fromisoformat(term["effectiveDate"][:10]),
                tiers=tuple(Tier(up_to=_end(each["endRange"]), usd=usd) for each, usd in prices),
            )


def _end(text: str) -> int | None:
    return None if text == "Inf" else int(Decimal(text))


def price_book(region: str, products: Iterable[Product], known: PriceBook) -> PriceBook:
    """Return the price book that products make.

    A line is found by the end of its usage type, which is the same in all regions. Of lines that share one,
    the first is found. What is not found keeps its figures in a book of the same region, and is missing in
    another.

    :param known: a book that says which lines there are.
    :raises PriceError: if a line has several products or an unknown unit, or no line is found.
    """
    products = list(products)
    items: dict[str, PriceItem] = {}
    for name, line in known.items.items():
        found = [each for each in products if _kind(each.usage_type) == _kind(line.usage_type)]
        if not found or not _is_first(name, known):
            if region == known.region:
                items[name] = line
            continue
        if len(found) > 1:
            raise PriceError(
                f"AWS has {len(found)} products {found[0].usage_type} in {region}; which is {name}?"
            )
        items[name] = _item(line, found[0])
    dates = [each.effective for each in products]
    if not items or not dates:
        raise PriceError(f"AWS lists no price of {SERVICE} in {region}; is it the name of a region?")
    effective = max(dates)
    return PriceBook(
        version=f"{region}-{effective}", effective=effective, region=region, currency="USD", items=items
    )


def _kind(usage_type: str) -> str:
    """Return a usage type without its region, such as ``Group2-ImagesProcessed``."""
    first, _, rest = usage_type.partition("-")
    return rest if first.isupper() or first[:-1].isupper() else usage_type


def _is_first(name: str, book: PriceBook) -> bool:
    """Whether a line is the first of its usage type."""
    return name == next(
        each for each, line in book.items.items() if line.usage_type == book.items[name].usage_type
    )


def _item(line: PriceItem, product: Product) -> PriceItem:
    """Return a line with the figures of a product."""
    factor = _UNITS[line.unit].get(product.unit.lower())
    if factor is None:
        raise PriceError(
            f"AWS prices {product.usage_type} by unit {product.unit!r}, the price books by {line.unit}; "
            "add it to tools/price_list.py if they are the same"
        )
    tiers = tuple(
        Tier(
            up_to=None if tier.up_to is None else int(tier.up_to / factor),
            usd=(tier.usd * factor).quantize(_SMALLEST).normalize(),
        )
        for tier in product.tiers
    )
    return line.model_copy(
        update={
            "usage_type": product.usage_type, "tiers": tiers, "source": SOURCE,
            "certainty": "high", "note": "",
        }
    )  # fmt: skip


def differences(known: PriceBook | None, new: PriceBook, lines: Iterable[str]) -> Iterator[str]:
    """Yield in words what changes.

    :param known: of the same region; None if there is none.
    :param lines: that a book has if it is complete.
    """
    for name in lines:
        before = known.items.get(name) if known else None
        after = new.items.get(name)
        if after is None:
            yield f"{name}: not found; add it by hand, with its source"
        elif before is None:
            yield f"{name}: new, {_in_words(after)}"
        elif before.tiers != after.tiers:
            yield f"{name}: {_in_words(before)} becomes {_in_words(after)}"
        else:
            yield f"{name}: as before, {_in_words(after)}"


def _in_words(line: PriceItem) -> str:
    tiers = (f"${tier.usd:f}" + (f" up to {tier.up_to:,}" if tier.up_to else "") for tier in line.tiers)
    return f"{', '.join(tiers)} per {line.unit}"
