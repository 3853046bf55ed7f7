"""Which keys are registered, who holds the agency's, and each use of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SCOPE = "current_setting('congvan.agency', true)"
OWN = f"agency_id::text = {SCOPE} OR {SCOPE} = 'all'"
REFUSE = "EXECUTE FUNCTION congvan_refuse_change()"

LOGS = ("key_handover", "key_use")
TABLES = ("keystore", *LOGS)
RULES = [
    *(f'REVOKE ALL ON "{one}" FROM "congvan_app"' for one in TABLES),
    'GRANT SELECT, INSERT, UPDATE, DELETE ON "keystore" TO "congvan_app"',
    *(f'GRANT SELECT, INSERT ON "{one}" TO "congvan_app"' for one in LOGS),
    *(
        f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{one}" FOR EACH ROW {REFUSE}'
        for one in LOGS
    ),
    *(
        f'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON "{one}" FOR EACH STATEMENT {REFUSE}'
        for one in LOGS
    ),
    *(f'ALTER TABLE "{one}" ENABLE ROW LEVEL SECURITY' for one in TABLES),
    *(f'ALTER TABLE "{one}" FORCE ROW LEVEL SECURITY' for one in TABLES),
    *(
        f'CREATE POLICY own_agency ON "{one}" FOR ALL USING ({OWN}) WITH CHECK ({OWN})'
        for one in TABLES
    ),
]


def upgrade() -> None:
    op.create_table(
        "key_handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("holder_name", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_officer_id", sa.Uuid(), nullable=True),
        sa.Column("by_position_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_key_handover_agency_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_officer_id"], ["officer.id"], name=op.f("fk_key_handover_by_officer_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_position_id"], ["position.id"], name=op.f("fk_key_handover_by_position_id")
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["officer.id"], name=op.f("fk_key_handover_holder_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_handover")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_key_handover_agency_id"), "key_handover", ["agency_id"], unique=False)
    op.create_table(
        "key_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("ordered_by_id", sa.Uuid(), nullable=True),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "signed",
                "not_kept",
                "refused",
                name="keyuseoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_officer_id", sa.Uuid(), nullable=True),
        sa.Column("by_position_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_key_use_agency_id")),
        sa.ForeignKeyConstraint(
            ["by_officer_id"], ["officer.id"], name=op.f("fk_key_use_by_officer_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_position_id"], ["position.id"], name=op.f("fk_key_use_by_position_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_use")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_key_use_agency_id"), "key_use", ["agency_id"], unique=False)
    op.create_index("ix_key_use_agency_id_id", "key_use", ["agency_id", "id"], unique=False)
    op.create_index("ix_key_use_document_id", "key_use", ["document_id"], unique=False)
    op.create_table(
        "keystore",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("of_agency", sa.Boolean(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "pkcs12",
                "pkcs11",
                "remote",
                "desktop",
                name="keykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column(
            "place", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_officer_id", sa.Uuid(), nullable=True),
        sa.Column("by_position_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_keystore_agency_id")),
        sa.ForeignKeyConstraint(
            ["by_officer_id"], ["officer.id"], name=op.f("fk_keystore_by_officer_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_position_id"], ["position.id"], name=op.f("fk_keystore_by_position_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keystore")),
    )
    op.create_index(op.f("ix_keystore_agency_id"), "keystore", ["agency_id"], unique=False)
    op.create_index(
        "uq_keystore_owner_id",
        "keystore",
        ["owner_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    for rule in RULES:
        op.execute(rule)
