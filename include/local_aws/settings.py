"""Settings of the offline AWS endpoint, from environment variables."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalAwsSettings(BaseSettings):
    """Read from ``LOCAL_AWS_*`` and ``LOCAL_REKOGNITION_URL``.

    :param host: address to listen on.
    :param port: TCP port; 0 takes any free one.
    :param threads: requests served at once; every SQS long poll holds one for up to 20 s.
    :param query_workers: Athena queries run at once; the others are QUEUED.
    :param query_memory: memory DuckDB may use for all queries together.
    :param rekognition_url: where the local Rekognition process listens.
    """

    model_config = SettingsConfigDict(env_prefix="LOCAL_AWS_", populate_by_name=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=4566, ge=0, le=65535)
    threads: int = Field(default=96, ge=4)
    query_workers: int = Field(default=2, ge=1)
    query_memory: str = "512MB"
    rekognition_url: str = Field(default="http://127.0.0.1:4567", validation_alias="LOCAL_REKOGNITION_URL")
