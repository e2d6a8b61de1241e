"""The page of the local endpoint is fresh and leaves nothing out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from include.core.features import FEATURES
from local.aws import coverage
from local.aws.rekognition.api_model import OPERATION_NAMES
from local.aws.rekognition.control import Behavior
from local.aws.rekognition.rekognition_errors import DOCUMENTED_ERRORS


def test_the_page_in_the_project_is_fresh() -> None:
    assert not coverage.is_stale()


def test_every_operation_error_and_setting_is_on_the_page() -> None:
    page = coverage.page()
    table = [line for line in page.splitlines() if line.startswith("|")]
    cells = [line.strip("|").split(" | ")[0].strip() for line in table]
    named = [operation for cell in cells for operation in cell.split(", ") if operation in OPERATION_NAMES]
    assert sorted(named) == sorted(OPERATION_NAMES)  # each once
    assert set(DOCUMENTED_ERRORS) <= set(cells)
    assert {f"`{name}`" for name in Behavior.model_fields} <= set(cells)


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_is_named_with_its_operation(name: str) -> None:
    feature = FEATURES[name]
    call = feature.image or feature.video
    assert call is not None
    assert name in coverage.features_with(call.operation)
    rows = [line.strip("|").split(" | ") for line in coverage.page().splitlines() if line.startswith("|")]
    [row] = [row for row in rows if call.operation in row[0].strip().split(", ")]
    assert name in row[-1].strip().split(", ")


def test_check_tells_of_a_stale_page_and_writing_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert coverage.main(["--check"], tmp_path) == 1
    assert "is stale" in capsys.readouterr().err
    assert coverage.main([], tmp_path) == 0
    assert coverage.main(["--check"], tmp_path) == 0
    assert (tmp_path / coverage.PAGE).read_text(encoding="utf-8") == coverage.page()


@pytest.mark.integration
def test_the_alias_of_the_page_sends_sqs_to_the_endpoint(endpoint: str, tmp_path: Path) -> None:
    alias = tmp_path / ".aws/cli/alias"
    alias.parent.mkdir(parents=True)
    alias.write_text(coverage.SQS_ALIAS.replace("http://127.0.0.1:4566", endpoint), encoding="utf-8")
    environment = {
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",  # where the CLI has an address of its own
    }
    command = [Path(sys.executable).with_name("aws"), "sqs", "create-queue", "--queue-name", "by-alias"]
    output = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60).stdout
    assert json.loads(output)["QueueUrl"].endswith("/by-alias")
