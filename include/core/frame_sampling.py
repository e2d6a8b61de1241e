"""Which frames of a video are analyzed as images, where a source takes that route instead of a job."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

# Above 1.667 frames a second the first tier's price of images is more than that of a minute of video.
DEFAULT_FRAMES_PER_SECOND = 0.5
LEAST_FRAMES_PER_SECOND = 0.01
MOST_FRAMES_PER_SECOND = 10.0

# Frames at which the scene changes are at least so far apart, so that their number is bounded.
LEAST_SCENE_SECONDS = 1.0


@dataclass(frozen=True)
class FrameSampling:
    """At regular times, or where the scene changes.

    :param frames_per_second: None for the first frame and each at which the scene changes, one a second at
        most.
    """

    frames_per_second: float | None = DEFAULT_FRAMES_PER_SECOND

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Self:
        """Return what :meth:`to_json` was made of."""
        return cls(None if members.get("scene_changes") else members["frames_per_second"])

    def to_json(self) -> dict[str, Any]:
        """Return the members by which analysis keys and plans have it."""
        if self.frames_per_second is None:
            return {"scene_changes": True}
        return {"frames_per_second": self.frames_per_second}

    def most_frames(self, duration_ms: int) -> int:
        """Return how many frames of a video are analyzed: as many, or of changes of the scene no more."""
        rate = self.frames_per_second or 1 / LEAST_SCENE_SECONDS
        return max(1, math.ceil(round(duration_ms * rate / 1000, 6)))

    def __str__(self) -> str:
        if self.frames_per_second is None:
            return "where the scene changes"
        return f"{self.frames_per_second:g} a second"
