"""The error of commands about the catalogue.

Belongs here: the class alone, so that showing it does not load what raises it (`catalog.py`).
"""


class CatalogError(Exception):
    """A command about the catalogue cannot be followed; the message says why and what to do."""
