"""A file of the moderation queue, as a person is asked about it."""

from __future__ import annotations

from typing import Any

from include.operate.moderation_reviews import FileToReview


def a_file(**changes: Any) -> FileToReview:
    return FileToReview.model_validate(
        {
            "dt": "2026-11-20",
            "media_id": "m1",
            "media_type": "video",
            "content_id": "etag:1",
            "s3_uri": "s3://b/raw/clip.mp4",
            "source": "shop",
            "label": "Physical Violence",
            "parent_label": "Violence",
            "confidence": 88.5,
            "timestamp_ms": 3_723_004,
            "findings": 3,
            "model_version": "7.0",
            "state": "waiting",
            "decided_by": None,
            "reason": None,
            **changes,
        }
    )
