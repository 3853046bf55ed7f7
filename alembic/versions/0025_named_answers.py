"""An answer to what was asked of a receiver names the sending that it answers."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("status_received", sa.Column("answers", sa.Uuid(), nullable=True))
