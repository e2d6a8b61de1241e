"""The AWS CLI reaches the local endpoint as the page says, also where the CLI has an address of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.aws.coverage import SQS_ALIAS
from tests.integration.command_line_process import command_line
from tests.integration.conftest import Endpoints

pytestmark = pytest.mark.integration


def test_the_alias_of_the_page_sends_sqs_to_the_endpoint(endpoints: Endpoints, tmp_path: Path) -> None:
    alias = tmp_path / ".aws/cli/alias"
    alias.parent.mkdir(parents=True)
    alias.write_text(SQS_ALIAS.replace("http://127.0.0.1:4566", endpoints.aws), encoding="utf-8")
    environment = {
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": endpoints.aws,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",  # for which the CLI has an address of its own
    }
    code, output = command_line(["sqs", "create-queue", "--queue-name", "by-alias"], environment)
    assert (code, json.loads(output)["QueueUrl"].rpartition("/")[2]) == (0, "by-alias")
