"""A message finds the run that has waited longest without reading all that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_subscription_name", table_name="subscription")
    op.create_index(
        "ix_subscription_name",
        "subscription",
        ["agency_id", "name", "instance_id"],
        unique=False,
        postgresql_where=sa.text("kind <> 'timer'"),
    )
