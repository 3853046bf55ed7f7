"""A document that was issued can be asked back; who asked, why, and what was answered is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OWN = (
    "agency_id::text = current_setting('congvan.agency', true)"
    " OR current_setting('congvan.agency', true) = 'all'"
)

RULES = [
    'REVOKE ALL ON "change_request" FROM "congvan_app"',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON "change_request" TO "congvan_app"',
    'ALTER TABLE "change_request" ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE "change_request" FORCE ROW LEVEL SECURITY',
    f'CREATE POLICY own_agency ON "change_request" FOR ALL USING ({OWN}) WITH CHECK ({OWN})',
]
KINDS = ("take_back", "recall", "update", "replace")
ANSWERS = ("open", "agreed", "refused")
INCOMING = (
    "received", "refused", "registered", "presented", "directed", "in_progress", "completed",
    "cancelled", "replaced",
)  # fmt: skip
DELIVERIES = (
    "pending", "sent", "arrived", "accepted", "assigned", "in_progress", "completed", "refused",
    "failed", "recalled", "paper_only",
)  # fmt: skip
KEYS = (
    ("agency_id", "agency"), ("outgoing_document_id", "outgoing_document"),
    ("recipient_id", "recipient"), ("incoming_document_id", "incoming_document"),
    ("packet_id", "packet"), ("successor_id", "incoming_document"), ("by_officer_id", "officer"),
    ("by_position_id", "position"),
)  # fmt: skip


def _word(words: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "change_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("direction", _word(("in", "out"), "direction"), nullable=False),
        sa.Column("kind", _word(KINDS, "changekind"), nullable=False),
        sa.Column("outgoing_document_id", sa.Uuid(), nullable=True),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("incoming_document_id", sa.Uuid(), nullable=True),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("organ_code", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("sent_at", moment, nullable=True),
        sa.Column("received_at", moment, nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("packet_id", sa.Uuid(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=True),
        sa.Column("answer", _word(ANSWERS, "changeanswer"), nullable=False),
        sa.Column("answer_reason", sa.Text(), nullable=False),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("by_officer_id", sa.Uuid(), nullable=True),
        sa.Column("by_position_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_title", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(direction = 'out') = (outgoing_document_id IS NOT NULL)",
            name=op.f("ck_change_request_document"),
        ),
        sa.CheckConstraint(
            "(direction = 'out') = (recipient_id IS NOT NULL)",
            name=op.f("ck_change_request_recipient"),
        ),
        sa.CheckConstraint(
            "answer = 'open' OR answered_at IS NOT NULL", name=op.f("ck_change_request_answered")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_change_request_{column}")
            )
            for column, table in KEYS
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
    )
    for column in (
        "agency_id", "outgoing_document_id", "recipient_id", "incoming_document_id",
    ):  # fmt: skip
        op.create_index(op.f(f"ix_change_request_{column}"), "change_request", [column])
    op.create_index(
        "ix_change_request_agency_id_identifier", "change_request", ["agency_id", "identifier"]
    )
    for rule in RULES:
        op.execute(rule)
    for table in ("incoming_document", "outgoing_document"):
        reason = sa.Column("withdrawn_reason", sa.Text(), nullable=False, server_default="")
        op.add_column(table, reason)
        op.alter_column(table, "withdrawn_reason", server_default=None)
    op.add_column("incoming_document", sa.Column("withdrawn_at", moment, nullable=True))
    _allow("incoming_document", "incomingstatus", "status", INCOMING)
    _allow("recipient", "delivery", "delivery", DELIVERIES)
    op.add_column("status_report", sa.Column("change_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_status_report_change_id"), "status_report", "change_request", ["change_id"], ["id"]
    )
    # an answer is reported once for each request, every other code once for all
    old = op.f("uq_status_report_incoming_document_id_code")
    op.drop_constraint(old, "status_report", type_="unique")
    op.create_unique_constraint(
        op.f("uq_status_report_incoming_document_id_code_change_id"),
        "status_report",
        ["incoming_document_id", "code", "change_id"],
        postgresql_nulls_not_distinct=True,
    )


def _allow(table: str, constraint: str, column: str, words: tuple[str, ...]) -> None:
    op.drop_constraint(constraint, table, type_="check")
    named = ", ".join(f"'{word}'" for word in words)
    op.create_check_constraint(constraint, table, f"{column} IN ({named})")
