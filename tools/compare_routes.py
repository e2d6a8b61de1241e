"""Analyze videos of a folder by jobs and by frames, and say what either costs and finds.

``python -m tools.compare_routes FOLDER [--frames-per-second N | --scene-changes]`` asks Rekognition at the
endpoint that boto3 is configured for, as the lake does, and leaves nothing in the lake. The videos are in the
lake's bucket meanwhile. At AWS itself the analyses are billed, so there it wants ``--pay``.

A finding counts if it reaches ``min_confidence`` of lake.yaml. What is compared are distinct names: of
labels, kinds of moderation, people and lines of text. Faces have no names.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from tabulate import tabulate  # type: ignore[import-untyped]

from include.analyze.video_frames import FrameImage, UndecodableVideoError, frame_images
from include.core.analysis_keys import WantedAnalysis
from include.core.features import FEATURES, Feature, VideoJob
from include.core.frame_sampling import (
    DEFAULT_FRAMES_PER_SECOND,
    LEAST_FRAMES_PER_SECOND,
    MOST_FRAMES_PER_SECOND,
    FrameSampling,
)
from include.core.media_facts import MediaFacts
from include.core.prices import PriceBook, load_price_book
from include.core.printable import escaped
from include.core.schemas import TABLES
from include.core.settings import Settings, load_settings
from include.discover.media_probe import probe
from include.normalize import normalize
from include.store.objects import Row
from include.store.response_archive import FRAME_TIME
from include.store.workspace import Deployment
from tools.command_clients import CommandClients

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient

COMPARED = [feature for feature in FEATURES.values() if feature.lost_by_frames]
_SUFFIXES = {".mp4", ".mov", ".m4v"}
_POLL_SECONDS = 0.5
_NAME_COLUMNS = {"labels": "name", "moderation": "name", "celebrities": "name", "text": "text"}
_HEADS = ("video", "feature", "USD job", "USD frames", "frames", "found by job", "by frames", "names found")


@dataclass(frozen=True)
class Comparison:
    """One feature of one video by both routes.

    :param names: distinct names that the job found; ``found`` those of them that frames found.
    """

    video: str
    feature: str
    job_usd: float
    frames_usd: float
    frames: int
    job_findings: int
    frame_findings: int
    names: int
    found: int

    @property
    def share(self) -> str:
        return f"{self.found} of {self.names}, {self.found / self.names:.0%}" if self.names else "-"


class RouteComparison:
    """Compares the routes of videos.

    :param thresholds: feature to the least confidence (percent) that counts.
    """

    def __init__(
        self, clients: CommandClients, settings: Settings, book: PriceBook, thresholds: dict[str, float]
    ) -> None:
        self._rekognition: RekognitionClient = clients.client("rekognition")
        self._s3 = clients.client("s3")
        self._bucket = settings.bucket
        self._book = book
        self._thresholds = thresholds

    def of(self, video: Path, sampling: FrameSampling) -> Iterator[Comparison]:
        """Yield what both routes cost and find, for each feature that has both."""
        size = video.stat().st_size
        with video.open("rb") as file:
            facts = probe(file, size, video.name)
            if facts.duration_ms is None:
                raise UndecodableVideoError(f"{video.name} is no video that can be analyzed")
            asset = {"key": video.name, "duration_ms": facts.duration_ms, "rotation": facts.rotation}
            file.seek(0)
            images = list(frame_images(file, asset, sampling))
        key = f"staging/compare_routes/{os.getpid()}-{video.name}"
        self._s3.upload_file(str(video), self._bucket, key)
        try:
            for feature in COMPARED:
                yield self._compare(video.name, feature, facts, key, images, sampling)
        finally:
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _compare(
        self,
        video: str,
        feature: Feature,
        facts: MediaFacts,
        key: str,
        images: list[FrameImage],
        sampling: FrameSampling,
    ) -> Comparison:
        job = WantedAnalysis(feature, "video", {})
        frames = WantedAnalysis(feature, "video", {}, sampling=sampling)
        by_job = self._rows(feature, job.call.operation, self._pages(job, key))
        by_frames = self._rows(feature, frames.call.operation, self._responses(frames, images))
        names = _names(feature, by_job)
        return Comparison(
            video,
            feature.name,
            sum(self._book.usd(item, amount) for item, amount in job.units(facts.duration_ms)),
            sum(self._book.usd(item, len(images)) for item, _ in frames.units(facts.duration_ms)),
            len(images),
            len(by_job),
            len(by_frames),
            len(names),
            len(names & _names(feature, by_frames)),
        )

    def _rows(self, feature: Feature, operation: str, pages: Iterable[Any]) -> list[Row]:
        least = self._thresholds.get(feature.name, 0.0)
        found = []
        for table, row in normalize(operation, pages):
            score = TABLES[table].score
            if score is None or (row[score] or 0.0) >= least:
                found.append(row)
        return found

    def _pages(self, job: WantedAnalysis, key: str) -> Iterator[Row]:
        """Yield the pages of a job, once it has ended."""
        call = cast("VideoJob", job.call)
        start = getattr(self._rekognition, xform_name(call.start_operation))
        get = getattr(self._rekognition, xform_name(call.get_operation))
        job_id = start(Video={"S3Object": {"Bucket": self._bucket, "Name": key}}, **job.parameters)["JobId"]
        while (page := get(JobId=job_id, **call.get_parameters))["JobStatus"] == "IN_PROGRESS":
            time.sleep(_POLL_SECONDS)
        if page["JobStatus"] != "SUCCEEDED":
            raise UndecodableVideoError(f"{call.start_operation} failed: {page.get('StatusMessage')}")
        yield page
        while token := page.get("NextToken"):
            page = get(JobId=job_id, NextToken=token, **call.get_parameters)
            yield page

    def _responses(self, frames: WantedAnalysis, images: Iterable[FrameImage]) -> Iterator[Row]:
        call = getattr(self._rekognition, xform_name(frames.call.operation))
        for image in images:
            yield {
                **call(Image={"Bytes": image.jpeg}, **frames.parameters),
                FRAME_TIME: image.timestamp_ms,
            }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 if a video could not be compared."""
    options = _options(arguments)
    if not (options.pay or _endpoint()):
        print(
            "no endpoint is set, so AWS would bill the analyses; write --pay if that is meant",
            file=sys.stderr,
        )
        return 2
    videos = sorted(each for each in options.folder.rglob("*") if each.suffix.lower() in _SUFFIXES)
    if not videos:
        print(f"{options.folder} has no videos ({', '.join(sorted(_SUFFIXES))})", file=sys.stderr)
        return 2
    settings = load_settings()
    clients, book = CommandClients(settings.region), load_price_book(settings.region)
    lake = Deployment(settings, clients).lake
    sampling = FrameSampling(None if options.scene_changes else options.frames_per_second)
    comparison = RouteComparison(clients, settings, book, lake.min_confidence)
    rows: list[Comparison] = []
    failed = False
    for video in videos:
        try:
            rows += comparison.of(video, sampling)
        except (BotoCoreError, ClientError, UndecodableVideoError) as error:
            print(f"{escaped(video.name)}: {error}", file=sys.stderr)
            failed = True
    print(f"frames: {sampling}; prices of {book.version}\n")
    print(tabulate([_shown(row) for row in rows], _HEADS, disable_numparse=True))
    print("\nframes lose")
    for feature in COMPARED:
        print(f"  {feature.name}: {feature.lost_by_frames}")
    return int(failed)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.compare_routes", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="folder of MP4 and MOV files")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--frames-per-second", type=_rate, default=DEFAULT_FRAMES_PER_SECOND)
    which.add_argument("--scene-changes", action="store_true", help="frames at which the scene changes")
    parser.add_argument("--pay", action="store_true", help="also if AWS itself answers, and bills")
    return parser.parse_args(arguments)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not LEAST_FRAMES_PER_SECOND <= rate <= MOST_FRAMES_PER_SECOND:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number from {LEAST_FRAMES_PER_SECOND:g} to {MOST_FRAMES_PER_SECOND:g}"
        )
    return rate


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_REKOGNITION") or os.environ.get("AWS_ENDPOINT_URL")


def _names(feature: Feature, rows: Iterable[Row]) -> set[str]:
    """Return the distinct names of findings; of text, lines in small letters."""
    column = _NAME_COLUMNS.get(feature.name)
    if column is None:
        return set()
    return {str(row[column]).casefold() for row in rows if row.get("type", "LINE") == "LINE"}


def _shown(row: Comparison) -> tuple[str, ...]:
    return (
        escaped(row.video),
        row.feature,
        f"{row.job_usd:.4f}",
        f"{row.frames_usd:.4f}",
        str(row.frames),
        str(row.job_findings),
        str(row.frame_findings),
        row.share,
    )


if __name__ == "__main__":
    sys.exit(main())
