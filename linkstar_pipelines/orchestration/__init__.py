"""When the graph runs: jobs, schedules, sensors, maintenance, and Dagster's own storage.

Belongs here: pure planners that decide, and thin Dagster objects that translate. Assets are selected by key.
Does not belong here: what a run computes (`assets/`, `domain/`).
"""
