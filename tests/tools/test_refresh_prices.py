"""The price book of a region is renewed from answers in the shape of the AWS Price List API."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from include.core import prices
from include.core.prices import load_price_books
from tools.refresh_prices import main

REGION = "eu-west-1"
EFFECTIVE = "2026-11-01T00:00:00Z"


def product(usage_type: str, unit: str, *tiers: tuple[str, str, str], effective: str = EFFECTIVE) -> str:
    """Return an item of ``PriceList``: begin, end and dollars of each tier."""
    dimensions = {
        f"SKU.JRTCKXETXF.{number}": {
            "rateCode": f"SKU.JRTCKXETXF.{number}", "unit": unit, "beginRange": begin, "endRange": end,
            "description": "", "appliesTo": [], "pricePerUnit": {"USD": usd},
        }
        for number, (begin, end, usd) in reversed(list(enumerate(tiers)))
    }  # fmt: skip
    term = {
        "offerTermCode": "JRTCKXETXF", "sku": "SKU", "effectiveDate": effective, "termAttributes": {},
        "priceDimensions": dimensions,
    }  # fmt: skip
    attributes = {"servicecode": "AmazonRekognition", "usagetype": usage_type, "regionCode": REGION}
    return json.dumps(
        {
            "product": {"productFamily": "Amazon Rekognition", "attributes": attributes, "sku": "SKU"},
            "serviceCode": "AmazonRekognition", "terms": {"OnDemand": {"SKU.JRTCKXETXF": term}},
            "version": "20261101", "publicationDate": "2026-11-03T10:00:00Z",
        }
    )  # fmt: skip


GROUP_2 = product(
    "EU-Group2-ImagesProcessed", "Images", ("0", "1000000", "0.0011"), ("1000000", "Inf", "0.0009")
)
VIDEO = product("EU-MinutesOfVideoProcessed", "minutes", ("0", "Inf", "0.11"))
MODELS = product("EU-inferenceminutes", "minutes", ("0", "Inf", "0.0666666667"))
FREE = product("EU-FaceVectorsStored", "Faces", ("0", "Inf", "0.0"))


class PriceList:
    """Answers GetProducts, a page for each request.

    :ivar pages: items of ``PriceList``.
    """

    def __init__(self) -> None:
        self.pages: list[list[str]] = []
        self.asked: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.headers["X-Amz-Target"], asked))
                number = int(asked.get("NextToken", 0))
                more = {"NextToken": str(number + 1)} if number + 1 < len(outer.pages) else {}
                answer = {"FormatVersion": "aws_v1", "PriceList": outer.pages[number], **more}
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def price_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[PriceList]:
    books = tmp_path / "price_books"
    shutil.copytree(prices.PRICES, books)
    monkeypatch.setattr(prices, "PRICES", books)
    served = PriceList()
    host, port = served.server.server_address[:2]
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", f"http://{host!s}:{port}")
    Thread(target=served.server.serve_forever, daemon=True).start()
    yield served
    served.server.shutdown()
    served.server.server_close()


def test_a_region_gets_a_book_of_what_aws_lists(price_list: PriceList, capsys: Any) -> None:
    price_list.pages = [[GROUP_2, FREE], [VIDEO, MODELS]]
    assert main([REGION]) == 0
    shown = capsys.readouterr().out
    assert "image-group-2: new, $0.0011 up to 1,000,000, $0.0009 per image" in shown
    assert "image-group-1: not found; add it by hand" in shown
    assert "video-shot-minutes: not found" in shown
    (book,) = load_price_books(REGION).books
    assert (book.version, book.effective) == ("eu-west-1-2026-11-01", date(2026, 11, 1))
    images = book.item("image-group-2")
    assert (images.usage_type, images.certainty) == ("EU-Group2-ImagesProcessed", "high")
    assert "Price List" in images.source
    assert book.exact_usd("image-group-2", 1_000_001) == Decimal("1100.0009")
    assert book.usd("custom-labels-inference-hours", 1) == 4.0
    target, asked = price_list.asked[0]
    assert (target, len(price_list.asked)) == ("AWSPriceListService.GetProducts", 2)
    assert asked["Filters"] == [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": REGION}]


def test_a_book_is_compared_and_a_newer_one_written_only_if_figures_differ(
    price_list: PriceList, capsys: Any
) -> None:
    price_list.pages = [[GROUP_2]]
    main([REGION])
    assert main([REGION]) == 0
    assert "price book eu-west-1-2026-11-01 is up to date" in capsys.readouterr().out
    dearer = product(
        "EU-Group2-ImagesProcessed", "Images", ("0", "Inf", "0.002"), effective="2027-01-01T00:00:00Z"
    )
    price_list.pages = [[dearer]]
    assert main([REGION]) == 0
    shown = capsys.readouterr().out
    assert "image-group-2: $0.0011 up to 1,000,000, $0.0009 per image becomes $0.002 per image" in shown
    books = load_price_books(REGION)
    assert [book.usd("image-group-2", 1) for book in books.books] == [0.0011, 0.002]
    assert books.on(date(2026, 12, 31)) == books.books[0]


@pytest.mark.parametrize(
    ("items", "error"),
    [
        ([], "AWS lists no price of AmazonRekognition in eu-west-1"),
        (
            [product("EU-Group2-ImagesProcessed", "Frames", ("0", "Inf", "1"))],
            "unit 'Frames', the price books",
        ),
        ([VIDEO, VIDEO], "AWS has 2 products EU-MinutesOfVideoProcessed in eu-west-1"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    price_list: PriceList, capsys: Any, items: list[str], error: str
) -> None:
    price_list.pages = [items]
    assert main([REGION]) == 1
    assert error in capsys.readouterr().err
    assert not (prices.PRICES / REGION).exists()
