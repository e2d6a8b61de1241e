from __future__ import annotations

import getpass
from types import SimpleNamespace
from typing import Any

import pytest

from include.core.run import Run
from include.core.schemas import TABLES
from include.store.appended_rows import read_appended
from include.store.manifest import MANIFEST_SCHEMA
from tests.glue_tables import create_tables
from tests.parquet_objects import get_parquet, put_parquet
from tests.table_rows import least_row
from tools.erase import main

MEDIA, URI = "ab" * 16, "s3://media-lake/raw/a.jpg"


@pytest.fixture
def manifest(aws: SimpleNamespace, s3: Any, ledger: Any, run: Run) -> str:
    """A day of two assets, of which a manifest is all there is."""
    create_tables(aws.glue, ["erasures"])
    rows = [
        {
            **{name: value for name, value in least_row(TABLES["media_assets"]).items() if name != "status"},
            "media_type": "image", "media_id": media_id, "bucket": "media-lake", "key": key,
            "etag": media_id, "content_id": f"etag:{media_id}:1",
        }
        for media_id, key in ((MEDIA, "raw/a.jpg"), ("cd" * 16, "raw/b.jpg"))
    ]  # fmt: skip
    put_parquet(s3, run.manifest_uri(), rows, MANIFEST_SCHEMA)
    return run.manifest_uri()


def test_it_is_shown_then_erased_then_nothing_then_allowed(
    manifest: str, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--asset", URI]) == 0
    shown = capsys.readouterr().out
    assert "staging/manifests  1          1" in shown
    assert "1 assets of 1 contents, copies included" in shown
    assert shown.endswith("nothing was changed: CONFIRM=yes erases it\n")
    assert get_parquet(s3, manifest).num_rows == 2

    assert main(["--asset", URI, "--reason", "asked by letter", "--confirm"]) == 0
    assert "all of this is gone" in capsys.readouterr().out
    assert get_parquet(s3, manifest)["key"].to_pylist() == ["raw/b.jpg"]
    assert main(["--asset", URI, "--confirm"]) == 0
    assert capsys.readouterr().out == "the lake has nothing of it\n"

    content = ["--content", f"etag:{MEDIA}:1", "--allow-again"]
    assert main(content) == 0
    assert "CONFIRM=yes allows it" in capsys.readouterr().out
    assert [main([*content, "--confirm"]) for _ in range(2)] == [0, 0]
    assert capsys.readouterr().out == "1 contents may be analyzed again\nnothing of it is barred\n"
    days = {key.split("dt=")[1][:10] for key in _keys(s3) if "curated/erasures/" in key}
    told = [row for day in days for row in read_appended(s3, "media-lake", "erasures", [day])]
    assert {row["action"] for row in told} == {"erased", "allowed"}
    assert {row["decided_by"] for row in told} == {getpass.getuser()}


def _keys(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="media-lake")["Contents"]]


def test_what_cannot_be_is_one_sentence(manifest: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert capsys.readouterr().err.startswith("erase: give one of asset, prefix, content, face")
    assert main(["--prefix", "raw/"]) == 1
    assert "does not begin with s3://" in capsys.readouterr().err
