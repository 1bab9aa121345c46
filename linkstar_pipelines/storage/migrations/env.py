"""Alembic's entry point: runs the versions against the URL that `Postgres.migrate` hands over."""

from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, version_table="schema_version", version_table_schema="ops")
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
