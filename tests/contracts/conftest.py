"""The database of the wire, for the contract tests of the connectors."""

from tests.connectors.conftest import postgres, wire_database

__all__ = ["postgres", "wire_database"]
