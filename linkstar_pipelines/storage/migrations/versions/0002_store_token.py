"""Access and refresh tokens of stores, encrypted, shared by all processes."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create `ops.store_token`."""
    op.execute("""
        CREATE TABLE ops.store_token (
            platform text NOT NULL,
            store text NOT NULL,
            seed text NOT NULL,
            access_token bytea,
            refresh_token bytea,
            access_ends_at timestamptz,
            refresh_ends_at timestamptz,
            updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (platform, store)
        )
    """)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE ops.store_token")
