"""What a task of the lake works with: settings, the run, and AWS through Airflow's connection."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.sdk import get_current_context
from botocore.config import Config

from include.ledger import Ledger
from include.run import Run
from include.settings import Lake, Settings, load_lake, load_settings

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

        :raises include.run.PartitionError: if it has no partition key.
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
        hook: AwsGenericHook[Any] = AwsGenericHook(
            aws_conn_id=self.settings.aws_conn_id,
            region_name=self.settings.region,
            client_type=service,
            config=Config(
                max_pool_connections=connections,
                connect_timeout=10,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 1 if service == "rekognition" else 5},
            ),
        )
        return hook.get_conn()

    @cached_property
    def s3(self) -> Any:
        return self.client("s3", connections=32)

    @cached_property
    def ledger(self) -> Ledger:
        connections = 2 * self.settings.image_threads + 8
        return Ledger(self.client("dynamodb", connections), self.settings.ledger_table)
