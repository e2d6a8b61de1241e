"""The tables of the runs: what became of each media asset, what it cost, and what was checked."""

from __future__ import annotations

from typing import get_args

from include.core.budgets import BudgetKind
from include.core.schemas.table import MEDIA_ID, Column, Table

ASSET_STATUSES = ("analyzed", "partial", "failed", "rejected")
ERASURE_ACTIONS = ("erased", "expired", "allowed")
ANALYSIS_STATUSES = ("succeeded", "reused", "failed", "rejected", "stopped")
DECISIONS = ("approve", "reject")
BUDGET_KINDS: tuple[str, ...] = get_args(BudgetKind)

_ATTRIBUTION = (
    Column("source", "string", "name of the source in lake.yaml", required=True),
    Column("cost_center", "string", "the team that pays, from lake.yaml", required=True),
)
_MEDIA_TYPE = Column("media_type", "string", "image or video", required=True, values=("image", "video"))

# What became of the media of one run.
OUTCOMES: tuple[Table, ...] = (
    Table(
        "media_assets",
        "One row per media asset of the day: what it is, where it is, and what became of it.",
        (
            MEDIA_ID,
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
            Column("width", "int", "width in pixels as stored, before any turn", minimum=0),
            Column("height", "int", "height in pixels as stored, before any turn", minimum=0),
            Column("duration_ms", "bigint", "duration of a video in milliseconds", minimum=0),
            Column("frame_rate", "double", "frames per second of a video", minimum=0),
            Column("status", "string", "what became of it", required=True, values=ASSET_STATUSES),
            Column("reason_code", "string", "why it was rejected or failed, for programs"),
            Column("reason", "string", "why it was rejected or failed, for people"),
            Column(
                "orientation",
                "int",
                "EXIF orientation of an image, as its header states it; null if it states none",
                minimum=1,
                maximum=8,
            ),
            Column(
                "rotation",
                "int",
                "degrees clockwise by which a player turns an MP4 or MOV video: 0, 90, 180 or 270",
                minimum=0,
                maximum=270,
            ),
            Column("display_width", "int", "width in pixels as a viewer shows it, turned", minimum=0),
            Column("display_height", "int", "height in pixels as a viewer shows it, turned", minimum=0),
        ),
        unique=("media_id",),
        sort_keys=("source", "key", "media_id"),
    ),
    Table(
        "analyses",
        "One row per media asset and feature asked for.",
        (
            MEDIA_ID,
            Column("feature", "string", "feature of the registry, such as labels", required=True),
            Column("operation", "string", "Rekognition operation whose response is archived", required=True),
            Column("analysis_key", "string", "identity of the analysis: paid for once", required=True),
            Column("status", "string", "how it ended", required=True, values=ANALYSIS_STATUSES),
            Column("error_code", "string", "error code of AWS or of the check that rejected it"),
            Column("error_message", "string", "error in words"),
            Column("model_version", "string", "version of the Rekognition model, where the API reports one"),
            Column("response_uri", "string", "archived response (NDJSON object that holds its lines)"),
            Column("units", "double", "images, frames or minutes of video analyzed", minimum=0),
            Column("findings", "bigint", "rows it gave in the finding tables", minimum=0),
            Column("completed_at", "timestamp", "when the response was received"),
            Column(
                "findings_by_table",
                "array<struct<table_name:string,row_count:bigint>>",
                "the findings by finding table, for each table that the request asks to fill",
            ),
        ),
        unique=("media_id", "feature"),
        sort_keys=("feature", "status", "media_id"),
    ),
)

# What was used, what it cost, and what was checked.
ACCOUNTS: tuple[Table, ...] = (
    Table(
        "usage",
        "One row per analysis that was paid for, or reused instead, and line of the price book that it has.",
        (
            Column("usage_id", "string", "identity of the row", required=True),
            Column("at", "timestamp", "when it was used, or ended; what AWS bills by", required=True),
            Column("dag_id", "string", "Dag that used it", required=True),
            Column("run_id", "string", "Dag run that used it", required=True),
            *_ATTRIBUTION,
            MEDIA_ID,
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
            Column("usd", "double", "price paid at the tier reached; 0 if reused", required=True, minimum=0),
            Column(
                "saved_usd",
                "double",
                "price it would have had; 0 unless reused",
                required=True,
                minimum=0,
            ),
            Column("price_version", "string", "price book used", required=True),
            Column("billing_month", "string", "calendar month of the bill in UTC, YYYY-MM", required=True),
            Column("usage_type", "string", "AWS usage type, as the bill has it", required=True),
            Column("price_tier", "string", "tier reached before it: first unit-last unit", required=True),
            Column("list_usd", "double", "price at the first tier; 0 if reused", required=True, minimum=0),
            Column(
                "units_before",
                "double",
                "units of the same month and price line used before it",
                required=True,
                minimum=0,
            ),
            Column("ended_at", "timestamp", "when the job or the model's session ended; null for images"),
        ),
        partition_keys=("dt",),
        unique=("usage_id",),
        sort_keys=("source", "feature", "media_id"),
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
            Column("analyses", "bigint", "analyses paid for by this price line", required=True, minimum=0),
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
        "budgets",
        "One row per budget of a cost center and month, of every report of costs: the newest as_of counts. "
        "Days are those of the report.",
        (
            Column("cost_center", "string", "the team that pays, from lake.yaml", required=True),
            Column("month", "string", "calendar month (UTC), such as 2026-11", required=True),
            Column("limit_usd", "double", "dollars that may be spent in it", required=True, minimum=0),
            Column(
                "kind",
                "string",
                "a hard budget stops analyses before they are paid for, a soft one warns",
                required=True,
                values=BUDGET_KINDS,
            ),
            Column(
                "spent_usd",
                "double",
                "dollars spent; if hard, at the prices known before a call; if soft, as reported",
                required=True,
                minimum=0,
            ),
            Column(
                "reserved_usd",
                "double",
                "dollars that running tasks hold and may still spend or return",
                required=True,
                minimum=0,
            ),
            Column("as_of", "timestamp", "when it was read", required=True),
        ),
        partition_keys=("dt",),
        unique=("cost_center", "month", "as_of"),
        grows=True,
    ),
    Table(
        "validation_results",
        "One row per expectation checked before a partition was published, of every run. "
        "Of cost tables, media_type is costs.",
        (
            Column("run_id", "string", "Dag run that checked it", required=True),
            Column("table_name", "string", "table checked", required=True),
            Column("expectation", "string", "the rule; docs/VALIDATION.md has all", required=True),
            Column("column_name", "string", "column checked; null for a check of the table"),
            Column("success", "boolean", "whether it held", required=True),
            Column("checked_rows", "bigint", "rows checked", minimum=0),
            Column("unexpected_rows", "bigint", "rows that broke it", minimum=0),
            Column("details", "string", "expectation and result as JSON", required=True),
            Column("checked_at", "timestamp", "when the run was audited"),
            Column("layer", "string", "what the rule looks at: columns, relations, archive, trend or costs"),
            Column("severity", "string", "what a broken rule does: fail holds the day back, warn does not"),
        ),
        grows=True,
    ),
    Table(
        "validation_failures",
        "Rows that broke a rule, up to 100 a rule and table; none of tables about identifiable people. "
        "Of cost tables, media_type is costs.",
        (
            Column("run_id", "string", "Dag run that checked it", required=True),
            Column("table_name", "string", "table checked", required=True),
            Column("expectation", "string", "the rule", required=True),
            Column("column_name", "string", "column checked; null for a check of several"),
            Column("media_id", "string", "the media asset; joins with media_assets.media_id"),
            Column("analysis_key", "string", "the analysis; joins with analyses.analysis_key"),
            Column("value", "string", "what is wrong", required=True),
            Column("checked_at", "timestamp", "when the run was audited", required=True),
        ),
        grows=True,
    ),
    Table(
        "publish_decisions",
        "One row per decision whether a day is published although rules of validation are broken.",
        (
            Column("decided_at", "timestamp", "when it was decided, or the time was over", required=True),
            Column(
                "decision",
                "string",
                "what was decided; timed_out if nobody answered",
                required=True,
                values=("approved", "rejected", "timed_out"),
            ),
            Column("decided_by", "string", "name of the Airflow user; null if nobody answered"),
            Column("reason", "string", "why, in the words of who decided"),
            Column("dag_id", "string", "Dag whose data it is", required=True),
            Column("run_id", "string", "Dag run whose data it is", required=True),
            Column("failed_rules", "array<string>", "the rules that held the day back", required=True),
        ),
        unique=("run_id", "decided_at"),
        grows=True,
    ),
    Table(
        "publications",
        "One row per table of each version that readers got: published, or gone back to.",
        (
            Column("published_at", "timestamp", "when readers got it", required=True),
            Column("version", "string", "name of the version, the same for all its tables", required=True),
            Column("media_type", "string", "image or video; null for cost tables", values=("image", "video")),
            Column("table_name", "string", "the table", required=True),
            Column("action", "string", "what was done", required=True, values=("published", "rolled_back")),
            Column("dag_id", "string", "Dag that made the data", required=True),
            Column("run_id", "string", "Dag run that made the data", required=True),
            Column("planned_at", "timestamp", "when that run began to read its input", required=True),
            Column("audited_at", "timestamp", "when its audit ended", required=True),
            Column("row_count", "bigint", "rows of the table", required=True, minimum=0),
            Column("location", "string", "S3 prefix of the table's files", required=True),
            Column(
                "decided_by", "string", "who approved it in review or went back to it; null if nobody had to"
            ),
        ),
        partition_keys=("dt",),
        unique=("published_at", "version", "table_name"),
        grows=True,
    ),
    Table(
        "erasures",
        "One row per erasure on request, run of retention, or permission to analyze again; it names nobody.",
        (
            Column("erasure_id", "string", "identity of the row", required=True),
            Column("erased_at", "timestamp", "when it began", required=True),
            Column("action", "string", "what was done", required=True, values=ERASURE_ACTIONS),
            Column(
                "selection",
                "string",
                "what was chosen: asset, prefix, content or face; or a table, by retention",
                required=True,
            ),
            Column("selector_salt", "string", "what is hashed before the chosen name"),
            Column("selector_hash", "string", "SHA-256 of salt and chosen name; null for retention"),
            Column("decided_by", "string", "who asked, or the Dag", required=True),
            Column("reason", "string", "why, in the words of whoever asked"),
            Column("assets", "bigint", "media assets that are gone", required=True, minimum=0),
            Column("contents", "bigint", "contents that are gone, or allowed", required=True, minimum=0),
            Column(
                "places",
                "array<struct<place:string,object_count:bigint,row_count:bigint>>",
                "what was found before it went, by place: objects, and rows in them",
            ),
        ),
        partition_keys=("dt",),
        unique=("erasure_id",),
        grows=True,
    ),
    Table(
        "moderation_reviews",
        "One row per decision of a person about a file with moderation labels; the latest of a file counts.",
        (
            MEDIA_ID,
            _MEDIA_TYPE,
            Column("content_id", "string", "identity of the bytes: duplicates have the same", required=True),
            Column("feature", "string", "feature whose findings were judged", required=True),
            Column("label", "string", "most confident label of the file at that time", required=True),
            Column("confidence", "double", "its confidence in percent", minimum=0, maximum=100),
            Column("timestamp_ms", "bigint", "where it is in a video; null for images", minimum=0),
            Column("model_version", "string", "version of the Rekognition model that found it"),
            Column(
                "decision",
                "string",
                "approve: the file may be used; reject: it must not",
                required=True,
                values=DECISIONS,
            ),
            Column("reason", "string", "why, in the words of the person"),
            Column("decided_by", "string", "name of the person in Airflow", required=True),
            Column("decided_at", "timestamp", "when the person answered", required=True),
            Column("dag_id", "string", "Dag that asked", required=True),
            Column("run_id", "string", "Dag run that asked", required=True),
        ),
        partition_keys=("dt",),
        unique=("media_id", "decided_at", "run_id"),
        grows=True,
    ),
)
