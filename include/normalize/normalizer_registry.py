"""Which function normalizes the responses of which operation.

A function of :mod:`include.normalize.normalizers` enters itself with :func:`normalizes`; nothing else lists
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from include.normalize.members import JsonObject
from include.store.objects import Row

# The name of a table and a row of it.
TableRow = tuple[str, Row]
Normalizer = Callable[[Iterable[JsonObject]], Iterator[TableRow]]

NORMALIZERS: dict[str, Normalizer] = {}


def normalizes(*operations: str) -> Callable[[Normalizer], Normalizer]:
    """Enter a function as the normalizer of operations.

    :param operations: API operations under which responses are archived, such as ``DetectLabels``.
    :raises ValueError: if an operation has a normalizer already.
    """

    def enter(normalizer: Normalizer) -> Normalizer:
        for operation in operations:
            if operation in NORMALIZERS:
                raise ValueError(f"two functions normalize {operation}")
            NORMALIZERS[operation] = normalizer
        return normalizer

    return enter
