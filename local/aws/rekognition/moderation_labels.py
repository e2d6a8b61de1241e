"""Moderation labels of what the nudity detector says.

Its network knows one thing: nudity or sexual acts, without telling them apart. In Rekognition's taxonomy
(https://docs.aws.amazon.com/rekognition/latest/dg/moderation.html) that is the top-level category Explicit
and, below it, Explicit Nudity; the third level names parts of the body, which the network does not.

The network's authors call a score below 0.2 safe and one above 0.8 very likely unsafe, and leave what is
between to people. So 0.2 is a confidence of 0, and 0.8 is 50, the default of ``MinConfidence``. On about 90
pictures without nudity, among them swimwear, portraits and much skin, the greatest score was 0.34. No
explicit pictures were at hand, so it is not measured how many of those are found.
"""

from __future__ import annotations

from typing import Any

_SAFE, _UNSAFE = 0.2, 0.8  # scores
_UNSAFE_CONFIDENCE = 50.0


def moderation_labels(nudity: float | None) -> list[dict[str, Any]]:
    """Return ``ModerationLabel`` structures of a score from 0 to 1; none if it is safe or unknown."""
    confidence = _confidence(nudity or 0.0)
    if confidence <= 0:
        return []
    return [
        {"Name": "Explicit Nudity", "ParentName": "Explicit", "TaxonomyLevel": 2, "Confidence": confidence},
        {"Name": "Explicit", "ParentName": "", "TaxonomyLevel": 1, "Confidence": confidence},
    ]


def _confidence(score: float) -> float:
    if score < _UNSAFE:
        return round((score - _SAFE) / (_UNSAFE - _SAFE) * _UNSAFE_CONFIDENCE, 2)
    return round(_UNSAFE_CONFIDENCE + (score - _UNSAFE) / (1 - _UNSAFE) * (100 - _UNSAFE_CONFIDENCE), 2)
