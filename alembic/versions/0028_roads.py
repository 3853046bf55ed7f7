"""The last attempts on one road are found at once, so that all processes know whether it answers."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_delivery_attempt_road", "delivery_attempt", ["agency_id", "address", "started_at"]
    )
