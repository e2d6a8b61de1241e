from __future__ import annotations

import re
from pathlib import Path

from include.core.metrics import PREFIX, Metric, NoMetrics, count_each
from tests.metrics_recorder import MetricsRecorder

METRICS_PAGE = Path(__file__).parents[3] / "docs" / "MONITORING.md"


def test_each_value_of_a_tag_is_counted_by_itself() -> None:
    recorder = MetricsRecorder()
    count_each(recorder, Metric.ANALYSES, "state", {"done": 7, "failed": 0})
    assert recorder.figures == [("analyses", 7, {"state": "done"}), ("analyses", 0, {"state": "failed"})]


def test_without_a_collector_figures_are_dropped() -> None:
    metrics = NoMetrics()
    metrics.count(Metric.CALLS, 3, feature="labels")
    metrics.timing(Metric.CALL_DURATION, 0.1, feature="labels")
    metrics.gauge(Metric.QUEUE_AGE, 12)


def test_names_are_such_as_every_collector_takes() -> None:
    for metric in Metric:
        assert re.fullmatch(r"[a-z_]+", metric)
    assert PREFIX == "media_lake."


def test_every_metric_is_explained_where_operators_look() -> None:
    listed = re.findall(
        r"^\| `media_lake\.([a-z_]+)` \|", METRICS_PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(Metric)
