"""The name of a batch, from its claim check."""

from __future__ import annotations

from typing import Any

# What the UI calls the instances of a mapped task or sensor: the batch and its size. Airflow fails a task whose label
# it cannot render, so a batch is found however it was passed.
BATCH_LABEL = (
    "{% set batch = task.batch if task.batch is defined"
    " else task.op_kwargs['batch'] if 'batch' in task.op_kwargs else task.op_args[0] %}"
    "{{ batch['uri'].rsplit('/', 1)[1].split('.', 1)[0] }}: {{ batch['rows'] }} files"
)


def batch_name(batch: dict[str, Any]) -> str:
    """Return a batch's name within its run, from its claim check."""
    uri: str = batch["uri"]
    return uri.rsplit("/", 1)[1].split(".", 1)[0]
