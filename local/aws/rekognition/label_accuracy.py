"""``python -m local.aws.rekognition.label_accuracy``: how right the labels of the local Rekognition are.

``tests/fixtures/labelled_pictures/labels.csv`` has a line a picture: what it is for, names of which any will
do as its main subject, and what else is true of it. Thresholds are chosen on the pictures for tuning only;
the figures that count are those of the pictures held out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from local.aws.rekognition.detectors import Evidence, examine_image
from local.aws.rekognition.label_table import TAXONOMY
from local.aws.rekognition.label_taxonomy import LABEL_DETECTORS, labels_from
from local.aws.rekognition.sightings import THRESHOLDS, Thresholds

ROOT = Path(__file__).parents[3]
TRUTH = ROOT / "tests/fixtures/labelled_pictures/labels.csv"
_LEAST_CONFIDENCE = 55.0  # the default of DetectLabels


@dataclass(frozen=True)
class LabelledPicture:
    """A picture and what is true of it.

    :param use: ``tuning`` or ``held_out``.
    :param main: names of its main subject; one of them is enough.
    :param also: names of what else it shows.
    """

    path: Path
    use: str
    main: tuple[str, ...]
    also: tuple[str, ...]

    @property
    def true_labels(self) -> set[str]:
        """All labels that are right: those named, and their ancestors."""
        named = {*self.main, *self.also}
        return named | {parent for name in named if name in TAXONOMY for parent in TAXONOMY[name].parents}


@dataclass(frozen=True)
class Accuracy:
    """Counts over pictures.

    :param right: labels that are true of their picture, of all that were ``reported``.
    :param found: pictures with a label of the main subject, of all ``pictures``.
    :param wrong: ``picture: label`` of each that is not true.
    :param missed: names of pictures without their main subject.
    """

    right: int
    reported: int
    found: int
    pictures: int
    wrong: list[str]
    missed: list[str]

    @property
    def precision(self) -> float:
        return self.right / self.reported if self.reported else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.pictures

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.2f} ({self.right} of {self.reported} labels), "
            f"recall of the main subject {self.recall:.2f} ({self.found} of {self.pictures} pictures)"
        )


def labelled_pictures(use: str) -> list[LabelledPicture]:
    """Return the pictures for ``tuning``, or those ``held_out``."""
    with TRUTH.open(encoding="utf-8", newline="") as file:
        return [
            LabelledPicture(
                ROOT / line["picture"],
                line["use"],
                tuple(line["main_subject"].split(";")),
                tuple(part for part in line["also_true"].split(";") if part),
            )
            for line in csv.DictReader(file)
            if line["use"] == use
        ]


def look_at(
    pictures: Iterable[LabelledPicture], detectors: Sequence[str] = (*LABEL_DETECTORS, "text")
) -> list[tuple[LabelledPicture, Evidence]]:
    """Run the detectors of labels on pictures."""
    return [(picture, examine_image(picture.path.read_bytes(), detectors)) for picture in pictures]


def measure(
    seen: Sequence[tuple[LabelledPicture, Evidence]], thresholds: Thresholds = THRESHOLDS
) -> Accuracy:
    """Compare what is reported by default with what is true."""
    right = reported = 0
    wrong, missed = [], []
    for picture, evidence in seen:
        names = {
            label["Name"]
            for label in labels_from(evidence, thresholds)
            if label["Confidence"] >= _LEAST_CONFIDENCE
        }
        untrue = names - picture.true_labels
        wrong += [f"{picture.path.name}: {name}" for name in sorted(untrue)]
        reported += len(names)
        right += len(names) - len(untrue)
        if not names & set(picture.main):
            missed.append(picture.path.name)
    return Accuracy(right, reported, len(seen) - len(missed), len(seen), wrong, missed)


def main() -> None:
    """Print the figures of several thresholds for tuning, then those of the pictures held out."""
    tuning = look_at(labelled_pictures("tuning"))
    for values in product((60, 70, 80, 90, 95), (50, 55, 60, 70), (30, 40)):
        thresholds = Thresholds(*values)
        print(f"tuning, {thresholds}: {measure(tuning, thresholds)}")
    held_out = measure(look_at(labelled_pictures("held_out")))
    print(f"held out, {THRESHOLDS}: {held_out}")
    print("wrong:", *held_out.wrong, sep="\n  ")
    print("main subject missed:", *held_out.missed, sep="\n  ")


if __name__ == "__main__":
    main()
