"""Business rules as data: YAML files that a person of the trade can read and change, checked before use.

Belongs here: the shipped rule files, the shape of each one, and reading them with one clear message when wrong.
Does not belong here: applying a rule (`domain`), or settings of the installation (`settings`).

| file | what it decides |
|---|---|
| `replenishment.yaml` | lead time, review, service level, minimum order and carton per store and SKU; cost share |
| `settlement_fees.yaml` | which canonical category a settlement label has; a label without a rule is in suspense |
| `sku_codes.yaml` | how seller SKUs are cleaned and which forms count as clean |
| `mappings/*.yaml` | how a history file's columns are read |

`LINKSTAR_RULES_DIR` may hold files of the same names; each replaces the shipped one as a whole.
"""
