"""What a task of the lake works with: settings, the run, and AWS through Airflow's connection."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.sdk import get_current_context
from botocore.config import Config

from include.analyze.pace import Pace
from include.analyze.quotas import read_quotas
from include.core.lake import Lake, load_lake
from include.core.run import Run
from include.core.settings import Settings, load_settings
from include.store.ledger import Ledger
from include.store.shared_record import SharedItem
from media_lake.aws_clients import aws_hook

if TYPE_CHECKING:
    import boto3


class TaskContext:
    """Made at the start of a task; everything in it is made when first used."""

    @cached_property
    def settings(self) -> Settings:
        return load_settings()

    @cached_property
    def lake(self) -> Lake:
        return load_lake(self.settings.lake_file)

    @cached_property
    def run(self) -> Run:
        """The Dag run.

        :raises include.core.run.PartitionError: if it has no partition key.
        """
        dag_run = get_current_context()["dag_run"]
        return Run(self.settings.bucket, dag_run.dag_id, dag_run.run_id, dag_run.partition_key or "")

    @cached_property
    def session(self) -> boto3.Session:
        return AwsGenericHook(
            aws_conn_id=self.settings.aws_conn_id, region_name=self.settings.region
        ).get_session()

    def client(self, service: str, connections: int = 10) -> Any:
        """Return a boto3 client of the connection.

        :param connections: concurrent requests expected.
        """
        config = Config(
            max_pool_connections=connections,
            connect_timeout=10,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": 1 if service == "rekognition" else 5},
            # Checking a transaction of a hundred items against the API's model takes as long as sending it.
            parameter_validation=service != "dynamodb",
        )
        return aws_hook(self.settings, service, config).get_conn()

    @cached_property
    def s3(self) -> Any:
        return self.client("s3", connections=32)

    def paces(self, operations: Iterable[str]) -> dict[str, Pace]:
        """Return the pace of each image operation: the lake's share of the quota, with all other tasks."""
        quotas = read_quotas(self.client("service-quotas"), self.settings.region, frozenset(operations))
        dynamodb = self.client("dynamodb", connections=16)
        # Shares differ, or tasks would all end at the same time, and nobody would use the quota while the next ones start.
        seconds = random.uniform(0.2, 0.8)
        return {
            operation: Pace(
                SharedItem(dynamodb, self.settings.ledger_table, f"pace#{operation}"),
                self.settings.quota_share * quota,
                reserved_seconds=seconds,
            )
            for operation, quota in quotas.items()
        }

    @cached_property
    def ledger(self) -> Ledger:
        connections = 2 * self.settings.image_threads + 8
        return Ledger(self.client("dynamodb", connections), self.settings.ledger_table)
