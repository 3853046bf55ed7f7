"""Keys that sign the receipts of partners are known, so that a change of one is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum(
                "first",
                "entered",
                name="keyorigin",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_key")),
        sa.UniqueConstraint(
            "partner", "fingerprint", name=op.f("uq_receipt_key_partner_fingerprint")
        ),
    )
    op.execute('REVOKE ALL ON "receipt_key" FROM "congvan_app"')
    op.execute('GRANT SELECT, INSERT, UPDATE, DELETE ON "receipt_key" TO "congvan_app"')
