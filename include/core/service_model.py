"""botocore's model of Rekognition: its operations, with the shapes of their requests and replies."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import ServiceModel


@cache
def rekognition_model() -> ServiceModel:
    """Return the model of the botocore that is installed; a process reads the file once."""
    return ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")
