"""Any response gives rows that fit their tables. Responses come from botocore's model, with odd values."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.normalize import NORMALIZERS
from include.normalize.members import MANIFEST_RESPONSE, MANIFEST_SOURCE
from tests.include.normalize.responses import pages_of, tables

SERVICE = ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")
ODDITIES = [None, "NULL", "", [], [None], {}, "x", "\ud800", True, -1, "12.5", 10**30]
EXTREMES = [
    100.00000762939453,
    100.01,
    -1e-7,
    -0.5,
    1e308,
    float("inf"),
    "99.5",
    2**31,
    2**63,
    -(2**63) - 1,
    "7",
]
ODD = st.sampled_from(ODDITIES)
FLOATS = st.one_of(st.floats(0, 100, width=32), st.floats(allow_nan=False), st.sampled_from(EXTREMES))
INTEGERS = st.one_of(st.integers(0, 1000), st.integers(), st.sampled_from(EXTREMES))


def values(shape: Shape) -> st.SearchStrategy[Any]:
    if shape.type_name == "structure":
        members = {name: maybe_odd(member) for name, member in shape.members.items()}
        some = st.fixed_dictionaries({}, optional={**members, "Unheard": ODD})
        return st.one_of(st.fixed_dictionaries(members), some)
    if shape.type_name == "list":
        return st.lists(maybe_odd(shape.member), max_size=3)
    if shape.type_name in ("float", "double"):
        return FLOATS
    if shape.type_name in ("integer", "long"):
        return INTEGERS
    if shape.type_name == "boolean":
        return st.booleans()
    return st.sampled_from(shape.enum) if getattr(shape, "enum", None) else st.text(max_size=8)


def maybe_odd(shape: Shape) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda roll: ODD if roll == 9 else _usual(shape))


_usual = cache(values)


@cache
def any_page(operation: str) -> st.SearchStrategy[Any]:
    page = values(SERVICE.operation_model(operation).output_shape)
    if operation == "GetMediaAnalysisJob":
        line = {MANIFEST_SOURCE: st.text(), MANIFEST_RESPONSE: any_page("DetectModerationLabels")}
        page = st.one_of(page, st.fixed_dictionaries(line))
    return page


def damaged(value: Any, random: Random) -> Any:
    """Return a response with some of its members gone, odd or extreme."""
    roll = random.random()
    if roll < 0.03:
        return random.choice(ODDITIES)
    if isinstance(value, dict):
        return {name: damaged(inner, random) for name, inner in value.items() if random.random() > 0.03}
    if isinstance(value, list):
        return [damaged(inner, random) for inner in value]
    return random.choice(EXTREMES) if roll < 0.2 else value


def fits(operation: str, pages: list[Any]) -> None:
    anomalies: Counter[str] = Counter()
    tables(operation, *pages, anomalies=anomalies)
    assert all(isinstance(name, str) and count > 0 for name, count in anomalies.items())


QUICKLY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("operation", sorted(NORMALIZERS))
@given(data=st.data())
@QUICKLY
def test_any_response_gives_rows_that_fit_their_tables(operation: str, data: st.DataObject) -> None:
    fits(operation, data.draw(st.lists(st.one_of(any_page(operation), ODD), max_size=2)))


@pytest.mark.parametrize("operation", sorted(NORMALIZERS))
@given(random=st.randoms(use_true_random=False))
@QUICKLY
def test_a_damaged_response_gives_rows_that_fit_their_tables(operation: str, random: Random) -> None:
    fits(operation, [damaged(page, random) for page in pages_of(operation)])
