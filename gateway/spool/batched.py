"""A change that gains from company."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Connection

Item = TypeVar("Item")
T = TypeVar("T")


class Batched(NamedTuple, Generic[Item, T]):
    """A change that gains from company: `function` gets all items that wait, and returns a result for each."""

    function: "Callable[[Connection, Sequence[Item]], Sequence[T]]"
    item: Item
