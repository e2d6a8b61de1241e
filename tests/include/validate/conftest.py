from __future__ import annotations

from types import SimpleNamespace

import pytest

from include.core.features import MEDIA_TYPES, MediaType
from include.core.run import Run
from include.core.settings import Settings
from tests.conftest import BUCKET
from tests.include.validate.clean_days import CleanDay, make_clean_day
from tests.workspaces import make_ledger_table

DAY = "2026-11-20"


@pytest.fixture(scope="module")
def clean_days(aws_in_memory: SimpleNamespace) -> dict[MediaType, CleanDay]:
    """A clean day of each media type; whoever changes one puts back what was there."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
    aws_in_memory.s3.create_bucket(Bucket=BUCKET)
    make_ledger_table(aws_in_memory.dynamodb, Settings(bucket=BUCKET).ledger_table)
    return {
        media_type: make_clean_day(aws_in_memory, Run(BUCKET, f"enrich_{media_type}s", "r", DAY), media_type)
        for media_type in MEDIA_TYPES
    }
