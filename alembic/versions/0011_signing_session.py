"""A signature may be waited for: the key is at a desk, the file is here."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OWN = (
    "agency_id::text = current_setting('congvan.agency', true)"
    " OR current_setting('congvan.agency', true) = 'all'"
)

RULES = [
    'REVOKE ALL ON "signing_session" FROM "congvan_app"',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON "signing_session" TO "congvan_app"',
    'ALTER TABLE "signing_session" ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE "signing_session" FORCE ROW LEVEL SECURITY',
    f'CREATE POLICY own_agency ON "signing_session" FOR ALL USING ({OWN}) WITH CHECK ({OWN})',
]
ROLES = ("approve", "number", "seal", "annex", "copy", "incoming")
STATES = ("prepared", "signed", "done", "failed", "expired")


def _word(words: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    data = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "signing_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("item_version", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("position_id", sa.Uuid(), nullable=False),
        sa.Column("officer_name", sa.Text(), nullable=False),
        sa.Column("role", _word(ROLES, "signrole"), nullable=False),
        sa.Column("transport", _word(("raw", "agent-file"), "transport"), nullable=False),
        sa.Column("state", _word(STATES, "sessionstate"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("form", data, nullable=False),
        sa.Column("base_sha256", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("prepared", data, nullable=True),
        sa.Column("revision", sa.LargeBinary(), nullable=True),
        sa.Column("told", data, nullable=False),
        sa.Column("download_hash", sa.LargeBinary(), nullable=True),
        sa.Column("upload_hash", sa.LargeBinary(), nullable=True),
        sa.Column("downloaded_at", moment, nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("given_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("result_sha256", sa.Text(), nullable=False),
        sa.Column("failure", data, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_signing_session_{column}")
            )
            for column, table in (
                ("agency_id", "agency"),
                ("item_id", "work_item"),
                ("officer_id", "officer"),
                ("position_id", "position"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_session")),
    )
    for column in ("agency_id", "item_id"):
        op.create_index(op.f(f"ix_signing_session_{column}"), "signing_session", [column])
    op.create_index(
        "uq_signing_session_open",
        "signing_session",
        ["document_id", "role"],
        unique=True,
        postgresql_where=sa.text("state IN ('prepared', 'signed')"),
    )
    for rule in RULES:
        op.execute(rule)
