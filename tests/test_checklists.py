"""The checklists of CONTRIBUTING.md are complete: played in a copy of the project, its tests pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checklist_tree import CopiedTree, is_at, places_of

MOST_PLACES = 5

# Each runs hundreds of tests in a process of its own.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

LAKE_SQL = [
    f"tests/local/aws/test_lake_sql.py::{name}"
    for name in (
        "test_views_can_be_made_again_and_are_empty_on_an_empty_lake",
        "test_rows_are_counted_by_table_and_day",
        "test_findings_by_file_tell_none_from_not_asked_for",
    )
]


@pytest.fixture
def tree(tmp_path: Path) -> CopiedTree:
    return CopiedTree.make(tmp_path)


def assert_by_the_list(tree: CopiedTree, heading: str) -> None:
    """The files changed by hand are those of the checklist, at most five."""
    places = places_of(heading)
    assert len(places) <= MOST_PLACES
    assert len(tree.by_hand) <= len(places)
    unlisted = [path for path in tree.by_hand if not any(is_at(path, place) for place in places)]
    assert unlisted == []


FEATURE = """        Feature(
            name="user_search",
            title="Users of a collection of one's own",
            tables=("user_matches",),
            image=ImageCall(
                operation="SearchUsersByImage",
                price_items=(IMAGE_GROUP_1,),
                parameters={"UserMatchThreshold": SIMILARITY_FLOOR},
                required_parameters=("CollectionId",),
                model_version_member="FaceModelVersion",
                nothing_found_error="no faces in the image",
                max_side=None,
            ),
            sensitive=True,
        ),
"""
TABLE = """    Table(
        "user_matches",
        "Users of a collection whose faces match the largest face of the image; one row per match.",
        (
            *_FINDING,
            Column("user_id", "string", "user of the collection", required=True),
            Column("similarity", "double", "similarity in percent", required=True, minimum=0, maximum=100),
            *_BOX,
        ),
        sort_keys=("user_id", "media_id"),
        sensitive=True,
        score="similarity",
    ),
"""
NORMALIZER = '''"""Rows of table ``user_matches`` from SearchUsersByImage; ``box_*`` is the searched face."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, box, mapping, number, objects, word
from include.normalize.normalizer_registry import TableRow, normalizes


@normalizes("SearchUsersByImage")
def searched_users(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every user that matches."""
    for page in pages:
        searched = mapping(mapping(page.get("SearchedFace")).get("FaceDetail"))
        for match in objects(page.get("UserMatches")):
            yield "user_matches", {
                "model_version": word(page.get("FaceModelVersion")),
                "user_id": word(mapping(match.get("User")).get("UserId")),
                "similarity": number(match.get("Similarity")),
                **box(searched.get("BoundingBox")),
            }
'''
RESPONSE = {
    "UserMatches": [
        {"Similarity": 99.5, "User": {"UserId": "grace", "UserStatus": "ACTIVE"}},
        {"Similarity": 81.0, "User": {"UserId": "ada", "UserStatus": "ACTIVE"}},
    ],
    "FaceModelVersion": "6.0",
    "SearchedFace": {
        "FaceDetail": {
            "BoundingBox": {"Left": 0.25, "Top": 0.125, "Width": 0.5, "Height": 0.75},
            "Confidence": 99.0,
        }
    },
    "UnsearchedFaces": [],
}
COUNT = """    "SearchUsersByImage": {"user_matches": "length(UserMatches)"},
"""


def test_a_feature_is_added_by_the_checklist(tree: CopiedTree) -> None:
    """The operation exists at AWS, no feature calls it, and the local endpoint does not offer it."""
    tree.insert(
        "include/core/features.py", '        Feature(\n            name="protective_equipment"', FEATURE
    )
    tree.insert("include/core/schemas/finding_tables.py", '    Table(\n        "protective_equipment"', TABLE)
    tree.write("include/normalize/normalizers/user_matches.py", NORMALIZER)
    tree.write("tests/fixtures/responses/SearchUsersByImage.json", json.dumps(RESPONSE, indent=1) + "\n")
    tree.insert("tests/include/normalize/test_normalize.py", '    "DetectProtectiveEquipment": {', COUNT)
    assert_by_the_list(tree, "To add a feature of Rekognition")
    tree.generate()
    tree.test(
        "tests/test_project_structure.py",
        "tests/include/core/test_features.py",
        "tests/include/core/schemas",
        "tests/include/normalize/test_normalize.py",
        "tests/include/normalize/test_normalizer_registry.py",
        "tests/include/store/test_sql.py",
        "tests/include/store/test_parquet.py",
        "tests/infrastructure/test_readers.py",
        "tests/tools/test_generate.py",
        "tests/local/aws/test_coverage.py",
        *LAKE_SQL,
        "tests/dags/test_dag_integrity.py",
    )


def test_a_dag_is_added_by_the_checklist(tree: CopiedTree) -> None:
    """It does what ``report_costs`` does, under another name."""
    wiring = tree.read("dags/report_costs.py")
    renamed = wiring.replace("report_costs", "recount_costs").replace("Report costs", "Recount costs")
    tree.write("dags/recount_costs.py", renamed)
    assets = "plugins/media_lake/assets.py"
    tree.write(assets, tree.read(assets).replace("report_costs", "report_costs, recount_costs"))
    assert_by_the_list(tree, "To add a Dag")
    tree.generate()
    # Not test_task_imports.py: the Dags whose tasks it measures are named there.
    tree.test(
        "tests/test_project_structure.py",
        "tests/dags/test_alerts.py",
        "tests/dags/test_dag_integrity.py",
        "tests/dags/test_partitions.py",
        "tests/tools/test_generate.py",
    )


FACES = "include/normalize/normalizers/faces.py"


def test_a_column_is_added_by_the_checklist(tree: CopiedTree) -> None:
    """It holds a member of the API's responses that no column has."""
    tree.insert(
        "include/core/schemas/finding_tables.py",
        '            Column("age_low", "int"',
        '            Column("eye_yaw", "double", "yaw of the eyes in degrees", minimum=-180, maximum=180),\n',
    )
    eyes = 'number(mapping(face.get("EyeDirection")).get("Yaw"))'
    tree.insert(FACES, '        "age_low": ', f'        "eye_yaw": {eyes},\n')
    fixture = "tests/fixtures/responses/DetectFaces.json"
    tree.insert(fixture, '   "Pose": {', '   "EyeDirection": {\n    "Yaw": -12.5\n   },\n')
    tree.insert(
        "tests/include/normalize/normalizers/test_faces.py",
        "def test_only_indexing",
        "def test_where_eyes_look() -> None:\n"
        '    full, bare = rows("DetectFaces", response("DetectFaces"))\n'
        '    assert (full["eye_yaw"], bare["eye_yaw"]) == (-12.5, None)\n\n\n',
    )
    assert_by_the_list(tree, "To add a column")
    tree.generate()
    tree.test(
        "tests/include/core/schemas",
        "tests/include/normalize/test_normalize.py",
        "tests/include/normalize/normalizers/test_faces.py",
        "tests/include/store/test_sql.py",
        "tests/include/store/test_parquet.py",
        "tests/tools/test_generate.py",
        *LAKE_SQL,
    )
