"""Asking many stores at once: one that fails keeps no other from being read."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from linkstar_pipelines.connectors.errors import ConnectorError
from linkstar_pipelines.settings import ConfigurationError

StoreFailure = ConnectorError | ConfigurationError
"""Why a store could not be asked."""

T = TypeVar("T")
_AT_ONCE: Final = 8


def ask_stores(stores: Sequence[str], ask: Callable[[str], T]) -> tuple[dict[str, T], dict[str, StoreFailure]]:
    """Ask all stores side by side, each within its own rate budget.

    Returns:
        Answers by store, and what kept the other stores from answering, both in the order of `stores`.
    """
    answers: dict[str, T] = {}
    failures: dict[str, StoreFailure] = {}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="store") as pool:
        begun = [(store, pool.submit(ask, store)) for store in stores]
    for store, asking in begun:
        try:
            answers[store] = asking.result()
        except (ConnectorError, ConfigurationError) as error:
            failures[store] = error
    return answers, failures
