"""Codes of the axis's directory have days and successors; others may send for an agency."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "axis_code",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["axis_agency.key"], name=op.f("fk_axis_code_agency")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_axis_code")),
    )
    op.create_index(op.f("ix_axis_code_agency"), "axis_code", ["agency"])
    op.execute('REVOKE ALL ON "axis_code" FROM "congvan_app"')
    op.execute('GRANT SELECT, INSERT, UPDATE, DELETE ON "axis_code" TO "congvan_app"')
    op.execute(
        "INSERT INTO axis_code (key, code, agency, no, successor)"
        " SELECT upper(btrim(held.code)), held.code, key, held.no, ''"
        " FROM axis_agency, unnest(codes) WITH ORDINALITY AS held (code, no)"
        " ON CONFLICT DO NOTHING"
    )
    op.drop_index("ix_axis_agency_keys", table_name="axis_agency")
    op.drop_column("axis_agency", "codes")
    op.drop_column("axis_agency", "keys")
    op.add_column("axis_agency", sa.Column("revision", sa.BigInteger(), nullable=True))
    op.add_column(
        "axis_agency",
        sa.Column(
            "intermediaries", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")
        ),
    )
    op.alter_column("axis_agency", "intermediaries", server_default=None)
    # copies kept elsewhere have asked by these numbers: they go on from there
    op.execute("UPDATE axis_agency SET revision = floor(extract(epoch FROM changed_at))")
    op.alter_column("axis_agency", "revision", nullable=False)
    op.create_index(op.f("ix_axis_agency_revision"), "axis_agency", ["revision"])
    for name in ("sent_as", "sent_by"):
        op.add_column("axis_packet", sa.Column(name, sa.Text(), nullable=True))
    op.execute(
        "UPDATE axis_packet SET sent_as = sender, sender = upper(btrim(sender)),"
        " receiver = upper(btrim(receiver)), sent_by = coalesce((SELECT system_id FROM axis_agency"
        " WHERE axis_agency.key = upper(btrim(axis_packet.sender))), '')"
    )
    op.execute("UPDATE axis_sending SET sender = upper(btrim(sender))")
    for name in ("sent_as", "sent_by"):
        op.alter_column("axis_packet", name, nullable=False)
    op.create_index("ix_axis_packet_sent_by", "axis_packet", ["sent_by", "created_at"])
