"""A small lake in operation: what arrives in it, what goes wrong in it, and what its tables and counters say.

Each scenario has a source with features of its own. So all can go on at once, and a fault of Rekognition
strikes one of them only.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import yaml
from PIL import Image

from local.stack.stack_settings import PROJECT
from tests.end_to_end.airflow_runs import Operator
from tests.end_to_end.conftest import Stack

BUCKET, EVENTS_QUEUE, TOPIC = "media-lake", "media-lake-events", "lake-alerts"
# Days of events, the day whose model is not allowed, the day whose run fails, and the day that succeeds with
# failed analyses.
EVENT_DAYS = (date(2026, 3, 1), date(2026, 3, 3))
MODEL_DAY = date(2026, 3, 4)
# A picture for which a recorded response with moderation labels is given; it comes with the later of these.
MODERATED = "rocket-night.jpg"
DENIED_DAY, REJECTED_DAY = date(2026, 3, 5), date(2026, 3, 6)
# Lines of text are read in one of them only, with 96 and 99 percent of confidence.
REJECTED = ("big-buck-bunny-presents.jpg", "grace-hopper.jpg", "rocket-night.jpg")
FAULTS = [
    {"operation": "DetectLabels", "code": "ImageTooLargeException"},
    {"operation": "DetectText", "code": "InvalidImageFormatException"},
    {"operation": "DetectCustomLabels", "code": "AccessDeniedException"},
]
DENIED = "DetectProtectiveEquipment"


def lake(model: str, **min_confidence: float) -> dict[str, Any]:
    """Return the content of a lake file.

    :param model: ARN of a version of a Custom Labels model.
    """

    def source(name: str, discovery: str, *features: Any) -> dict[str, Any]:
        shared = {"name": name, "prefix": f"{name}/", "cost_center": "team", "discovery": discovery}
        return {**shared, "features": {"image": list(features)}}

    return {
        "min_confidence": min_confidence,
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [
            source("archive", "date_path", "labels", "text"),
            source("site", "date_path", "protective_equipment"),
            source("parts", "date_path", {"custom_labels": {"ProjectVersionArn": model}}),
            source("drop", "events", "moderation"),
        ],
    }


@dataclass(frozen=True)
class Operations:
    """The stack at work, and who operates it.

    :ivar alerts: address of the queue that is subscribed to the topic of alerts.
    :ivar model: ARN of the version of a model that was trained there.
    """

    stack: Stack
    lake_file: Path
    operator: Operator
    alerts: str
    model: str

    def billed(self) -> dict[tuple[str, str], int]:
        """Return how often each image was paid for, by key and operation."""
        return {(item["key"], item["operation"]): item["count"] for item in self.stack.calls()["images"]}

    def billed_operations(self, source: str) -> Counter[str]:
        """Return how many calls for a source's images were paid for, by operation."""
        found: Counter[str] = Counter()
        for (key, operation), count in self.billed().items():
            if key.startswith(f"{source}/"):
                found[operation] += count
        return found

    def analyses(self) -> dict[tuple[str, str, str | None], int]:
        """Return the number of analyses of the day with failures, by feature, status and error."""
        rows = self.stack.query(
            "SELECT feature, status, error_code, count(*) AS n FROM media_lake.analyses"
            f" WHERE dt = '{REJECTED_DAY}' GROUP BY 1, 2, 3"
        )
        return {(row["feature"], row["status"], row["error_code"]): row["n"] for row in rows}

    def costs(self) -> dict[str, int]:
        """Return how many analyses of that day the cost report has as paid, by operation."""
        rows = self.stack.query(
            "SELECT operation, sum(analyses) AS n FROM media_lake.costs_daily"
            f" WHERE dt = '{REJECTED_DAY}' GROUP BY 1"
        )
        return {row["operation"]: row["n"] for row in rows}

    def lines(self) -> list[str]:
        """Return the lines of text that the tables have of that day."""
        rows = self.stack.query(
            "SELECT text AS line FROM media_lake.texts"
            f" WHERE dt = '{REJECTED_DAY}' AND type = 'LINE' ORDER BY 1"
        )
        return [row["line"] for row in rows]

    def queue(self, day: date) -> list[dict[str, Any]]:
        """Return the moderation queue of a day."""
        columns = "s3_uri, label, state, decided_by, reason, decisions"
        return self.stack.query(f"SELECT {columns} FROM media_lake.moderation_queue WHERE dt = '{day}'")


def write(lake_file: Path, content: dict[str, Any]) -> None:
    lake_file.write_text(yaml.safe_dump(content), encoding="utf-8")


def upload(stack: Stack) -> None:
    """Upload the media of all days; those of events are reported twice each, the latest first."""
    s3, sqs = stack.client("s3"), stack.client("sqs")
    for name in REJECTED:
        body = (PROJECT / "local" / "sample_media" / name).read_bytes()
        s3.put_object(Bucket=BUCKET, Key=f"archive/{REJECTED_DAY:%Y/%m/%d}/{name}", Body=body)
    for number in range(4):
        key = f"site/{DENIED_DAY:%Y/%m/%d}/{number}.png"
        s3.put_object(Bucket=BUCKET, Key=key, Body=picture(60 * number, 30))
    s3.put_object(Bucket=BUCKET, Key=f"parts/{MODEL_DAY:%Y/%m/%d}/crate.png", Body=picture(90, 90))
    bodies = [json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})]
    dropped = [
        (f"drop/a b+{number}.png", picture(60 * number, 200), day) for number, day in enumerate(EVENT_DAYS)
    ]
    dropped.append(
        (f"drop/{MODERATED}", (PROJECT / "local" / "sample_media" / MODERATED).read_bytes(), EVENT_DAYS[-1])
    )
    for key, body, day in dropped:
        etag = s3.put_object(Bucket=BUCKET, Key=key, Body=body)["ETag"].strip('"')
        bodies += 2 * [event(key, day, etag, len(body))]
    url = sqs.get_queue_url(QueueName=EVENTS_QUEUE)["QueueUrl"]
    for message in reversed(bodies):
        sqs.send_message(QueueUrl=url, MessageBody=message)


def train_model(stack: Stack) -> str:
    """Train a Custom Labels model, and return the ARN of its version."""
    client = stack.client("rekognition")
    project = client.create_project(ProjectName="parts")["ProjectArn"]
    output = {"S3Bucket": BUCKET, "S3KeyPrefix": "training"}
    made = client.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=output)
    return str(made["ProjectVersionArn"])


def picture(red: int, green: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 150), (red, green, 90)).save(buffer, "PNG")
    return buffer.getvalue()


def event(key: str, day: date, etag: str, size: int) -> str:
    """Return what S3 says of a new object."""
    thing = {"key": quote_plus(key, safe="/"), "eTag": etag, "size": size, "sequencer": "0055AED6DCD90281E5"}
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": f"{day}T10:00:00.000Z",
        "s3": {"bucket": {"name": BUCKET}, "object": thing},
    }
    return json.dumps({"Records": [record]})
