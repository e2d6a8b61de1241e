"""What each task imports: read from the code of the tasks, then imported in a process for each."""

from __future__ import annotations

import ast
import inspect
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag

ROOT = Path(__file__).parents[1]
HEAVY = {
    "altair",
    "av",
    "awswrangler",
    "cv2",
    "duckdb",
    "great_expectations",
    "openlineage",
    "pandas",
    "scipy",
    "vl_convert",
}

# As the executor does: what Airflow and the Dags' files import is there when a task's process is forked.
_MEASURE = """
import json, os, sys, time
import airflow.sdk.execution_time.task_runner
from airflow.dag_processing.dagbag import DagBag
from importlib import import_module
if {warm!r}:
    from local.stack.warm_executor import warm_up
    warm_up()
DagBag({dags!r})
for modules in {tasks!r}:
    if not os.fork():
        before, began = set(sys.modules), time.process_time()
        for name in modules:
            import_module(name)
        seconds = time.process_time() - began
        added = set(sys.modules) - before
        heavy = sorted(added & set({heavy!r}))
        print(json.dumps({{"seconds": round(seconds, 2), "modules": len(added), "heavy": heavy}}), flush=True)
        os._exit(0)
    os.wait()
"""


@dataclass(frozen=True)
class TaskCode:
    """The code of a task.

    :param modules: what it imports inside its functions, in order.
    """

    dag_id: str
    task_id: str
    modules: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.dag_id}.{self.task_id}"


def measure(tasks: Sequence[TaskCode], home: Path, warm: bool = False) -> dict[str, dict[str, Any]]:
    """Import what each task does, in a process for each: ``{name: {seconds, modules, heavy}}``, CPU seconds.

    Tasks that import the same share a process.

    :param home: an empty folder for Airflow.
    :param warm: fork the processes where the stack's executor has imported packages.
    """
    imported = list(dict.fromkeys(task.modules for task in tasks))
    code = _MEASURE.format(tasks=imported, heavy=sorted(HEAVY), warm=warm, dags=str(ROOT / "dags"))
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
    }
    output = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=280
    ).stdout
    results = [json.loads(line) for line in output.splitlines() if line.startswith('{"seconds"')]
    found = dict(zip(imported, results, strict=True))
    return {task.name: found[task.modules] for task in tasks}


def task_codes(*dag_ids: str) -> list[TaskCode]:
    """Return the code of every task of these Dags."""
    dags = DagBag(ROOT / "dags").dags
    return [
        TaskCode(dag_id, task.task_id, tuple(dict.fromkeys(_imports(_code_of(task), set()))))
        for dag_id in dag_ids
        for task in dags[dag_id].tasks
    ]


def _code_of(task: Any) -> Any:
    """Return the function or the class that a task runs, mapped or not."""
    arguments = {
        **getattr(task, "partial_kwargs", {}),
        "python_callable": getattr(task, "python_callable", None),
    }
    return arguments["python_callable"] or getattr(task, "operator_class", type(task))


def _imports(code: Any, seen: set[Any]) -> Iterator[str]:
    """Yield the modules that a function or a class imports, and the lake's functions that it names."""
    if code in seen or not getattr(code, "__module__", "").startswith("media_lake"):
        return
    seen.add(code)
    named = dict(vars(sys.modules[code.__module__]))
    tree = list(_walk(ast.parse(textwrap.dedent(inspect.getsource(code))).body[0]))
    for node in tree:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            named |= {alias.asname or alias.name: _found(node.module, alias.name) for alias in node.names}
    for base in getattr(code, "__bases__", ()):
        yield from _imports(base, seen)
    for name in {node.id for node in tree if isinstance(node, ast.Name)}:
        if inspect.isfunction(other := named.get(name)) or inspect.isclass(other):
            yield from _imports(other, seen)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a node, without functions within a function: they run when it is needed, if at all."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.FunctionDef) and isinstance(child, ast.FunctionDef)):
            yield child
            yield from _walk(child)


def _found(module: str, name: str) -> Any:
    return getattr(import_module(module), name, None)
