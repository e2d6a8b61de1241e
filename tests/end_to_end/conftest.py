"""A stack of the tests' own, on the real scheduler."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil

from local.aws.access import CONTROL_USER
from local.stack.airflow_api import AirflowApi
from local.stack.environment import PROCESS_MARK
from local.stack.login import AirflowLogin
from local.stack.stack_settings import PROJECT

DEMO_SECONDS = 200
_TASK_TITLE = re.compile(r"airflow worker -- ([0-9a-f]{8}-[0-9a-f-]+)")


@dataclass(frozen=True)
class Stack:
    """A stack on ports and in a folder of its own.

    :param environment: for ``python -m local.stack``.
    :param project: whose code it runs.
    """

    folder: Path
    environment: dict[str, str]
    project: Path = PROJECT

    def run(self, *arguments: str, seconds: float = DEMO_SECONDS) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=self.project,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def query(self, sql: str, **settings: str) -> Any:
        """Return the rows of a query.

        :param settings: variables of its environment, such as another access key.
        """
        endpoint = {"AWS_ENDPOINT_URL": self.url("aws")}
        keys = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        environment = {name: value for name, value in self.environment.items() if not name.startswith("AWS_")}
        result = subprocess.run(
            [sys.executable, "-m", "tools.query", sql, "--format", "json"],
            env=environment | endpoint | keys | {"NO_PROXY": "127.0.0.1"} | settings,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def url(self, component: str) -> str:
        """Address of ``airflow``, ``aws`` or ``rekognition``."""
        return f"http://127.0.0.1:{self.environment[f'MEDIA_LAKE_STACK_{component.upper()}_PORT']}"

    def client(self, service: str) -> Any:
        """Return a boto3 client of the stack's AWS."""
        return boto3.client(
            service,
            endpoint_url=self.url("rekognition" if service == "rekognition" else "aws"),
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def subscribed_queue(self, topic: str) -> str:
        """Make a queue that gets what is published to a topic from now on, and return its address."""
        sqs, sns = self.client("sqs"), self.client("sns")
        queue = str(sqs.create_queue(QueueName=f"{topic}-read-by-the-test")["QueueUrl"])
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic_arn = sns.create_topic(Name=topic)["TopicArn"]
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
        return queue

    @cached_property
    def login(self) -> AirflowLogin:
        """What requests to Airflow's REST API need."""
        return AirflowLogin(self.folder)

    def airflow_api(self) -> AirflowApi:
        return AirflowApi(self.url("airflow"), self.login)

    @property
    def control_login(self) -> tuple[str, str]:
        """Name and password for the control addresses of the local Rekognition."""
        return CONTROL_USER, (self.folder / "control.token").read_text(encoding="ascii")

    def calls(self) -> Any:
        """What the local Rekognition was asked, counted there and not by the pipeline's own books."""
        url = f"{self.url('rekognition')}/_control/calls"
        return httpx.get(url, auth=self.control_login, trust_env=False).raise_for_status().json()

    def behave(self, **behavior: Any) -> None:
        """Set quotas and faults of the local Rekognition."""
        settings = f"{self.url('rekognition')}/_control/settings"
        reply = httpx.post(settings, json=behavior, auth=self.control_login, trust_env=False)
        reply.raise_for_status()

    def airflow(self, method: str, path: str, **body: Any) -> Any:
        """Ask Airflow's REST API for what the stack itself needs no client for."""
        url = f"{self.url('airflow')}/api/v2/{path}"
        reply = httpx.request(method, url, json=body, auth=self.login, timeout=30, trust_env=False)
        return reply.raise_for_status().json()

    def kill(self, component: str) -> None:
        """Kill ``scheduler``, ``triggerer`` or ``api-server`` once it runs; the supervisor restarts it."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            process = int((self.folder / f"{component}.pgid").read_text(encoding="ascii") or 0)
            if process and psutil.pid_exists(process):
                os.kill(process, signal.SIGKILL)
                return
            time.sleep(0.1)
        raise AssertionError(f"{component} does not run")

    def task_processes(self, task_instance_id: str = "") -> list[psutil.Process]:
        """Return the processes of running tasks, or of one; a process has little room for its title."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if (title := _TASK_TITLE.match(" ".join(process.info["cmdline"] or [])))
            and (not task_instance_id or task_instance_id.startswith(title[1]))
            and self._owns(process)
        ]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(PROCESS_MARK) == str(self.folder.resolve())
        except psutil.Error:
            return False


@contextmanager
def running_stack(folder: Path, project: Path = PROJECT, **environment: str) -> Iterator[Stack]:
    """Give a stack on ports and in a folder of its own, and take it down in the end.

    :param project: whose code it runs.
    :param environment: settings besides the ports.
    """
    names = ("AIRFLOW", "AWS", "REKOGNITION", "LOG")
    ports = dict(
        zip((f"MEDIA_LAKE_STACK_{name}_PORT" for name in names), _free_ports(len(names)), strict=True)
    )
    settings = {**os.environ, **ports, **environment, "MEDIA_LAKE_STACK_FOLDER": str(folder)}
    stack = Stack(folder, settings, project)
    try:
        yield stack
    finally:
        stack.run("-m", "local.stack", "down")


def _free_ports(count: int) -> list[str]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
