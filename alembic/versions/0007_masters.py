"""Master diagrams that agencies below follow, and what each version was merged from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCOPE = "current_setting('congvan.agency', true)"
OWN = f"agency_id::text = {SCOPE} OR {SCOPE} = 'all'"

REFUSE = "EXECUTE FUNCTION congvan_refuse_change()"

RULES = [
    'REVOKE ALL ON "master_diagram" FROM "congvan_app"',
    'GRANT SELECT, INSERT ON "master_diagram" TO "congvan_app"',
    f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "master_diagram" FOR EACH ROW {REFUSE}',
    f'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON "master_diagram" FOR EACH STATEMENT {REFUSE}',
    'ALTER TABLE "master_diagram" ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE "master_diagram" FORCE ROW LEVEL SECURITY',
    f'CREATE POLICY own_agency ON "master_diagram" FOR ALL USING ({OWN}) WITH CHECK ({OWN})',
    f"CREATE POLICY directory ON \"master_diagram\" FOR SELECT USING ({SCOPE} <> '')",
]


def upgrade() -> None:
    op.add_column("definition", sa.Column("master_id", sa.Uuid(), nullable=True))
    op.create_table(
        "master_diagram",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_master_diagram_agency_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_master_diagram")),
        sa.UniqueConstraint(
            "agency_id", "key", "number", name=op.f("uq_master_diagram_agency_id_key_number")
        ),
    )
    op.create_index(
        op.f("ix_master_diagram_agency_id"), "master_diagram", ["agency_id"], unique=False
    )
    for rule in RULES:
        op.execute(rule)
