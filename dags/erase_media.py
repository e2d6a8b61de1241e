"""
# Erase media

**What it does.** Erases an asset, everything below a prefix, a content or a face from all that the lake
keeps: tables and their old versions, what runs staged, the archive, the ledger, events, messages, results of
queries, reports, and collections of faces. Copies of the same content go too. What was used and paid stays,
without saying for what. As a dry run, which is the default, it only shows what each place has.

**Reads and writes.** Reads the whole lake; rewrites or deletes what has something of it; adds a row to table
`erasures`, with the name of the Airflow user, but nothing of what was erased. Media in the buckets of sources
are their owners': it deletes none. It incurs no charges of Rekognition.

**When it fails.** An analysis of it is under way: wait for the run that the message names. What a killed run
left undone is finished by the retry, by the next erasure, or by the next night's Dag `apply_retention`.

**Re-running.** Safe at any time: what is gone is not found again. Contents that were erased are rejected by
later runs of any day; with *Allow again* they are not.
"""

from __future__ import annotations

from media_lake.forms.erasure_form import ERASURE_PARAMS
from media_lake.lake_dag import lake_dag
from media_lake.tasks.erasures import erase


@lake_dag(
    "publish",
    schedule=None,
    params=ERASURE_PARAMS,
    max_active_runs=1,
)
def erase_media() -> None:
    erase()
