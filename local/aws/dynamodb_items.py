"""Makes moto read and write DynamoDB's items fast.

moto 5.2.5 tries all ten types that an attribute's value may have, and measures the whole item again for each
of its attributes. That takes half of the time of a write and nearly all of the time of a read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.parse import JSONParser, RequestParser
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize

_LARGEST = 405_000  # bytes; moto's limit, between AWS's documented 400 KB and what moto's authors measured
_SAME_IN_JSON = ({"S"}, {"N"}, {"BOOL"})
_moto_serialize = BaseJSONSerializer._serialize_type_structure


def install() -> None:
    """Replace moto's functions that read, write and measure items by those of this module."""
    JSONParser._parse_shape = _parse_shape  # type: ignore[assignment]
    BaseJSONSerializer._serialize_type_structure = _serialize  # type: ignore[method-assign]
    Item.__init__ = _make_item  # type: ignore[method-assign]


def _parse_shape(self: JSONParser, shape: Any, node: Any) -> Any:
    if shape.type_name == "string" or _is_plain(shape, node):
        return node
    return RequestParser._parse_shape(self, shape, node)  # type: ignore[no-untyped-call]


def _serialize(self: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if _is_plain(shape, value):
        self._default_serialize(serialized, value, shape, key)
    else:
        _moto_serialize(self, serialized, value, shape, key)


def _is_plain(shape: Any, value: Any) -> bool:
    """Return whether this is an attribute's value that looks the same in Python and in JSON."""
    return shape.name == "AttributeValue" and isinstance(value, dict) and value.keys() in _SAME_IN_JSON


def _make_item(
    self: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: Mapping[str, Any]
) -> None:
    """Take an item's attributes, instead of moto's ``Item.__init__``.

    :raises ItemSizeTooLarge: if they are larger than DynamoDB allows.
    """
    values = {name: DynamoType(value) for name, value in attrs.items()}
    if sum(bytesize(name) + value.size() for name, value in values.items()) > _LARGEST:
        raise ItemSizeTooLarge
    self.hash_key, self.range_key = hash_key, range_key
    self.attrs = LimitedSizeDict(values)
