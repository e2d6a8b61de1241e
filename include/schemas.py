"""The tables of the lake: the one definition from which Parquet types, Glue columns, expectations, DDL and docs come.

Units and conventions, everywhere: confidence in percent, 0-100; boxes and points as ratios of the frame's width and
height, as Rekognition gives them (they may reach slightly outside 0-1); times in a video in milliseconds from its
start, null for images; timestamps in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

DATABASE = "media_lake"


@dataclass(frozen=True)
class Column:
    """One column.

    :param type: Athena (Hive) type, in lower case.
    :param meaning: what a reader of the data dictionary sees.
    :param required: null is an error.
    :param minimum: least value allowed, if there is one; ``maximum`` likewise.
    :param values: the only values allowed, if there is such a list.
    """

    name: str
    type: str
    meaning: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table, stored as Parquet with zstd.

    :param partition_keys: names of the partition columns, all of type string.
    :param unique: columns that together identify a row within a partition; empty if rows have no key.
    :param sensitive: findings about identifiable people: readers are granted apart from the other tables.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    partition_keys: tuple[str, ...] = ("dt", "media_type")
    unique: tuple[str, ...] = ()
    sensitive: bool = False

    @property
    def column_types(self) -> dict[str, str]:
        """Column name to Athena type, without partition keys, as awswrangler's ``dtype`` takes it."""
        return {column.name: column.type for column in self.columns}

    @property
    def arrow_schema(self) -> pa.Schema:
        """The Parquet schema of a data file."""
        return pa.schema(
            pa.field(column.name, arrow_type(column.type), nullable=not column.required)
            for column in self.columns
        )


_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}


def arrow_type(athena_type: str) -> pa.DataType:
    """Translate an Athena type into its Arrow type.

    >>> str(arrow_type("array<struct<x:double,y:double>>"))
    'list<element: struct<x: double, y: double>>'
    """
    if athena_type in _ARROW:
        return _ARROW[athena_type]
    outer, _, inner = athena_type.removesuffix(">").partition("<")
    if outer == "array":
        return pa.list_(pa.field("element", arrow_type(inner)))
    if outer == "struct":
        members = (member.partition(":") for member in inner.split(","))
        return pa.struct([(name, arrow_type(member_type)) for name, _, member_type in members])
    raise ValueError(f"unknown Athena type {athena_type!r}")


PARTITION_KEY_MEANINGS = {
    "dt": "day of the lake, YYYY-MM-DD (the Dag run's partition key)",
    "media_type": "image or video",
}

ASSET_STATUSES = ("analyzed", "partial", "failed", "rejected")
ANALYSIS_STATUSES = ("succeeded", "reused", "failed", "rejected", "stopped")


def _confidence(
    name: str = "confidence", meaning: str = "confidence in percent", required: bool = False
) -> Column:
    return Column(name, "double", meaning, required=required, minimum=0, maximum=100)


_MEDIA_ID = Column("media_id", "string", "the media asset; joins with media_assets.media_id", required=True)
_FINDING = (
    _MEDIA_ID,
    Column(
        "analysis_key",
        "string",
        "the analysis it was found by; joins with analyses.analysis_key",
        required=True,
    ),
    Column("model_version", "string", "version of the Rekognition model, where the API reports one"),
)
_TIMESTAMP = Column("timestamp_ms", "bigint", "time of the frame in milliseconds; null for images", minimum=0)
_SPAN = (
    Column(
        "start_ms",
        "bigint",
        "start of the finding in milliseconds; null unless the API gives spans",
        minimum=0,
    ),
    Column(
        "end_ms", "bigint", "end of the finding in milliseconds; null unless the API gives spans", minimum=0
    ),
)
_BOX = (
    Column("box_left", "double", "left edge, as a ratio of the frame's width"),
    Column("box_top", "double", "top edge, as a ratio of the frame's height"),
    Column("box_width", "double", "width, as a ratio of the frame's width", minimum=0),
    Column("box_height", "double", "height, as a ratio of the frame's height", minimum=0),
)
_ATTRIBUTION = (
    Column("source", "string", "name of the source in lake.yaml", required=True),
    Column("cost_center", "string", "the team that pays, from lake.yaml", required=True),
)
_MEDIA_TYPE = Column("media_type", "string", "image or video", required=True, values=("image", "video"))


def _face_attribute(name: str, meaning: str) -> tuple[Column, Column]:
    return (
        Column(name, "boolean", f"{meaning}; null unless attributes were asked for"),
        _confidence(f"{name}_confidence", f"confidence of {name} in percent"),
    )


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "media_assets",
            "One row per media asset of the day: what it is, where it is, and what became of it.",
            (
                _MEDIA_ID,
                *_ATTRIBUTION,
                Column("bucket", "string", "S3 bucket", required=True),
                Column("key", "string", "S3 key, as stored, not URL-encoded", required=True),
                Column("version_id", "string", "S3 version id, in a bucket with versions"),
                Column("etag", "string", "ETag without quotes", required=True),
                Column("size_bytes", "bigint", "size in bytes", required=True, minimum=0),
                Column("last_modified", "timestamp", "when the object was written", required=True),
                Column(
                    "content_id",
                    "string",
                    "identity of the bytes: assets with one content id are duplicates",
                    required=True,
                ),
                Column(
                    "format", "string", "format found in the content, such as JPEG, PNG, MP4; null if unknown"
                ),
                Column("codec", "string", "video codec, such as h264"),
                Column("width", "int", "width in pixels, before any EXIF rotation", minimum=0),
                Column("height", "int", "height in pixels, before any EXIF rotation", minimum=0),
                Column("duration_ms", "bigint", "duration of a video in milliseconds", minimum=0),
                Column("frame_rate", "double", "frames per second of a video", minimum=0),
                Column("status", "string", "what became of it", required=True, values=ASSET_STATUSES),
                Column("reason_code", "string", "why it was rejected or failed, for programs"),
                Column("reason", "string", "why it was rejected or failed, for people"),
            ),
            unique=("media_id",),
        ),
        Table(
            "analyses",
            "One row per media asset and feature asked for.",
            (
                _MEDIA_ID,
                Column("feature", "string", "feature of the registry, such as labels", required=True),
                Column(
                    "operation", "string", "Rekognition operation whose response is archived", required=True
                ),
                Column("analysis_key", "string", "identity of the analysis: paid for once", required=True),
                Column("status", "string", "how it ended", required=True, values=ANALYSIS_STATUSES),
                Column("error_code", "string", "error code of AWS or of the check that rejected it"),
                Column("error_message", "string", "error in words"),
                Column(
                    "model_version", "string", "version of the Rekognition model, where the API reports one"
                ),
                Column("response_uri", "string", "archived response (NDJSON object that holds its lines)"),
                Column("units", "double", "images or minutes of video analyzed", minimum=0),
                Column("findings", "bigint", "rows it gave in the finding tables", minimum=0),
                Column("completed_at", "timestamp", "when the response was received"),
            ),
            unique=("media_id", "feature"),
        ),
        Table(
            "labels",
            "Objects, scenes, activities and concepts; one row per label and, in videos, per time.",
            (
                *_FINDING,
                _TIMESTAMP,
                *_SPAN,
                Column("name", "string", "label", required=True),
                _confidence(required=True),
                Column("parents", "array<string>", "labels above it in the taxonomy"),
                Column("aliases", "array<string>", "other names of the label"),
                Column("categories", "array<string>", "categories it belongs to"),
                Column("instance_count", "int", "number of boxes", required=True, minimum=0),
                Column(
                    "instances",
                    "array<struct<box_left:double,box_top:double,box_width:double,box_height:double,confidence:double>>",
                    "box and confidence of each instance",
                ),
            ),
        ),
        Table(
            "moderation_labels",
            "Inappropriate or unwanted content; one row per label and, in videos, per time.",
            (
                *_FINDING,
                _TIMESTAMP,
                *_SPAN,
                Column("name", "string", "moderation label", required=True),
                Column("parent_name", "string", "label above it in the taxonomy; null at the top"),
                Column(
                    "taxonomy_level", "int", "level in the taxonomy, from 1; null for older models", minimum=1
                ),
                _confidence(required=True),
                Column("content_types", "array<string>", "kinds of content, such as Animated or Illustrated"),
            ),
        ),
        Table(
            "texts",
            "Text that can be read; one row per line or word and, in videos, per time.",
            (
                *_FINDING,
                _TIMESTAMP,
                Column("text", "string", "the text as read", required=True),
                Column("type", "string", "LINE or WORD", required=True, values=("LINE", "WORD")),
                Column("text_id", "int", "number of the detection within its frame"),
                Column("parent_id", "int", "for a word, the text_id of its line"),
                _confidence(required=True),
                *_BOX,
                Column(
                    "polygon",
                    "array<struct<x:double,y:double>>",
                    "corners of the text, as ratios of the frame",
                ),
            ),
        ),
        Table(
            "faces",
            "Faces and their attributes, without identity; one row per face and, in videos, per time.",
            (
                *_FINDING,
                _TIMESTAMP,
                Column(
                    "face_index",
                    "int",
                    "number of the face within its image or frame",
                    required=True,
                    minimum=0,
                ),
                _confidence(required=True),
                *_BOX,
                Column("pose_roll", "double", "roll in degrees", minimum=-180, maximum=180),
                Column("pose_yaw", "double", "yaw in degrees", minimum=-180, maximum=180),
                Column("pose_pitch", "double", "pitch in degrees", minimum=-180, maximum=180),
                Column("brightness", "double", "brightness of the face, 0-100", minimum=0, maximum=100),
                Column("sharpness", "double", "sharpness of the face, 0-100", minimum=0, maximum=100),
                Column("age_low", "int", "least estimated age in years", minimum=0),
                Column("age_high", "int", "greatest estimated age in years", minimum=0),
                Column("gender", "string", "Male or Female, as the model predicts appearance"),
                _confidence("gender_confidence", "confidence of gender in percent"),
                *_face_attribute("smile", "smiles"),
                *_face_attribute("eyeglasses", "wears eyeglasses"),
                *_face_attribute("sunglasses", "wears sunglasses"),
                *_face_attribute("beard", "has a beard"),
                *_face_attribute("mustache", "has a mustache"),
                *_face_attribute("eyes_open", "eyes are open"),
                *_face_attribute("mouth_open", "mouth is open"),
                *_face_attribute("face_occluded", "face is partly hidden"),
                Column("dominant_emotion", "string", "emotion of the greatest confidence"),
                Column(
                    "emotions",
                    "array<struct<type:string,confidence:double>>",
                    "all emotions with their confidence",
                ),
            ),
            sensitive=True,
        ),
        Table(
            "segments",
            "Shots and technical cues of a video.",
            (
                *_FINDING,
                Column(
                    "type", "string", "SHOT or TECHNICAL_CUE", required=True, values=("SHOT", "TECHNICAL_CUE")
                ),
                Column("cue_type", "string", "kind of technical cue, such as BlackFrames; null for shots"),
                Column("shot_index", "bigint", "number of the shot; null for cues", minimum=0),
                Column("start_ms", "bigint", "start in milliseconds", required=True),
                Column("end_ms", "bigint", "end in milliseconds", required=True),
                Column("duration_ms", "bigint", "duration in milliseconds", required=True, minimum=0),
                Column("start_frame", "bigint", "first frame"),
                Column("end_frame", "bigint", "last frame"),
                Column("duration_frames", "bigint", "number of frames", minimum=0),
                Column("start_timecode", "string", "start as SMPTE time code"),
                Column("end_timecode", "string", "end as SMPTE time code"),
                _confidence(required=True),
            ),
        ),
        Table(
            "usage",
            "One row per billable call or job, and per analysis that was reused instead of being paid for again.",
            (
                Column("usage_id", "string", "identity of the row", required=True),
                Column("at", "timestamp", "when it was used; what AWS bills by", required=True),
                Column("dag_id", "string", "Dag that used it", required=True),
                Column("run_id", "string", "Dag run that used it", required=True),
                *_ATTRIBUTION,
                _MEDIA_ID,
                _MEDIA_TYPE,
                Column("analysis_key", "string", "the analysis", required=True),
                Column("feature", "string", "feature of the registry", required=True),
                Column("operation", "string", "Rekognition operation that is billed", required=True),
                Column("price_item", "string", "line of the price book", required=True),
                Column("units", "double", "images or minutes", required=True, minimum=0),
                Column(
                    "reused",
                    "boolean",
                    "true if nothing was paid because the analysis existed",
                    required=True,
                ),
                Column(
                    "usd", "double", "price paid at the tier reached; 0 if reused", required=True, minimum=0
                ),
                Column(
                    "saved_usd",
                    "double",
                    "price it would have had; 0 unless reused",
                    required=True,
                    minimum=0,
                ),
                Column("price_version", "string", "price book used", required=True),
            ),
            partition_keys=("dt",),
            unique=("usage_id",),
        ),
        Table(
            "costs_daily",
            "Units and dollars by day of use, team, source, feature and price line.",
            (
                Column("usage_date", "date", "day of use in UTC; what AWS bills by", required=True),
                *_ATTRIBUTION,
                _MEDIA_TYPE,
                Column("feature", "string", "feature of the registry", required=True),
                Column("operation", "string", "Rekognition operation that is billed", required=True),
                Column("price_item", "string", "line of the price book", required=True),
                Column("analyses", "bigint", "billable calls or jobs", required=True, minimum=0),
                Column("units", "double", "images or minutes paid for", required=True, minimum=0),
                Column("usd", "double", "dollars", required=True, minimum=0),
                Column("reused_analyses", "bigint", "analyses reused", required=True, minimum=0),
                Column("reused_units", "double", "images or minutes reused", required=True, minimum=0),
                Column("saved_usd", "double", "dollars saved by re-use", required=True, minimum=0),
                Column("price_version", "string", "price book used", required=True),
            ),
            partition_keys=("dt",),
            unique=(
                "usage_date",
                "source",
                "cost_center",
                "media_type",
                "feature",
                "operation",
                "price_item",
            ),
        ),
        Table(
            "validation_results",
            "One row per expectation checked before a partition was published.",
            (
                Column("run_id", "string", "Dag run that checked it", required=True),
                Column("table_name", "string", "table checked", required=True),
                Column("expectation", "string", "Great Expectations type", required=True),
                Column("column_name", "string", "column checked; null for a check of the table"),
                Column("success", "boolean", "whether it held", required=True),
                Column("checked_rows", "bigint", "rows checked", minimum=0),
                Column("unexpected_rows", "bigint", "rows that broke it", minimum=0),
                Column("details", "string", "expectation and result as JSON", required=True),
            ),
        ),
    )
}

FINDING_TABLES = ("labels", "moderation_labels", "texts", "faces", "segments")

# The tables that a run on images or on videos fills, empty or not, in the order in which they are published.
RUN_TABLES = (*FINDING_TABLES, "analyses", "media_assets")
