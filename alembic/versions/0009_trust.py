"""Versions of the list of trust and of the policy signatures are checked by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REFUSE = "EXECUTE FUNCTION congvan_refuse_change()"

RULES = [
    'REVOKE ALL ON "trust_version" FROM "congvan_app"',
    'GRANT SELECT, INSERT ON "trust_version" TO "congvan_app"',
    f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "trust_version" FOR EACH ROW {REFUSE}',
    f'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON "trust_version" FOR EACH STATEMENT {REFUSE}',
]


def upgrade() -> None:
    op.create_table(
        "trust_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("change", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_name", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["officer.id"], name=op.f("fk_trust_version_changed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust_version")),
        sa.UniqueConstraint("number", name=op.f("uq_trust_version_number")),
    )
    for rule in RULES:
        op.execute(rule)
