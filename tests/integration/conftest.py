"""A whole local lake for tests, over real HTTP: AWS, Rekognition, bucket, ledger, topic and queue."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import numpy as np
import pytest
from botocore.config import Config
from PIL import Image

from include.analyze.job_client import JobClient
from include.analyze.pace import Pace
from include.core.lake import Lake, load_lake
from include.core.run import Run
from include.core.settings import Settings
from include.store.ledger import Ledger
from include.store.workspace import Workspace
from infrastructure.place import Place
from infrastructure.resources import create
from infrastructure.roles import role_name
from infrastructure.runtime_policies import (
    LIST_OBJECTS,
    READ_OBJECTS,
    Document,
    allow,
    document,
    runtime_policies,
)
from local.aws.access import CONTROL_USER
from local.aws.iam.callers import OWNER
from tests.rates import LocalRate
from tests.workspaces import make_workspace

if TYPE_CHECKING:
    from tests.integration.earlier_lakes import Upgrade
    from tests.integration.small_lakes import SmallLake

ROOT = Path(__file__).parents[2]
CONTROL_TOKEN = "token-of-the-tests"
# One client for all: a new one reads the certificates of all authorities, though nothing here has TLS.
http = httpx.Client(verify=False, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


@dataclass(frozen=True)
class LocalLake:
    """Clients of the lake under test and the control address of its Rekognition.

    :param session: of the account's owner, for what tests do.
    """

    settings: Settings
    lake: Lake
    session: boto3.Session
    control_url: str

    def client(self, service: str) -> Any:
        return self._client(self.session, service)

    @staticmethod
    def _client(session: boto3.Session, service: str) -> Any:
        attempts = 1 if service == "rekognition" else 4
        config = Config(
            max_pool_connections=40,
            retries={"mode": "standard", "total_max_attempts": attempts},
            parameter_validation=service != "dynamodb",  # as tasks do
        )
        return session.client(service, config=config)

    def workspace(self, run: Run, lake: Lake | None = None, **settings: Any) -> Workspace:
        """Return what a stage of a run works with. It has the rights of tasks and no more.

        :param settings: in place of those of the lake under test.
        """
        tasks = boto3.Session(
            aws_access_key_id=role_name(self.settings, self.settings.region, "tasks"),
            aws_secret_access_key="local",
            region_name=self.settings.region,
        )
        clients = {name: self._client(tasks, name) for name in ("dynamodb", "rekognition", "s3")}
        changed = self.settings.model_copy(update=settings)
        return make_workspace(run, tasks, changed, lake or self.lake, **clients)

    def let_tasks_read(self, bucket: str) -> None:
        """Give tasks what the template's parameter SourceBucketArns gives them: another bucket to read."""
        arn = f"arn:aws:s3:::{bucket}"
        sources = document([allow("Objects", READ_OBJECTS, f"{arn}/*"), allow("Bucket", LIST_OBJECTS, arn)])
        self._give_tasks(f"read-{bucket}", sources)

    def with_bucket(self, bucket: str) -> LocalLake:
        """Return the lake with another bucket, with which its tasks may do what they may with its own."""
        settings = self.settings.model_copy(update={"bucket": bucket})
        place = Place.of(self.session, settings)
        self._give_tasks(f"use-{bucket}", runtime_policies(settings, place, "")["tasks"])
        return replace(self, settings=settings)

    def _give_tasks(self, name: str, policy: Document) -> None:
        self.client("iam").put_role_policy(
            RoleName=role_name(self.settings, self.settings.region, "tasks"),
            PolicyName=name,
            PolicyDocument=json.dumps(policy),
        )

    def job_client(self) -> JobClient:
        """Return what starts video jobs and looks them up, as tasks use it."""
        from rekognition.hooks import RekognitionHook

        config = Config(retries={"mode": "standard", "total_max_attempts": 1})
        return RekognitionHook(aws_conn_id=None, region_name=self.settings.region, config=config)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.client("dynamodb"), self.settings.ledger_table)

    def behave(self, **behavior: Any) -> None:
        """Set quotas and faults of Rekognition."""
        http.post(f"{self.control_url}/_control/settings", json=behavior).raise_for_status()

    def billed(self) -> dict[tuple[str, str], int]:
        """Return how often each object was paid for, by key and operation, as Rekognition counted it."""
        calls = http.get(f"{self.control_url}/_control/calls").raise_for_status().json()
        return {(item["key"], item["operation"]): item["count"] for item in calls["images"] + calls["jobs"]}

    def requests(self, operation: str) -> int:
        """Return how often an operation was requested, paid for or not."""
        calls = http.get(f"{self.control_url}/_control/calls").raise_for_status().json()
        return calls["requests"].get(operation, 0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if http.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer (exit status {process.poll()})")


@dataclass(frozen=True)
class Endpoints:
    """Addresses of the local services."""

    aws: str
    rekognition: str

    @property
    def control(self) -> str:
        """Where Rekognition is controlled, with the name and password for it."""
        return self.rekognition.replace("//", f"//{CONTROL_USER}:{CONTROL_TOKEN}@")


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    """Both local services, each in a process that all modules share."""
    aws_port, rekognition_port = free_port(), free_port()
    found = Endpoints(f"http://127.0.0.1:{aws_port}", f"http://127.0.0.1:{rekognition_port}")
    environment = {
        "AWS_ENDPOINT_URL": found.aws,
        "LOCAL_AWS_PORT": str(aws_port),
        "LOCAL_AWS_ENFORCE_IAM": "true",
        "LOCAL_REKOGNITION_PORT": str(rekognition_port),
        "LOCAL_REKOGNITION_URL": found.rekognition,
        "LOCAL_REKOGNITION_CONTROL_TOKEN": CONTROL_TOKEN,
        # These tests are about calls; tests/local/aws/rekognition looks at what is seen.
        "LOCAL_REKOGNITION_MODELS": "false",
    }
    processes = [
        subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=os.environ | environment)
        for module in ("local.aws", "local.aws.rekognition")
    ]
    try:
        _wait_for(f"{found.aws}/_local/health", processes[0])
        _wait_for(f"{found.rekognition}/_control/health", processes[1])
        yield found
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=20)


@pytest.fixture(scope="module", autouse=True)
def aws_environment(endpoints: Endpoints) -> Iterator[None]:
    """AWS clients that a module makes find the local services; those of other folders do not."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoints.aws)
        environment.setenv("AWS_ENDPOINT_URL_REKOGNITION", endpoints.rekognition)
        yield


@pytest.fixture(scope="session")
def resources(endpoints: Endpoints) -> Settings:
    """What all modules share, made once: it takes longer than most tests."""
    settings = Settings(lease_seconds=5, sweep_after_seconds=1)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoints.aws)
        create(boto3.Session(region_name="us-east-1"), settings)
    return settings


@pytest.fixture(scope="session")
def small_lake(endpoints: Endpoints) -> SmallLake:
    """A lake of its own with one enriched day, made once; whoever changes it puts it back first."""
    from tests.integration.small_lakes import SmallLake  # which takes pictures from here

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoints.aws)
        environment.setenv("AWS_ENDPOINT_URL_REKOGNITION", endpoints.rekognition)
        return SmallLake(boto3.Session(region_name="us-east-1"), endpoints.control)


@pytest.fixture(scope="session")
def upgraded(endpoints: Endpoints) -> Upgrade:
    """A lake of version 0.1, brought to this one."""
    from tests.integration.earlier_lakes import upgrade

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoints.aws)
        return upgrade(endpoints)


@pytest.fixture(scope="module")
def provisioned(endpoints: Endpoints, resources: Settings, aws_environment: None) -> LocalLake:
    """The lake with all that it needs; what another module left there stays."""
    # Of the owner, whoever the environment names when the first client is made.
    session = boto3.Session(
        aws_access_key_id=OWNER, aws_secret_access_key="local", region_name=resources.region
    )
    return LocalLake(resources, load_lake(resources.lake_file), session, endpoints.control)


@pytest.fixture
def local_lake(provisioned: LocalLake) -> Iterator[LocalLake]:
    """The lake with Rekognition's counters at zero and no faults."""
    http.post(f"{provisioned.control_url}/_control/reset").raise_for_status()
    yield provisioned
    http.post(f"{provisioned.control_url}/_control/reset").raise_for_status()


@pytest.fixture
def upload(local_lake: LocalLake) -> Callable[[str, bytes], None]:
    """Put an object into the lake's bucket."""
    s3 = local_lake.client("s3")
    return lambda key, body: s3.put_object(Bucket=local_lake.settings.bucket, Key=key, Body=body)


def paces(calls_per_second: float = 1000) -> Mapping[str, Pace]:
    """Return a pace for whatever operation is asked for."""
    return defaultdict(lambda: Pace(LocalRate(), calls_per_second))


def picture(seed: int, width: int = 120, height: int = 90) -> bytes:
    """Return a small JPEG whose bytes depend on the seed."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()
