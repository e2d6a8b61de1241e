"""The endpoint of the tests of local AWS."""

from tests.local.aws.conftest import endpoint, endpoint_url, rekognition_port

__all__ = ["endpoint", "endpoint_url", "rekognition_port"]
