"""How long signatures stay provable, and each proof that was added, which never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SCOPE = "current_setting('congvan.agency', true)"
OWN = f"agency_id::text = {SCOPE} OR {SCOPE} = 'all'"
REFUSE = "EXECUTE FUNCTION congvan_refuse_change()"

RULES = [
    'REVOKE ALL ON "signature_keeping" FROM "congvan_app"',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON "signature_keeping" TO "congvan_app"',
    'ALTER TABLE "signature_keeping" ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE "signature_keeping" FORCE ROW LEVEL SECURITY',
    f'CREATE POLICY own_agency ON "signature_keeping" FOR ALL USING ({OWN}) WITH CHECK ({OWN})',
    'REVOKE ALL ON "proof_step" FROM "congvan_app"',
    'GRANT SELECT, INSERT ON "proof_step" TO "congvan_app"',
    f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "proof_step" FOR EACH ROW {REFUSE}',
    f'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON "proof_step" FOR EACH STATEMENT {REFUSE}',
    'ALTER TABLE "proof_step" ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE "proof_step" FORCE ROW LEVEL SECURITY',
    f'CREATE POLICY own_agency ON "proof_step" FOR ALL USING ({OWN}) WITH CHECK ({OWN})',
]


def upgrade() -> None:
    op.create_table(
        "signature_keeping",
        *_record(),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        *_keys("signature_keeping"),
        sa.UniqueConstraint("file_id", name=op.f("uq_signature_keeping_file_id")),
    )
    op.create_index(op.f("ix_signature_keeping_sha256"), "signature_keeping", ["sha256"])
    op.create_index(
        "ix_signature_keeping_due",
        "signature_keeping",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "proof_step",
        *_record(),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256_before", sa.Text(), nullable=False),
        sa.Column("sha256_after", sa.Text(), nullable=False),
        sa.Column("tsa_url", sa.Text(), nullable=False),
        sa.Column("tsa_name", sa.Text(), nullable=False),
        sa.Column("tsa_serial", sa.Text(), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tsa_valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        *_keys("proof_step"),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_proof_step_file_id"), "proof_step", ["file_id"])
    for table in ("signature_keeping", "proof_step"):
        op.create_index(op.f(f"ix_{table}_agency_id"), table, ["agency_id"])
    for rule in RULES:
        op.execute(rule)


def _record() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
    ]


def _keys(table: str) -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f(f"fk_{table}_agency_id")),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f(f"fk_{table}_file_id")),
    ]
