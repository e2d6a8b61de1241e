"""``lake.yaml`` as nobody would write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.lake import load_lake
from include.core.settings import SettingsError

TEXT = """
cost_centers: {{team: {{title: Team}}}}
sources: [{{name: photos, prefix: raw/, cost_center: team, features: {{image: {features}}}}}]
"""


@pytest.mark.parametrize(
    "features",
    ["[[labels]]", '["\\ud800"]', '[{"\\ud800": {}}]', "[2026-13-45]", "[!!int x]", "!!binary '*'"],
)
def test_values_of_odd_types_are_refused(tmp_path: Path, features: str) -> None:
    file = tmp_path / "lake.yaml"
    file.write_text(TEXT.format(features=features), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_lake(file)
    str(caught.value).encode()
