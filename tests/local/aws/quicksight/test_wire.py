from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws.endpoint_errors import AwsError
from local.aws.quicksight.wire import Routes, parse_request, write_reply

ROUTES = Routes(["DescribeDashboard", "UpdateDashboard", "DescribeDashboardDefinition", "CreateIngestion"])
IN_PATH = {"AwsAccountId": "123456789012", "DashboardId": "d"}


OF_A_DASHBOARD = {"AwsAccountId": "1", "DashboardId": "d"}


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/accounts/1/dashboards/d", ("DescribeDashboard", OF_A_DASHBOARD)),
        ("PUT", "/accounts/1/dashboards/d", ("UpdateDashboard", OF_A_DASHBOARD)),
        ("GET", "/accounts/1/dashboards/d/definition", ("DescribeDashboardDefinition", OF_A_DASHBOARD)),
        ("DELETE", "/accounts/1/dashboards/d", None),
        ("GET", "/accounts/1/users", None),
    ],
)
def test_a_request_is_known_by_method_and_path(method: str, path: str, found: Any) -> None:
    assert ROUTES.find(method, path) == found


def test_members_come_from_path_query_and_body() -> None:
    assert parse_request("DescribeDashboard", IN_PATH, "version-number=3", b"") == {
        **IN_PATH,
        "VersionNumber": 3,
    }


@pytest.mark.parametrize(
    ("operation", "in_path", "query", "body", "code"),
    [
        ("DescribeDashboard", IN_PATH, "version-number=three", b"", "InvalidParameterValueException"),
        ("DescribeDashboard", {**IN_PATH, "AwsAccountId": "12"}, "", b"", "InvalidParameterValueException"),
        ("UpdateDashboard", IN_PATH, "", b"{}", "InvalidParameterValueException"),
        ("UpdateDashboard", IN_PATH, "", b'{"Name": "n", "Unknown": 1}', "InvalidParameterValueException"),
        ("UpdateDashboard", IN_PATH, "", b"{", "SerializationException"),
        ("UpdateDashboard", IN_PATH, "", b"[]", "SerializationException"),
        (
            "CreateIngestion",
            {"AwsAccountId": "123456789012", "DataSetId": "s", "IngestionId": "a:b"},
            "",
            b'{"IngestionType": "SOME_REFRESH"}',
            "InvalidParameterValueException",
        ),
    ],
)
def test_a_request_that_the_model_does_not_allow_is_refused(
    operation: str, in_path: dict[str, str], query: str, body: bytes, code: str
) -> None:
    with pytest.raises(AwsError) as refused:
        parse_request(operation, in_path, query, body)
    assert refused.value.code == code


def test_instants_are_seconds_and_a_reply_that_aws_could_not_send_is_a_bug() -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    dashboard = {"DashboardId": "d", "CreatedTime": at}
    written = json.loads(write_reply("DescribeDashboard", {"Dashboard": dashboard}).body)
    assert written["Dashboard"]["CreatedTime"] == at.timestamp()
    assert written["RequestId"]
    with pytest.raises(RuntimeError, match="DescribeDashboard does not fit"):
        write_reply("DescribeDashboard", {"Dashboard": {"Title": "t"}})
