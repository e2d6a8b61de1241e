"""A job of 120,000 labels on 120 pages is collected and normalized in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from include.core.run import job_responses_uri
from include.store.ledger import Entry, Ledger
from include.store.objects import get_ndjson, list_uris
from tests.include.normalize.long_job import BUCKET, JOB, KEY, LEDGER_TABLE

ROOT = Path(__file__).parents[3]
PAGES, LABELS_PER_PAGE = 120, 1000
MOST_MIB = 200.0

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc"
    ),
]


def a_page(number: int) -> dict[str, Any]:
    def label(index: int) -> dict[str, Any]:
        ratio = (number * LABELS_PER_PAGE + index) / (PAGES * LABELS_PER_PAGE)
        box = {"Left": ratio, "Top": ratio / 3, "Width": ratio / 7, "Height": ratio / 9}
        found = {
            "Name": f"Vehicle {index % 40}",
            "Confidence": 40 + 59 * ratio,
            "Parents": [{"Name": "Transportation"}, {"Name": "Vehicle"}],
            "Aliases": [{"Name": "Automobile"}],
            "Categories": [{"Name": "Vehicles and Automotive"}],
            "Instances": [{"BoundingBox": box, "Confidence": 90 - 40 * ratio}],
        }
        return {"Timestamp": number * 60_000 + index // 8 * 500, "Label": found}

    page = {
        "JobStatus": "SUCCEEDED",
        "LabelModelVersion": "3.0",
        "VideoMetadata": {"Codec": "h264", "DurationMillis": 7_200_000},
        "Labels": [label(index) for index in range(LABELS_PER_PAGE)],
    }
    return page | ({"NextToken": str(number + 1)} if number + 1 < PAGES else {})


class Rekognition(BaseHTTPRequestHandler):
    """Answers GetLabelDetection with the page that the token names."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(a_page(int(request.get("NextToken") or 0))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def rekognition_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rekognition)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def s3(rekognition_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 and DynamoDB in a server of their own, whose memory is not that of the measured process."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    moto_api_backend.reset()  # other tests of this process have left things there
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", rekognition_url)
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    boto3.client("dynamodb").create_table(
        TableName=LEDGER_TABLE,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield client
    server.stop()


def measured(stage: str) -> dict[str, Any]:
    """Run a stage in a process of its own: in this one, moto and the pages take memory as well."""
    command = [sys.executable, "-m", "tests.include.normalize.long_job", stage]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_long_job_is_collected_and_normalized_in_bounded_memory(s3: Any) -> None:
    ledger = Ledger(boto3.client("dynamodb"), LEDGER_TABLE)
    lease = ledger.now() + 60_000
    running = Entry(
        KEY, "running", owner="o", claimed_at=ledger.now(), lease_expires=lease, number=1, job_id=JOB
    )
    assert ledger.claim(running, ledger.now()) is None

    collected = measured("collect")
    assert collected["written"]["done"] == 1
    archived = [line for uri in list_uris(s3, job_responses_uri(BUCKET, JOB)) for line in get_ndjson(s3, uri)]
    assert [len(line["response"]["Labels"]) for line in archived] == [LABELS_PER_PAGE] * PAGES
    assert collected["above_idle_mib"] < MOST_MIB

    normalized = measured("normalize")
    assert normalized["written"] == {
        "labels": PAGES * LABELS_PER_PAGE,
        "analyses": 1,
        "media_assets": 1,
    }
    assert normalized["above_idle_mib"] < MOST_MIB
