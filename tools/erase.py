"""Show where the lake has an asset, a prefix, a content or a face, or erase it everywhere.

Without ``--confirm`` it changes nothing. ``--allow-again`` lets what was erased be analyzed again.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError
from tabulate import tabulate  # type: ignore[import-untyped]

from include.core.errors import TerminalError, TransientError
from include.core.settings import load_settings
from include.operate.erasure import ErasurePlan, allow, erase, find, left
from include.operate.erasure_request import FORMS, ErasureRequest
from include.publish.added_rows import publish_added
from include.store.workspace import Deployment
from tools.command_clients import CommandClients

HEADERS = ["place", "objects", "rows"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.erase", description=__doc__.split("\n")[0])
    for kind, form in FORMS.items():
        parser.add_argument(f"--{kind}", help=form)
    parser.add_argument("--collection", help="of the face; without it, every collection of lake.yaml")
    parser.add_argument("--reason", default="", help="why, without personal data: it is kept")
    parser.add_argument("--allow-again", action="store_true", help="let what was erased be analyzed again")
    parser.add_argument("--confirm", action="store_true", help="do it; without this it is only shown")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        deployment = Deployment(settings, CommandClients(settings.region))
        chosen = {kind: getattr(options, kind) for kind in FORMS}
        request = ErasureRequest.of(chosen, getpass.getuser(), options.reason, options.collection)
        act = _allow if options.allow_again else _erase
        print(act(deployment, request, options.confirm))
    except (TerminalError, TransientError, BotoCoreError, ClientError) as error:
        print(f"erase: {error}", file=sys.stderr)
        return 1
    return 0


def _allow(deployment: Deployment, request: ErasureRequest, confirmed: bool) -> str:
    if not confirmed:
        return "contents that were erased would be analyzed, and paid for, again: CONFIRM=yes allows it"
    count = allow(deployment, request, partial(publish_added, deployment))
    return f"{count} contents may be analyzed again" if count else "nothing of it is barred"


def _erase(deployment: Deployment, request: ErasureRequest, confirmed: bool) -> str:
    if confirmed:
        plans = erase(deployment, request, partial(publish_added, deployment))
        return "\n\n".join(map(_done, plans)) or "the lake has nothing of it"
    ids = [each.erasure_id for each in left(deployment)]
    undone = [f"erasure {each} is half done: any CONFIRM=yes finishes it" for each in ids]
    plan = find(deployment, request)
    shown = f"{_table(plan)}\n\nnothing was changed: CONFIRM=yes erases it" if plan.counts else ""
    return "\n".join([*undone, shown or "the lake has nothing of it"])


def _done(plan: ErasurePlan) -> str:
    return f"{_table(plan)}\n\nall of this is gone; erasure {plan.erasure_id} is in table erasures"


def _table(plan: ErasurePlan) -> str:
    identity = plan.identity
    table = tabulate(plan.counts, HEADERS, disable_numparse=True)
    about = f"{len(identity.media_ids)} assets of {len(identity.content_ids)} contents, copies included"
    media = "the media themselves are their owner's, and stay" if identity.keys else ""
    return "\n".join(filter(None, [table, "", about if identity.media_ids else "", media])).rstrip()


if __name__ == "__main__":
    sys.exit(main())
