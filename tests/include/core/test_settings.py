from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.core.lake import load_lake
from include.core.settings import Settings, SettingsError, load_settings

GOOD: dict[str, Any] = {
    "min_confidence": {"labels": 55},
    "cost_centers": {"team": {"title": "Team"}},
    "sources": [
        {
            "name": "one",
            "prefix": "raw/one/",
            "cost_center": "team",
            "features": {"image": ["labels"], "video": ["segments"]},
        }
    ],
}


@pytest.fixture(autouse=True)
def fresh_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MEDIA_LAKE_{name.upper()}", raising=False)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def written(folder: Path, content: Any) -> Path:
    path = folder / "lake.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def changed(**source: Any) -> dict[str, Any]:
    content = copy.deepcopy(GOOD)
    content["sources"][0] |= source
    return content


def test_defaults_need_no_environment() -> None:
    settings = load_settings()
    assert (settings.bucket, settings.database, settings.simulated) == ("media-lake", "media_lake", False)
    assert settings.uri("reports/costs.html") == "s3://media-lake/reports/costs.html"
    assert settings.uri("athena", "") == "s3://media-lake/athena/"


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_BUCKET", "other")
    monkeypatch.setenv("MEDIA_LAKE_BATCH_SIZE", "7")
    monkeypatch.setenv("MEDIA_LAKE_SIMULATED", "true")
    settings = load_settings()
    assert (settings.bucket, settings.batch_size, settings.simulated) == ("other", 7, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "MEDIA_LAKE_BUCKETT",
            r"there is no setting MEDIA_LAKE_BUCKETT \(did you mean MEDIA_LAKE_BUCKET\?\)",
        ),
        ("MEDIA_LAKE_COLOR", "there is no setting MEDIA_LAKE_COLOR; .env.example has all settings"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=words):
        load_settings()


def test_variables_of_the_stack_and_of_deadlines_are_none_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEDIA_LAKE_STACK_AWS_PORT", "1")
    monkeypatch.setenv("MEDIA_LAKE_DEADLINE_HOURS_REPORT_COSTS", "3")
    load_settings()


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH_SIZE", "0"),
        ("BATCH_SIZE", "many"),
        ("MAX_BATCHES", "1001"),
        ("IMAGE_THREADS", "0"),
        ("QUOTA_SHARE", "0"),
        ("LEASE_SECONDS", "4"),
        ("SWEEP_AFTER_SECONDS", "0"),
        ("DATABASE", "Has Space"),
        ("JOBS_ROLE_ARN", "MediaLakeRekognition"),
        ("SIMULATED", "perhaps"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MEDIA_LAKE_{name}", value)
    with pytest.raises(SettingsError, match=rf"MEDIA_LAKE_{name}: "):
        load_settings()


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_BATCH_SIZE", "0")
    monkeypatch.setenv("MEDIA_LAKE_IMAGE_THREADS", "0")
    monkeypatch.setenv("MEDIA_LAKE_BATCHSIZE", "7")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert [sentence.split("; ")[0] for sentence in error.value.args] == [
        "there is no setting MEDIA_LAKE_BATCHSIZE (did you mean MEDIA_LAKE_BATCH_SIZE?)",
        "MEDIA_LAKE_BATCH_SIZE: '0' is below 1",
        "MEDIA_LAKE_IMAGE_THREADS: '0' is below 1",
    ]


def test_the_topic_of_jobs_is_in_the_account_of_their_role() -> None:
    settings = Settings(
        region="cn-north-1", jobs_topic="jobs", jobs_role_arn="arn:aws-cn:iam::210987654321:role/path/r:x"
    )
    assert settings.jobs_topic_arn == "arn:aws-cn:sns:cn-north-1:210987654321:jobs"


def test_an_empty_connection_id_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_AWS_CONN_ID", "")
    assert not load_settings().aws_conn_id


def test_the_lakes_file_may_be_an_object_of_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_LAKE_FILE", "s3://my-lake/config/lake.yaml")
    assert load_settings().lake_file == "s3://my-lake/config/lake.yaml"
    for text in ("s3://my-lake", "s3://my-lake/config/", "s3:/my-lake/lake.yaml"):
        load_settings.cache_clear()
        monkeypatch.setenv("MEDIA_LAKE_LAKE_FILE", text)
        with pytest.raises(
            SettingsError, match=r"MEDIA_LAKE_LAKE_FILE: .* names no object of S3; write s3://"
        ):
            load_settings()


def test_the_shipped_lake_is_right() -> None:
    lake = load_lake(Settings().lake_file)
    assert lake.sources[0].name == "sample"
    assert set(lake.min_confidence) >= {"labels", "faces"}


def test_a_lake_is_read(tmp_path: Path) -> None:
    lake = load_lake(written(tmp_path, GOOD))
    source = lake.source("one")
    assert source.features == {"image": {"labels": {}}, "video": {"segments": {}}}
    assert source.date_path == "%Y/%m/%d/"
    assert source.bucket is None


def test_a_source_that_left_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"lake.yaml no longer has the source 'two'; run discover_media"):
        load_lake(written(tmp_path, GOOD)).source("two")


def two_sources(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    source = GOOD["sources"][0]
    return GOOD | {"sources": [source | one, source | {"name": "two"} | two]}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({}, {}),
        ({"bucket": "bucket-b"}, {"bucket": "bucket-b"}),
        ({"prefix": ""}, {"prefix": ""}),
        ({"date_path": "%Y/%m/%d/"}, {"date_path": "%Y/%m/%d/%j/"}),
        ({"bucket": "media-lake"}, {}),
        ({"prefix": "raw/"}, {"prefix": "raw/2026/", "date_path": "%m/%d/"}),
    ],
)
def test_sources_that_hold_the_same_objects_are_refused(
    tmp_path: Path, one: dict[str, Any], two: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match=r"sources 'one' and 'two' would hold the same objects, below "):
        load_lake(written(tmp_path, two_sources(one, two)), "media-lake")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"prefix": "raw/one/"}, {"prefix": "raw/two/"}),
        ({"prefix": "raw/one/"}, {"prefix": "raw/"}),
        ({"prefix": "raw/one/"}, {"prefix": "raw/one-more/"}),
        ({"bucket": "bucket-b"}, {"bucket": "bucket-c"}),
        ({"date_path": "%Y/%m/%d/"}, {"date_path": "%Y-%m-%d/"}),
    ],
)
def test_sources_that_hold_different_objects_are_not(
    tmp_path: Path, one: dict[str, Any], two: dict[str, Any]
) -> None:
    assert [source.name for source in load_lake(written(tmp_path, two_sources(one, two))).sources] == [
        "one",
        "two",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"features": {"image": ["labls"]}},
            r"images have no feature 'labls' \(did you mean labels\?\); choose from labels",
        ),
        ({"features": {"image": ["segments"]}}, "images have no feature 'segments'"),
        (
            {"features": {"audio": ["labels"]}},
            "source one: features.audio: 'audio' is none of 'image' or 'video'",
        ),
        (
            {"features": {"image": ["labels", "labels"]}},
            "features.image.labels: the feature labels is listed 2 times; leave one",
        ),
        (
            {"features": {"image": ["labels", {"labels": {}}]}},
            "features.image.labels: the feature labels is listed 2 times; leave one",
        ),
        (
            {"features": {"image": [{"labels": {"Features": ["IMAGE_PROPERTIES"]}}, "image_properties"]}},
            "image features labels and image_properties both ask for IMAGE_PROPERTIES, "
            "which would be paid for twice",
        ),
        (
            {"features": {"video": ["people_pathing"]}},
            "people_pathing: AWS ended people pathing .*use `labels`",
        ),
        ({"features": {"image": ["bulk_analysis"]}}, "closed bulk image analysis .*use `moderation`"),
        (
            {"features": {"image": ["face_search"]}},
            "features.image.face_search: the member CollectionId is missing",
        ),
        ({"features": {"image": ["custom_labels"]}}, "ProjectVersionArn is missing"),
        (
            {"features": {"image": [{"labels": {"MaxLabel": 5}}]}},
            r"DetectLabels has no member 'MaxLabel' \(did you mean MaxLabels\?\); choose from",
        ),
        ({"features": {"image": [{"labels": {"MaxLabels": "many"}}]}}, "MaxLabels: Invalid type"),
        ({"features": {"image": [{"labels": {"Image": {}}}]}}, "leave Image out: the pipeline sets it"),
        ({"features": {"video": [{"labels": {"JobTag": "x"}}]}}, "leave JobTag out: the pipeline sets it"),
        (
            {"cost_center": "nobody"},
            "source one: cost_center: 'nobody' is not under cost_centers; add it there, or choose from team",
        ),
        ({"prefix": "/raw/"}, "source one: prefix: "),
        ({"prefix": "raw"}, "source one: prefix: "),
        ({"date_path": "%Y/%m/%d"}, "source one: date_path: "),
        ({"name": "Not a name"}, "source Not a name: name: 'Not a name' does not have the right form"),
        ({"approval_limit_usd": -1}, "source one: approval_limit_usd: "),
        ({"approval_limit_usd": float("inf")}, "source one: approval_limit_usd: "),
        ({"approval_limit_usd": float("nan")}, "source one: approval_limit_usd: "),
        ({"date_path": "all/"}, "date_path 'all/' gives several days one folder; name year, month and day"),
        ({"date_path": "%Y/%m/"}, "gives several days one folder"),
        ({"prefix": "curated/"}, "the prefix 'curated/' holds what the lake itself writes under curated/"),
        ({"prefix": "responses/raw/"}, "writes under responses/; choose another, such as raw/"),
        ({"bucket": "media-lake", "prefix": "staging/"}, "writes under staging/"),
        ({"bucket": "a/b"}, "source one: bucket: "),
        ({"bucket": "Upper"}, "source one: bucket: "),
        (
            {"features": {"video": [{"segments": {"SegmentTypes": ["SHOTS"]}}]}},
            "'SHOTS' is none of TECHNICAL_CUE, SHOT",
        ),
        ({"colour": "red"}, "source one: colour: "),
    ],
)
def test_a_wrong_source_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_lake(written(tmp_path, changed(**change)), "media-lake")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"min_confidence": {"labels": 29}}, "min_confidence.labels"),
        ({"min_confidence": {"labels": 101}}, "min_confidence.labels"),
        (
            {"min_confidence": {"lables": 50}},
            r"min_confidence.lables: there is no feature 'lables' \(did you mean labels\?\)",
        ),
        (
            {"model_versions": {"lables": "3.0"}},
            r"model_versions.lables: there is no feature 'lables' \(did you mean labels\?\)",
        ),
        (
            {"model_versions": {"labels": 3.0}},
            "model_versions.labels: 3.0 is no text; write versions in quotes",
        ),
        ({"model_versions": {"labels": ""}}, "model_versions.labels"),
        ({"model_versions": {"faces": "6.0"}}, "faces does not tell the version of its model; leave it out"),
        ({"model_versions": {"custom_labels": "1"}}, "custom_labels does not tell the version"),
        ({"sources": []}, "sources"),
        (
            {"sources": [GOOD["sources"][0], GOOD["sources"][0]]},
            "two sources have the name 'one'; rename one of them",
        ),
        ({"typo": 1}, "typo"),
    ],
)
def test_a_wrong_lake_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_lake(written(tmp_path, GOOD | change))


@pytest.mark.parametrize("content", ["", "- a\n", GOOD | {"sources": [GOOD["sources"][0]] * 2}])
def test_an_error_of_the_whole_file_reads_well(tmp_path: Path, content: Any) -> None:
    with pytest.raises(SettingsError) as error:
        load_lake(written(tmp_path, content))
    assert ": : " not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "sources: []\nsources: []\n",
            "line 2: the key 'sources' is there twice; leave one out",
        ),
        ("cost_centers: {team: {title: a, title: b}}", "the key 'title' is there twice"),
        ("[" * 3000, "is not valid YAML"),
    ],
)
def test_a_key_that_is_there_twice_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_lake(written(tmp_path, text))


def test_no_yaml_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not valid YAML"):
        load_lake(written(tmp_path, "a: [b"))
    with pytest.raises(SettingsError, match=r"nothing.yaml does not exist; set MEDIA_LAKE_LAKE_FILE"):
        load_lake(tmp_path / "nothing.yaml")


INVENTORY = {"bucket": "lists", "prefix": "all", "id": "daily"}


@pytest.mark.parametrize(
    "members",
    [
        {"discovery": "last_modified"},
        {"discovery": "events"},
        {"discovery": "inventory", "inventory": INVENTORY},
        {"discovery": "inventory", "inventory": {"bucket": "lists", "id": "daily"}},
        {"discovery": "last_modified", "bucket": "media", "prefix": ""},
    ],
)
def test_a_source_says_how_its_media_are_found(tmp_path: Path, members: dict[str, Any]) -> None:
    (source,) = load_lake(written(tmp_path, changed(**members))).sources
    assert source.discovery == members["discovery"]
    assert source.prefix_of(date(2026, 11, 20)) == source.prefix


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"discovery": "guess"}, "'date_path', 'last_modified', 'inventory' or 'events'"),
        ({"discovery": "events", "date_path": "%Y/"}, "discovery: events does not use date_path"),
        ({"discovery": "events", "prefix": ""}, "needs a prefix, because the lake's tables"),
        ({"discovery": "inventory"}, "discovery: inventory needs the member inventory"),
        ({"inventory": INVENTORY}, "other ways of discovery do not use it"),
        ({"discovery": "inventory", "inventory": INVENTORY | {"prefix": "all/"}}, "prefix"),
        ({"discovery": "inventory", "inventory": INVENTORY | {"id": "a/b"}}, "id"),
    ],
)
def test_a_discovery_that_is_not_complete_says_what_is_missing(
    tmp_path: Path, members: dict[str, Any], text: str
) -> None:
    with pytest.raises(SettingsError, match=text):
        load_lake(written(tmp_path, changed(**members)))


def test_sources_with_and_without_folders_of_days_overlap_by_their_prefixes(tmp_path: Path) -> None:
    content = changed(discovery="last_modified", prefix="raw/")
    content["sources"].append(copy.deepcopy(GOOD["sources"][0]) | {"name": "two"})
    with pytest.raises(SettingsError, match="hold the same objects, below raw/"):
        load_lake(written(tmp_path, content))
