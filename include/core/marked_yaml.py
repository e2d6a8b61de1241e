"""YAML with the lines of what it says, so that a mistake can be shown where it stands."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from include.core.setting_mistakes import Place

# References (``*name``) let a short file unfold to any number of values.
MOST_VALUES = 100_000

# Numbers that Python takes, but nothing else.
_GREATEST = 2**63

_TEXT = "tag:yaml.org,2002:str"


class UnreadableYamlError(ValueError):
    """A text is no YAML; the error's text says why.

    :ivar line: where, from 1 on.
    """

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


class MarkedYaml:
    """The content of a YAML document.

    :ivar content: mappings, lists and scalars.
    :ivar repeated: keys that a mapping had already, each with its line; the last of them counts.
    :raises UnreadableYamlError: if the text is no YAML, or unfolds to too much.
    """

    def __init__(self, text: str) -> None:
        try:
            loader = _Loader(text)
            self._root: Node | None = loader.get_single_node()
            _limit(self._root)
            self.content: Any = None if self._root is None else loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = f"{error.context}, {error.problem}" if error.context else str(error.problem)
            raise UnreadableYamlError(problem, mark.line + 1 if mark else 1) from None
        except ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise UnreadableYamlError(f"the character {error.character!r} may not be in it", line) from None
        except RecursionError:
            raise UnreadableYamlError("brackets or indents are nested too deeply", 1) from None
        self.repeated: list[tuple[str, int]] = loader.repeated

    def line(self, place: Place) -> int:
        """Return the line of a place, from 1 on; of one that is not there, the line of what should have it.

        A name also leads to the entry of a list that is this name, or is a mapping that begins with it.
        """
        node, line = self._root, 1
        for part in place:
            found = _child(node, part)
            if found is None:
                break
            marked, node = found
            line = marked.start_mark.line + 1
        return line


def _child(node: Node | None, part: str | int) -> tuple[Node, Node] | None:
    """Return the node whose line stands for a part of a place, and the node of its value."""
    if isinstance(node, MappingNode):
        pairs = ((key, value) for key, value in reversed(node.value) if key.value == str(part))
        return next(pairs, None)
    if not isinstance(node, SequenceNode):
        return None
    if isinstance(part, int):
        return (node.value[part],) * 2 if part < len(node.value) else None
    entries = ((each, each) if each.value == part else _child_of_mapping(each, part) for each in node.value)
    return next(filter(None, entries), None)


def _child_of_mapping(node: Node, part: str) -> tuple[Node, Node] | None:
    return _child(node, part) if isinstance(node, MappingNode) else None


def _limit(root: Node | None) -> None:
    """Refuse what unfolds to more than :data:`MOST_VALUES`, or without end."""
    waiting, count = [root] if root else [], 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > MOST_VALUES:
            raise UnreadableYamlError(f"its references unfold to more than {MOST_VALUES} values", 1)
        if isinstance(node, MappingNode):
            waiting += [each for pair in node.value for each in pair]
        elif isinstance(node, SequenceNode):
            waiting += node.value


class _Loader(yaml.SafeLoader):
    """Reads YAML, notes keys that a mapping has already, and refuses values that their tag does not fit."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[tuple[str, int]] = []

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
            if isinstance(value, int) and abs(value) > _GREATEST:
                raise OverflowError
            if isinstance(value, str):
                value.encode()  # a lone surrogate is in no text
            return value
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            shown = repr(node.value[:60]) if isinstance(node, ScalarNode) else "this"
            problem = f"{shown} is no {node.tag.rsplit(':')[-1]}; put it into quotes if it is text"
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark) from None

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if key.tag == _TEXT and key.value in keys:
                self.repeated.append((key.value, key.start_mark.line + 1))
            elif key.tag == _TEXT:
                keys.add(key.value)
        return super().construct_mapping(node, deep)
