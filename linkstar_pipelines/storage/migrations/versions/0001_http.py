"""Rate budgets and page tallies shared by all processes, and the log of every API exchange."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create `ops.rate_budget`, `ops.page_tally` and `ops.api_call`."""
    op.execute("""
        CREATE TABLE ops.rate_budget (
            platform text NOT NULL,
            store text NOT NULL,
            operation text NOT NULL,
            rate_per_second double precision NOT NULL,
            burst double precision NOT NULL,
            tokens double precision NOT NULL,
            updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            learned_at timestamptz,
            PRIMARY KEY (platform, store, operation)
        )
    """)
    op.execute("""
        CREATE TABLE ops.page_tally (
            platform text NOT NULL,
            store text NOT NULL,
            operation text NOT NULL,
            pages double precision NOT NULL,
            skipped double precision NOT NULL,
            faults double precision NOT NULL,
            updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (platform, store, operation)
        )
    """)
    op.execute("""
        CREATE TABLE ops.api_call (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            trace_id text NOT NULL,
            attempt integer NOT NULL,
            platform text NOT NULL,
            store text NOT NULL,
            operation text NOT NULL,
            method text NOT NULL,
            url text NOT NULL,
            status integer,
            outcome text NOT NULL,
            error text,
            request_id text,
            quota_headers jsonb NOT NULL DEFAULT '{}',
            request_bytes integer NOT NULL DEFAULT 0,
            response_bytes integer NOT NULL DEFAULT 0,
            response_sha256 text,
            started_at timestamptz NOT NULL,
            elapsed_ms double precision NOT NULL
        )
    """)
    op.execute("CREATE INDEX api_call_started ON ops.api_call (started_at)")
    op.execute("CREATE INDEX api_call_trace ON ops.api_call (trace_id)")


def downgrade() -> None:
    """Drop all three tables."""
    op.execute("DROP TABLE ops.api_call, ops.page_tally, ops.rate_budget")
