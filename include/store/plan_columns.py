"""The plan of a run as columns: what the audit compares with tables, without an object for each line."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from include.core.features import FEATURES, MediaType, features_for, tables_filled
from include.core.run import Run
from include.core.schemas import TABLES
from include.store.objects import get, list_uris

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# What the manifest says of an asset, with the columns of media_assets.
FACTS = pa.schema(
    [
        field.with_nullable(True)
        for field in TABLES["media_assets"].arrow_schema
        if field.name not in ("status", "reason_code", "reason")
    ]
)
_TEXTS = ("media_id", "feature", "analysis_key", "state", "code", "tables", "operation")
# An analysis of the plan: ``tables`` names those that its request fills, with a blank between them, and
# ``operation`` the one whose responses are archived.
ANALYSES = pa.schema([(name, pa.string()) for name in _TEXTS])

# The members of requests that choose which tables are filled.
_CHOICES = sorted(
    {
        analysis.choice.member
        for feature in FEATURES.values()
        for analysis in (feature.image, feature.video)
        if analysis is not None and analysis.choice is not None
    }
)


def _text_for_timestamp(field: pa.Field) -> pa.Field:
    return field.with_type(pa.string()) if pa.types.is_timestamp(field.type) else field


_LINE = pa.schema(
    [
        ("asset", pa.struct([_text_for_timestamp(field) for field in FACTS])),
        (
            "analyses",
            pa.list_(
                pa.struct(
                    [
                        *((name, pa.string()) for name in ("feature", "analysis_key", "state", "code")),
                        ("parameters", pa.struct([(name, pa.list_(pa.string())) for name in _CHOICES])),
                        ("frames", pa.struct([("scene_changes", pa.bool_())])),
                    ]
                )
            ),
        ),
    ]
)


def planned_columns(s3: S3Client, run: Run, media_type: MediaType) -> tuple[pa.Table, pa.Table]:
    """Return the facts of the assets of a run's plan, and its analyses."""
    options = pyarrow.json.ParseOptions(explicit_schema=_LINE, unexpected_field_behavior="ignore")
    facts, analyses = [FACTS.empty_table()], [ANALYSES.empty_table()]
    for uri in list_uris(s3, run.plans_uri()):
        body = pa.BufferReader(gzip.decompress(get(s3, uri)))
        lines = pyarrow.json.read_json(body, parse_options=options).combine_chunks()
        facts.append(_facts(lines))
        analyses.append(_analyses(lines, media_type))
    return pa.concat_tables(facts), pa.concat_tables(analyses)


def _facts(lines: pa.Table) -> pa.Table:
    rows = pa.Table.from_struct_array(lines["asset"])
    return pa.table([_fact(rows[field.name], field.type) for field in FACTS], FACTS)


def _fact(values: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    """Return values as tables have them: timestamps of a plan are texts with microseconds."""
    if pa.types.is_timestamp(type_):
        values = values.cast(pa.timestamp("us"))
    return values.cast(type_, safe=False)


def _analyses(lines: pa.Table, media_type: MediaType) -> pa.Table:
    lists = lines["analyses"].combine_chunks()
    found = pc.list_flatten(lists)
    media_ids = pc.struct_field(lines["asset"], "media_id").take(pc.list_parent_indices(lists))
    members = {name: pc.struct_field(found, name) for name in ("feature", "analysis_key", "state", "code")}
    # Version 0.1 wrote ``kept`` for ``not_selected``.
    members["state"] = pc.if_else(pc.equal(members["state"], "kept"), "not_selected", members["state"])
    tables = _tables(members["feature"], pc.struct_field(found, "parameters"), media_type)
    by_frames = pc.is_valid(pc.struct_field(found, "frames"))
    operations = pc.if_else(
        by_frames,
        _operations(members["feature"], media_type, by_frames=True),
        _operations(members["feature"], media_type, by_frames=False),
    )
    return pa.table({"media_id": media_ids, **members, "tables": tables, "operation": operations}, ANALYSES)


def _operations(features: pa.Array, media_type: MediaType, *, by_frames: bool) -> pa.Array:
    """Return the operation of each feature; null where there is none."""
    names = pc.dictionary_encode(features)
    calls = [
        FEATURES[name].analysis(media_type, by_frames=by_frames) for name in names.dictionary.to_pylist()
    ]
    return pa.array([call.operation if call else None for call in calls], pa.string()).take(names.indices)


def _tables(features: pa.Array, parameters: pa.Array, media_type: MediaType) -> pa.Array:
    """Return the tables that each request fills."""
    tables = pa.nulls(len(features), pa.string())
    asked = pc.unique(features).to_pylist()
    for feature in (each for each in features_for(media_type) if each.name in asked):
        analysis = feature.analysis(media_type)
        member = analysis.choice.member if analysis and analysis.choice else _CHOICES[0]
        chosen = pc.dictionary_encode(
            pc.fill_null(pc.binary_join(pc.struct_field(parameters, member), " "), "")
        )
        filled = [
            " ".join(tables_filled(feature, media_type, {member: text.split()}))
            for text in chosen.dictionary.to_pylist()
        ]
        own = pa.array(filled, pa.string()).take(chosen.indices)
        tables = pc.if_else(pc.equal(features, feature.name), own, tables)
    return tables
