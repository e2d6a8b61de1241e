"""The tables of the lake: the one definition of Parquet types, Glue columns, expectations, DDL and docs.

Units and conventions, everywhere: confidence in percent, 0-100; boxes and points as ratios of the frame's
width and height, as Rekognition gives them (they may reach slightly outside 0-1); times in a video in
milliseconds from its start, null for images; timestamps in UTC.

The frame of a JPEG with an EXIF orientation is the upright picture, that of any other image the pixels as
stored: "Getting image orientation and bounding box coordinates",
https://docs.aws.amazon.com/rekognition/latest/dg/images-orientation.html. AWS documents nothing of rotated
videos.
"""

from __future__ import annotations

from include.core.schemas.bill_tables import BILLS
from include.core.schemas.finding_tables import FINDINGS
from include.core.schemas.run_tables import ACCOUNTS, ANALYSIS_STATUSES, ASSET_STATUSES, OUTCOMES
from include.core.schemas.table import Column, Moment, Table, arrow_type

__all__ = [
    "ANALYSIS_STATUSES",
    "ASSET_STATUSES",
    "DATABASE",
    "FINDING_TABLES",
    "PARTITION_KEY_MEANINGS",
    "TABLES",
    "Column",
    "Moment",
    "Table",
    "arrow_type",
]

DATABASE = "media_lake"

PARTITION_KEY_MEANINGS = {
    "dt": "day of the lake, YYYY-MM-DD (the Dag run's partition key)",
    "media_type": "image or video",
}

TABLES: dict[str, Table] = {table.name: table for table in (*OUTCOMES, *FINDINGS, *ACCOUNTS, *BILLS)}

FINDING_TABLES = tuple(table.name for table in FINDINGS)
