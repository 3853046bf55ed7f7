"""A use of the agency's key is written before the key signs, and names the file that came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OUTCOMES = ("begun", "signed", "not_kept", "refused")


def upgrade() -> None:
    op.add_column("key_use", sa.Column("begun_id", sa.Uuid(), nullable=True))
    op.add_column(
        "key_use", sa.Column("signed_digest", sa.Text(), server_default="", nullable=False)
    )
    op.alter_column("key_use", "signed_digest", server_default=None)
    op.create_index("ix_key_use_begun_id", "key_use", ["begun_id"], unique=False)
    op.drop_constraint("keyuseoutcome", "key_use", type_="check")
    told = ", ".join(f"'{one}'" for one in OUTCOMES)
    op.create_check_constraint("keyuseoutcome", "key_use", f"outcome IN ({told})")
