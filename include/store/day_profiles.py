"""Profiles: a few figures of each validated run, with which later days are compared.

A profile is a JSON object below ``profiles/`` in the lake's bucket. It holds counts, sums and names of
labels, nothing about people.
"""

from __future__ import annotations

import logging
import re
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from include.core.features import MediaType
from include.core.run import Run
from include.store.appended_rows import read_appended
from include.store.objects import get, list_uris, put

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

_DAY = re.compile(r"/dt=([0-9-]{10})/")


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AnalysisFigures(_Figures):
    """Analyses of one source, feature and model version; those that failed have no version.

    :ivar answered: those that have an answer, ``empty`` those of them whose answer has no finding.
    """

    source: str
    feature: str
    model_version: str | None
    answered: int
    empty: int
    failed: int


class FindingFigures(_Figures):
    """Findings of one source, table and model version.

    :ivar scores: how many have a score, and ``score_sum`` their sum in percent.
    :ivar names: name of a label to how many findings have it, for the most frequent ones; the others have the
        name ``""``. Empty for tables without labels.
    """

    source: str
    table: str
    model_version: str | None
    scores: int
    score_sum: float
    names: dict[str, int]


class DayProfile(_Figures):
    """The figures of a run.

    :ivar assets: number of assets by source.
    """

    assets: dict[str, int]
    analyses: list[AnalysisFigures]
    findings: list[FindingFigures]


def write_profile(s3: S3Client, run: Run, media_type: MediaType, profile: DayProfile) -> None:
    """Keep the profile of a run, instead of that of an earlier audit of it."""
    uri = f"{_profiles_uri(run.bucket, media_type, run.partition)}/run={run.token}.json"
    put(s3, uri, profile.model_dump_json().encode(), "application/json")


def trailing_profiles(
    s3: S3Client, run: Run, media_type: MediaType, most: int, within_days: int
) -> list[DayProfile]:
    """Return the profiles of what readers have of the days before the run's, the latest first.

    :param most: at most so many; each takes three requests.
    :param within_days: no day is further back.
    """
    profiles = (
        profile
        for day in _profiled_days(s3, run, media_type, within_days)
        if (profile := _published_profile(s3, run.bucket, media_type, day))
    )
    return list(islice(profiles, most))


def _profiles_uri(bucket: str, media_type: MediaType, day: str) -> str:
    """Return where the profiles of a day are, or of a month."""
    return f"s3://{bucket}/profiles/media_type={media_type}/dt={day}"


def _profiled_days(s3: S3Client, run: Run, media_type: MediaType, within_days: int) -> list[str]:
    last = date.fromisoformat(run.partition)
    first = last - timedelta(days=within_days)
    months = sorted({f"{day:%Y-%m}" for day in (first + timedelta(days=n) for n in range(within_days))})
    uris = (uri for month in months for uri in list_uris(s3, _profiles_uri(run.bucket, media_type, month)))
    days = {found[1] for uri in uris if (found := _DAY.search(uri))}
    return sorted((day for day in days if first.isoformat() <= day < run.partition), reverse=True)


def _published_profile(s3: S3Client, bucket: str, media_type: MediaType, day: str) -> DayProfile | None:
    """Return the profile of the run whose data readers have; None if it has none that can be read."""
    published = read_appended(s3, bucket, "publications", [day])
    rows = [row for row in published if row["media_type"] == media_type]
    if not rows:
        return None
    live = max(rows, key=lambda row: (row["published_at"], row["version"]))
    token = Run(bucket, live["dag_id"], live["run_id"], day).token
    uri = f"{_profiles_uri(bucket, media_type, day)}/run={token}.json"
    try:
        return DayProfile.model_validate_json(get(s3, uri))
    except (FileNotFoundError, ValidationError) as error:
        log.warning("%s is no profile, the day is left out: %s", uri, error)
        return None
