"""Environment variables of Airflow, of the local AWS services and of their clients, all in one place."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from cryptography.fernet import Fernet

from include.core.settings import Settings
from infrastructure.roles import role_name
from local.stack.kept_secrets import kept_secret
from local.stack.login import USER, make_password
from local.stack.loopback import HOST
from local.stack.stack_settings import PROJECT, StackSettings

# Every process of a stack has this variable, so that `make down` finds processes whose parent died.
PROCESS_MARK = "MEDIA_LAKE_STACK_PROCESS"

# Clients have to know that nothing is billed, and that nobody assumes a role.
SIMULATED = "MEDIA_LAKE_SIMULATED"

# The stack and the compose file both set these: one lake on one machine, with the local AWS endpoint.
# The first is essential: with the default of 5 s, a deferral that ends within that time fails its task in
# Airflow 3.3.2 (https://github.com/apache/airflow/issues/72716).
SHARED = {
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__API__WORKERS": "1",
    # A Dag file that was changed is read again within seconds. The others, each of which takes half a CPU
    # second, are read every five minutes, for what they import.
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    # Short times, so that another component takes over a dead one's work within seconds. With less than 15 s,
    # Airflow takes a busy scheduler for a dead one.
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "15",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    SIMULATED: "true",
    # The local endpoint has a bill of what the local Rekognition answered.
    "MEDIA_LAKE_BILL_SOURCE": "cost-explorer",
    "MEDIA_LAKE_SWEEP_AFTER_SECONDS": "15",
}

NOT_INHERITED = ("AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_SESSION_TOKEN", "PYTHONDONTWRITEBYTECODE")
_INHERITED_AIRFLOW_PREFIX = "AIRFLOW__"


# Whose rights a component of Airflow has. The scheduler calls nothing in AWS; tasks are its children.
_ROLES = {
    "api-server": "api-server",
    "scheduler": "tasks",
    "dag-processor": "dag-processor",
    "triggerer": "triggerer",
}


def access_keys(settings: Settings) -> dict[str, str]:
    """Return the access key of each component of Airflow, which is the name of its role."""
    return {name: role_name(settings, settings.region, role) for name, role in _ROLES.items()}


def aws_client_environment(stack: StackSettings) -> dict[str, str]:
    """Return the variables that make AWS clients reach the local endpoint instead of AWS."""
    return {
        **{name: value for name, value in SHARED.items() if name.startswith("AWS_") or name == SIMULATED},
        "AWS_ENDPOINT_URL": stack.aws_url,
        # Calls through the first address hold a thread there while Rekognition reads S3. They go through it
        # only where it looks at callers.
        "AWS_ENDPOINT_URL_REKOGNITION": stack.aws_url if stack.looks_at_callers else stack.rekognition_url,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def stack_environment(stack: StackSettings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of the stack's processes.

    :param inherited: environment to start from. Its settings for Airflow and AWS are dropped, so that the
        stack never uses the machine's own Airflow or AWS account by accident.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if name not in NOT_INHERITED and not name.startswith((_INHERITED_AIRFLOW_PREFIX, "AWS_ENDPOINT_URL"))
    }
    return {
        **kept,
        **SHARED,
        **aws_client_environment(stack),
        "AIRFLOW_HOME": str(stack.airflow_home),
        "AIRFLOW__CORE__EXECUTOR": "local.stack.warm_executor.WarmExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(stack.parallelism),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__FERNET_KEY": kept_secret(stack.folder / "fernet.key", Fernet.generate_key().decode()),
        "AIRFLOW__API_AUTH__JWT_SECRET": kept_secret(stack.folder / "jwt.key", secrets.token_urlsafe(64)),
        "AIRFLOW__API__SECRET_KEY": kept_secret(stack.folder / "session.key", secrets.token_urlsafe(64)),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": stack.database_uri,
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(stack.airflow_port),
        "AIRFLOW__API__BASE_URL": stack.airflow_url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{stack.airflow_url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(make_password(stack.folder)),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "local.stack.loopback.hostname",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(stack.log_port),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(stack.log_port),
        "LOCAL_AWS_PORT": str(stack.aws_port),
        "LOCAL_AWS_ENFORCE_IAM": str(stack.enforce_iam),
        **({"LOCAL_AWS_CALLS_FILE": str(stack.calls_file.resolve())} if stack.calls_file else {}),
        "LOCAL_REKOGNITION_PORT": str(stack.rekognition_port),
        "LOCAL_REKOGNITION_URL": stack.rekognition_url,
        "LOCAL_REKOGNITION_CONTROL_TOKEN": kept_secret(
            stack.folder / "control.token", secrets.token_urlsafe(32)
        ),
        "PYTHONPATH": str(PROJECT),
        # Otherwise processes that set their title overwrite the variable by which `make down` finds them.
        "SPT_NOENV": "1",
        "XDG_RUNTIME_DIR": str(stack.runtime / "run"),
        PROCESS_MARK: str(stack.folder.resolve()),
    }
