"""The tables of the bill: what AWS charged for Rekognition, and how it differs from what the lake counted."""

from __future__ import annotations

from include.core.schemas.table import Column, Table

STATUSES = ("agrees", "explained", "unexplained")

_USAGE_DATE = Column("usage_date", "date", "day of use in UTC, as the bill has it", required=True)
_USAGE_TYPE = Column(
    "usage_type", "string", "usage type of the bill, such as USE1-Group2-ImagesProcessed", required=True
)

BILLS: tuple[Table, ...] = (
    Table(
        "bill_daily",
        "What AWS charged for Rekognition by day of use, usage type and kind of charge, as read last.",
        (
            _USAGE_DATE,
            _USAGE_TYPE,
            Column("record_type", "string", "kind of charge, such as Usage, Credit, Refund", required=True),
            Column("units", "double", "units as the bill counts them; 0 unless it is usage", required=True),
            Column("usd", "double", "dollars charged; negative for credits", required=True),
            Column("estimated", "boolean", "whether AWS may still change it; null if AWS does not say"),
            Column("read_at", "timestamp", "when the bill was read", required=True),
        ),
        partition_keys=("dt",),
        unique=("usage_date", "usage_type", "record_type"),
        finance=True,
        grows=True,
    ),
    Table(
        "reconciliation",
        "The lake's usage against the bill: one row per day of use and usage type that either of them has.",
        (
            _USAGE_DATE,
            _USAGE_TYPE,
            Column("price_item", "string", "line of the price book; null if the books have none"),
            Column("lake_units", "double", "units in usage", required=True, minimum=0),
            Column("bill_units", "double", "units on the bill, in the unit of the price book", required=True),
            Column("lake_usd", "double", "dollars in usage", required=True, minimum=0),
            Column("bill_usd", "double", "dollars on the bill, credits taken off", required=True),
            Column("status", "string", "what came of the comparison", required=True, values=STATUSES),
            Column("cause", "string", "the causes of the difference, with commas between; null if none"),
            Column(
                "causes",
                "array<struct<cause:string,units:double,usd:double,reason:string>>",
                "each cause with its part of the difference, bill less lake",
                required=True,
            ),
            Column("unexplained_units", "double", "the part of the units without a cause", required=True),
            Column("unexplained_usd", "double", "the part of the dollars without a cause", required=True),
            Column("reconciled_at", "timestamp", "when it was compared", required=True),
        ),
        partition_keys=("dt",),
        unique=("usage_date", "usage_type"),
        finance=True,
        grows=True,
    ),
)
