"""The ERPs by name: each package in `connectors/` that `schemas/erps.py` registers.

Belongs here: finding an ERP's `ERP`. Does not belong here: anything about one of them.
"""

from functools import cache
from importlib import import_module

from linkstar_pipelines.connectors.erp import Erp


@cache
def erp_named(name: str) -> Erp:
    """Return a registered ERP; its package is imported on first use.

    Raises:
        ModuleNotFoundError: there is no such ERP.
    """
    erp: Erp = import_module(f"linkstar_pipelines.connectors.{name}.erp").ERP
    return erp
