"""What somebody asks to erase: one asset, all below a prefix, a content with its copies, or a face."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from include.core.errors import TerminalError
from include.store.objects import split_uri

Kind = Literal["asset", "prefix", "content", "face"]

# What each is given as, in the words of forms and commands.
FORMS: dict[Kind, str] = {
    "asset": "its S3 URI, which has all versions of the object, or the media_id of one version",
    "prefix": "an S3 URI with more than a bucket; everything whose key begins with it",
    "content": "the content_id, as table media_assets has it",
    "face": "the face id, or the external image id of a collection's faces",
}


class ErasureError(TerminalError, ValueError):
    """It cannot be erased; the text says why and what to do."""


class ErasureRequest(BaseModel):
    """What is to be erased, and by whom.

    Assets go with their contents, so with every copy of these, whatever its key.

    :ivar value: see :data:`FORMS`.
    :ivar collection: of the face; None for every collection that lake.yaml names.
    :ivar decided_by: who asks.
    :ivar reason: why, without personal data: it is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    value: str
    collection: str | None = None
    decided_by: str
    reason: str = ""

    @classmethod
    def of(cls, chosen: dict[Kind, str | None], decided_by: str, reason: str, collection: str | None) -> Self:
        """Make a request of what a form or a command has.

        :param chosen: what was given, by kind.
        :raises ErasureError: if not exactly one thing was given, or it has another form.
        """
        given = {kind: value.strip() for kind, value in chosen.items() if value and value.strip()}
        if len(given) != 1:
            raise ErasureError(f"give one of {', '.join(FORMS)}, not {' and '.join(given) or 'nothing'}")
        ((kind, value),) = given.items()
        if mistake := next(_mistakes(kind, value, collection), None):
            raise ErasureError(f"{mistake}; {kind} is {FORMS[kind]}")
        return cls(kind=kind, value=value, collection=collection, decided_by=decided_by, reason=reason)

    @property
    def place(self) -> tuple[str, str] | None:
        """Bucket and key or prefix, if one was given."""
        return split_uri(self.value) if self.value.startswith("s3://") else None

    def is_same(self, other: ErasureRequest) -> bool:
        """Whether both are about the same thing."""
        return (self.kind, self.value, self.collection) == (other.kind, other.value, other.collection)


def _mistakes(kind: Kind, value: str, collection: str | None) -> Iterator[str]:
    bucket, key = split_uri(value)
    if value.startswith("s3://") and not (bucket and key):
        yield f"{value!r} names a whole bucket"
    if kind == "prefix" and not value.startswith("s3://"):
        yield f"{value!r} does not begin with s3://"
    if kind == "content" and value.count(":") < 2:
        yield f"{value!r} is no content_id"
    if collection and kind != "face":
        yield "only a face is in a collection"
