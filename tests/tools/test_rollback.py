from __future__ import annotations

import getpass
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.core.run import Run
from include.core.settings import Settings
from include.publish.publications import publications_of
from include.publish.publisher import publish
from tests.glue_tables import create_tables
from tests.staged_tables import as_audited
from tests.workspaces import make_workspace
from tools.rollback import main

DAY = "2026-11-20"


@pytest.fixture
def versions(aws: SimpleNamespace, s3: Any, ledger: Any, run: Run) -> list[str]:
    """The versions of a day whose usage was published twice."""
    create_tables(aws.glue, ("usage", "publications"))
    for run_id in ("first", "second"):
        workspace = make_workspace(replace(run, run_id=run_id), boto3.Session(), Settings(), s3=s3)
        publish(workspace, as_audited(workspace, ["usage"], None), None)
    return [each.version for each in publications_of(s3, run.bucket, DAY)]


def test_versions_are_listed_with_the_one_that_readers_have(
    versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([DAY]) == 0
    shown = capsys.readouterr().out
    lines = [line for line in shown.splitlines() if line.startswith("costs ")]
    assert [version in line for version, line in zip(versions, lines, strict=True)] == [True, True]
    assert [line.rstrip().endswith("yes") for line in lines] == [False, True]
    assert f"make rollback DAY={DAY} VERSION=" in shown


def test_a_version_is_gone_back_to(
    versions: list[str], s3: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([DAY, "--version", versions[0]]) == 0
    assert capsys.readouterr().out == f"the tables of costs (1) now read version {versions[0]} of run first\n"
    last = publications_of(s3, run.bucket, DAY)[-1]
    assert (last.version, last.action, last.decided_by) == (versions[0], "rolled_back", getpass.getuser())
    assert main([DAY, "--version", versions[0]]) == 0
    assert capsys.readouterr().out == "readers have this already\n"


def test_what_cannot_be_is_one_sentence(versions: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([DAY, "--version", "7"]) == 1
    assert capsys.readouterr().err.startswith(f"rollback: {DAY} has never had version 7; its versions")
    assert main(["2026-02-30"]) == 1
    assert "'2026-02-30' is not a day" in capsys.readouterr().err
    assert main(["2026-11-21"]) == 0
    assert capsys.readouterr().out == "2026-11-21 has no versions\n"
    with pytest.raises(SystemExit):
        main([DAY, "--as-of", "yesterday"])
    assert "'yesterday' is no time such as 2026-11-20T18:00" in capsys.readouterr().err
