"""Tools are tested against the endpoint of the tests of ``local/aws``."""

from __future__ import annotations

from tests.local.aws.conftest import bucket, client, database, endpoint, endpoint_url, rekognition_port

__all__ = ["bucket", "client", "database", "endpoint", "endpoint_url", "rekognition_port"]
