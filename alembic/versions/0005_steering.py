"""Acts of people on running procedures: a second person, trials, migrations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OWN = (
    "agency_id::text = current_setting('congvan.agency', true)"
    " OR current_setting('congvan.agency', true) = 'all'"
)


def rules(table: str) -> list[str]:
    return [
        f'REVOKE ALL ON "{table}" FROM "congvan_app"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO "congvan_app"',
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY own_agency ON "{table}" FOR ALL USING ({OWN}) WITH CHECK ({OWN})',
    ]


def record(table: str, *columns: "sa.Column | sa.Constraint") -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f(f"fk_{table}_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_agency_id"), table, ["agency_id"], unique=False)
    for rule in rules(table):
        op.execute(rule)


def refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.add_column(
        "agency",
        sa.Column(
            "second_person",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
    )
    op.add_column("definition", sa.Column("pilot_units", postgresql.ARRAY(sa.Uuid())))
    op.create_index(
        "ix_definition_pilot",
        "definition",
        ["agency_id", "key"],
        unique=True,
        postgresql_where=sa.text("pilot_units IS NOT NULL"),
    )
    record(
        "proposal",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("order", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_reason", sa.Text(), nullable=False),
        refers("proposal", "proposed_by", "officer"),
        refers("proposal", "decided_by", "officer"),
    )
    op.create_index(
        "ix_proposal_waiting",
        "proposal",
        ["agency_id", "proposed_at"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    record(
        "migration",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("table", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        refers("migration", "definition_id", "definition"),
        refers("migration", "started_by", "officer"),
    )
    record(
        "migration_run",
        sa.Column("migration_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("vi", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        refers("migration_run", "migration_id", "migration"),
        refers("migration_run", "instance_id", "process_instance"),
        sa.UniqueConstraint(
            "migration_id", "instance_id", name=op.f("uq_migration_run_migration_id_instance_id")
        ),
    )
