"""What all tests share: an environment without the machine's own AWS, and their order."""

from __future__ import annotations

import os

import pytest

_SLOW_LAST = ("integration", "end_to_end")
_FOREIGN = ("AWS_", "BOTO_", "AIRFLOW_CONN_", "MEDIA_LAKE_", "LOCAL_AWS_", "LOCAL_REKOGNITION_")
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}

# Before anything of the project is imported: no test may see, let alone reach, an account of the machine's.
for _name in [name for name in os.environ if name.startswith(_FOREIGN)]:
    del os.environ[_name]
os.environ |= _ENVIRONMENT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run plain tests first, then those that talk to servers, then those on the real scheduler."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return max(
        (place for place, name in enumerate(_SLOW_LAST, 1) if item.get_closest_marker(name)), default=0
    )
