"""Costs that break a rule are held back, as finance sees it through Athena."""

from __future__ import annotations

import pytest

from include.core.run import usage_log_uri
from include.store.objects import get_ndjson, list_uris, put_ndjson
from media_lake.cost_tables import CheckError
from media_lake.tasks.report import report_day
from tests.integration.conftest import LocalLake
from tests.integration.enriched_days import Days

pytestmark = pytest.mark.integration

DAY = "2026-07-14"
LOST = "what_was_paid_for_is_in_the_usage"


def lose_a_line(local_lake: LocalLake) -> None:
    """Take the last line out of the day's usage log."""
    s3 = local_lake.client("s3")
    *_, uri = list_uris(s3, usage_log_uri(local_lake.settings.bucket, DAY))
    *lines, _ = get_ndjson(s3, uri)
    put_ndjson(s3, uri, lines)


def test_costs_that_break_a_rule_are_held_back_and_the_others_published(local_lake: LocalLake) -> None:
    days = Days(local_lake)
    lake = days.lake()
    for number in range(3):
        days.put(DAY, f"{number}.png", days.picture(number))
    days.discover(DAY, lake)
    days.enrich(DAY, lake)
    workspace = local_lake.workspace(days.run(DAY, "report_costs"), lake)
    assert report_day(workspace) == {"rows": 3, "usd": 0.003, "saved_usd": 0.0}
    checks = f"FROM validation_results WHERE dt = '{DAY}' AND media_type = 'costs' AND layer = 'costs'"
    assert days.query(f"SELECT count(*) > 20, bool_and(success) {checks}") == [[True, True]]

    lose_a_line(local_lake)
    workspace = local_lake.workspace(days.run(DAY, "report_costs"), lake)
    with pytest.raises(CheckError, match=f"usage, {LOST}, 1 of 3: .*\n.*set a rule to warn"):
        report_day(workspace)
    costs = f"SELECT analyses, usd FROM costs_daily WHERE dt = '{DAY}'"
    assert days.query(costs) == [[3, 0.003]]
    failures = f"SELECT expectation, count(media_id) FROM validation_failures WHERE dt = '{DAY}' GROUP BY 1"
    assert days.query(failures) == [[LOST, 1]]

    lenient = days.lake(validation_severity={LOST: "warn"})
    report_day(local_lake.workspace(days.run(DAY, "report_costs"), lenient))
    assert days.query(costs) == [[2, 0.002]]
