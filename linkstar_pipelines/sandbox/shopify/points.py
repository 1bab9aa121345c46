"""Points: what a request costs, and the bucket of points of every shop.

Here: the documented count (one per object, a connection as often as its `first`, 10 per mutation) and the buckets.
What a request may cost is taken before it is answered; what it did not need is given back after.
Not here: the answer when points are short (see `gateway`).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)
from graphql.execution.values import get_argument_values

from linkstar_pipelines.sandbox.shopify.schema import SCHEMA
from linkstar_pipelines.sandbox.wire import Json

MOST_OF_ONE = 1000
MUTATION = 10
MOST, RESTORE_RATE = 2000.0, 100.0
"""Points of a shop on the smallest plan: at most, and per second."""


def requested(document: DocumentNode, variables: Mapping[str, Any]) -> int:
    """Count what a document may cost at most."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    counter = _Counter(fragments, dict(variables))
    return sum(counter.operation(d) for d in document.definitions if isinstance(d, OperationDefinitionNode))


def needed(data: Any) -> int:
    """Count the objects of an answer."""
    if isinstance(data, dict):
        own = 0 if "hasNextPage" in data else 1
        return own + sum(needed(value) for value in data.values())
    return sum(needed(value) for value in data) if isinstance(data, list) else 0


@dataclass(frozen=True, slots=True)
class _Counter:
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: dict[str, Any]

    def operation(self, definition: OperationDefinitionNode) -> int:
        own = MUTATION if definition.operation is OperationType.MUTATION else 0
        root = SCHEMA.get_root_type(definition.operation)
        return own + (self._selections(definition.selection_set, root) if root else 0)

    def _selections(
        self, selected: SelectionSetNode | None, parent: GraphQLObjectType | GraphQLInterfaceType, times: int = 1
    ) -> int:
        total = 0
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                found = parent.fields.get(node.name.value)
                total += self._field(node, found, times) if found else 0
            elif isinstance(node, FragmentSpreadNode):
                total += self._selections(self.fragments[node.name.value].selection_set, parent, times)
        return total

    def _field(self, node: FieldNode, found: GraphQLField, times: int) -> int:
        inner = get_named_type(found.type)
        if not isinstance(inner, GraphQLObjectType | GraphQLInterfaceType) or inner.name == "PageInfo":
            return 0
        first = get_argument_values(found, node, self.variables).get("first") or 1
        if inner.name.endswith("Connection"):
            return self._selections(node.selection_set, inner, first)
        # `nodes` of a connection and lists with `first` stand for so many objects.
        count = times if node.name.value == "nodes" else first
        return count * (1 + self._selections(node.selection_set, inner))


@dataclass(slots=True)
class _Bucket:
    level: float
    filled: float


class PointsDesk:
    """Keeps the buckets of all shops; `scale` multiplies size and rate."""

    def __init__(self, scale: float) -> None:
        self._most, self._rate = MOST * max(scale, 0.5), RESTORE_RATE * scale
        self._buckets: dict[str, _Bucket] = {}

    def spend(self, account_code: str, points: int) -> bool:
        """Take points from a shop's bucket; False when it holds fewer."""
        bucket = self._filled(account_code)
        if bucket.level < points:
            return False
        bucket.level -= points
        return True

    def give_back(self, account_code: str, points: int) -> None:
        """Put back what was taken and not needed."""
        bucket = self._filled(account_code)
        bucket.level = min(self._most, bucket.level + points)

    def status(self, account_code: str) -> Json:
        """Write `throttleStatus`."""
        left = int(self._filled(account_code).level)
        return {"maximumAvailable": self._most, "currentlyAvailable": left, "restoreRate": self._rate}

    def _filled(self, account_code: str) -> _Bucket:
        now = time.monotonic()
        bucket = self._buckets.setdefault(account_code, _Bucket(self._most, now))
        bucket.level = min(self._most, bucket.level + (now - bucket.filled) * self._rate)
        bucket.filled = now
        return bucket
