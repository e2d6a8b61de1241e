"""The features that a source asks for, as people write them: names, some with request members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator

from include.core.setting_mistakes import Mistake, refuse, shown


def _by_name(listed: Any) -> Any:
    """Turn ``[labels, {face_search: {CollectionId: staff}}]`` into a mapping of names to request members."""
    if isinstance(listed, dict):
        return _with_members(listed.items())
    if not isinstance(listed, list | tuple):
        raise ValueError(f"{shown(listed)} is no list; write a list of features, as in [labels, text]")
    entries = [entry if isinstance(entry, dict) else {_name(entry): None} for entry in listed]
    counts = Counter(name for entry in entries for name in entry)
    refuse(
        Mistake((str(name),), f"the feature {name} is listed {count} times; leave one")
        for name, count in counts.items()
        if count > 1
    )
    return _with_members(item for entry in entries for item in entry.items())


def _name(entry: Any) -> Hashable:
    if isinstance(entry, Hashable):
        return entry
    raise ValueError("a list stands where the name of a feature belongs; take its brackets away")


def _with_members(items: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Return features with the members of their requests; a name without any may end in a colon."""
    features = {name: {} if members is None else members for name, members in items}
    refuse(
        Mistake(
            (str(name),),
            f"{shown(members)} is no mapping of request members; leave the feature out, or write "
            "members, as in {labels: {MaxLabels: 10}}",
        )
        for name, members in features.items()
        if not isinstance(members, dict)
    )
    return features


WantedFeatures = Annotated[dict[str, dict[str, Any]], BeforeValidator(_by_name)]
