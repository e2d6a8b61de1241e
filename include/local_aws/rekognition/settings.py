"""Settings of the local Rekognition, from environment variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SHIPPED_REPLAY_FOLDER = Path(__file__).parents[1] / "replay"


class LocalRekognitionSettings(BaseSettings):
    """Read from ``LOCAL_REKOGNITION_*`` and ``AWS_ENDPOINT_URL``.

    :param host: address to listen on.
    :param port: TCP port.
    :param aws_endpoint_url: where S3 and SNS are.
    :param workers: processes that analyze images, and as many again that analyze videos, so that a long video
        never keeps an image waiting.
    :param replay_folder: holds recorded responses (see :mod:`.replay`); need not exist.
    """

    model_config = SettingsConfigDict(env_prefix="LOCAL_REKOGNITION_", populate_by_name=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=4567, ge=1, le=65535)
    aws_endpoint_url: str = Field(default="http://127.0.0.1:4566", validation_alias="AWS_ENDPOINT_URL")
    workers: int = Field(default=2, ge=1, le=64)
    replay_folder: Path = SHIPPED_REPLAY_FOLDER
