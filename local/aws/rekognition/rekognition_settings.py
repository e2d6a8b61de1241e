"""Settings of the local Rekognition, from environment variables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from local.aws.rekognition.control import Behavior

SHIPPED_REPLAY_FOLDER = Path(__file__).parents[1] / "replay"


class LocalRekognitionSettings(BaseSettings):
    """Read from ``LOCAL_REKOGNITION_*`` and ``AWS_ENDPOINT_URL``."""

    model_config = SettingsConfigDict(env_prefix="LOCAL_REKOGNITION_", populate_by_name=True, extra="ignore")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(4567, ge=1, le=65535, description="TCP port")
    aws_endpoint_url: str = Field(
        "http://127.0.0.1:4566", validation_alias="AWS_ENDPOINT_URL", description="address of S3 and SNS"
    )
    control_token: str = Field(
        "", description="password of the control addresses; if it is empty, they are closed, except `health`"
    )
    workers: int = Field(
        2,
        ge=1,
        le=64,
        description="number of processes that analyze images, and number of processes that analyze videos: "
        "images never wait for a video",
    )
    models: bool = Field(
        True,
        description="whether objects, subjects and nudity are recognized, by models inside packages; without "
        "them a worker takes about 250 MB less memory",
    )
    replay_folder: Path = Field(
        SHIPPED_REPLAY_FOLDER, description="folder of recorded replies; it may be missing"
    )
    behavior: Annotated[Behavior, NoDecode] = Field(
        Behavior(),
        description="quotas and faults at the start and after a reset: JSON as for `/_control/settings`, "
        "or the path of a JSON file",
    )

    @field_validator("behavior", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        """Parse the text of the environment variable, or of the file that it names."""
        if not isinstance(value, str):
            return value
        text = value if value.lstrip().startswith("{") else _text_of(Path(value))
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"{value} is not JSON: {error}") from error


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is neither a JSON object nor a readable file: {error}") from error
