"""Errors in each protocol, as botocore's own parsers read them."""

from __future__ import annotations

import pytest
from botocore.parsers import create_parser

from local.aws.endpoint_errors import AwsError, error_reply, protocol_of


@pytest.mark.parametrize(
    ("protocol", "parser"),
    [
        ("json", "json"),
        ("json", "rest-json"),
        ("query", "query"),
        ("rest-xml", "rest-xml"),
        ("cbor", "smithy-rpc-v2-cbor"),
    ],
)
def test_botocore_reads_code_and_message(protocol: str, parser: str) -> None:
    reply = error_reply(AwsError("NotImplemented", "no <such> & operation: ü" * 9), protocol)
    headers = {name.lower(): value for name, value in reply.wsgi_headers}
    parsed = create_parser(parser).parse(
        {"status_code": reply.status, "headers": headers, "body": reply.body}, None
    )
    assert parsed["Error"]["Code"] == "NotImplemented"
    assert parsed["Error"]["Message"] == "no <such> & operation: ü" * 9
    assert reply.status_line == "400 Bad Request"


@pytest.mark.parametrize(
    ("environ", "service", "expected"),
    [
        ({"HTTP_SMITHY_PROTOCOL": "rpc-v2-cbor", "CONTENT_TYPE": "application/cbor"}, "monitoring", "cbor"),
        ({"HTTP_X_AMZ_TARGET": "AWSGlue.X", "CONTENT_TYPE": "application/x-amz-json-1.1"}, "glue", "json"),
        ({"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8"}, "sns", "query"),
        ({}, "s3", "rest-xml"),
        ({}, "quicksight", "json"),
    ],
)
def test_protocol_of(environ: dict[str, str], service: str, expected: str) -> None:
    assert protocol_of(environ, service) == expected
