"""Custom Labels models: started for the runs that need them and stopped when the last of them has gone.

AWS bills a model for every hour in which it runs, called or not. Runs of several days may need one model at
the same time, so the ledger's table has an item per model that says which runs use it; all changes of it are
conditional writes. The states of a model, in AWS's words: STOPPED or TRAINING_COMPLETED, STARTING (minutes),
RUNNING, STOPPING ("Running a trained Amazon Rekognition Custom Labels model",
https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/running-model.html).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from include.core.errors import IN_USE, TerminalError, error_code
from include.store.model_time import Session
from include.store.objects import Row
from include.store.shared_record import SharedRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_rekognition.client import RekognitionClient

log = logging.getLogger(__name__)

# A run that has held a model for longer is taken to be gone: its Dag run was deleted before it could let go.
HOLD_SECONDS = 24 * 3600

# Whoever marked a model as stopping and did not get to stop it is taken to be gone after this time.
STOP_SECONDS = 300


class ModelError(TerminalError):
    """A model cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Use:
    """Who uses a model.

    :param users: run to when it began to use the model, in seconds since the epoch.
    :param payers: who pays for the use of a run, until that is billed, from
        :func:`include.store.model_time.model_payer`. Items of earlier versions have none.
    :param stopping_since: when a run found that nobody uses it and began to stop it, in seconds since the
        epoch; or 0.
    :param running_since: when it was first seen running, in seconds since the epoch; or 0.
    :param inference_units: units that it runs with.
    """

    users: Mapping[str, int] = field(default_factory=dict)
    payers: Mapping[str, Row] = field(default_factory=dict)
    stopping_since: int = 0
    running_since: int = 0
    inference_units: int = 1


class CustomModels:
    """Starts and stops models on behalf of runs. Every method may be repeated at any time.

    :param status_of: returns the state of a model, as AWS names it, or raises :class:`ModelError`.
    :param table: the ledger's table.
    :param clock: seconds since the epoch.
    """

    def __init__(
        self,
        rekognition: RekognitionClient,
        status_of: Callable[[str], str],
        dynamodb: DynamoDBClient,
        table: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rekognition = rekognition
        self._status_of = status_of
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def reserve(self, arn: str, user: str, payer: Row) -> None:
        """Record that a run is going to use a model; no other run stops it from then on."""
        self._change(
            arn,
            lambda use: replace(
                use, users={**use.users, user: self._now()}, payers={**use.payers, user: payer}
            ),
        )

    def start(self, arn: str, inference_units: int) -> bool:
        """Start a reserved model unless it runs or is starting.

        :return: whether it can be called now; if not, ask again after some seconds.
        :raises ModelError: if the model does not exist or is in a state from which it cannot be started.
        """
        use = Use(**self._item(arn).read())
        if use.stopping_since > self._now() - STOP_SECONDS:
            return False
        status = self._status_of(arn)
        if status == "RUNNING":
            self._change(
                arn,
                lambda use: replace(use, stopping_since=0, running_since=use.running_since or self._now()),
            )
            return True
        if status in ("TRAINING_COMPLETED", "STOPPED", "FAILED"):
            try:
                self._rekognition.start_project_version(
                    ProjectVersionArn=arn, MinInferenceUnits=inference_units
                )
            except ClientError as error:
                if error_code(error) not in IN_USE:
                    raise
            self._change(
                arn,
                lambda use: replace(use, stopping_since=0, running_since=0, inference_units=inference_units),
            )
            log.info("%s is started with %d inference units", arn, inference_units)
        elif status not in ("STARTING", "STOPPING"):
            raise ModelError(
                f"{arn} is {status} and cannot be started; train it, or name another model in lake.yaml"
            )
        return False

    def stop(self, arn: str, user: str, bill: Callable[[Session], None]) -> bool:
        """End a run's use of a model, and stop the model if no other run uses it.

        :param bill: records a time in which the model ran, which is none if it never did; called once it is
            known, and again if this is interrupted.
        :return: whether that is done; if not, the model is still starting, which AWS lets nobody stop: ask
            again.
        :raises ModelError: if there is no such model.
        """
        use = self._change(arn, lambda use: self._without(use, user))
        if use.users:
            log.info("%s goes on for %d other runs", arn, len(use.users))
            return True
        status = self._status_of(arn)
        if status == "STARTING":
            return False
        if status == "RUNNING":
            self._rekognition.stop_project_version(ProjectVersionArn=arn)
            log.info("%s is stopped", arn)
        if use.running_since or use.payers:
            since = use.running_since or use.stopping_since
            bill(Session(arn, since, use.stopping_since, use.inference_units, use.payers))
        self._change(arn, self._billed)
        return True

    @staticmethod
    def _billed(use: Use) -> Use:
        """Return a use whose time is billed: runs that have come since will pay for what follows."""
        payers = {user: payer for user, payer in use.payers.items() if user in use.users}
        return replace(use, payers=payers, stopping_since=0, running_since=0)

    def _without(self, use: Use, user: str) -> Use:
        """Return a use without a run and without those that are gone; if none is left, it is stopping."""
        dead = self._now() - HOLD_SECONDS
        users = {name: since for name, since in use.users.items() if name != user and since > dead}
        return replace(use, users=users, stopping_since=0 if users else use.stopping_since or self._now())

    def _now(self) -> int:
        return int(self._clock())

    def _change(self, arn: str, change: Callable[[Use], Use]) -> Use:
        record = self._item(arn).change(lambda record: asdict(change(Use(**record))))
        return Use(**record)

    def _item(self, arn: str) -> SharedRecord:
        return SharedRecord(self._dynamodb, self._table, f"model#{arn}")
