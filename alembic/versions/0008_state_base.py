"""The large state that later ones of a run are told against, written once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("process_instance", sa.Column("base", sa.LargeBinary(), nullable=True))
