"""The assets that connect the Dags: the map of what is produced from what.

All are partitioned by day of the lake, with keys like ``2026-11-20``.

====================  ==================  =================================
asset                 produced by         read by
====================  ==================  =================================
media_manifest        discover_media      enrich_images, enrich_videos
image_findings        enrich_images       report_costs
video_findings        enrich_videos       report_costs
cost_report           report_costs        people, QuickSight
image_redrives        redrive_failed      enrich_images
video_redrives        redrive_failed      enrich_videos
image_reprocessing    reprocess_days      reprocess_images
video_reprocessing    reprocess_days      reprocess_videos
====================  ==================  =================================
"""

from __future__ import annotations

from airflow.sdk import Asset

PARTITION_KEY_FORMAT = "%Y-%m-%d"

media_manifest = Asset(name="media_manifest", uri="x-media-lake://staging/manifests", group="media-lake")
image_findings = Asset(name="image_findings", uri="x-media-lake://curated/images", group="media-lake")
video_findings = Asset(name="video_findings", uri="x-media-lake://curated/videos", group="media-lake")
cost_report = Asset(name="cost_report", uri="x-media-lake://reports/costs", group="media-lake")

# Requests of people for days of the lake. The event of a re-drive carries which failed analyses it is about.
image_redrives = Asset(
    name="image_redrives", uri="x-media-lake://requests/redrives/images", group="media-lake"
)
video_redrives = Asset(
    name="video_redrives", uri="x-media-lake://requests/redrives/videos", group="media-lake"
)
image_reprocessing = Asset(
    name="image_reprocessing", uri="x-media-lake://requests/reprocessing/images", group="media-lake"
)
video_reprocessing = Asset(
    name="video_reprocessing", uri="x-media-lake://requests/reprocessing/videos", group="media-lake"
)

REDRIVES = {"image": image_redrives, "video": video_redrives}
REPROCESSING = {"image": image_reprocessing, "video": video_reprocessing}
FINDINGS = {"image": image_findings, "video": video_findings}
