"""The normalizers, a module for each kind of finding. Importing the package imports all its modules."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from include.normalize.normalizer_registry import NORMALIZERS

__all__ = ["NORMALIZERS"]

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
