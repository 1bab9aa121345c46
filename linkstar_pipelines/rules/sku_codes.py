"""The rules for product codes, from `sku_codes.yaml`.

Belongs here: reading the file. Does not belong here: its shape and its use (`domain/sku_codes.py`).
"""

from pathlib import Path

from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.rules.loading import read_rules


def load_sku_code_rules(folder: Path | None = None) -> SkuCodeRules:
    """Read the code rules: `sku_codes.yaml` of the installation's own rules folder, else the shipped one.

    Raises:
        RuleError: the file is wrong; the message names the key.
    """
    return read_rules("sku_codes.yaml", SkuCodeRules, folder)
