"""``python -m local.stack up|down|status|token|demo``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from include.core.settings import SettingsError
from local.stack.environment import NOT_INHERITED, aws_client_environment
from local.stack.lifecycle import down, status, up
from local.stack.login import FILE, USER, AirflowLogin
from local.stack.stack_settings import PROJECT, StackError, StackSettings, load_stack_settings

LOG_WIDTH = 140  # characters of a line where the output is not a terminal


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status: 1, after one sentence that says why, if it fails."""
    options = _parse(arguments)
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else LOG_WIDTH)
    try:
        stack = load_stack_settings()
        _use_local_aws(stack)
        if options.command == "up":
            up(stack, console.print)
        elif options.command == "down":
            down(stack, console.print)
        elif options.command == "status":
            return _print_status(stack, console)
        elif options.command == "token":
            print(AirflowLogin(stack.folder).token(stack.airflow_url))
        else:
            from local.stack.demo import demo

            return demo(stack, options.media, options.days, console)
    except (StackError, SettingsError) as error:
        console.print(f"{options.command}: {error}", markup=False)
        return 1
    except (httpx.HTTPError, BotoCoreError, ClientError) as error:
        console.print(f"{options.command}: {error}; the logs in {stack.logs} may say why", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print(f"{options.command}: interrupted; `make status` shows what is running")
        return 130
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.stack", description="Run the lake and Airflow on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the local stack: PostgreSQL, local AWS, Airflow")
    commands.add_parser("down", help="stop the stack; delete the local lake and Airflow's history")
    commands.add_parser("status", help="show the stack's components, ports and addresses")
    commands.add_parser("token", help="print a token for Airflow's REST API, valid for a day")
    demonstration = commands.add_parser(
        "demo", help="load media, run the pipeline over them, and show tables, costs and addresses"
    )
    demonstration.add_argument(
        "--media",
        type=Path,
        default=PROJECT / "local" / "sample_media",
        metavar="DIR",
        help="folder of images and videos",
    )
    demonstration.add_argument(
        "--days", type=int, default=3, metavar="N", help="spread the media over the last N days"
    )
    return parser.parse_args(arguments)


def _use_local_aws(stack: StackSettings) -> None:
    """Make this process's AWS clients reach the stack and nothing else."""
    for name in NOT_INHERITED:
        os.environ.pop(name, None)
    os.environ.update(aws_client_environment(stack))


def _print_status(stack: StackSettings, console: Console) -> int:
    components = status(stack)
    if not components:
        console.print("the stack is down; `make up` starts it")
        return 1
    table = Table("component", "state", "health", "address", "detail", box=None, pad_edge=False)
    for component in components:
        table.add_row(component.name, component.state, component.health, component.address, component.detail)
    console.print(table)
    console.print(f"logs: {stack.logs}")
    console.print(f"log in at Airflow as {USER}; the password is in {stack.folder / FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
