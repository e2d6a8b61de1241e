"""What stands in ``lake.yaml``, whatever it is, before and while it is checked."""

from __future__ import annotations

from typing import Any

from include.core.setting_mistakes import Mistake


def with_place(mistake: Mistake, content: Any) -> str:
    """Return a mistake's sentence after its place in words, with the name of the source that it is in."""
    place, sentence = mistake
    if place and sentence.startswith(str(place[-1])):
        place = place[:-1]
    words = [".".join(map(str, place))]
    if place[:1] == ("sources",) and len(place) > 1:
        source = content["sources"][place[1]]
        name = source.get("name") if isinstance(source, dict) else None
        words = [f"source {name if isinstance(name, str) else place[1]}", ".".join(map(str, place[2:]))]
    return ": ".join([*filter(None, words), sentence])


def without_own_bucket(content: Any, bucket: str | None) -> Any:
    """Return the content with sources in the lake's own bucket naming none, so that overlaps are seen."""
    sources = content.get("sources") if isinstance(content, dict) else None
    if not bucket or not isinstance(sources, list):
        return content
    plain = [
        {name: value for name, value in source.items() if (name, value) != ("bucket", bucket)}
        if isinstance(source, dict)
        else source
        for source in sources
    ]
    return {**content, "sources": plain}
