"""The known shapes of payloads."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create `ops.payload_shape`."""
    op.execute("""
        CREATE TABLE ops.payload_shape (
            platform text NOT NULL,
            stream text NOT NULL,
            path text NOT NULL,
            type text NOT NULL,
            word text NOT NULL,
            seen bigint NOT NULL,
            parents bigint NOT NULL,
            record_id text NOT NULL,
            sample text NOT NULL,
            missed bigint NOT NULL,
            accepted boolean NOT NULL,
            first_seen timestamptz NOT NULL,
            last_seen timestamptz NOT NULL,
            PRIMARY KEY (platform, stream, path, type, word)
        )
    """)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE ops.payload_shape")
