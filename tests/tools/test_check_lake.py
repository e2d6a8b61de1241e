"""``python -m tools.check_lake`` on a file: one sentence for each kind of mistake, with its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.core.lake import load_lake
from include.core.settings import SettingsError, load_settings
from tools.check_lake import main

RIGHT = """\
min_confidence:
  labels: 55
cost_centers:
  team: {title: Team}
sources:
  - name: one
    prefix: raw/one/
    cost_center: team
    approval_limit_usd: 25
    features:
      image:
        - labels
        - face_search: {CollectionId: staff}
      video: [segments]
"""
SECOND = """\
  - name: two
    bucket: media-lake
    prefix: raw/
    discovery: last_modified
    cost_center: team
    features: {image: [text]}
"""
ARABIC = "arn:aws:rekognition:us-east-1:١٢٣٤٥٦٧٨٩٠١٢:project/a/version/b/1"
BOMB = "\n".join(
    f"{name}: &{name} [{', '.join([before] * 9)}]"
    for before, name in zip(("x", "*a", "*b", "*c", "*d", "*e"), "abcdef", strict=True)
)


def changed(old: str, new: str) -> str:
    """Return the right file with one thing changed."""
    assert old in RIGHT
    return RIGHT.replace(old, new)


# What is in the file, the line of the mistake, what is wrong, and what to write instead.
MISTAKES = {
    "empty": ("", 1, "the file holds nothing", "write sources and cost_centers"),
    "comments only": ("# later\n", 1, "the file holds nothing", "as in include/lake.yaml"),
    "a list": ("- a\n", 1, "the file holds a list", "write sources and cost_centers"),
    "text": ("hello", 1, "the file holds 'hello'", "write sources and cost_centers"),
    "two documents": (f"{RIGHT}---\n{RIGHT}", 15, "found another document", "correct this line"),
    "a tab": ("a:\n\t- b\n", 2, "this is not valid YAML", "correct this line"),
    "an open bracket": ("a: [b", 1, "this is not valid YAML", "correct this line"),
    "a control character": ("a: 1\nb: \x00", 2, "this is not valid YAML", "correct this line"),
    "deep nesting": ("[" * 600, 1, "nested too deeply", "correct this line"),
    "references without end": ("a: &a [*a]\n", 1, "unfold to more than", "correct this line"),
    "references that multiply": (BOMB, 1, "unfold to more than", "correct this line"),
    "a Python object": (changed("25", "!!python/object:os.system x"), 9, "could not determine", "correct"),
    "a date that is none": (changed("Team}", "2026-13-45}"), 4, "'2026-13-45' is no timestamp", "quotes"),
    "a date as text": (changed("Team}", "2026-11-20}"), 4, "2026-11-20 is no text", "the name of the team"),
    "a key twice": (
        changed("  team: {t", "  team: {title: x, t"),
        4,
        "the key 'title' is there twice",
        "leave",
    ),
    "an unknown key": (
        changed("    prefix:", "    prefx:"),
        7,
        "prefx: there is no such key (did you mean prefix?)",
        "leave",
    ),
    "an unknown key of the file": (f"{RIGHT}sorces: []\n", 15, "did you mean sources?", "leave it out"),
    "a missing key": (
        changed("    cost_center: team\n", ""),
        6,
        "cost_center: the key is missing",
        "write a",
    ),
    "no sources": (RIGHT.split("sources")[0] + "sources: []\n", 5, "the list is empty", "write a source"),
    "sources by name": (RIGHT.split("sources")[0] + "sources: {one: {}}", 5, "is no list", "write a list of"),
    "an infinite limit": (changed("25", ".inf"), 9, "inf is no finite number", "as in 25.50"),
    "a limit that is no number": (changed("25", ".nan"), 9, "nan is ", "as in 25.50"),
    "a negative limit": (changed("25", "-1"), 9, "-1 is below 0", "as in 25.50"),
    "a yes for a number": (changed("25", "yes"), 9, "true is no number", "as in 25.50"),
    "a comma in a number": (changed("25", "25,50"), 9, "'25,50' is no number", "as in 25.50"),
    "digits of another script": (changed("25", "٢٥"), 9, "'٢٥' is no number", "as in 25.50"),
    "a number without end": (changed("25", "0x" + "f" * 9000), 9, "is no int", "correct this line"),
    "a folder for all days": (
        changed("raw/one/", "raw/\n    date_path: all/"),
        8,
        "several days",
        "name year",
    ),
    "a folder for all years": (
        changed("raw/one/", "raw/\n    date_path: '%m/%d/'"),
        8,
        "several days one folder",
        "name year",
    ),
    "a folder of an hour": (
        changed("raw/one/", "raw/\n    date_path: '%Y/%m/%d/%H/'"),
        8,
        "more than days",
        "write year",
    ),
    "a prefix of the lake": (
        changed("raw/one/", "curated/"),
        7,
        "what the lake itself writes",
        "such as raw/",
    ),
    "a prefix without slash": (changed("raw/one/", "raw"), 7, "does not have the right form", "raw/photos/"),
    "a bucket with a slash": (changed("prefix: raw/one/", "bucket: a/b"), 7, "right form", "as in my-media"),
    "sources that overlap": (RIGHT + SECOND, 15, "would hold the same objects", "give them prefixes"),
    "folders that overlap": (
        RIGHT + SECOND.replace("raw/\n    discovery: last_modified", "raw/one/\n    date_path: '%Y/%d/%m/'"),
        15,
        "would hold the same objects",
        "give them prefixes",
    ),
    "a name twice": (RIGHT + SECOND.replace("two", "one").replace("raw/", "b/"), 15, "two sources", "rename"),
    "an unknown team": (
        changed("center: team", "center: teem"),
        8,
        "not under cost_centers (did you mean team?)",
        "add it",
    ),
    "a no for a name": (changed("center: team", "center: no"), 8, "false is no text", "write a name"),
    "a name in capitals": (changed("name: one", "name: One"), 6, "right form", "lower-case letters"),
    "an unknown feature": (
        changed("- labels", "- labls"),
        12,
        "(did you mean labels?)",
        "choose from labels",
    ),
    "a feature twice": (changed("- labels", "- labels\n        - labels"), 12, "listed 2 times", "leave one"),
    "a feature switched off": (
        changed("- labels", "- labels: false"),
        12,
        "false is no mapping",
        "leave the",
    ),
    "a feature in brackets": (changed("- labels", "- [labels]"), 11, "a list stands", "take its brackets"),
    "features as text": (changed("[segments]", "segments"), 14, "'segments' is no list", "write a list"),
    "no features after a colon": (changed(" [segments]", ""), 14, "nothing is no list", "write a list"),
    "a feature that AWS ended": (changed("[segments]", "[people_pathing]"), 14, "AWS ended", "use `labels`"),
    "no collection": (
        changed(": {CollectionId: staff}", ""),
        13,
        "CollectionId is missing",
        "write it after",
    ),
    "a collection with a space": (changed("staff", "the staff"), 13, "does not have the form", "[a-zA-Z0-9"),
    "an unknown member": (
        changed("- labels", "- labels: {MaxLabel: 5}"),
        12,
        "(did you mean MaxLabels?)",
        "choose from",
    ),
    "a member of another type": (
        changed("- labels", "- labels: {MaxLabels: many}"),
        12,
        "MaxLabels: Invalid type",
        "valid types: int",
    ),
    "a member beyond its limit": (
        changed("- labels", "- labels: {MinConfidence: 130}"),
        12,
        "130 is more than",
        "100",
    ),
    "a value that is none of the list": (
        changed("[segments]", "[segments: {SegmentTypes: [SHOTS]}]"),
        14,
        "'SHOTS' is none of",
        "TECHNICAL_CUE, SHOT",
    ),
    "digits of another script in an ARN": (
        changed("- labels", f"- custom_labels: {{ProjectVersionArn: '{ARABIC}'}}"),
        12,
        "have the form",
        "arn:",
    ),
    "a threshold that is too low": (
        changed("labels: 55", "labels: 20"),
        2,
        "20 is below 30",
        "from 30 to 100",
    ),
    "a threshold as text": (
        changed("labels: 55", "labels: high"),
        2,
        "'high' is no number",
        "from 30 to 100",
    ),
    "a threshold of an unknown feature": (
        changed("labels: 55", "lables: 55"),
        2,
        "did you mean labels?",
        "leave",
    ),
    "a threshold without effect": (
        changed("labels: 55", "image_properties: 55"),
        2,
        "image_properties has no confidence",
        "leave it out",
    ),
    "a version as a number": (f"{RIGHT}model_versions: {{labels: 3.0}}", 15, "3.0 is no text", "in quotes"),
    "an inventory without its place": (
        changed("prefix: raw/one/", "prefix: raw/one/\n    discovery: inventory"),
        6,
        "needs the member inventory",
        "id",
    ),
}


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No credentials: the file alone is checked."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def written(folder: Path, text: str) -> Path:
    path = folder / "lake.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", MISTAKES)
def test_each_kind_of_mistake_is_one_sentence_and_the_one_that_tasks_refuse_with(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, line, wrong, instead = MISTAKES[kind]
    path = written(tmp_path, text)
    assert main([str(path)]) == 1
    (sentence,) = capsys.readouterr().out.splitlines()
    assert sentence.startswith(f"lake.yaml, line {line}: ")
    assert wrong in sentence
    assert instead in sentence.split(wrong, 1)[1]
    with pytest.raises(SettingsError) as error:
        load_lake(path, load_settings().bucket)
    assert str(error.value) == sentence


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_its_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        (RIGHT + SECOND + SECOND.replace("two", "three")).replace("55", "20").replace("- labels", "- labls")
    )
    assert main([str(written(tmp_path, text.replace("raw/one/", "raw").replace("title", "titel")))]) == 1
    lines = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == [f"lake.yaml, line {number}" for number in (2, 4, 4, 7, 12, 21)]


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lake.yaml"
    assert main([str(path)]) == 1
    assert "does not exist; set MEDIA_LAKE_LAKE_FILE" in capsys.readouterr().out
    assert main([str(tmp_path)]) == 1
    assert "cannot be read: Is a directory" in capsys.readouterr().out
    path.write_text(RIGHT, encoding="utf-16")
    assert main([str(path)]) == 1
    assert capsys.readouterr().out == "lake.yaml, line 1: this is not UTF-8; save the file as UTF-8\n"


def test_nothing_of_a_file_reaches_the_terminal_as_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, changed("name: one", 'name: "\\e[31m\\nred"'))
    assert main([str(path)]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isprintable()


def test_wrong_settings_are_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(tmp_path, RIGHT))
    monkeypatch.setenv("MEDIA_LAKE_REGION", "xx-north-1")
    assert main([path]) == 1
    assert "the price books lack region 'xx-north-1'" in capsys.readouterr().out
    load_settings.cache_clear()
    monkeypatch.setenv("MEDIA_LAKE_BUCKETT", "x")
    monkeypatch.setenv("MEDIA_LAKE_BATCH_SIZE", "٢٠٠٠")
    monkeypatch.setenv("MEDIA_LAKE_JOBS_ROLE_ARN", "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/r")
    assert main([path]) == 1
    assert [line.split(":")[0].split(";")[0] for line in capsys.readouterr().out.splitlines()] == [
        "there is no setting MEDIA_LAKE_BUCKETT (did you mean MEDIA_LAKE_BUCKET?)",
        "MEDIA_LAKE_JOBS_ROLE_ARN",
        "MEDIA_LAKE_BATCH_SIZE",
    ]


def test_a_right_file_is_right_without_credentials(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, RIGHT)
    assert main([str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: right; sources: 1, features: 3",
        "only the file was checked: there are no credentials of AWS",
    ]


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [("http://127.0.0.1:9", "Could not connect to the endpoint"), ("nonsense", "Invalid endpoint: nonsense")],
)
def test_a_right_file_is_right_where_no_aws_answers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    endpoint: str,
    reason: str,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    assert main([str(written(tmp_path, RIGHT))]) == 0
    assert f"only the file was checked: {reason}" in capsys.readouterr().out


def test_days_are_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--days", "٣"])
    assert "'٣' is no number of days" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", [RIGHT, changed("- labels", "- labels:"), changed("one\n", "one\n    <<: {title: x}\n")]
)
def test_right_files_are_accepted(tmp_path: Path, text: str) -> None:
    assert main([str(written(tmp_path, text))]) == 0
