"""The bytes of packets are looked up by what they are before any bytes are removed."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_packet_sha256"), "packet", ["sha256"], unique=False)
