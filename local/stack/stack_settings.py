"""Settings of the local stack, such as its ports and folders, from environment variables."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from urllib.parse import quote

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[2]


class StackError(RuntimeError):
    """The stack cannot carry out a command; one sentence says why and what to do."""


class StackSettings(BaseSettings):
    """Each field is read from the environment variable ``MEDIA_LAKE_STACK_<FIELD>``; see ``.env.example``."""

    model_config = SettingsConfigDict(env_prefix="MEDIA_LAKE_STACK_", frozen=True, extra="ignore")

    folder: Path = Field(
        PROJECT / ".stack", description="logs, secrets and reports of the stack; `make down` removes it"
    )
    airflow_port: int = Field(8080, ge=1, le=65535, description="Airflow's UI and REST API")
    aws_port: int = Field(4566, ge=1, le=65535, description="local AWS endpoint")
    rekognition_port: int = Field(
        4567, ge=1, le=65535, description="local Rekognition, behind the AWS endpoint"
    )
    log_port: int = Field(
        8793, ge=1, le=65535, description="logs of running tasks and triggers, read by the UI"
    )
    parallelism: int = Field(8, ge=1, description="task processes at once")
    start_timeout_seconds: int = Field(180, ge=10, description="how long `make up` waits for all components")
    run_timeout_seconds: int = Field(3600, ge=10, description="how long `make demo` waits for its runs")
    enforce_iam: bool = Field(
        False, description="true: Airflow's processes may do only what the policies of their roles allow"
    )
    calls_file: Path | None = Field(
        None, description="file that gets the actions and resources that each role used, each once"
    )

    @property
    def runtime(self) -> Path:
        """Folder of the database and the sockets.

        It is outside the project for two reasons. PostgreSQL refuses to run as root; then it runs as another
        user, who has to reach the data. And the path of a socket may have about a hundred characters only.
        """
        name = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()).resolve() / f"media-lake-{name}"

    @property
    def database_folder(self) -> Path:
        return self.runtime / "postgres"

    @property
    def airflow_home(self) -> Path:
        return self.folder / "airflow"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.airflow_port}"

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def rekognition_url(self) -> str:
        return f"http://127.0.0.1:{self.rekognition_port}"

    @property
    def log_url(self) -> str:
        return f"http://127.0.0.1:{self.log_port}"

    @property
    def database_uri(self) -> str:
        """Address of the database: a socket in its folder, which nobody else may enter."""
        return f"postgresql+psycopg2://postgres@/postgres?host={quote(str(self.database_folder))}"

    @property
    def looks_at_callers(self) -> bool:
        """Whether the local endpoint has to see who calls what."""
        return self.enforce_iam or self.calls_file is not None

    @property
    def ports(self) -> dict[str, int]:
        """Every port that the stack listens on, by the name of its setting."""
        return {name: getattr(self, name) for name in type(self).model_fields if name.endswith("_port")}


def load_stack_settings() -> StackSettings:
    """Read the settings from the environment.

    :raises StackError: if a setting is invalid, or two ports are the same.
    """
    try:
        settings = StackSettings()
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in problem["loc"]).upper()
        raise StackError(f"MEDIA_LAKE_STACK_{name} is {problem['input']!r}: {problem['msg']}") from error
    users: dict[int, str] = {}
    for name, port in settings.ports.items():
        if port in users:
            raise StackError(f"{users[port]} and {name} are both {port}; give each a port of its own")
        users[port] = name
    return settings
