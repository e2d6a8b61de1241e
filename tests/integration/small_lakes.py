"""A small lake in which everything that can name an asset does: its day, its messages, results of queries.

It can be put back to where it was, so that several things can be erased from it.
"""

from __future__ import annotations

import gzip
import io
import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pyarrow.parquet as pq

from include.analyze.image_analyzer import ImageAnalyzer
from include.analyze.video_analyzer import VideoAnalyzer
from include.core.features import MEDIA_TYPES, MediaType
from include.core.lake import OWN_PREFIXES, Lake
from include.core.run import Run
from include.core.schemas import TABLES
from include.core.settings import Settings
from include.discover.discovery import discover
from include.discover.events import Event, keep_events
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.plan.planner import plan
from include.publish.publisher import publish
from include.store.messages import OddMessage, set_aside
from include.store.objects import list_objects, split_uri
from include.store.plan_batches import read_plan
from include.store.waiting_reports import ask_for_report
from include.store.workspace import Workspace
from include.validate.audit import validate
from infrastructure.resources import create
from media_lake.tasks.report import report_waiting_days
from tests.integration.conftest import ROOT, LocalLake, paces, picture
from tests.integration.enriched_days import BOOK
from tests.integration.test_pipeline import wait_for_jobs
from tests.integration.video_runs import clip
from tools.query import run_query

DAY = "2026-05-20"
PERSON = "ada-of-accounting"
_PHOTO = (ROOT / "local" / "sample_media" / "grace-hopper.jpg").read_bytes()
_FOLDER = DAY.replace("-", "/")


class SmallLake:
    """A lake with resources of its own, one enriched day, and a collection with one face.

    :ivar keys: the source's objects, by short name.
    """

    def __init__(self, session: boto3.Session, control_url: str) -> None:
        name = uuid.uuid4().hex[:12]
        seed = int(name, 16) % 2**31
        settings = Settings(
            bucket=f"lake-{name}",
            database=f"lake_{name}",
            ledger_table=f"ledger-{name}",
            workgroup=f"lake-{name}",
            jobs_queue=f"jobs-{name}",
            events_queue=f"events-{name}",
        )
        create(session, settings)
        self.local_lake = LocalLake(settings, _lake(name), session, control_url)
        self.settings = settings
        self.bucket, self.collection = settings.bucket, name
        self.s3 = self.local_lake.client("s3")
        self.dynamodb = self.local_lake.client("dynamodb")
        self.glue = self.local_lake.client("glue")
        self.sqs = self.local_lake.client("sqs")
        self.rekognition = self.local_lake.client("rekognition")
        bodies = {
            "party": ("one", "wild party.jpg", _PHOTO),
            "holiday": ("one", "holiday.jpg", picture(seed)),
            "clip": ("one", "private-clip.mp4", clip(seed)),
            "partner": ("two", "partner-logo.jpg", picture(seed + 1)),
        }
        self.keys = {short: f"raw/{source}/{_FOLDER}/{name}" for short, (source, name, _) in bodies.items()}
        self._bodies = {self.keys[short]: body for short, (_, _, body) in bodies.items()}
        self._fill()
        self._objects = dict(self.objects())
        self._items = self.items()
        self._partitions = self.partitions()

    def workspace(self, dag_id: str = "erase_media", run_id: str = "by-hand") -> Workspace:
        run = Run(self.bucket, dag_id, run_id, DAY)
        return self.local_lake.workspace(run, image_threads=4, lease_seconds=60)

    def _fill(self) -> None:
        self.rekognition.create_collection(CollectionId=self.collection)
        self.index_person()
        for key, body in self._bodies.items():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        self.discover()
        for media_type in MEDIA_TYPES:
            self.enrich(media_type)
        ask_for_report(self.s3, self.workspace("report_costs").run)
        report_waiting_days(self.workspace("report_costs"), always=False)
        self.query("SELECT * FROM media_assets")
        self.query("SELECT * FROM face_matches")
        events = [self._event(key) for key in self._bodies]
        keep_events(self.s3, self.bucket, events, "mark")
        odd = [OddMessage(self._message(key), "odd") for key in self._bodies]
        set_aside(self.s3, self.bucket, self.settings.events_queue, odd)

    def index_person(self) -> None:
        self.rekognition.index_faces(
            CollectionId=self.collection, Image={"Bytes": _PHOTO}, ExternalImageId=PERSON, MaxFaces=1
        )

    def faces(self) -> list[str]:
        pages = self.rekognition.get_paginator("list_faces").paginate(CollectionId=self.collection)
        return [face["FaceId"] for page in pages for face in page["Faces"]]

    def discover(self) -> None:
        discover(self.workspace("discover_media"))

    def enrich(self, media_type: MediaType, run_id: str = "first") -> dict[str, Any]:
        """Run the stages from plan to publish, and return the plan's figures."""
        workspace = self.workspace(f"enrich_{media_type}s", run_id)
        batches, figures = plan(workspace, media_type, BOOK, dict)
        for batch in batches:
            rows = read_plan(self.s3, batch["uri"])
            if media_type == "image":
                ImageAnalyzer(workspace, batch="batch-0000", paces=paces()).analyze(rows)
            else:
                jobs = VideoAnalyzer(workspace, self.local_lake.job_client(), batch="batch-0000")
                wait_for_jobs(self.local_lake, jobs, rows)
                jobs.collect(rows)
            normalize_batch(workspace, media_type, "batch-0000", rows)
        planned_at = datetime.fromisoformat(figures["planned_at"])
        audit = validate(workspace, media_type, figures["assets"], figures["analyses"], planned_at, normalize)
        assert audit.failed == ""
        publish(workspace, audit.tables, media_type)
        return figures

    def query(self, sql: str) -> list[list[Any]]:
        athena = self.local_lake.client("athena")
        return list(run_query(athena, sql, self.settings.database, self.settings.workgroup).rows)

    def _event(self, key: str) -> Event:
        return Event(self.bucket, key, "ab" * 16, 9, f"{DAY}T10:00:00.000+00:00", "01", removed=False)

    def _message(self, key: str) -> str:
        thing = {"bucket": {"name": self.bucket}, "object": {"key": key.replace(" ", "+")}}
        return json.dumps({"Records": [{"eventName": "odd", "s3": thing}]})

    def _queues(self) -> list[str]:
        events = self.settings.events_queue
        names = (events, f"{events}-dead-letters", self.settings.jobs_queue)
        return [self.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in names]

    def purge_messages(self) -> None:
        """Empty the queues; SQS lets nobody purge them more than once a minute."""
        for url in self._queues():
            for message in self._received(url):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _received(self, url: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while got := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += got
        return found

    def send_messages(self) -> None:
        """Put a message about each object into the queues."""
        self.purge_messages()
        for url in self._queues():
            for key in self._bodies:
                self.sqs.send_message(QueueUrl=url, MessageBody=self._message(key))

    def messages(self) -> list[str]:
        """Return what is in these queues, and leave it there."""
        found = []
        for url in self._queues():
            for message in self._received(url):
                found.append(message["Body"])
                handle = message["ReceiptHandle"]
                self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        return found

    def objects(self) -> Iterator[tuple[str, bytes]]:
        """Yield key and body of all that the lake itself wrote."""
        for uri, _ in list_objects(self.s3, f"s3://{self.bucket}/"):
            _, key = split_uri(uri)
            if key.startswith(OWN_PREFIXES):
                yield key, self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def items(self) -> list[dict[str, Any]]:
        """Return all items of the ledger's table."""
        items: list[dict[str, Any]] = self.dynamodb.scan(TableName=self.settings.ledger_table)["Items"]
        return sorted(items, key=lambda item: str(item["key"]["S"]))

    def partitions(self) -> list[dict[str, Any]]:
        """Return what the Glue catalog has of partitions."""
        database = self.settings.database
        return [
            partition
            for name in TABLES
            for partition in self.glue.get_partitions(DatabaseName=database, TableName=name)["Partitions"]
        ]

    def catalog(self) -> dict[str, str]:
        """Return all that the Glue catalog says of each table and partition."""
        tables = self.glue.get_tables(DatabaseName=self.settings.database)["TableList"]
        found = {f"table {table['Name']}": str(table) for table in tables}
        partitions = {
            f"partition {each['TableName']} {each['Values']}": str(each) for each in self.partitions()
        }
        return found | partitions

    def put_back(self) -> None:
        """Bring bucket, ledger and catalog back to what they were."""
        present = dict(self.objects())
        for key in present.keys() - self._objects.keys():
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        for key, body in self._objects.items():
            if present.get(key) != body:
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        for item in self.items():
            self.dynamodb.delete_item(TableName=self.settings.ledger_table, Key={"key": item["key"]})
        for item in self._items:
            self.dynamodb.put_item(TableName=self.settings.ledger_table, Item=item)
        present_partitions = self.partitions()
        for partition in self._partitions:
            if partition not in present_partitions:
                self._point_back(partition)

    def _point_back(self, partition: dict[str, Any]) -> None:
        self.glue.update_partition(
            DatabaseName=self.settings.database,
            TableName=partition["TableName"],
            PartitionValueList=partition["Values"],
            PartitionInput={name: partition[name] for name in ("Values", "StorageDescriptor", "Parameters")},
        )


def _lake(collection: str) -> Lake:
    image = ["moderation", {"face_search": {"CollectionId": collection}}]
    sources = [
        {"name": name, "prefix": f"raw/{name}/", "cost_center": "team", "features": features}
        for name, features in (("one", {"image": image, "video": ["moderation"]}), ("two", {"image": image}))
    ]
    return Lake.model_validate({"cost_centers": {"team": {"title": "Team"}}, "sources": sources})


def unpacked(key: str, body: bytes) -> bytes:
    """Return everything that an object says: its key too, and what is compressed in it."""
    if body.startswith(b"PAR1"):
        body += str(pq.read_table(io.BytesIO(body)).to_pylist()).encode()
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    return key.encode() + b"\n" + body
