"""A task's process imports what the task uses and nothing else that is heavy."""

from __future__ import annotations

from pathlib import Path

from tests.task_imports import measure, task_codes

# Every other task does without.
NEEDED = {
    "discover": {"av"},
    "analyze.analyze_frames": {"av"},  # imported once there are frames
    "validate": {"pandas"},
    "report": {"altair", "awswrangler", "pandas", "vl_convert"},
}
TASKS = task_codes("discover_media", "enrich_images", "enrich_videos", "report_costs")


def test_nothing_heavy_is_imported_that_is_not_used(tmp_path: Path) -> None:
    imported = {name: set(result["heavy"]) for name, result in measure(TASKS, tmp_path).items()}
    assert imported == {task.name: NEEDED.get(task.task_id, set()) for task in TASKS}


def test_the_code_of_tasks_is_read() -> None:
    """The test above would pass if nothing was found."""
    found = {task.task_id: task.modules for task in TASKS}
    assert "include.plan.planner" in found["plan"]
    assert "include.validate.audit" in found["validate"]
    assert "media_lake.video_batch" in found["analyze.wait_for_jobs"]
    assert "include.analyze.custom_models" in found["start_models"]
