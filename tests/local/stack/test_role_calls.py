"""What roles called, compared with what they may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from include.core.settings import Settings
from infrastructure.place import Place
from local.aws.iam.need import Need
from local.stack.role_calls import role_calls

SETTINGS = Settings()
PLACE = Place("aws", "us-east-1", "123456789012")
LAKE = "media_lake-us-east-1"


def call(role: str, action: str, resource: str, **context: Any) -> str:
    return json.dumps({"role": role, "action": action, "resource": resource, "context": context})


def test_calls_are_compared_with_the_policies_of_their_role(tmp_path: Path) -> None:
    lines = [
        call(f"{LAKE}-api-server", "s3:GetObject", "arn:aws:s3:::media-lake/reports/costs.html"),
        call(f"{LAKE}-api-server", "s3:GetObject", "arn:aws:s3:::media-lake/curated/faces/1.parquet"),
        call(f"{LAKE}-readers", "s3:ListBucket", "arn:aws:s3:::media-lake", **{"s3:prefix": "raw/"}),
        call("local", "dynamodb:DeleteTable", PLACE.arn("dynamodb", "table/media-lake-ledger")),
    ]
    (tmp_path / "calls").write_text("\n".join(lines), encoding="utf-8")
    found = {each.role: each for each in role_calls(tmp_path / "calls", SETTINGS, PLACE)}
    server = found["api-server"]
    assert (server.used, server.granted, server.unexplained) == (["s3:GetObject"], ["s3:GetObject"], [])
    assert server.not_granted == [Need("s3:GetObject", "arn:aws:s3:::media-lake/curated/faces/1.parquet")]
    assert [need.context for need in found["readers"].not_granted] == [(("s3:prefix", "raw/"),)]
    # What nothing did and has no reason is told.
    assert "glue:CreatePartition" in found["tasks"].unexplained
    assert "dynamodb:Scan" not in found["tasks"].unexplained
