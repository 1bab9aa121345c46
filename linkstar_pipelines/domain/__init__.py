"""The business as pure functions: frames and values in, frames and values out.

Belongs here: rules, formulas and transforms without I/O, without a clock, without Dagster.
Does not belong here: reading, writing, waiting.
"""
