"""The canonical tables: one class per table, the single declaration of its columns, types, keys and rules.

Belongs here: shapes and the rules a single row or key must keep. From a class follow the frame type in
signatures, the lake's DDL, Dagster's column schema, the quarantine and the structural checks.
Does not belong here: how rows come to be (`domain/`), or where they are kept (`storage/`).

| module | lake schema | what |
|---|---|---|
| `raw` | `raw` | what the outside said, kept as it was said |
| `core` | `core` | listings, orders and order lines, one form for all platforms |
| `stock` | `stock` | movements and positions |
| `planning` | `planning` | demand, forecasts, replenishment advice |
| `finance` | `finance` | settlement lines and reports |
| `quality` | `quality` | the quarantine |
| `catalog` | | the list of all tables with owner, description and partitioning |
"""
