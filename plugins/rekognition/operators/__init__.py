"""Operators of Amazon Rekognition: video jobs, faces and their collections, Custom Labels models."""

from __future__ import annotations

from rekognition.operators.custom_labels_model import (
    RekognitionStartProjectVersionOperator,
    RekognitionStopProjectVersionOperator,
)
from rekognition.operators.face_collection import (
    RekognitionCompareFacesOperator,
    RekognitionCreateCollectionOperator,
    RekognitionDeleteCollectionOperator,
    RekognitionDeleteFacesOperator,
    RekognitionIndexFacesOperator,
    RekognitionSearchFacesByImageOperator,
)
from rekognition.operators.video_job import (
    RekognitionStartCelebrityRecognitionOperator,
    RekognitionStartContentModerationOperator,
    RekognitionStartFaceDetectionOperator,
    RekognitionStartFaceSearchOperator,
    RekognitionStartLabelDetectionOperator,
    RekognitionStartSegmentDetectionOperator,
    RekognitionStartTextDetectionOperator,
    RekognitionStartVideoJobOperator,
)

__all__ = [
    "RekognitionCompareFacesOperator",
    "RekognitionCreateCollectionOperator",
    "RekognitionDeleteCollectionOperator",
    "RekognitionDeleteFacesOperator",
    "RekognitionIndexFacesOperator",
    "RekognitionSearchFacesByImageOperator",
    "RekognitionStartCelebrityRecognitionOperator",
    "RekognitionStartContentModerationOperator",
    "RekognitionStartFaceDetectionOperator",
    "RekognitionStartFaceSearchOperator",
    "RekognitionStartLabelDetectionOperator",
    "RekognitionStartProjectVersionOperator",
    "RekognitionStartSegmentDetectionOperator",
    "RekognitionStartTextDetectionOperator",
    "RekognitionStartVideoJobOperator",
    "RekognitionStopProjectVersionOperator",
]
