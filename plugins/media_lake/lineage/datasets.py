"""Datasets of OpenLineage for the places of the lake, with their facets.

Names follow https://openlineage.io/docs/spec/naming. Values of rows are never among the facets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openlineage.client.event_v2 import Dataset, InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    base_subset_dataset,
    data_quality_assertions_dataset,
    data_quality_metrics_input_dataset,
    documentation_dataset,
    output_statistics_output_dataset,
    schema_dataset,
    symlinks_dataset,
)
from openlineage.client.naming.dataset import S3, AWSGlue

from include.core.schemas import TABLES, Table
from include.store.workspace import Deployment
from media_lake.lineage.facts import Facts
from media_lake.lineage.flows import Place

_NOT_NULL = "expect_column_values_to_not_be_null"
# What OpenLineage calls the severities of the lake.
_SEVERITIES = {"fail": "error", "warn": "warn"}


@dataclass(frozen=True)
class Datasets:
    """Makes the datasets of one task.

    :param partition: values of the partition that the task handles, by key, as far as they are known.
    """

    deployment: Deployment
    facts: Facts
    partition: Mapping[str, str]

    def read(self, place: Place) -> Iterator[InputDataset]:
        """Yield what a task reads; several datasets if sources have places of their own."""
        for dataset in self._datasets(place):
            facets: dict[str, Any] = {}
            if condition := self._condition(place):
                facets["subset"] = base_subset_dataset.InputSubsetInputDatasetFacet(condition)
            facets |= self._quality(place.name) if place.kind == "staged" else {}
            yield InputDataset(dataset.namespace, dataset.name, facets=dataset.facets, inputFacets=facets)

    def written(self, place: Place) -> Iterator[OutputDataset]:
        """Yield what a task writes likewise."""
        for dataset in self._datasets(place):
            facets: dict[str, Any] = {}
            if condition := self._condition(place):
                facets["subset"] = base_subset_dataset.OutputSubsetOutputDatasetFacet(condition)
            if place.name in self.facts.rows:
                facets["outputStatistics"] = (
                    output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                        rowCount=self.facts.rows[place.name]
                    )
                )
            yield OutputDataset(dataset.namespace, dataset.name, facets=dataset.facets, outputFacets=facets)

    def _datasets(self, place: Place) -> Iterator[Dataset]:
        bucket = self.deployment.settings.bucket
        if place.kind == "media":
            for source in self.deployment.lake.sources:
                yield _of_s3(source.bucket or bucket, source.prefix.rstrip("/") or "/")
        elif place.kind == "folder":
            yield _of_s3(bucket, place.name)
        elif place.kind == "staged":
            yield _of_s3(bucket, f"staging/{place.name}", {"schema": _schema(TABLES[place.name])})
        else:
            yield self._of_glue(TABLES[place.name])

    def _of_glue(self, table: Table) -> Dataset:
        settings = self.deployment.settings
        account = settings.jobs_role_arn.split(":")[4]
        name = AWSGlue(settings.region, account, settings.database, table.name)
        files = symlinks_dataset.Identifier(f"s3://{settings.bucket}", f"curated/{table.name}", "LOCATION")
        facets = {
            "schema": _schema(table),
            "documentation": documentation_dataset.DocumentationDatasetFacet(table.meaning),
            "symlinks": symlinks_dataset.SymlinksDatasetFacet([files]),
        }
        return Dataset(name.get_namespace(), name.get_name(), facets=facets)

    def _condition(self, place: Place) -> base_subset_dataset.PartitionSubsetCondition | None:
        """Return which partition is meant, of places that have partitions."""
        keys: tuple[str, ...] = ("dt",)
        if place.kind in ("staged", "table"):
            keys = TABLES[place.name].partition_keys
        if place.kind == "media" or not set(keys) <= set(self.partition):
            return None
        values = base_subset_dataset.Partition({key: self.partition[key] for key in keys})
        return base_subset_dataset.PartitionSubsetCondition([values])

    def _quality(self, table: str) -> dict[str, Any]:
        """Return what checks say of a table, if it was checked."""
        checks = [check for check in self.facts.checks if check["table_name"] == table]
        if not checks:
            return {}
        nulls = {
            check["column_name"]: data_quality_metrics_input_dataset.ColumnMetrics(
                nullCount=check["unexpected_rows"], count=check["checked_rows"]
            )
            for check in checks
            if check["expectation"] == _NOT_NULL
        }
        return {
            "dataQualityMetrics": data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
                nulls, rowCount=self.facts.rows.get(table)
            ),
            "dataQualityAssertions": data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
                [_assertion(check) for check in checks]
            ),
        }


def _of_s3(bucket: str, path: str, facets: dict[str, Any] | None = None) -> Dataset:
    name = S3(bucket, path)
    return Dataset(name.get_namespace(), name.get_name(), facets=facets or {})


def _schema(table: Table) -> schema_dataset.SchemaDatasetFacet:
    return schema_dataset.SchemaDatasetFacet(
        [
            schema_dataset.SchemaDatasetFacetFields(column.name, column.type, column.meaning)
            for column in table.columns
        ]
    )


def _assertion(check: Mapping[str, Any]) -> data_quality_assertions_dataset.Assertion:
    """Return a row of ``validation_results`` as OpenLineage says it. Examples of values stay in the lake."""
    unexpected = check["unexpected_rows"]
    return data_quality_assertions_dataset.Assertion(
        assertion=check["expectation"],
        success=bool(check["success"]),
        column=check["column_name"],
        severity=_SEVERITIES[check.get("severity") or "fail"],
        actual=None if unexpected is None else f"{unexpected} unexpected rows",
    )
