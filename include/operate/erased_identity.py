"""What is being erased, by all names under which places of the lake know it.

Identifiers are hexadecimal: media ids, analysis keys, ETags, JobIds at least 32 digits, face ids UUIDs. They
are found in any text. Identities of contents and keys of objects are found as whole words, as they are and as
URLs have them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, ConfigDict

from include.store.erased_contents import ERASED_NAME

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32,}")
_BEFORE, _AFTER = r"(?<![\w./%+-])(?:s3://)?", r"(?![\w%+-])"
_REST = r"[^\s\"',;<>\\]*"

Place = tuple[str, str]


class Identity(BaseModel):
    """What is being erased.

    :ivar days: of the lake that have something of it; None for all.
    :ivar etags: of its objects, beside those that are part of a content's identity.
    :ivar keys: bucket and key of its objects; those of ``all_versions`` go whatever was there.
    :ivar prefixes: bucket and prefix of objects, whatever their number.
    :ivar faces: face ids; ``external_image_ids`` are of the same faces.
    :ivar collections: that hold the faces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: frozenset[str] | None = frozenset()
    media_ids: frozenset[str] = frozenset()
    content_ids: frozenset[str] = frozenset()
    etags: frozenset[str] = frozenset()
    keys: frozenset[Place] = frozenset()
    all_versions: frozenset[Place] = frozenset()
    prefixes: frozenset[Place] = frozenset()
    analysis_keys: frozenset[str] = frozenset()
    job_ids: frozenset[str] = frozenset()
    faces: frozenset[str] = frozenset()
    external_image_ids: frozenset[str] = frozenset()
    collections: frozenset[str] = frozenset()

    @cached_property
    def ids(self) -> frozenset[str]:
        """Identifiers as texts have them."""
        found = self.media_ids | self.analysis_keys | self.job_ids | self.faces
        return found | self._etags | self.content_ids

    @cached_property
    def _etags(self) -> frozenset[str]:
        return self.etags | {content_id.split(":")[1] for content_id in self.content_ids}

    def has_object(self, bucket: str, key: str, etag: str) -> bool:
        """Whether a version of an object of a source is erased.

        :param etag: empty for its removal.
        """
        if (bucket, key) in self.all_versions or self._is_below_a_prefix(bucket, key):
            return True
        return (bucket, key) in self.keys and (not etag or etag in self._etags)

    def _is_below_a_prefix(self, bucket: str, key: str) -> bool:
        return any(bucket == each and key.startswith(prefix) for each, prefix in self.prefixes)

    def has_face(self, face: Mapping[str, Any]) -> bool:
        """Whether a face of a collection, as the API has it, is erased."""
        return face["FaceId"] in self.faces or face.get("ExternalImageId") in self.external_image_ids

    def is_id(self, text: str) -> bool:
        """Whether a text is, or has in it, one of the identifiers."""
        return text in self.ids or any(match[0] in self.ids for match in _ID.finditer(text))

    def is_named_in(self, text: str) -> bool:
        """Whether a text has an identifier, a key, or the name of a face in it."""
        return self.is_id(text) or (self._words is not None and self._words.search(text) is not None)

    def without(self, text: str, salt: str) -> str:
        """Return a text with something else in place of each name, the same for one name and salt."""

        def other(match: re.Match[str]) -> str:
            return pseudonym(match[0], salt) if match[0] in self.ids else match[0]

        if text in self.ids:
            return pseudonym(text, salt)
        text = _ID.sub(other, text)
        return self._words.sub(lambda match: pseudonym(match[0], salt), text) if self._words else text

    @cached_property
    def _words(self) -> re.Pattern[str] | None:
        """What finds keys and names of faces in a text."""
        odd = {each for each in self.ids if not _ID.fullmatch(each)} | self.external_image_ids
        words = [re.escape(form) for each in odd for form in _forms(each)]
        for bucket, key in self.keys:
            if not self._is_below_a_prefix(bucket, key):
                words += _patterns(bucket, key)
        for bucket, prefix in self.prefixes:
            words += [f"{pattern}{_REST}" for pattern in _patterns(bucket, prefix)]
        words.sort(key=len, reverse=True)
        return re.compile(f"{_BEFORE}(?:{'|'.join(words)}){_AFTER}") if words else None


def pseudonym(name: str, salt: str) -> str:
    """Return what stands in place of a name: nobody can tell the name from it without the salt."""
    return f"{ERASED_NAME}{hashlib.blake2b(name.encode(), key=salt.encode(), digest_size=8).hexdigest()}"


def pruned(value: Any, identity: Identity) -> Any:
    """Return JSON without the elements of lists that are about what is erased: the innermost ones.

    A match of a face goes from the list of matches; the person who has other matches stays.
    """
    if isinstance(value, Mapping):
        return {name: pruned(each, identity) for name, each in value.items()}
    if isinstance(value, list):
        kept = (pruned(each, identity) for each in value)
        return [each for each in kept if not holds(each, identity)]
    return value


def holds(value: Any, identity: Identity) -> bool:
    """Whether JSON of Rekognition has an identifier as one of its values, at any depth."""
    if isinstance(value, Mapping):
        return value.get("ExternalImageId") in identity.external_image_ids or any(
            holds(each, identity) for each in value.values()
        )
    if isinstance(value, list):
        return any(holds(each, identity) for each in value)
    return isinstance(value, str) and value in identity.ids


def _patterns(bucket: str, key: str) -> list[str]:
    return [f"(?:{re.escape(bucket)}/)?{re.escape(form)}" for form in _forms(key)]


def _forms(text: str) -> set[str]:
    """Return a text as it is, as a URL or a form has it, and as JSON has it."""
    escaped = json.dumps(text)[1:-1]
    return {text, quote(text), quote(text, safe=""), quote_plus(text), quote_plus(text, safe="/"), escaped}
