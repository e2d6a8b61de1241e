"""Erasing: what is asked for goes from every place of the lake, and a row says that it did.

What goes is written down first, then the contents are barred from being analyzed again, then it goes, place
by place; at last a row of table ``erasures`` says how much that was, without saying of whom. What was written
down is deleted then. After a crash the same request, and any other erasure, takes up what is written down.
Every step may be repeated, so the end is the same.

The media themselves are their owner's: the lake deletes none.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict

from include.core.lake import OWN_PREFIXES
from include.operate.erased_identity import Identity
from include.operate.erasure_request import ErasureError, ErasureRequest
from include.operate.identity_search import faces_of, identity_of, is_about, known_contents
from include.operate.lake_walk import PLANS, Walk, places_of
from include.operate.queued_messages import take_messages
from include.operate.row_counts import count_findings, count_published_rows
from include.store.erased_contents import erased_items, erased_key, note_bars
from include.store.job_ends import job_end_key
from include.store.ledger import Entry
from include.store.objects import Row, get, list_uris, put
from include.store.workspace import Deployment

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient

log = logging.getLogger(__name__)

ERASURES = "erasures"
_MOST_FACES = 4096  # in one DeleteFaces

# Adds rows to a partition of a table that only grows: table, partition values, rows, name of the file.
AddRows = Callable[[str, Sequence[str], Sequence[Row], str], None]


class PlaceCount(NamedTuple):
    """How much of it one place has.

    :param objects: objects in S3, items of the ledger, messages or faces.
    :param rows: rows, lines or elements in these objects.
    """

    place: str
    objects: int
    rows: int


class ErasurePlan(BaseModel):
    """An erasure that is under way.

    :ivar salt: of the pseudonyms in what stays; it ends with the plan, so that nobody can tell the names.
    :ivar days: whose tables have something of it.
    :ivar counts: what was found before anything went.
    """

    model_config = ConfigDict(frozen=True)

    erasure_id: str
    begun_at: AwareDatetime
    request: ErasureRequest
    identity: Identity
    salt: str
    days: frozenset[str] = frozenset()
    counts: tuple[PlaceCount, ...] = ()


def find(deployment: Deployment, request: ErasureRequest) -> ErasurePlan:
    """Return what would be erased and how much of it each place has. It changes nothing.

    :raises include.operate.erasure_request.ErasureError: if an analysis of it is under way, or lake.yaml
        names no collection.
    """
    identity = identity_of(deployment, request)
    plan = ErasurePlan(
        erasure_id=uuid4().hex,
        begun_at=datetime.now(UTC),
        request=request,
        identity=identity,
        salt=secrets.token_hex(16),
    )
    found = Walk(deployment.s3, deployment.settings.bucket, change=False)
    counts = tuple(_take_all(deployment, plan, found))
    return plan.model_copy(update={"days": frozenset(found.days), "counts": counts})


def erase(deployment: Deployment, request: ErasureRequest, add_rows: AddRows) -> list[ErasurePlan]:
    """Erase what is asked for, after whatever an earlier erasure has left undone.

    :param add_rows: adds the row that says so; :func:`include.publish.added_rows.publish_added` does.
    :return: the erasures that are done now; none if nothing of it was there.
    :raises include.operate.erasure_request.ErasureError: likewise.
    """
    done = finish_left(deployment, add_rows)
    plan = find(deployment, request)
    if not plan.counts and not _bars_anything_new(deployment, plan):
        return done
    body = gzip.compress(plan.model_dump_json().encode(), mtime=0)
    put(deployment.s3, _uri(deployment, plan), body, "application/gzip")
    _carry_out(deployment, plan, add_rows)
    return [*done, plan]


def finish_left(deployment: Deployment, add_rows: AddRows) -> list[ErasurePlan]:
    """Carry out what killed erasures have left undone, and return their plans."""
    plans = list(left(deployment))
    for plan in plans:
        log.info("taking up erasure %s of %s", plan.erasure_id, plan.begun_at)
        _carry_out(deployment, plan, add_rows)
    return plans


def left(deployment: Deployment) -> Iterator[ErasurePlan]:
    """Yield the erasures that are not done."""
    for uri in list_uris(deployment.s3, deployment.settings.uri(PLANS)):
        yield ErasurePlan.model_validate_json(gzip.decompress(get(deployment.s3, uri)))


def allow(deployment: Deployment, request: ErasureRequest, add_rows: AddRows) -> int:
    """Let erased contents be analyzed again, and return how many that are.

    :raises include.operate.erasure_request.ErasureError: if a face is asked for: it bars no content.
    """
    if request.kind == "face":
        raise ErasureError("a face that was erased bars nothing: put it into the collection again")
    contents = deployment.ledger.erased(known_contents(deployment, request))
    if contents:
        row = _evidence(request, uuid4().hex, datetime.now(UTC), "allowed", (), 0, len(contents))
        add_rows(ERASURES, [row["erased_at"].date().isoformat()], [row], row["erasure_id"])
        bucket = deployment.settings.bucket
        note_bars(deployment.s3, bucket, row["erased_at"], row["erasure_id"], contents, barred=False)
        deployment.ledger.remove(map(erased_key, contents))
    return len(contents)


def _bars_anything_new(deployment: Deployment, plan: ErasurePlan) -> bool:
    contents = plan.identity.content_ids
    return contents != deployment.ledger.erased(contents)


def _carry_out(deployment: Deployment, plan: ErasurePlan, add_rows: AddRows) -> None:
    contents, bucket = plan.identity.content_ids, deployment.settings.bucket
    note_bars(deployment.s3, bucket, plan.begun_at, plan.erasure_id, contents, barred=True)
    deployment.ledger.replace(list(erased_items(contents, plan.erasure_id)))
    rename = partial(plan.identity.without, salt=plan.salt)
    walk = Walk(deployment.s3, bucket, change=True, rename=rename)
    for taken in _take_all(deployment, plan, walk):
        log.info("%s: %d rows in %d objects are gone", taken.place, taken.rows, taken.objects)
    if plan.identity.days is None:
        count_findings(deployment, walk, plan.days)
    count_published_rows(deployment, walk, plan.days)
    row = _evidence(
        plan.request,
        plan.erasure_id,
        plan.begun_at,
        "erased",
        plan.counts,
        len(plan.identity.media_ids),
        len(plan.identity.content_ids),
    )
    row["reason"] = plan.identity.without(row["reason"], plan.salt)
    add_rows(ERASURES, [plan.begun_at.date().isoformat()], [row], plan.erasure_id)
    walk.drop(_uri(deployment, plan))


def _take_all(deployment: Deployment, plan: ErasurePlan, walk: Walk) -> Iterator[PlaceCount]:
    """Yield what each place has of it; it goes from there if the walk may change things."""
    identity, change = plan.identity, walk.change
    yield from _take_faces(deployment, identity, change)
    walk.over(OWN_PREFIXES, places_of(identity, plan.salt))
    yield from (PlaceCount(*each) for each in walk.counts())
    yield from _take_ledger(deployment, identity, change)
    for queue, count in take_messages(deployment, identity, change).items():
        yield PlaceCount(f"queue {queue}", count, count)


def _take_ledger(deployment: Deployment, identity: Identity, change: bool) -> Iterator[PlaceCount]:
    ends = {job_end_key(job_id) for job_id in identity.job_ids}
    keys = [
        item["key"]["S"]
        for item in (deployment.ledger.items() if identity.days is not None else ())
        if item["key"]["S"] in ends or ("state" in item and is_about(Entry.from_item(item), identity))
    ]
    if change:
        deployment.ledger.remove(keys)
    if keys:
        yield PlaceCount("ledger", len(keys), len(keys))


def _take_faces(deployment: Deployment, identity: Identity, change: bool) -> Iterator[PlaceCount]:
    """Take faces out of collections: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DeleteFaces.html."""
    if not identity.collections:
        return
    client = deployment.aws.client("rekognition")
    for collection in sorted(identity.collections):
        faces = [face["FaceId"] for face in faces_of(client, collection) if identity.has_face(face)]
        for start in range(0, len(faces) if change else 0, _MOST_FACES):
            _delete_faces(client, collection, faces[start : start + _MOST_FACES])
        if faces:
            yield PlaceCount(f"collection {collection}", len(faces), len(faces))


def _delete_faces(client: RekognitionClient, collection: str, faces: Sequence[str]) -> None:
    reply = client.delete_faces(CollectionId=collection, FaceIds=faces)
    if kept := reply.get("UnsuccessfulFaceDeletions"):
        raise ErasureError(
            f"Rekognition keeps {len(kept)} faces of {collection} ({kept[0].get('Reasons')}): "
            "take them from their user with DisassociateFaces, and erase again"
        )


def _evidence(
    request: ErasureRequest,
    erasure_id: str,
    at: datetime,
    action: str,
    counts: Sequence[PlaceCount],
    assets: int,
    contents: int,
) -> Row:
    """Return the row of table ``erasures``: who, when, why and how much, but not of whom or what."""
    salt = hashlib.sha256(f"selector {erasure_id}".encode()).hexdigest()[:32]
    return {
        "erasure_id": erasure_id,
        "erased_at": at.replace(tzinfo=None),
        "action": action,
        "selection": request.kind,
        "selector_salt": salt,
        "selector_hash": selector_hash(request.value, salt),
        "decided_by": request.decided_by,
        "reason": request.reason,
        "assets": assets,
        "contents": contents,
        "places": [
            {"place": each.place, "object_count": each.objects, "row_count": each.rows} for each in counts
        ],
    }


def selector_hash(value: str, salt: str) -> str:
    """Return the hash by which whoever knows what was asked for can find its row."""
    return hashlib.sha256(f"{salt}{value}".encode()).hexdigest()


def _uri(deployment: Deployment, plan: ErasurePlan) -> str:
    return deployment.settings.uri(f"{PLANS}{plan.erasure_id}.json.gz")
