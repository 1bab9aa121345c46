"""Ingest windows with their gaps, raw answers, and what push notifications said."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create `ops.ingest_window`, `ops.ingest_gap`, `ops.answer_body` and `ops.push_event`."""
    op.execute("""
        CREATE TABLE ops.ingest_window (
            platform text NOT NULL,
            store text NOT NULL,
            stream text NOT NULL,
            day date NOT NULL,
            state text NOT NULL CHECK (state IN
                ('planned', 'fetching', 'landed', 'parsed', 'compared', 'gap', 'sealed', 'reopened')),
            sealed_until timestamptz,
            records integer NOT NULL DEFAULT 0,
            readings integer NOT NULL DEFAULT 0,
            evidence text NOT NULL DEFAULT '',
            reopened integer NOT NULL DEFAULT 0,
            sealed_at timestamptz,
            updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (platform, store, stream, day)
        )
    """)
    op.execute("""
        CREATE TABLE ops.ingest_gap (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            platform text NOT NULL,
            store text NOT NULL,
            stream text NOT NULL,
            record_id text NOT NULL,
            lacked_by text NOT NULL,
            found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            closed_at timestamptz
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX ingest_gap_open ON ops.ingest_gap (platform, store, stream, record_id)
        WHERE closed_at IS NULL
    """)
    op.execute("""
        CREATE TABLE ops.answer_body (
            sha256 text NOT NULL,
            platform text NOT NULL,
            store text NOT NULL,
            stream text NOT NULL,
            operation text NOT NULL,
            received_at timestamptz NOT NULL,
            size integer NOT NULL,
            body bytea NOT NULL,
            PRIMARY KEY (platform, store, operation, sha256)
        )
    """)
    op.execute("CREATE INDEX answer_body_received ON ops.answer_body (received_at)")
    op.execute("""
        CREATE TABLE ops.push_event (
            platform text NOT NULL,
            store text NOT NULL,
            event_id text NOT NULL,
            stream text,
            record_id text,
            changed_at timestamptz,
            topic text NOT NULL,
            received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            deliveries integer NOT NULL DEFAULT 1,
            PRIMARY KEY (platform, store, event_id)
        )
    """)
    op.execute("CREATE INDEX push_event_changed ON ops.push_event (platform, store, stream, changed_at)")


def downgrade() -> None:
    """Drop all four."""
    op.execute("DROP TABLE ops.push_event, ops.answer_body, ops.ingest_gap, ops.ingest_window")
