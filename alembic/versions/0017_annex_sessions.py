"""A step may wait for signatures on several files: the document leads its annexes."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signing_session", sa.Column("lead_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_signing_session_lead_id"),
        "signing_session",
        "signing_session",
        ["lead_id"],
        ["id"],
    )
    op.create_index(op.f("ix_signing_session_lead_id"), "signing_session", ["lead_id"])
    # the sessions that were before are each of one file
    op.add_column(
        "signing_session",
        sa.Column("file_no", sa.BigInteger(), nullable=False, server_default="1"),
    )
    op.alter_column("signing_session", "file_no", server_default=None)
    op.drop_index("uq_signing_session_open", table_name="signing_session")
    op.create_index(
        "uq_signing_session_open",
        "signing_session",
        ["document_id", "role"],
        unique=True,
        postgresql_where=sa.text("state IN ('prepared', 'signed') AND lead_id IS NULL"),
    )
