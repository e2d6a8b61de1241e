"""What all tasks have in common: owner, retries, callbacks and the names of the pools."""

from __future__ import annotations

from media_lake.callbacks.failed_runs import record_failure
from media_lake.retry_policy import AwsErrorCodeRetryPolicy

# At every task of the pipeline: their delays double, so that five minutes without AWS end no run.
ATTEMPTS = 7

IMAGE_POOL = "rekognition_images"

VIDEO_POOL = "rekognition_videos"

DEFAULT_ARGS = {
    "owner": "media-lake",
    "retries": ATTEMPTS - 1,
    "retry_delay": 10.0,
    "retry_policy": AwsErrorCodeRetryPolicy(),
    "on_failure_callback": record_failure,
}
