"""Views follow the registry, and the reasons they know are those that stages give."""

from __future__ import annotations

import re

import pytest

from include.core.features import FEATURES, MEDIA_TYPES, features_for
from include.core.schemas import FINDING_TABLES, TABLES
from include.discover import discovery, events, listing
from include.store.response_archive import REPLACED
from include.store.sql import names_read, read_sql
from tools.generated_views import NOT_CURRENT, UNFINISHED, asset_findings


def test_reasons_that_an_object_is_gone_are_those_that_stages_give() -> None:
    gone = (discovery._OVERWRITTEN, discovery._DELETED, events._DELETED, listing._UPLOADING)
    assert set(NOT_CURRENT) == {*(defect.code for defect in gone), REPLACED[0]}
    assert listing._UPLOADING.code == UNFINISHED


@pytest.mark.parametrize("sensitive", [False, True])
def test_all_finding_tables_are_among_the_findings_of_an_asset(sensitive: bool) -> None:
    read = set(re.findall(r'"\.(\w+)', asset_findings("v", sensitive))) - {"v"}
    tables = {name for name in FINDING_TABLES if TABLES[name].sensitive == sensitive}
    assert read == {*tables, "asset_versions"}


def test_coverage_knows_every_feature_of_each_kind_of_media() -> None:
    listed = re.findall(r"^ +\('(\w+)', '(\w+)'\)", read_sql("views/coverage"), flags=re.MULTILINE)
    assert listed == [(kind, feature.name) for kind in MEDIA_TYPES for feature in features_for(kind)]
    assert {name for _, name in listed} == set(FEATURES)


def test_freshness_is_told_of_every_table_with_versions_that_everybody_may_read() -> None:
    ordinary = {name for name, table in TABLES.items() if not table.sensitive and not table.grows}
    assert names_read("views/published_partitions") == ordinary
