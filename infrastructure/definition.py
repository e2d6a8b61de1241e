"""One thing that the lake needs in AWS, as CloudFormation describes it.

``python -m infrastructure`` makes it by the service's own API, and the template has it with parameters in the
place of names: both take the same definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True)
class Definition:
    """A resource of a stack.

    :param type: such as ``AWS::SQS::Queue``.
    :param properties: as the resource's reference in the CloudFormation user guide has them.
    :param depends_on: logical ids of what has to be there before.
    :param holds_data: whether it stays when the stack is deleted.
    """

    type: str
    properties: Properties
    depends_on: tuple[str, ...] = ()
    holds_data: bool = False


def logical_id(name: str) -> str:
    """Return a name as the template's logical ids are written.

    >>> logical_id("people-readers")
    'PeopleReaders'
    """
    return "".join(part.title() for part in name.replace("_", "-").split("-"))
