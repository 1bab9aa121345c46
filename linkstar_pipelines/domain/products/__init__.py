"""The catalogue: records of products from anywhere cleaned, matched to listings with evidence, and decided upon.

Belongs here: pure functions from records, listings and decisions to the tables of `schemas/products.py`.
Does not belong here: reading files or ERPs (`connectors/`), the lake, or a person's screen (`operations/`).
"""
