"""The form with which people say what is to be erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Param, get_current_context

if TYPE_CHECKING:
    from include.operate.erasure_request import ErasureRequest


def _text(title: str, description: str) -> Param:
    return Param(None, type=["string", "null"], title=title, description=description)


ERASURE_PARAMS: dict[str, Param] = {
    "dry_run": Param(
        True, type="boolean", title="Dry run", description="Only show what would go, and from where."
    ),
    "asset": _text("Asset", "S3 URI of an object, or the media_id of one of its versions."),
    "prefix": _text("Prefix", "S3 URI; everything whose key begins with it."),
    "content": _text("Content", "A content_id, as table media_assets has it."),
    "face": _text("Face", "Face id, or external image id of the faces of a collection."),
    "collection": _text("Collection", "Of the face. Empty: every collection that lake.yaml names."),
    "reason": _text("Reason", "Why, without personal data: table erasures keeps it."),
    "allow_again": Param(
        False, type="boolean", title="Allow again",
        description="Erase nothing: what was erased may be analyzed again, and is paid for again.",
    ),
}  # fmt: skip


def chosen_erasure(decided_by: str) -> ErasureRequest:
    """Return what the run's form asks for.

    :raises include.operate.erasure_request.ErasureError: if it asks for nothing, or for several things.
    """
    from include.operate.erasure_request import FORMS, ErasureRequest

    params = get_current_context()["params"]
    chosen = {kind: params[kind] for kind in FORMS}
    return ErasureRequest.of(chosen, decided_by, params["reason"] or "", params["collection"] or None)
