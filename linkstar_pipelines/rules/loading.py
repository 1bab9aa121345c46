"""Reading rule files: from the installation's own folder, else the shipped ones.

Belongs here: finding a file, YAML to a checked model, and the message for whatever is wrong.
Does not belong here: the shape of a rule file (one module each).
"""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from linkstar_pipelines.domain.products.cleaning_rules import CleaningRules
from linkstar_pipelines.domain.products.matching_rules import MatchingRules
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.rules.migration import MigrationRules
from linkstar_pipelines.rules.replenishment import ReplenishmentRules
from linkstar_pipelines.rules.settlement_fees import SettlementFees
from linkstar_pipelines.settings import Settings

SHIPPED: Final = Path(__file__).parent

RuleModel = TypeVar("RuleModel", bound=BaseModel)


class RuleError(Exception):
    """A rule file is missing or wrong; the message names the file, the key and the remedy."""


@dataclass(frozen=True)
class Rules:
    """All rules of the installation."""

    cleaning: CleaningRules
    matching: MatchingRules
    migration: MigrationRules
    replenishment: ReplenishmentRules
    settlement_fees: SettlementFees
    sku_codes: SkuCodeRules


def load_rules(settings: Settings) -> Rules:
    """Read all rules: those in `settings.rules_dir` where it has a file of that name, else the shipped ones.

    Raises:
        RuleError: a file is wrong, or `settings.rules_dir` is no folder.
    """
    folder = settings.rules_dir
    if folder is not None and not folder.is_dir():
        raise RuleError(
            f"LINKSTAR_RULES_DIR is {folder}, which is no folder. Create it, or unset the variable to use the "
            "shipped rules."
        )
    from linkstar_pipelines.rules.cleaning import load_cleaning_rules  # it reads its files with this module

    return Rules(
        cleaning=load_cleaning_rules(folder),
        matching=read_rules("matching.yaml", MatchingRules, folder),
        migration=read_rules("migration.yaml", MigrationRules, folder),
        replenishment=read_rules("replenishment.yaml", ReplenishmentRules, folder),
        settlement_fees=read_rules("settlement_fees.yaml", SettlementFees, folder),
        sku_codes=read_rules("sku_codes.yaml", SkuCodeRules, folder),
    )


def read_rules(name: str, model: type[RuleModel], folder: Path | None) -> RuleModel:
    """Read one rule file.

    Args:
        name: File name, such as `replenishment.yaml`.
        model: Shape of the file.
        folder: Folder of the installation's own rules; a file of that name there replaces the shipped one.

    Raises:
        RuleError: the file is no UTF-8 YAML mapping, or a key is missing, unknown or wrong.
    """
    own = folder / name if folder is not None else None
    path = own if own is not None and own.is_file() else SHIPPED / name
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RuleError(f"Rule file {path} cannot be read: {error.strerror}. Mend its permissions.") from None
    except UnicodeDecodeError:
        raise RuleError(f"Rule file {path} is not UTF-8 text. Save it as UTF-8 and try again.") from None
    except yaml.YAMLError as error:
        raise RuleError(f"Rule file {path} is no valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise RuleError(f"Rule file {path} holds no keys. Start from a copy of the shipped file {SHIPPED / name}.")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise RuleError(_explain(path, model, error)) from None


def _explain(path: Path, model: type[BaseModel], error: ValidationError) -> str:
    lines = [f"Rule file {path} is not right:"]
    for problem in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in problem["loc"]) or "the file as a whole"
        if problem["type"] == "missing":
            lines.append(f"  {key}: missing; add it.")
        elif problem["type"] == "extra_forbidden":
            guess = get_close_matches(str(problem["loc"][-1]), _keys(model), n=1)
            hint = f"did you mean '{guess[0]}'? Otherwise remove it." if guess else "remove it."
            lines.append(f"  {key}: unknown key; {hint}")
        else:
            lines.append(f"  {key}: {problem['msg'].removeprefix('Value error, ')}")
    lines.append(f"The shipped file {SHIPPED / path.name} shows every key with its meaning.")
    return "\n".join(lines)


def _keys(model: type[BaseModel]) -> list[str]:
    """List the keys of a rule file, those of its inner models included."""
    keys: list[str] = []
    definitions = model.model_json_schema()
    for part in (definitions, *definitions.get("$defs", {}).values()):
        keys.extend(part.get("properties", {}))
    return keys
