"""The time in which Custom Labels models ran, as lines of the usage log.

AWS bills it by the minute for each inference unit, from RUNNING on, whether the model is called or not
("Running a trained Amazon Rekognition Custom Labels model",
https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/running-model.html). A minute that has begun
counts whole, on the day (UTC) in which it began.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.core.features import FEATURES
from include.core.run import Run
from include.store.objects import Row, put_ndjson
from include.store.response_archive import instant
from include.store.usage_log import MODEL_TIME
from include.store.waiting_reports import ask_for_report

_DAY = 86_400


@dataclass(frozen=True)
class Session:
    """A time in which a model ran, in seconds since the epoch.

    :param payers: runs that used it, by token, from :func:`model_payer`.
    """

    arn: str
    running_since: int
    running_until: int
    inference_units: int
    payers: Mapping[str, Row] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """Tells it from all other sessions."""
        return hashlib.sha256(f"{self.arn}/{self.running_since}".encode()).hexdigest()

    def hours_by_day(self) -> Iterator[tuple[float, float]]:
        """Yield the last instant of each day (UTC) or of the session, and the hours of inference units."""
        start = self.running_since
        while start < self.running_until:
            midnight = (start // _DAY + 1) * _DAY
            end = min(midnight, self.running_until)
            if minutes := self._minutes_until(end) - self._minutes_until(start):
                yield (
                    end if end < midnight else midnight - 0.001,
                    minutes * self.inference_units / 60,
                )
            start = end

    def _minutes_until(self, moment: int) -> int:
        """Return how many minutes had begun."""
        return -((self.running_since - moment) // 60)


def model_payer(run: Run, model: Mapping[str, Any]) -> Row:
    """Return who pays for a model that a run uses.

    :param model: from the plan: ``{arn, feature, teams: [{source, cost_center, images}]}``. Plans of earlier
        versions have one team.
    """
    one = {"source": model.get("source"), "cost_center": model.get("cost_center"), "images": 1}
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "partition": run.partition,
        "feature": model["feature"],
        "teams": model.get("teams", [one]),
    }


def log_model_hours(s3: Any, run: Run, model: Mapping[str, Any], session: Session) -> None:
    """Log the time in which a model ran, shared among the teams that used it by their images.

    Each share is in the usage log of the run that the team used the model in. The model may be stopped after
    that run's day was published and reported: a report is asked for.

    :param run: that stops the model; it pays if nobody noted who used it, as in earlier versions.
    :param model: from the plan, as in :func:`model_payer`.
    """
    payers = list(session.payers.values()) or [model_payer(run, model)]
    images = sum(team["images"] for payer in payers for team in payer["teams"])
    for payer in payers:
        lines = [line for team in payer["teams"] for line in _lines(session, payer, team, images)]
        payer_run = Run(run.bucket, payer["dag_id"], payer["run_id"], payer["partition"])
        if lines:
            put_ndjson(s3, payer_run.usage_uri(f"model-{session.name[:16]}"), lines)
            ask_for_report(s3, payer_run)


def _lines(session: Session, payer: Row, team: Row, images: int) -> Iterator[Row]:
    """Yield a line for each day of a session.

    :param images: of all teams.
    """
    call = FEATURES[payer["feature"]].image
    assert call is not None
    place = f"{payer['run_id']}-{team['source']}"
    for until, hours in session.hours_by_day():
        at = instant(until)
        yield {
            "usage_id": f"{session.name}-{call.hourly_price_item}-{place}-{at[:10]}",
            "at": at,
            "dag_id": payer["dag_id"],
            "run_id": payer["run_id"],
            "source": team["source"],
            "cost_center": team["cost_center"],
            "media_id": session.arn,
            "media_type": "image",
            "analysis_key": session.name,
            "feature": payer["feature"],
            "operation": MODEL_TIME,
            "price_item": call.hourly_price_item,
            "units": hours * team["images"] / images,
            "reused": False,
            "ended_at": instant(session.running_until),
        }
