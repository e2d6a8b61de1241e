"""The extractor by which OpenLineage's provider finds what the lake's tasks read and write.

Airflow imports it only where ``[openlineage] extractors`` names it. Tasks are functions, so their operators
are all of one class; the function tells the stage.
"""

from __future__ import annotations

import inspect
from typing import Any

from airflow.providers.openlineage.extractors.base import BaseExtractor, OperatorLineage

from include.core.features import MediaType
from media_lake.lineage.datasets import Datasets
from media_lake.lineage.facts import facts_of
from media_lake.lineage.flows import STAGES, flow_of
from media_lake.task_context import task_deployment

_MODULES = "media_lake.tasks."
# Their functions take no media type.
_MEDIA_TYPES: dict[str, MediaType] = {
    "analyze_image_batch": "image",
    "start_jobs": "video",
    "collect_responses": "video",
    "analyze_frames": "video",
}


class StageExtractor(BaseExtractor):
    """Gives inputs, outputs and what checks have found. Of tasks that are not the lake's it says nothing."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        return ["_PythonDecoratedOperator", "ReportCostsOperator"]

    def _execute_extraction(self) -> OperatorLineage[Any, Any]:
        return self._lineage(day=None)

    def extract_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any]:
        return self._lineage(task_instance.get_template_context()["dag_run"].partition_key)

    def extract_on_failure(self, task_instance: Any) -> OperatorLineage[Any, Any]:
        return OperatorLineage(inputs=self.extract_on_complete(task_instance).inputs)

    def _lineage(self, day: str | None) -> OperatorLineage[Any, Any]:
        code = getattr(self.operator, "python_callable", type(self.operator))
        if not code.__module__.startswith(_MODULES) or code.__name__ not in STAGES:
            return OperatorLineage()
        stage, given = STAGES[code.__name__], self._arguments()
        media_type = _MEDIA_TYPES.get(code.__name__) or given.get("media_type")
        if stage == "report":
            day = None  # a run reports all days that wait
        elif "found" in given:
            day = given["found"]["day"]
        known = {"dt": day, "media_type": media_type}
        partition = {key: value for key, value in known.items() if value}
        datasets = Datasets(task_deployment(), facts_of(self.operator), partition)
        flow = flow_of(stage, media_type)
        return OperatorLineage(
            inputs=[found for place in flow.reads for found in datasets.read(place)],
            outputs=[found for place in flow.writes for found in datasets.written(place)],
        )

    def _arguments(self) -> dict[str, Any]:
        """Return the arguments of the task's function by name; of another operator none."""
        if not hasattr(self.operator, "python_callable"):
            return {}
        signature = inspect.signature(self.operator.python_callable)
        return dict(signature.bind(*self.operator.op_args, **self.operator.op_kwargs).arguments)
