"""Objects, subjects and nudity by models, and what happens without them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from local.aws.rekognition.detectors import Evidence, examine, examine_image
from local.aws.rekognition.film import sample_frames
from local.aws.rekognition.label_accuracy import LabelledPicture, labelled_pictures, look_at, measure
from local.aws.rekognition.label_table import TAXONOMY
from local.aws.rekognition.label_taxonomy import LABEL_DETECTORS, LABEL_MODELS, labels_from
from local.aws.rekognition.model_files import NUDITY_NETWORK as NETWORK
from local.aws.rekognition.model_files import ModelFile, ModelFileError, load
from local.aws.rekognition.moderation_labels import moderation_labels
from local.aws.rekognition.pixels import decode
from local.aws.rekognition.pool import WorkerPool
from local.aws.rekognition.sightings import objects, subjects

ROOT = Path(__file__).parents[4]
SAMPLE = ROOT / "local/sample_media"
PICTURES = ROOT / "tests/fixtures/labelled_pictures"
BIRD, CAT, DOG, KITE, BANANA = 16, 17, 18, 38, 52  # classes of COCO
BEE = 309  # class of ImageNet
WITHOUT_MODELS: Evidence = {"objects": [], "subject": [], "nudity": None}


@pytest.fixture(scope="module")
def cat() -> Evidence:
    return examine_image((SAMPLE / "cat.png").read_bytes(), (*LABEL_DETECTORS, "nudity"))


def by_name(evidence: Evidence) -> dict[str, dict[str, Any]]:
    return {label["Name"]: label for label in labels_from(evidence)}


def seen(coco_class: int, confidence: float = 95.0) -> dict[str, Any]:
    return {"coco_class": coco_class, "confidence": confidence, "box": [0.1, 0.1, 0.5, 0.5]}


def test_an_object_has_its_box_its_category_and_all_its_ancestors(cat: Evidence) -> None:
    labels = by_name(cat)
    assert set(labels) == {"Cat", "Pet", "Mammal", "Animal"}
    assert labels["Cat"]["Parents"] == [{"Name": "Animal"}, {"Name": "Mammal"}, {"Name": "Pet"}]
    assert labels["Cat"]["Categories"] == [{"Name": "Animals and Pets"}]
    box = labels["Cat"]["Instances"][0]["BoundingBox"]
    assert box["Width"] * box["Height"] > 0.5  # a portrait
    assert [labels[name]["Instances"] for name in ("Pet", "Mammal", "Animal")] == [[], [], []]


def test_the_same_picture_gets_the_same_answer(cat: Evidence) -> None:
    again = examine(decode((SAMPLE / "cat.png").read_bytes()), (*LABEL_DETECTORS, "nudity"))
    assert again == cat


@pytest.fixture(scope="module")
def held_out() -> list[tuple[LabelledPicture, Evidence]]:
    """The small pictures, on which no threshold was chosen."""
    small = [picture for picture in labelled_pictures("held_out") if picture.path.parent == PICTURES]
    return look_at(small, (*LABEL_DETECTORS, "nudity"))


def test_what_is_reported_of_pictures_held_out_is_right(
    held_out: list[tuple[LabelledPicture, Evidence]], capsys: pytest.CaptureFixture[str]
) -> None:
    accuracy = measure(held_out)
    with capsys.disabled():
        print(f"\nlabels: {accuracy}")
    assert accuracy.pictures == 19
    assert accuracy.precision >= 0.9, accuracy.wrong
    assert accuracy.recall >= 0.55, accuracy.missed


def test_people_in_a_film_have_boxes() -> None:
    film = sample_frames(
        str(SAMPLE / "people-one-by-one.mp4"),
        ("faces", "scenes"),
        per_second=0.5,
        side=640,
        slow=LABEL_MODELS,
    )
    persons = [by_name(sample.evidence).get("Person") for sample in film.samples]
    assert any(person and person["Instances"] for person in persons)
    objects_seen = [sample.evidence["objects"] for sample in film.samples]
    assert objects_seen[1::2] == objects_seen[: 2 * (len(objects_seen) // 2) : 2]


def test_a_subject_is_the_sum_of_its_kinds_in_every_view() -> None:
    siamese, tabby, palace = 284, 281, 698
    assert subjects([]) == {}
    assert subjects([{siamese: 30.0, tabby: 40.0}, {tabby: 60.0}])["Cat"] == 65.0
    assert subjects([{palace: 90.0}, {palace: 30.0}]) == {}  # the whole picture shows something else


@pytest.mark.parametrize(
    ("found", "subject", "names"),
    [
        ([seen(BIRD)], {BEE: 90.0}, set()),  # an insect that COCO does not know
        ([seen(BANANA)], {BEE: 90.0}, set()),
        ([seen(BIRD)], {}, {"Bird"}),
        ([seen(CAT), seen(DOG)], {207: 90.0}, {"Cat", "Dog"}),  # a golden retriever and a cat
        ([seen(CAT, 79.0)], {}, set()),
        ([seen(KITE)], {}, set()),  # balloons are taken for kites, so kites are left out
    ],
)
def test_the_subject_corrects_detected_animals(
    found: list[dict[str, Any]], subject: dict[int, float], names: set[str]
) -> None:
    assert set(objects(found, subjects([subject]))) == names


def test_every_parent_is_a_label_with_its_own_parents_listed() -> None:
    for concept in TAXONOMY.values():
        for parent in concept.parents:
            assert set(TAXONOMY[parent].parents) < set(concept.parents), concept.name
    numbers = [number for concept in TAXONOMY.values() for number in concept.imagenet_classes]
    assert len(numbers) == len(set(numbers)) > 700
    assert set(numbers) <= set(range(1000))


@pytest.mark.parametrize(
    ("score", "expected"), [(None, None), (0.2, None), (0.35, 12.5), (0.8, 50.0), (1.0, 100.0)]
)
def test_moderation_is_calibrated_by_what_the_authors_say(
    score: float | None, expected: float | None
) -> None:
    labels = moderation_labels(score)
    assert [label["Confidence"] for label in labels] == ([] if expected is None else [expected] * 2)
    names = {(label["Name"], label["ParentName"], label["TaxonomyLevel"]) for label in labels}
    assert names in (set(), {("Explicit", "", 1), ("Explicit Nudity", "Explicit", 2)})


def test_no_picture_at_hand_is_called_nude(held_out: list[tuple[LabelledPicture, Evidence]]) -> None:
    people = [SAMPLE / name for name in ("astronaut.png", "grace-hopper.jpg", "camera-operator-exif6.jpg")]
    scores = [examine_image(path.read_bytes(), ("nudity",))["nudity"] for path in people]
    scores += [evidence["nudity"] for _, evidence in held_out]
    assert max(scores) < 0.5  # 0.8 is the default threshold


def test_without_models_the_service_answers_as_before() -> None:
    async def look() -> Evidence:
        pool = WorkerPool(1, models=False)
        try:
            return await pool.run(examine_image, (SAMPLE / "cat.png").read_bytes(), tuple(WITHOUT_MODELS))
        finally:
            pool.close()

    evidence = asyncio.run(look())
    assert evidence == WITHOUT_MODELS
    assert labels_from(evidence | {"faces": [], "scenes": {}}) == []
    assert moderation_labels(evidence["nudity"]) == []


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (ModelFile("no_such_package", "model.onnx", "", "no-such-package", "MIT"), "install no-such-package"),
        (ModelFile(NETWORK.package, "missing.onnx", "", NETWORK.project, "MIT"), "missing.onnx is missing"),
        (ModelFile(NETWORK.package, NETWORK.path, "0" * 64, NETWORK.project, "MIT"), "SHA-256 fb29e60f"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_sentence_in_the_log(
    file: ModelFile, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ModelFileError, match=reason):
        file.checked_path()
    assert load("nudity", lambda path: path, file) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert reason in caplog.text
