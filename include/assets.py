"""The assets that connect the Dags: the map of what is produced from what.

All are partitioned by day of the lake, with keys like ``2026-11-20``.

====================  ==================  =================================
asset                 produced by         read by
====================  ==================  =================================
media_manifest        discover_media      enrich_images, enrich_videos
image_findings        enrich_images       report_costs
video_findings        enrich_videos       report_costs
cost_report           report_costs        people, QuickSight
====================  ==================  =================================
"""

from __future__ import annotations

from airflow.sdk import Asset

PARTITION_KEY_FORMAT = "%Y-%m-%d"

media_manifest = Asset(name="media_manifest", uri="x-media-lake://staging/manifests", group="media-lake")
image_findings = Asset(name="image_findings", uri="x-media-lake://curated/images", group="media-lake")
video_findings = Asset(name="video_findings", uri="x-media-lake://curated/videos", group="media-lake")
cost_report = Asset(name="cost_report", uri="x-media-lake://reports/costs", group="media-lake")
