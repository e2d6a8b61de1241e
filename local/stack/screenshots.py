"""Pictures of Airflow's UI and of the cost page for the docs: ``python -m local.stack.screenshots``.

They show the running local stack after ``make demo``. For the picture of a backfill in progress, the command
starts one over the days of the demonstration, which pays nothing, and waits until it is through.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from include.core.settings import COST_PAGE_KEY
from local.stack.airflow_api import AirflowApi, DagRun
from local.stack.pipeline import FIRST_DAG
from local.stack.stack_settings import PROJECT, StackError, StackSettings, load_stack_settings

FOLDER = PROJECT / "docs" / "images"
# All pictures of the project together.
MOST_BYTES = 400_000
COLORS = 64
WIDTH, HEIGHT = 1360, 720
# Virtual milliseconds that a page has for its requests and drawing.
PAGE_MILLISECONDS = 15_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the page itself: no first-run pages, updates or services of the browser's maker.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def main() -> int:
    """Take all pictures and return the exit status: 1, after one sentence that says why, if that fails."""
    try:
        stack = load_stack_settings()
        browser = find_browser()
        FOLDER.mkdir(parents=True, exist_ok=True)
        with AirflowApi(stack.airflow_url) as airflow:
            take_all(stack, airflow, browser)
        sizes = {path.name: path.stat().st_size for path in sorted(FOLDER.iterdir())}
        for name, size in sizes.items():
            print(f"{name}: {size / 1000:.0f} kB")
        if sum(sizes.values()) > MOST_BYTES:
            raise StackError(f"the pictures take more than {MOST_BYTES // 1000} kB: use fewer colors")
    except StackError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    return 0


def find_browser() -> str:
    """Return the path of Chromium.

    :raises StackError: if it is missing.
    """
    path = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if path is None:
        raise StackError("Chromium takes the pictures and is missing: apt-get install chromium")
    return path


def take_all(stack: StackSettings, airflow: AirflowApi, browser: str) -> None:
    """Take a picture of each page.

    :raises StackError: if the stack is not up or has no run to show.
    """
    page = stack.reports / Path(COST_PAGE_KEY).name
    run = last_run(airflow, "enrich_images")
    if run is None or not page.exists():
        raise StackError("there is no run to show: make demo, and keep the stack up")
    address = f"{stack.airflow_url}/dags/enrich_images"
    take(browser, f"{address}/runs", "runs")
    take(browser, f"{address}/runs/{quote(run.run_id)}", "run")
    take(browser, f"{address}/runs/{quote(run.run_id)}/tasks/publish/details", "task")
    take(browser, page.as_uri(), "costs", height=1100)
    days = sorted(date.fromisoformat(run.partition) for run in airflow.runs(FIRST_DAG) if run.partition)
    airflow.create_backfill(FIRST_DAG, days[0], days[-1], max_active_runs=1)
    take(browser, f"{stack.airflow_url}/dags/{FIRST_DAG}/backfills", "backfill")
    while airflow.open_backfills(FIRST_DAG):
        time.sleep(2)


def last_run(airflow: AirflowApi, dag_id: str) -> DagRun | None:
    """Return the newest run that succeeded."""
    if set(airflow.health().values()) != {"healthy"}:
        return None
    return next((run for run in airflow.runs(dag_id) if run.state == "success"), None)


def take(browser: str, url: str, name: str, height: int = HEIGHT) -> None:
    """Take a picture of a page and write it with few colors."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        arguments: Sequence[str] = (
            browser, *FLAGS, f"--user-data-dir={folder}/profile", f"--window-size={WIDTH},{height}",
            f"--virtual-time-budget={PAGE_MILLISECONDS}", f"--screenshot={shot}", url,
        )  # fmt: skip
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
        if not shot.exists():
            raise StackError(f"Chromium took no picture of {url}: {done.stderr.strip()[-300:]}")
        (FOLDER / f"{name}.png").write_bytes(small(shot.read_bytes()))


def small(picture: bytes) -> bytes:
    """Return a PNG with at most :data:`COLORS` colors."""
    written = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main())
