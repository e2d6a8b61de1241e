"""Lets moto's S3 take keys with any characters, as S3 does.

moto 5.2.5 answers 404 for a key with a line feed, because the patterns of its routes do not match one. Its
ListMultipartUploads does not know EncodingType, without which XML cannot hold U+0001 to U+001F.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import moto.moto_server.werkzeug_app
from moto.moto_server.utilities import RegexConverter
from moto.s3.responses import S3Response

# moto keeps no time of an upload's beginning.
_OF_EACH = "<StorageClass>STANDARD</StorageClass><Initiated>2010-11-10T20:48:33.000Z</Initiated>"


class _AnyCharacter(RegexConverter):
    """moto's converter of routes, whose dots also match line feeds."""

    def __init__(self, url_map: Any, *items: Any) -> None:
        super().__init__(url_map, *items)
        self.regex = f"(?s:{self.regex})"


def install() -> None:
    """Change the routes of the backends that moto makes from now on."""
    moto.moto_server.werkzeug_app.RegexConverter = _AnyCharacter  # type: ignore[attr-defined]
    S3Response.list_multipart_uploads = _list_multipart_uploads  # type: ignore[method-assign]


def _list_multipart_uploads(self: S3Response) -> Any:
    """Answer ListMultipartUploads, a page in the order of keys; delimiters are not looked at."""
    query = {name: values[0] for name, values in self._get_querystring(self.request, self.uri).items()}
    prefix, limit = query.get("prefix", ""), min(int(query.get("max-uploads", 1000)), 1000)
    after = query.get("key-marker", ""), query.get("upload-id-marker", "\U0010ffff")
    uploads = sorted(
        (upload.key_name, upload.id)
        for upload in self.backend.list_multipart_uploads(self.bucket_name).values()
        if upload.key_name.startswith(prefix) and (upload.key_name, upload.id) > after
    )
    page, truncated = uploads[:limit], len(uploads) > limit
    encode = quote if query.get("encoding-type") == "url" else escape
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        '<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
        f"<Bucket>{self.bucket_name}</Bucket><Prefix>{encode(prefix)}</Prefix>",
        f"<KeyMarker>{encode(query.get('key-marker', ''))}</KeyMarker>",
        f"<UploadIdMarker>{escape(query.get('upload-id-marker', ''))}</UploadIdMarker>",
        f"<MaxUploads>{limit}</MaxUploads><IsTruncated>{str(truncated).lower()}</IsTruncated>",
    ]
    if "encoding-type" in query:
        parts.append("<EncodingType>url</EncodingType>")
    if truncated:
        key, upload_id = page[-1]
        parts.append(f"<NextKeyMarker>{encode(key)}</NextKeyMarker>")
        parts.append(f"<NextUploadIdMarker>{upload_id}</NextUploadIdMarker>")
    parts.extend(
        f"<Upload><Key>{encode(key)}</Key><UploadId>{upload_id}</UploadId>{_OF_EACH}</Upload>"
        for key, upload_id in page
    )
    parts.append("</ListMultipartUploadsResult>")
    return 200, {"Content-Type": "application/xml"}, "".join(parts)
