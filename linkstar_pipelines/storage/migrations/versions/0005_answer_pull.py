"""Which pull an answer belongs to, in which order it came, and what was asked: any pull can be parsed again."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create `ops.answer_pull` and `ops.answer`; a body no longer names one stream, for it may serve several."""
    op.execute("""
        CREATE TABLE ops.answer_pull (
            id text PRIMARY KEY,
            platform text NOT NULL,
            store text NOT NULL,
            stream text NOT NULL,
            window_start timestamptz,
            window_end timestamptz,
            observed_at timestamptz NOT NULL,
            begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            ended_at timestamptz,
            parser text NOT NULL DEFAULT '',
            parsed_at timestamptz
        )
    """)
    op.execute("CREATE INDEX answer_pull_begun ON ops.answer_pull (platform, begun_at)")
    op.execute("ALTER TABLE ops.answer_body DROP COLUMN stream")
    op.execute("""
        CREATE TABLE ops.answer (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            pull text NOT NULL REFERENCES ops.answer_pull ON DELETE CASCADE,
            platform text NOT NULL,
            store text NOT NULL,
            operation text NOT NULL,
            sha256 text NOT NULL,
            asked bytea,
            FOREIGN KEY (platform, store, operation, sha256) REFERENCES ops.answer_body
        )
    """)
    op.execute("CREATE INDEX answer_of_pull ON ops.answer (pull, number)")
    op.execute("CREATE INDEX answer_of_body ON ops.answer (platform, store, operation, sha256)")


def downgrade() -> None:
    """Drop both; bodies stay, without their stream."""
    op.execute("DROP TABLE ops.answer, ops.answer_pull")
    op.execute("ALTER TABLE ops.answer_body ADD COLUMN stream text NOT NULL DEFAULT ''")
