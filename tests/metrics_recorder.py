"""Takes figures where a collector would, so that tests can look at them."""

from __future__ import annotations

from include.core.metrics import Metric


class MetricsRecorder:
    """Keeps every figure: metric, value, tags."""

    def __init__(self) -> None:
        self.figures: list[tuple[Metric, float, dict[str, str]]] = []

    def count(self, metric: Metric, value: int = 1, **tags: str) -> None:
        self.figures.append((metric, value, tags))

    def timing(self, metric: Metric, seconds: float, **tags: str) -> None:
        self.figures.append((metric, seconds, tags))

    def gauge(self, metric: Metric, value: float, **tags: str) -> None:
        self.figures.append((metric, value, tags))

    def values(self, metric: Metric) -> list[float]:
        """Return the values of a metric, in the order in which they came."""
        return [value for name, value, _ in self.figures if name == metric]

    def counted(self, metric: Metric, **tags: str) -> float:
        """Return the sum of a counter over figures that have these tags."""
        return sum(
            value for name, value, has in self.figures if name == metric and tags.items() <= has.items()
        )
