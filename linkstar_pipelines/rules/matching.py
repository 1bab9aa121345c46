"""The rules for matching listings with SKUs, from `matching.yaml`.

Belongs here: reading the file. Does not belong here: its shape (`domain/products/matching_rules.py`) or its use.
"""

from pathlib import Path

from linkstar_pipelines.domain.products.matching_rules import MatchingRules
from linkstar_pipelines.rules.loading import read_rules


def load_matching_rules(folder: Path | None = None) -> MatchingRules:
    """Read the matching rules: `matching.yaml` of the installation's own rules folder, else the shipped one.

    Raises:
        RuleError: the file is wrong; the message names the key.
    """
    return read_rules("matching.yaml", MatchingRules, folder)
