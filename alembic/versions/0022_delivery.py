"""Attempts, send ids and signed receipts of packets; how far a packet is on its way."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

OWN = (
    "agency_id::text = current_setting('congvan.agency', true)"
    " OR current_setting('congvan.agency', true) = 'all'"
)
MOMENT = sa.DateTime(timezone=True)
STATES = ("queued", "sending", "sent", "acknowledged", "failed", "received", "confirmed")


def _word(words: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.add_column("packet", sa.Column("recipient_id", sa.Uuid(), nullable=True))
    op.add_column("packet", sa.Column("send_id", sa.Uuid(), nullable=True))
    op.add_column("packet", sa.Column("state", _word(STATES, "carriage"), nullable=True))
    op.add_column(
        "packet", sa.Column("repeats", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.alter_column("packet", "repeats", server_default=None)
    # What came was confirmed by the versions before; what was only composed waits to be sent.
    op.execute(
        "UPDATE packet SET state = CASE WHEN direction = 'in' THEN 'confirmed'"
        " WHEN result = 'sent' THEN 'sent' ELSE 'queued' END"
    )
    op.alter_column("packet", "state", nullable=False)
    op.create_foreign_key(
        op.f("fk_packet_recipient_id"), "packet", "recipient", ["recipient_id"], ["id"]
    )
    op.create_index(op.f("ix_packet_recipient_id"), "packet", ["recipient_id"])
    op.create_index(
        "ix_packet_send_id", "packet", ["send_id"],
        postgresql_where=sa.text("send_id IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_packet_under_way", "packet", ["agency_id", "at"],
        postgresql_where=sa.text("state IN ('sent', 'received')"),
    )  # fmt: skip
    _attempts()
    _receipts()
    for table in ("delivery_attempt", "delivery_receipt"):
        op.create_index(op.f(f"ix_{table}_agency_id"), table, ["agency_id"])
        op.execute(f'REVOKE ALL ON "{table}" FROM "congvan_app"')
        op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO "congvan_app"')
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(
            f'CREATE POLICY own_agency ON "{table}" FOR ALL USING ({OWN}) WITH CHECK ({OWN})'
        )


def _attempts() -> None:
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("of_packet_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column(
            "outcome", _word(("begun", "sent", "failed", "given_up"), "attemptoutcome"),
            nullable=False,
        ),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_delivery_attempt_agency_id")
        ),
        sa.ForeignKeyConstraint(
            ["of_packet_id"], ["packet.id"], name=op.f("fk_delivery_attempt_of_packet_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
    )  # fmt: skip
    op.create_index(op.f("ix_delivery_attempt_of_packet_id"), "delivery_attempt", ["of_packet_id"])


def _receipts() -> None:
    op.create_table(
        "delivery_receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("of_packet_id", sa.Uuid(), nullable=False),
        sa.Column("direction", _word(("in", "out"), "direction"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_delivery_receipt_agency_id")
        ),
        sa.ForeignKeyConstraint(
            ["of_packet_id"], ["packet.id"], name=op.f("fk_delivery_receipt_of_packet_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_receipt")),
        sa.UniqueConstraint("of_packet_id", name=op.f("uq_delivery_receipt_of_packet_id")),
    )
