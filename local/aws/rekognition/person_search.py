"""Face search in videos: follows persons through sampled frames and searches them in a collection.

A face is the same person as in the sample before if the two boxes overlap. A person who moves by more than a
face's width between two samples, or is not seen in one, gets a new index. It runs in a worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from local.aws.rekognition.detectors.face_detector import overlap
from local.aws.rekognition.face_collections import IndexedFace, match_faces, select_matches
from local.aws.rekognition.film import Film, Sample, sample_frames
from local.aws.rekognition.findings import face_details

Params = dict[str, Any]
Item = dict[str, Any]
Face = dict[str, Any]  # as the face detector gives it

_PER_SECOND = 2
_SIDE = 640
_LEAST_OVERLAP = 0.2  # intersection over union


def search_film(path: str, params: Params, known: Sequence[IndexedFace]) -> Film:
    """Find the persons of a video and search them in a collection.

    :param params: of the Start request.
    :param known: faces of the collection.
    :return: each sample's evidence is ``persons``, with the members ``Person`` and ``FaceMatches`` of the
        findings.
    :raises UnreadableVideoError: see :func:`.sample_frames`.
    """
    film = sample_frames(path, ("faces",), _PER_SECOND, _SIDE)
    indexes = number_persons([sample.evidence["faces"] for sample in film.samples])
    matches: dict[int, list[Item]] = {}  # samples of a still picture share their faces
    samples = []
    for sample, numbers in zip(film.samples, indexes, strict=True):
        faces = sample.evidence["faces"]
        for face in faces:
            if id(face) not in matches:
                matches[id(face)] = match_faces(face["patch"], known, params)
        persons = [
            {"Person": {"Index": number, "Face": detail}, "FaceMatches": matches[id(face)]}
            for number, detail, face in zip(numbers, face_details(faces), faces, strict=True)
        ]
        samples.append(Sample(sample.timestamp, {"persons": persons}))
    return replace(film, samples=samples)


def number_persons(samples: Sequence[Sequence[Face]]) -> list[list[int]]:
    """Return the person indexes of each sample's faces, counted from 0 in the order of appearance."""
    fresh = count()
    numbered: list[list[int]] = []
    before: list[tuple[Face, int]] = []
    for faces in samples:
        left, numbers = list(before), []
        for face in faces:
            nearest = max(left, key=lambda pair: overlap(pair[0]["box"], face["box"]), default=None)
            if nearest is not None and overlap(nearest[0]["box"], face["box"]) >= _LEAST_OVERLAP:
                left = [pair for pair in left if pair is not nearest]
                numbers.append(nearest[1])
            else:
                numbers.append(next(fresh))
        before = list(zip(faces, numbers, strict=True))
        numbered.append(numbers)
    return numbered


def person_items(params: Params, film: Film) -> list[Item]:
    """Return the findings of a face search."""
    return [
        {"Timestamp": sample.timestamp, **person}
        for sample in film.samples
        for person in sample.evidence["persons"]
    ]


def select_persons(params: Params, items: list[Item]) -> list[Item]:
    """Apply a request's threshold to recorded findings; persons stay even without a match."""
    return [
        {**item, "FaceMatches": select_matches(item["FaceMatches"], params)}
        if "FaceMatches" in item
        else item
        for item in items
    ]


def sort_persons(items: list[Item], sort_by: str, aggregate_by: str) -> list[Item]:
    """Sort the persons of a video by ``INDEX`` or ``TIMESTAMP``, without aggregating them."""
    if sort_by == "INDEX":
        return sorted(items, key=lambda item: (item["Person"]["Index"], item["Timestamp"]))
    return sorted(items, key=lambda item: item["Timestamp"])
