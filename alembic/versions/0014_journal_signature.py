"""Heads of the journal are signed with a key outside the database."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "journal_signature",
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_journal_signature")),
        info={"append_only": True},
    )
    op.execute('REVOKE ALL ON "journal_signature" FROM "congvan_app"')
    op.execute('GRANT SELECT, INSERT ON "journal_signature" TO "congvan_app"')
    for trigger in ("append_only BEFORE UPDATE OR DELETE", "never_emptied BEFORE TRUNCATE"):
        each = "STATEMENT" if "TRUNCATE" in trigger else "ROW"
        op.execute(
            f'CREATE OR REPLACE TRIGGER {trigger} ON "journal_signature" FOR EACH {each}'
            " EXECUTE FUNCTION congvan_refuse_change()"
        )
