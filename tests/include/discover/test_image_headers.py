from __future__ import annotations

import pytest
from PIL import Image

from tests.include.discover.made_media import code, look, picture


def test_exif_rotation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = look(picture("JPEG", exif=exif))
    assert (facts.width, facts.height) == (320, 200)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_images_and_appended_data(kind: str) -> None:
    whole = picture(kind, (600, 400))
    assert code(look(whole)) is None
    assert code(look(whole[: len(whole) // 2])) == "Truncated"
    assert code(look(whole[:-1])) == "Truncated"
    assert code(look(whole + b"a motion photo's video" * 1000)) is None
    assert code(look(whole[:20])) == "DamagedHeader"
