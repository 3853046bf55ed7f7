"""What an officer typed and has not sent stays with his step."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OWN = (
    "agency_id::text = current_setting('congvan.agency', true)"
    " OR current_setting('congvan.agency', true) = 'all'"
)

RULES = [
    'REVOKE ALL ON "unsent_form" FROM "congvan_app"',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON "unsent_form" TO "congvan_app"',
    'ALTER TABLE "unsent_form" ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE "unsent_form" FORCE ROW LEVEL SECURITY',
    f'CREATE POLICY own_agency ON "unsent_form" FOR ALL USING ({OWN}) WITH CHECK ({OWN})',
]


def upgrade() -> None:
    op.create_table(
        "unsent_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_unsent_form_agency_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["work_item.id"], name=op.f("fk_unsent_form_item_id")),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officer.id"], name=op.f("fk_unsent_form_officer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsent_form")),
        sa.UniqueConstraint(
            "item_id", "officer_id", name=op.f("uq_unsent_form_item_id_officer_id")
        ),
    )
    op.create_index(op.f("ix_unsent_form_agency_id"), "unsent_form", ["agency_id"], unique=False)
    for rule in RULES:
        op.execute(rule)
