"""Odd bodies that somebody may send to a queue, by what is odd about them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

NESTED = "[" * 100_000 + "]" * 100_000

# In the place of an event of S3 or of a notification of Rekognition.
BODIES: dict[str, str] = {
    "empty": "",
    "a word": "hello",
    "a list": "[]",
    "a number": "17",
    "null": "null",
    "no members": "{}",
    "cut off": '{"Records": [{"eventName"',
    "nested": NESTED,
    "nested in an envelope": json.dumps({"Type": "Notification", "Message": NESTED}),
    "an envelope of nothing": '{"Type": "Notification", "Message": null}',
    "an envelope of a list": '{"Type": "Notification", "Message": "[]"}',
    "an integer of 5,000 digits": '{"Records": ' + "9" * 5000 + "}",
    "not JSON's numbers": '{"Records": [NaN]}',
    "records that are an object": '{"Records": {}}',
    "a record that is null": '{"Records": [null]}',
    "a record that is empty": '{"Records": [{}]}',
    "a lone surrogate": '{"JobId": "\\ud800", "Status": "SUCCEEDED", "Records": "\\ud800"}',
}


def s3_event(**changes: Any) -> str:
    """Return an event as S3 sends it, but for some members; ``...`` leaves one out."""
    values: dict[str, Any] = {
        "key": "in/a.jpg", "size": 9, "eTag": "0" * 32, "sequencer": "0A", "time": "2026-11-20T10:00:00.000Z",
        "name": "ObjectCreated:Put", "bucket": "media-lake",
    }  # fmt: skip
    values |= changes
    thing = {name: values[name] for name in ("key", "size", "eTag", "sequencer") if values[name] is not ...}
    s3 = {"bucket": {"name": values["bucket"]}, "object": thing}
    return json.dumps({"Records": [{"eventTime": values["time"], "eventName": values["name"], "s3": s3}]})


S3_EVENTS: dict[str, str] = {
    "a key that is a list": s3_event(key=["in/a.jpg"]),
    "a key that is a number": s3_event(key=7),
    "a key that is null": s3_event(key=None),
    "no key": s3_event(key=...),
    "an empty key": s3_event(key=""),
    "a key that is no UTF-8": s3_event(key="%FF"),
    "a key with a lone surrogate": s3_event(key="\ud800"),
    "a key of 1,025 bytes": s3_event(key=quote_plus("é" * 513)),
    "a size of infinity": s3_event().replace('"size": 9', '"size": 1e999'),
    "a size of 40 digits": s3_event(size=10**40),
    "a size below zero": s3_event(size=-1),
    "a size that is a text": s3_event(size="9"),
    "a fraction of a byte": s3_event(size=1.5),
    "no ETag": s3_event(eTag=None),
    "an ETag that is a number": s3_event(eTag=5),
    "an ETag of two lines": s3_event(eTag="a\nb"),
    "an ETag that is no ASCII": s3_event(eTag="é"),
    "a sequencer that is a number": s3_event(sequencer=5),
    "a sequencer that is no ASCII": s3_event(sequencer="é"),
    "a sequencer that is null": s3_event(sequencer=None),
    "a time that is none": s3_event(time="yesterday"),
    "a time without a zone": s3_event(time="2026-11-20T10:00:00"),
    "the first moment": s3_event(time="0001-01-01T00:00:00+14:00"),
    "the last moment": s3_event(time="9999-12-31T23:59:59-12:00"),
    "a time before S3": s3_event(time="1999-12-31T23:59:59Z"),
    "a time that is a number": s3_event(time=1_700_000_000),
    "a name that is null": s3_event(name=None),
    "a bucket that is an object": s3_event(bucket={}),
    "a bucket of one character": s3_event(bucket="b"),
}

NOTIFICATIONS: dict[str, str] = {
    "no JobId": json.dumps({"Status": "SUCCEEDED"}),
    "a JobId that is a number": json.dumps({"JobId": 7, "Status": "SUCCEEDED"}),
    "an empty JobId": json.dumps({"JobId": "", "Status": "SUCCEEDED"}),
    "a JobId of 65 characters": json.dumps({"JobId": "a" * 65, "Status": "SUCCEEDED"}),
    "a JobId that is a path": json.dumps({"JobId": "../x", "Status": "SUCCEEDED"}),
    "a JobId of Arabic digits": json.dumps({"JobId": "٣٤", "Status": "SUCCEEDED"}),
    "a JobId with a line feed": json.dumps({"JobId": "abc\n", "Status": "SUCCEEDED"}),
    "no Status": json.dumps({"JobId": "j"}),
    "another Status": json.dumps({"JobId": "j", "Status": "IN_PROGRESS"}),
    "a Status that is a list": json.dumps({"JobId": "j", "Status": ["SUCCEEDED"]}),
    "a Status that is an object": json.dumps({"JobId": "j", "Status": {}}),
    "a confirmation": json.dumps({"Type": "SubscriptionConfirmation", "Message": "x"}),
}
