"""
``calling_process.py``: makes image calls in a process of its own, by the engine or by a bare loop.

Reads ``{way, rekognition, bucket, keys: {key: etag}, name}`` from the first line of its input, makes everything ready,
says so, and begins at the second line. Prints the seconds that the calls took.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from include.analyze.image_analyzer import ImageAnalyzer
from include.analyze.pace import Pace
from include.core.analysis_keys import analysis_key
from include.core.features import FEATURES
from include.core.run import Run
from include.core.settings import Settings
from include.store.objects import Row
from tests.rates import LocalRate
from tests.workspaces import make_workspace

THREADS = 16
FEATURE = FEATURES["moderation"]
CONFIG = Config(max_pool_connections=40, retries={"mode": "standard", "total_max_attempts": 1})


def by_engine(order: Row) -> Callable[[], Any]:
    """Calls with ledger and archive, as a task makes them."""
    run = Run(order["bucket"], "enrich_images", order["name"], "2026-04-01")
    dynamodb = boto3.client("dynamodb", config=CONFIG.merge(Config(parameter_validation=False)))
    workspace = make_workspace(
        run,
        boto3.Session(),
        Settings(image_threads=THREADS),
        rekognition=boto3.client("rekognition", endpoint_url=order["rekognition"], config=CONFIG),
        s3=boto3.client("s3", config=CONFIG),
        dynamodb=dynamodb,
    )
    paces = defaultdict(lambda: Pace(LocalRate(), 1_000_000))
    engine = ImageAnalyzer(workspace, batch="batch-0000", paces=paces)
    rows = _planned(run, order["keys"])
    return lambda: engine.analyze(rows)


def by_bare_loop(order: Row) -> Callable[[], Any]:
    """Threads that call and drop the response."""
    client = boto3.client("rekognition", endpoint_url=order["rekognition"], config=CONFIG)
    bucket = order["bucket"]

    def call(key: str) -> None:
        client.detect_moderation_labels(
            Image={"S3Object": {"Bucket": bucket, "Name": key}}, MinConfidence=30.0
        )

    def calls() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(call, order["keys"]))

    return calls


def by_raw_http(order: Row) -> Callable[[], Any]:
    """Requests with nothing around them: what the endpoint can answer."""
    address = urlsplit(order["rekognition"]).netloc
    headers = {
        "X-Amz-Target": "RekognitionService.DetectModerationLabels",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260401/us-east-1/rekognition/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    bodies = [
        json.dumps({"Image": {"S3Object": {"Bucket": order["bucket"], "Name": key}}, "MinConfidence": 30.0})
        for key in order["keys"]
    ]

    def send(part: list[str]) -> None:
        connection = http.client.HTTPConnection(address)
        for body in part:
            connection.request("POST", "/", body, headers)
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200
        connection.close()

    def calls() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(send, [bodies[start::THREADS] for start in range(THREADS)]))

    return calls


WAYS = {"engine": by_engine, "bare": by_bare_loop, "raw": by_raw_http}


def _planned(run: Run, keys: dict[str, str]) -> list[Row]:
    assert FEATURE.image is not None
    analysis = {
        "feature": FEATURE.name,
        "parameters": dict(FEATURE.image.parameters),
        "state": "planned",
        "code": None,
        "message": None,
    }
    return [
        {
            "asset": {
                "media_id": key,
                "source": "sample",
                "cost_center": "media-team",
                "bucket": run.bucket,
                "key": key,
                "version_id": None,
                "etag": etag,
                "content_id": key,
                "media_type": "image",
            },
            "analyses": [{**analysis, "analysis_key": analysis_key(f"{run.run_id}/{key}", FEATURE, "image")}],
        }
        for key, etag in keys.items()
    ]


def main() -> None:
    order = json.loads(sys.stdin.readline())
    work = WAYS[order["way"]](order)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    work()
    print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
