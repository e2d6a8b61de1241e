"""Each question has the answer that can be counted in the example days, and the page shows it."""

from __future__ import annotations

import uuid
from itertools import tee
from typing import Any

import boto3
import pytest

from include.store.sql import description, load_sql, sql_names
from local.questions.question_page import PAGE, answers, page
from tools.query import Result

pytestmark = pytest.mark.integration

SHOP = "s3://media-lake/raw/shop"
SITE = "s3://media-lake/raw/site"
CLIP, TALK = f"{SHOP}/clip.mp4", f"{SHOP}/talk.mp4"

KNOWN: dict[str, list[list[Any]]] = {
    "01_dog_and_no_person": [[f"{SHOP}/dog.jpg"]],
    "02_first_car": [[CLIP, 3.0]],
    "03_violence_over_80": [[CLIP, 40_500, 91.0], [f"{SHOP}/fight.jpg", None, 88.5]],
    "04_text_sale": [[CLIP, 2000, "Sale ends today"], [f"{SHOP}/sale.jpg", None, "SUMMER SALE"]],
    "05_shots": [[0, "00:00:00:00", "00:00:30:00", 30.0], [1, "00:00:30:00", "00:01:28:15", 58.5]],
    "06_black_frames": [[CLIP, "00:01:28:15", 1.5]],
    "07_people_a_minute": [[CLIP, 0, 3], [CLIP, 1, 1]],
    "08_duplicates": [[2, 200_000, f"{SHOP}/cat-copy.jpg, {SHOP}/cat.jpg"]],
    "09_failures": [["text", "VideoJobFailed", 1, TALK]],
    "10_distribution_of_confidence": [[60, 1], [70, 1], [80, 6], [90, 16]],
    "11_co_occurrence": [
        ["Car", "Person", 2],
        ["Dog", "Person", 2],
        ["Car", "Dog", 1],
        ["Helmet", "Person", 1],
    ],
    "12_categories": [
        ["Person Description", 6],
        ["Animals and Pets", 5],
        ["Vehicles and Automotive", 3],
        ["Apparel and Accessories", 1],
    ],
    "13_dark_pictures": [[f"{SHOP}/night.jpg", 11.5]],
    "14_colors": [[f"{SHOP}/sale.jpg", "red", 64.5], [f"{SHOP}/fight.jpg", "red", 51.0]],
    "15_moderation_queue": [
        ["2026-11-20", 1, f"{SHOP}/fight.jpg", "Physical Violence", 88.5, None],
        ["2026-11-19", 1, CLIP, "Violence", 91.0, 40_500],
    ],
    "16_safety_by_source_and_day": [
        ["2026-11-19", "shop", "image", 2, 1, 50.0, "Alcohol"],
        ["2026-11-19", "shop", "video", 1, 1, 100.0, "Violence"],
        ["2026-11-20", "shop", "image", 4, 1, 25.0, "Physical Violence"],
        ["2026-11-20", "shop", "video", 1, 0, 0.0, None],
    ],
    "17_seconds_of_each_label": [["Dog", 2, 2.0], ["Person", 3, 1.5], ["Car", 2, 1.3]],
    "18_screen_time_of_celebrities": [["Grace Hopper", TALK, 15.0], ["Ada Lovelace", TALK, 3.5]],
    "19_without_helmet": [[f"{SITE}/scaffold.jpg", 1, 98.0], [f"{SITE}/scaffold.jpg", 2, 97.0]],
    "20_not_yet_analyzed": [
        [f"{SHOP}/cat.jpg", "2026-11-13", "not yet"],
        [f"{SHOP}/street.jpg", "2026-11-13", "not yet"],
    ],
    "21_drift": [
        ["2026-11-16", "shop", "Dog", 0.0, 33.0],
        ["2026-11-16", "shop", "Car", 50.0, 17.0],
        ["2026-11-16", "shop", "Cat", 50.0, 17.0],
    ],
    "22_freshness": [
        ["2026-11-20", "image", "2026-11-21 02:15:00.000", 5],
        ["2026-11-20", "video", "2026-11-21 02:15:00.000", 1],
        ["2026-11-19", "image", "2026-11-20 02:15:00.000", 3],
        ["2026-11-19", "video", "2026-11-20 02:15:00.000", 1],
        ["2026-11-13", "image", "2026-11-14 02:15:00.000", 3],
    ],
    "23_cost_of_an_asset": [
        [TALK, 4, 0, 0.8, 0.0],
        [CLIP, 5, 0, 0.75, 0.0],
        [f"{SHOP}/dog.jpg", 4, 0, 0.004, 0.0],
        [f"{SHOP}/fight.jpg", 4, 0, 0.004, 0.0],
    ],
    "24_everything_about_one_asset": [
        ["equipment", "Person 0, HEAD: HEAD_COVER", 99.0, None, None],
        ["equipment", "Person 0, LEFT_HAND: HAND_COVER", 99.0, None, None],
        ["equipment", "Person 1, HEAD: none", 98.0, None, None],
        ["equipment", "Person 2, HEAD: HEAD_COVER", 97.0, None, None],
        ["equipment", "Person 3, FACE: none", 96.0, None, None],
        ["label", "Helmet", 84.0, None, None],
        ["label", "Person", 99.0, None, None],
    ],
    "26_cost_by_source": [
        ["shop", "media-team", "video", 1.55, 98.2],
        ["shop", "media-team", "image", 0.026, 1.6],
        ["site", "media-team", "image", 0.002, 0.1],
    ],
    "27_unit_costs": [["image", 9, None, 0.028, 3.11, None], ["video", 2, 3.5, 1.55, None, 0.44]],
    "28_savings": [["rejected before paying", True, 4, 0.004], ["duplicate content", True, 1, 0.001]],
    "29_bill_against_lake": [
        ["2026-11-19", "USE1-MinutesOfVideoProcessed", 45.0, 50.0, 0.5, "rounding"],
        ["2026-11-20", "USE1-Group2-ImagesProcessed", 9000.0, 9100.0, 0.125, "repeated calls"],
        ["2026-11-20", "USE1-MinutesOfVideoProcessed", 60.0, 90.0, 3.0, None],
    ],
    "25_replaced_files": [
        [f"{SHOP}/dog.jpg", "2026-11-13", "Dog", 81.5],
        [f"{SHOP}/dog.jpg", "2026-11-13", "Person", 62.0],
    ],
}


@pytest.fixture(scope="module")
def results(endpoint_url: str) -> dict[str, Result]:
    """The answers, which can be read once."""
    session = boto3.Session(region_name="us-east-1")
    return answers(session, f"questions-{uuid.uuid4().hex[:8]}")


def test_every_question_has_its_known_answer_and_the_page_is_fresh(results: dict[str, Result]) -> None:
    found, shown = {}, {}
    for name, result in results.items():
        known, printed = tee(result.rows)
        found[name.removeprefix("questions/")] = list(known)
        shown[name] = Result(result.columns, printed)
    assert found == KNOWN
    assert page(shown) == PAGE.read_text(encoding="utf-8"), "run python -m local.questions"


@pytest.mark.parametrize("name", sql_names("questions"))
def test_a_question_is_one_and_its_query_is_short(name: str) -> None:
    assert description(name).endswith("?")
    assert len(load_sql(name).splitlines()) <= 10
