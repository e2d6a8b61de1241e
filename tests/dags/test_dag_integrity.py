"""Every Dag file parses, quickly, without anything heavy, and says what people need to run it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from botocore.exceptions import EndpointConnectionError

from include.core.schemas import TABLES
from include.store.sql import view_names
from media_lake.retry_policy import AwsErrorCodeRetryPolicy
from media_lake.task_pages import QUERIES
from media_lake.tasks.defaults import ATTEMPTS
from tests.dags.loaded_dags import DAG_IDS, DAGS

ROOT = Path(__file__).parents[2]
DAG_FILES = sorted((ROOT / "dags").glob("*.py"))
POOLS = {"rekognition_images", "rekognition_videos"}
HEADINGS = ("What it does", "Reads and writes", "When it fails", "Re-running")
STAGES = {"discover", "plan", "analyze", "normalize", "validate", "publish", "report"}
HEAVY = {
    "altair", "av", "awswrangler", "boto3", "cv2", "duckdb", "great_expectations", "lark", "openlineage",
    "pandas", "pyarrow",
}  # fmt: skip


@pytest.fixture(scope="module")
def dagbag() -> DagBag:
    return DAGS


def test_every_file_holds_its_dag_and_none_has_errors(dagbag: DagBag) -> None:
    assert dagbag.import_errors == {}
    assert [path.stem for path in DAG_FILES] == DAG_IDS


def test_a_dag_is_found_by_the_name_of_its_file(dagbag: DagBag) -> None:
    for dag_id, dag in dagbag.dags.items():
        assert Path(dag.fileloc) == ROOT / "dags" / f"{dag_id}.py"


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_page_of_four_parts_comes_with_it(dagbag: DagBag, dag_id: str) -> None:
    page = dagbag.dags[dag_id].doc_md or ""
    assert page.strip().splitlines()[0] == f"# {dagbag.dags[dag_id].dag_display_name}"
    found = re.findall(r"^\*\*(.+?)\.\*\*", page, flags=re.MULTILINE)
    assert tuple(found) == HEADINGS


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_task_says_what_it_does(dagbag: DagBag, dag_id: str) -> None:
    for task in dagbag.dags[dag_id].tasks:
        page = task.doc_md or ""
        assert len(page.splitlines()[0]) >= 30, task.task_id
        assert ":param" not in page, task.task_id
        assert not re.search(r"^    ", page, flags=re.MULTILINE), (
            f"{task.task_id}: Markdown shows this as code"
        )


def test_queries_stand_where_people_look_for_them(dagbag: DagBag) -> None:
    pages = {
        f"{dag_id}.{task.task_id}": task.doc_md for dag_id in DAG_IDS for task in dagbag.dags[dag_id].tasks
    }
    for name in ("enrich_images.analyze", "enrich_videos.analyze.collect_responses", "enrich_images.publish"):
        assert "media_lake.failed_analyses" in pages[name]
    for name in ("enrich_videos.validate", "reprocess_images.review"):
        assert "media_lake.validation_results" in pages[name]
    assert "media_lake.costs_daily" in pages["report_costs.report"]


def test_queries_name_tables_and_columns_that_exist() -> None:
    for _, query in QUERIES.values():
        table = query.split("FROM media_lake.", 1)[1].split(" ", 1)[0]
        assert table in TABLES or table in {Path(name).name for name in view_names()}
        assert "dt" in TABLES.get(table, TABLES["analyses"]).partition_keys
    assert "success" in {column.name for column in TABLES["validation_results"].columns}


def test_tasks_that_are_not_mapped_link_to_the_runs_of_their_day(dagbag: DagBag) -> None:
    for dag in dagbag.dags.values():
        for task in dag.tasks:
            mapped = task.is_mapped or any(task.iter_mapped_task_groups())
            names = [link.name for link in task.operator_extra_links]
            assert ("Runs of this day" in names) is not mapped, task.task_id


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_tags_are_the_project_and_its_stages(dagbag: DagBag, dag_id: str) -> None:
    tags = set(dagbag.dags[dag_id].tags)
    assert "media-lake" in tags
    assert tags - {"media-lake"}
    assert tags - {"media-lake"} <= STAGES


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_task_is_tried_again_for_minutes_when_aws_is_away(dagbag: DagBag, dag_id: str) -> None:
    away = EndpointConnectionError(endpoint_url="https://s3.us-east-1.amazonaws.com")
    for task in dagbag.dags[dag_id].tasks:
        assert task.retries >= ATTEMPTS - 1, task.task_id
        decisions = [task.retry_policy.evaluate(away, number, ATTEMPTS) for number in range(1, ATTEMPTS)]
        waited = sum(decision.retry_delay.total_seconds() for decision in decisions)
        assert waited >= 300, task.task_id


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_task_is_retried_by_the_error_code(dagbag: DagBag, dag_id: str) -> None:
    for task in dagbag.dags[dag_id].tasks:
        assert isinstance(task.retry_policy, AwsErrorCodeRetryPolicy), task.task_id
        assert task.owner == "media-lake", task.task_id


def test_only_calls_of_rekognition_are_in_pools_and_each_in_its_own(dagbag: DagBag) -> None:
    pooled = {
        (dag_id, task.task_id): task.pool
        for dag_id, dag in dagbag.dags.items()
        for task in dag.tasks
        if task.pool != "default_pool"
    }
    assert pooled == {
        ("enrich_images", "analyze"): "rekognition_images",
        ("enrich_videos", "analyze.start_jobs"): "rekognition_videos",
        ("enrich_videos", "analyze.wait_for_jobs"): "rekognition_videos",
        ("enrich_videos", "analyze.collect_responses"): "rekognition_videos",
        ("enrich_videos", "analyze.analyze_frames"): "rekognition_images",
    }
    assert set(pooled.values()) == POOLS


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_nothing_is_caught_up_by_itself_and_concurrency_is_bounded(dagbag: DagBag, dag_id: str) -> None:
    dag = dagbag.dags[dag_id]
    assert dag.catchup is False
    assert dag.max_active_tasks <= 16
    assert dag.start_date.tzinfo is not None


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_no_parameter_blocks_the_form_of_backfills(dagbag: DagBag, dag_id: str) -> None:
    """An empty string is shown as a missing value, which disables the button."""
    assert all(value != "" for value in dagbag.dags[dag_id].params.values())


EDGES = {
    "enrich_images": [
        "plan", "approve", "reserve_models", "start_models",
        "analyze", "normalize", "validate", "review", "publish",
    ],
    "enrich_videos": [
        "plan", "approve", "analyze.start_jobs", "analyze.wait_for_jobs", "analyze.collect_responses",
        "normalize", "validate", "review", "publish",
    ],
    "reprocess_images": ["plan", "normalize", "validate", "review", "publish"],
    "reprocess_videos": ["plan", "normalize", "validate", "review", "publish"],
}  # fmt: skip

# What stands beside these: it is between the same two.
BESIDE = {"analyze.analyze_frames": ("approve", "normalize")}

# What goes on without batches.
MAY_FOLLOW_SKIPPED = {
    "enrich_images": {"validate"},
    "enrich_videos": {"validate"},
    "reprocess_images": {"validate"},
    "reprocess_videos": {"validate"},
}


@pytest.mark.parametrize("dag_id", EDGES)
def test_stages_follow_each_other(dagbag: DagBag, dag_id: str) -> None:
    dag = dagbag.dags[dag_id]
    order = EDGES[dag_id]
    stages = [task for task in dag.tasks if not task.is_teardown]
    assert sorted(order) == sorted(task.task_id for task in stages if task.task_id not in BESIDE)
    for task in stages:
        earlier, later = BESIDE.get(task.task_id, (None, None))
        assert earlier is None or earlier in task.upstream_task_ids
        assert later is None or later in task.downstream_task_ids
    for earlier, later in pairwise(order):
        assert earlier in dag.get_task(later).upstream_task_ids
    tolerant = {task.task_id for task in stages if task.trigger_rule != "all_success"}
    assert tolerant == MAY_FOLLOW_SKIPPED[dag_id]
    assert {dag.get_task(name).trigger_rule for name in tolerant} == {"none_failed"}


@pytest.mark.parametrize("dag_id", ["enrich_images", "enrich_videos"])
def test_a_rejection_reaches_whatever_runs_although_it_is_skipped_upstream(
    dagbag: DagBag, dag_id: str
) -> None:
    """Airflow remembers what a task skipped for those that follow it directly, however they are mapped."""
    dag = dagbag.dags[dag_id]
    assert MAY_FOLLOW_SKIPPED[dag_id] <= dag.get_task("approve").downstream_task_ids


def test_models_are_stopped_once_one_could_have_been_started(dagbag: DagBag) -> None:
    """The teardown runs if one of its setups has succeeded. The first of them starts nothing."""
    dag = dagbag.dags["enrich_images"]
    stop = dag.get_task("stop_models")
    assert stop.is_teardown
    assert stop.on_failure_fail_dagrun
    assert stop.upstream_task_ids == {"reserve_models", "start_models", "analyze"}
    assert [task.task_id for task in dag.tasks if task.is_setup] == ["reserve_models", "start_models"]
    assert not stop.downstream_task_ids


def test_stages_are_mapped_over_the_batches_of_the_plan(dagbag: DagBag) -> None:
    for dag_id, mapped in {
        "enrich_videos": ["normalize"],
        "reprocess_images": ["normalize"],
        "reprocess_videos": ["normalize"],
    }.items():
        dag = dagbag.dags[dag_id]
        assert [task.task_id for task in dag.tasks if task.is_mapped] == mapped
        for name in mapped:
            task = dag.get_task(name)
            assert {operator.task_id for operator in task.iter_mapped_dependencies()} == {"plan"}
            assert list(task.op_kwargs_expand_input.value) == ["batch"]


@pytest.mark.parametrize("dag_id", ["reprocess_days", "reprocess_images", "reprocess_videos"])
def test_reprocessing_has_no_task_that_could_pay(dagbag: DagBag, dag_id: str) -> None:
    """Its plan asks for nothing, and nothing in it calls Rekognition, whatever the plan says."""
    functions = {
        task.python_callable.__name__
        for task in dagbag.dags[dag_id].tasks
        if hasattr(task, "python_callable")
    }
    allowed = {
        "plan_reprocessing",
        "normalize_batch",
        "validate",
        "publish",
        "select_days",
        "start_reprocessing",
    }
    assert functions <= allowed
    assert {task.task_id for task in dagbag.dags[dag_id].tasks} <= {
        "plan", "normalize", "validate", "review", "publish",
        "select_days", "reprocess_images", "reprocess_videos",
    }  # fmt: skip


def test_a_result_is_one_xcom(dagbag: DagBag) -> None:
    """A function that returns a dict has several outputs by default.

    Airflow would store each member once more, in place of what the task leaves under that name.
    """
    several = [
        f"{dag.dag_id}.{task.task_id}"
        for dag in dagbag.dags.values()
        for task in dag.tasks
        if getattr(task, "multiple_outputs", False)
        or getattr(task, "partial_kwargs", {}).get("multiple_outputs")
    ]
    assert several == []


def test_days_that_are_reprocessed_are_few_at_a_time(dagbag: DagBag) -> None:
    assert {dagbag.dags[f"reprocess_{kind}s"].max_active_runs for kind in ("image", "video")} == {4}


def test_a_redrive_shows_before_it_does(dagbag: DagBag) -> None:
    assert dagbag.dags["redrive_failed"].params.dump() == {
        "dry_run": True,
        "first_day": None,
        "last_day": None,
        "media_type": None,
        "features": None,
        "error_codes": None,
    }


def test_each_day_with_events_is_discovered_by_itself_and_only_then_loses_its_marks(dagbag: DagBag) -> None:
    dag = dagbag.dags["discover_events"]
    for name in ("discover.discover_day", "discover.remove_marks"):
        (group,) = dag.get_task(name).iter_mapped_task_groups()
        assert {operator.task_id for operator in group.iter_mapped_dependencies()} == {"record_events"}
        assert list(dag.get_task(name).op_kwargs) == ["found"]  # the label of an instance reads it from there
    assert "discover.discover_day" in dag.get_task("discover.remove_marks").upstream_task_ids
    assert dag.get_task("discover.remove_marks").trigger_rule == "all_success"
    assert dag.max_active_runs == 1


def test_each_batch_of_videos_is_a_group_of_its_own(dagbag: DagBag) -> None:
    """Batches go on by themselves: none waits for the jobs of another."""
    dag = dagbag.dags["enrich_videos"]
    names = (
        "analyze.start_jobs", "analyze.wait_for_jobs", "analyze.collect_responses", "analyze.analyze_frames"
    )  # fmt: skip
    for name in names:
        (group,) = dag.get_task(name).iter_mapped_task_groups()
        assert group.group_id == "analyze"
        assert {operator.task_id for operator in group.iter_mapped_dependencies()} == {"plan"}


def test_a_batch_of_images_is_normalized_as_soon_as_it_is_analyzed(dagbag: DagBag) -> None:
    dag = dagbag.dags["enrich_images"]
    for name in ("analyze", "normalize"):
        (group,) = dag.get_task(name).iter_mapped_task_groups()
        assert {operator.task_id for operator in group.iter_mapped_dependencies()} == {"plan"}
        assert "batch" in dag.get_task(name).op_kwargs or dag.get_task(name).op_args
    assert dag.get_task("normalize").upstream_task_ids == {"analyze", "plan"}


STATEMENTS = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr, ast.FunctionDef, ast.Return)
WORK = (ast.IfExp, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Await)
WIRED_FROM = {"__future__", "datetime", "typing", "airflow", "include", "media_lake"}
BUILTIN_WORK = {"open", "print", "exec", "eval", "input", "__import__", "compile", "getattr", "setattr"}


def not_wiring(tree: ast.Module) -> list[str]:
    """Return what a Dag file holds besides imports, constants, assets, decorated functions and calls."""
    found = [
        f"line {node.lineno}: {type(node).__name__}"
        for node in ast.walk(tree)
        if isinstance(node, WORK) or (isinstance(node, ast.stmt) and not isinstance(node, STATEMENTS))
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        elif isinstance(node, ast.Name) and node.id in BUILTIN_WORK:
            found.append(f"line {node.lineno}: {node.id}")
            continue
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list:
            found.append(f"line {node.lineno}: the function {node.name}, which is no Dag and no task group")
            continue
        else:
            continue
        found += [
            f"line {node.lineno}: an import of {module}"
            for module in modules
            if module.partition(".")[0] not in WIRED_FROM
        ]
    return found


def dags_in(tree: ast.Module) -> list[str]:
    """Return the names of the functions with the decorator `lake_dag`."""
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Name)
        and decorator.func.id == "lake_dag"
    ]


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.name)
def test_a_dag_file_is_wiring_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not_wiring(tree) == [], f"{path.name}: put this into a task in plugins/media_lake/tasks"
    assert dags_in(tree) == [path.stem]


@pytest.mark.parametrize(
    "code",
    [
        "for day in DAYS:\n    plan(day)",
        "if DEBUG:\n    plan()",
        "try:\n    plan()\nexcept ValueError:\n    pass",
        "days = [day for day in DAYS]",
        "text = open('lake.yaml').read()",
        "import boto3",
        "from pathlib import Path",
        "def price(units):\n    return units * 0.001",
    ],
)
def test_what_is_more_than_wiring_is_found(code: str) -> None:
    assert not_wiring(ast.parse(code)) != []


PARSE = """
import json, sys, time
from airflow.dag_processing.dagbag import DagBag
began = time.perf_counter()
bag = DagBag({folder!r})
seconds = time.perf_counter() - began
modules = sorted(set(sys.modules) & {heavy!r})
print(json.dumps({{"seconds": seconds, "errors": list(bag.import_errors), "modules": modules}}))
"""


def test_parsing_is_quick_and_imports_nothing_heavy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
    }
    code = PARSE.format(folder=str(ROOT / "dags"), heavy=HEAVY)
    output = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    parsed = json.loads(output.splitlines()[-1])
    with capsys.disabled():
        print(f"\n{len(DAG_FILES)} Dag files parsed in {parsed['seconds']:.2f} s")
    assert parsed["errors"] == []
    assert parsed["modules"] == []
    assert parsed["seconds"] < 10


def test_quicksight_is_loaded_again_after_the_report_only_if_that_is_switched_on(
    dagbag: DagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [task.task_id for task in dagbag.dags["report_costs"].tasks] == ["report"]
    monkeypatch.setenv("MEDIA_LAKE_QUICKSIGHT_REFRESH", "true")
    dag = DagBag(ROOT / "dags/report_costs.py").dags["report_costs"]
    refresh = dag.get_task("refresh")
    assert refresh.is_mapped
    assert refresh.upstream_task_ids == {"find_data_sets"}
    assert dag.get_task("find_data_sets").upstream_task_ids == {"report"}
    assert isinstance(refresh.partial_kwargs["retry_policy"], AwsErrorCodeRetryPolicy)
    assert "Start an ingestion" in refresh.partial_kwargs["doc_md"]
