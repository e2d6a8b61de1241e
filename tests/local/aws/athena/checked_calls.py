"""Calls of Athena's API whose raw replies are checked against its model; boto3 drops what is odd in them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from functools import cache
from typing import Any

import botocore.loaders
from botocore.model import ServiceModel

from local.aws.shape_checks import problems


@cache
def api_model() -> ServiceModel:
    """Return botocore's model of Athena's API."""
    return ServiceModel(botocore.loaders.Loader().load_service_model("athena", "service-2"), "athena")


class CheckedCalls:
    """Calls one endpoint."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation that must succeed, and check its reply against the model."""
        status, document = self.send(operation, request)
        assert status == 200, document
        shape = api_model().operation_model(operation).output_shape
        assert shape is not None
        assert problems(document, shape) == []
        return document

    def error(self, operation: str, **request: Any) -> tuple[str, str]:
        """Call an operation that must fail with an error of the model; return its code and message."""
        status, document = self.send(operation, request)
        assert status == 400, document
        known = {shape.name for shape in api_model().operation_model(operation).error_shapes}
        assert document["__type"] in known, document
        return document["__type"], document["message"]

    def send(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and document of a reply."""
        credential = "Credential=local/20260101/us-east-1/athena/aws4_request"
        headers = {
            "X-Amz-Target": f"AmazonAthena.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=none",
        }
        body = json.dumps(request).encode()
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self._endpoint_url, body, headers), timeout=20
            ) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
