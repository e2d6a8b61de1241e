"""Discover: find the media of one day of the lake, look into their headers, and leave a manifest.

How the objects of a day are found is a matter of the source (:mod:`include.discover.listing`); what is done with them is
the same for all (:mod:`include.discover.discovery`). The content decides what an object is, never its name; headers are
read by ranged requests. An object that is neither media nor named like media is counted and left out; everything else
is in the manifest, with the reason if it can't be used.
"""

from __future__ import annotations

from include.discover.discovery import MANIFEST_SCHEMA, discover
from include.discover.listed_object import Listed
from include.discover.listing import list_media

__all__ = ["MANIFEST_SCHEMA", "Listed", "discover", "list_media"]
