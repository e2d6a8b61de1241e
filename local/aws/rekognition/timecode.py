"""SMPTE timecodes of frame numbers."""

from __future__ import annotations

_DROP_FRAME_RATES = (30, 60)  # nominal rates that run 0.1 % slow: 29.97 and 59.94 frames per second


def timecode(frame: int, rate: float) -> str:
    """Return the timecode ``HH:MM:SS:fr`` of a frame, or ``HH:MM:SS;fr`` (drop frame) at 29.97 and 59.94 fps.

    :param frame: counted from 0.
    :param rate: frames per second.
    """
    nominal = max(1, round(rate))
    drop = nominal in _DROP_FRAME_RATES and abs(rate - nominal / 1.001) < 0.005
    if drop:
        frame += _dropped(frame, nominal)
    seconds, rest = divmod(frame, nominal)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{';' if drop else ':'}{rest:02}"


def _dropped(frame: int, nominal: int) -> int:
    """Count the frame numbers skipped before a frame: the first of each minute, except every tenth minute."""
    per_minute = nominal // 15
    per_ten_minutes = nominal * 600 - 9 * per_minute
    tens, rest = divmod(frame, per_ten_minutes)
    minutes = max(0, (rest - per_minute) // (nominal * 60 - per_minute))
    return per_minute * (9 * tens + minutes)
