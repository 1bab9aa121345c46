"""What must be true of every table, said in names that an analyst can read, and checked after each step.

Belongs here: expectations as plain data, and the bridge that runs them with Great Expectations as Dagster checks.
Does not belong here: shapes and rules of single rows (`schemas/`, enforced on every row when a table is published),
or sorting out bad rows (`domain/quarantine.py`).

| module | what |
|---|---|
| `expectations` | what an expectation is; those that follow from a table's schema |
| `business` | those that follow from the business, table by table |
| `reconciliation` | frames that compare tables with each other |
| `validate` | runs expectations over a frame; the one module that knows Great Expectations |
| `checks` | one Dagster check step per table |
| `drift` | the check `schema_as_known` of raw stream tables |
| `freshness` | the check `every_store_fresh` of raw streams read by change time |
| `partition_results` | the result of each partition of a run over many |
| `docs` | Data Docs, on demand |

Importing this package costs nothing: Great Expectations and pandas load when the first check runs.
"""
