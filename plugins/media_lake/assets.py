"""The assets that connect the Dags: the map of what is produced from what.

All are partitioned by day of the lake, with keys like ``2026-11-20``. An asset's page in the UI shows what
it is and where its tables are described; its events carry the figures of :mod:`media_lake.run_figures`.

==================  ===============================  ============================
asset               produced by                      read by
==================  ===============================  ============================
media_manifest      discover_events, discover_media  enrich_images, enrich_videos
image_findings      enrich_images, reprocess_images  report_costs
video_findings      enrich_videos, reprocess_videos  report_costs
cost_report         report_costs                     people, QuickSight
image_redrives      redrive_failed, resume_stopped   enrich_images
video_redrives      redrive_failed, resume_stopped   enrich_videos
image_reprocessing  reprocess_days                   reprocess_images
video_reprocessing  reprocess_days                   reprocess_videos
==================  ===============================  ============================
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset

from include.core.features import MediaType, run_tables

PARTITION_KEY_FORMAT = "%Y-%m-%d"

DATA = "media-lake"
REQUESTS = "media-lake requests"


def _data(name: str, path: str, what: str, *tables: str) -> Asset:
    """Return an asset that is data of the lake.

    :param tables: of Glue database ``media_lake`` that hold it; ``docs/DATA.md`` has a section for each.
    """
    described = {table: f"docs/DATA.md#{table}" for table in tables}
    extra: dict[str, Any] = {"what": what, "tables": described} if tables else {"what": what}
    return Asset(name=name, uri=f"x-media-lake://{path}", group=DATA, extra=extra)


def _request(name: str, path: str, what: str) -> Asset:
    """Return an asset that stands for what a person asked for, day by day."""
    return Asset(name=name, uri=f"x-media-lake://requests/{path}", group=REQUESTS, extra={"what": what})


def _findings(media_type: MediaType) -> Asset:
    return _data(
        f"{media_type}_findings",
        f"curated/{media_type}s",
        f"Published tables of a day's {media_type}s, partitions with media_type = '{media_type}'.",
        *run_tables(media_type),
    )


media_manifest = _data(
    "media_manifest",
    "staging/manifests",
    "The list of a day's media, with what their headers say: staging/manifests/dt=<day>/manifest.parquet.",
)
image_findings = _findings("image")
video_findings = _findings("video")
cost_report = _data(
    "cost_report",
    "reports/costs",
    "Priced usage of a day, and the cost page of the whole lake: reports/costs.html.",
    "usage",
    "costs_daily",
    "budgets",
)

# The event of a re-drive carries which failed analyses it is about; that of resume_stopped, that it is all.
image_redrives = _request(
    "image_redrives", "redrives/images", "Failed or stopped image analyses to ask for again, day by day."
)
video_redrives = _request(
    "video_redrives", "redrives/videos", "Failed or stopped video analyses to ask for again, day by day."
)
image_reprocessing = _request(
    "image_reprocessing",
    "reprocessing/images",
    "Tables of images to derive anew without paying: a run of reprocess_days.",
)
video_reprocessing = _request(
    "video_reprocessing",
    "reprocessing/videos",
    "Tables of videos to derive anew without paying: a run of reprocess_days.",
)

FINDINGS = {"image": image_findings, "video": video_findings}
REDRIVES = {"image": image_redrives, "video": video_redrives}
REPROCESSING = {"image": image_reprocessing, "video": video_reprocessing}
