"""Settings of the offline AWS endpoint, from environment variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalAwsSettings(BaseSettings):
    """Read from ``LOCAL_AWS_*`` and ``LOCAL_REKOGNITION_URL``."""

    model_config = SettingsConfigDict(env_prefix="LOCAL_AWS_", populate_by_name=True, extra="ignore")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(4566, ge=0, le=65535, description="TCP port; 0 takes any free one")
    threads: int = Field(
        96, ge=4, description="requests served at once; each SQS long poll takes one for up to 20 s"
    )
    query_workers: int = Field(2, ge=1, description="Athena queries running at once; the others are QUEUED")
    query_memory: str = Field("512MB", description="memory that DuckDB may use for all queries together")
    rekognition_url: str = Field(
        "http://127.0.0.1:4567",
        validation_alias="LOCAL_REKOGNITION_URL",
        description="where the local Rekognition process listens",
    )
    control_token: str = Field(
        "",
        validation_alias="LOCAL_REKOGNITION_CONTROL_TOKEN",
        description="that of the local Rekognition, for the bill of Cost Explorer",
    )
    enforce_iam: bool = Field(
        False, description="refuse what the policies of the role whose name is the access key do not allow"
    )
    calls_file: Path | None = Field(
        None, description="file to which each role's actions and resources are written, each once"
    )
