"""What a stage works with: settings, clients of what the lake keeps, and the run."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from include.core.lake import Lake
from include.core.run import Run
from include.core.settings import Settings
from include.store.lake_file import read_lake
from include.store.ledger import Ledger
from include.store.people_key import use_people_key

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3.client import S3Client


class AwsClients(Protocol):
    """Gives clients of AWS: tasks get them through Airflow's connection, tests those of a local endpoint."""

    def session(self) -> boto3.Session:
        """Return a session, for libraries that make their own clients."""

    def client(self, service: str, connections: int = 10) -> Any:
        """Return a boto3 client.

        :param service: name of the service in boto3.
        :param connections: requests that it may have under way at once.
        """


class Deployment:
    """The deployment's settings and clients. Each is made when it is first used: most stages need only some.

    :ivar settings: of the deployment.
    :ivar aws: gives the clients of the services that few stages need.
    """

    def __init__(self, settings: Settings, aws: AwsClients) -> None:
        self.settings = settings
        self.aws = aws

    @cached_property
    def lake(self) -> Lake:
        """The content of ``lake.yaml``.

        :raises include.core.settings.SettingsError: if the file is missing or wrong.
        """
        return read_lake(self.settings.lake_file, self.settings.bucket, lambda: self.s3)

    @cached_property
    def session(self) -> boto3.Session:
        return self.aws.session()

    @cached_property
    def s3(self) -> S3Client:
        client: S3Client = self.aws.client("s3", connections=32)
        if self.settings.people_kms_key_arn:
            use_people_key(client, self.settings.bucket, self.settings.people_kms_key_arn)
        return client

    @cached_property
    def ledger(self) -> Ledger:
        connections = 2 * self.settings.image_threads + 8
        return Ledger(self.aws.client("dynamodb", connections), self.settings.ledger_table)


class Workspace(Deployment):
    """A deployment, and the run that works in it.

    :ivar run: the Dag run and its day.
    """

    def __init__(self, run: Run, settings: Settings, aws: AwsClients) -> None:
        super().__init__(settings, aws)
        self.run = run

    def on(self, day: str) -> Workspace:
        """Return a workspace of the same run, with the same clients, for another day."""
        other = copy(self)
        other.run = replace(self.run, partition=day)
        return other
