"""Pictures of Airflow's UI and of the cost page for the docs: ``python -m local.stack.screenshots``.

They show the running local stack after ``make demo``. For the picture of a backfill in progress, the command
starts one over the days of the demonstration, which pays nothing, and waits until it is through.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from include.core.settings import COST_PAGE_KEY
from local.stack.airflow_api import AirflowApi, DagRun
from local.stack.browser import Browser
from local.stack.login import SESSION_COOKIE, AirflowLogin
from local.stack.pipeline import FIRST_DAG
from local.stack.stack_settings import PROJECT, StackError, StackSettings, load_stack_settings

FOLDER = PROJECT / "docs" / "images"
# All pictures of the project together.
MOST_BYTES = 400_000
COLORS = 256
WIDTH, HEIGHT, COST_PAGE_HEIGHT = 1360, 640, 900


def main() -> int:
    """Take all pictures and return the exit status: 1, after one sentence that says why, if that fails."""
    try:
        stack = load_stack_settings()
        FOLDER.mkdir(parents=True, exist_ok=True)
        login = AirflowLogin(stack.folder)
        with Browser(WIDTH) as browser, AirflowApi(stack.airflow_url, login) as airflow:
            for name, picture in pictures(stack, airflow, login, browser):
                (FOLDER / f"{name}.png").write_bytes(small(picture))
                print(f"{name}.png")
        size = sum(path.stat().st_size for path in FOLDER.iterdir())
        print(f"{size / 1000:.0f} kB together")
        if size > MOST_BYTES:
            raise StackError(f"the pictures take more than {MOST_BYTES // 1000} kB: use fewer colors")
    except StackError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    return 0


def pictures(
    stack: StackSettings, airflow: AirflowApi, login: AirflowLogin, browser: Browser
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the picture of each page.

    :raises StackError: if the stack is not up or has no run to show.
    """
    costs = stack.reports / Path(COST_PAGE_KEY).name
    run = last_run(airflow, "enrich_images")
    if run is None or not costs.exists():
        raise StackError("there is no run to show: make demo, and keep the stack up")
    browser.set_cookie(stack.airflow_url, SESSION_COOKIE, login.token(stack.airflow_url))
    dag = f"{stack.airflow_url}/dags/enrich_images"
    page = f"{dag}/runs/{quote(run.run_id)}"
    yield "runs", browser.picture(f"{dag}/runs", run.run_id[:10], HEIGHT)
    yield "run", browser.picture(page, "publish", HEIGHT)
    yield "task", browser.picture(f"{page}/tasks/publish/details", "Runs of this day", HEIGHT)
    yield "costs", browser.picture(costs.as_uri(), "Cost", COST_PAGE_HEIGHT)
    days = sorted(date.fromisoformat(run.partition) for run in airflow.runs(FIRST_DAG) if run.partition)
    airflow.create_backfill(FIRST_DAG, days[0], days[-1], max_active_runs=1)
    first = f"{stack.airflow_url}/dags/{FIRST_DAG}"
    yield "backfill", browser.picture(f"{first}/backfills", "Backfill in progress", HEIGHT)
    while airflow.open_backfills(FIRST_DAG):
        time.sleep(2)


def last_run(airflow: AirflowApi, dag_id: str) -> DagRun | None:
    """Return the newest run that succeeded, None also if Airflow is not up."""
    if set(airflow.health().values()) != {"healthy"}:
        return None
    return next((run for run in airflow.runs(dag_id) if run.state == "success"), None)


def small(picture: bytes) -> bytes:
    """Return a PNG with at most :data:`COLORS` colors."""
    written = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main())
