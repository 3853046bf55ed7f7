"""The axis keeps a message log, quotas, how long it keeps bytes, and a way to the axis above."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

#: an entry is written once, its place in the chain is added once, and nothing is taken away
_ONCE = """
CREATE OR REPLACE FUNCTION congvan_axis_log_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.no IS NULL
    AND to_jsonb(NEW) - 'no' - 'hash' = to_jsonb(OLD) - 'no' - 'hash' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    for name in ("messages_per_hour", "bytes_per_hour"):
        op.add_column(
            "axis_system", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        )
        op.alter_column("axis_system", name, server_default=None)
    op.add_column("axis_system", sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "axis_usage",
        sa.Column("system_id", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["system_id"], ["axis_system.system_id"], name=op.f("fk_axis_usage_system_id")
        ),
        sa.PrimaryKeyConstraint("system_id", "hour", "slot", name=op.f("pk_axis_usage")),
    )
    _change_messages()
    for name, default in (("route", "local"), ("forwarded_as", "")):
        op.add_column(
            "axis_packet", sa.Column(name, sa.Text(), nullable=False, server_default=default)
        )
        op.alter_column("axis_packet", name, server_default=None)
    op.create_index(op.f("ix_axis_packet_digest"), "axis_packet", ["digest"])
    _create_log()
    for name in ("axis_usage", "axis_log_entry"):
        op.execute(f'REVOKE ALL ON "{name}" FROM "congvan_app"')
        op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{name}" TO "congvan_app"')


def _change_messages() -> None:
    op.alter_column("axis_message", "data", existing_type=sa.LargeBinary(), nullable=True)
    op.add_column(
        "axis_message",
        sa.Column(
            "kept_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")
        ),
    )
    op.alter_column("axis_message", "kept_at", server_default=None)
    op.add_column(
        "axis_message", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_axis_message_kept",
        "axis_message",
        ["kept_at"],
        postgresql_where=sa.text("data IS NOT NULL"),
    )
    # base64 of what is packed already does not shrink: trying costs more than the bytes
    op.execute("ALTER TABLE axis_message ALTER COLUMN data SET STORAGE EXTERNAL")


def _create_log() -> None:
    texts = ("system_id", "sending_id", "packet_id", "sender", "receiver", "digest", "note")
    op.create_table(
        "axis_log_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("no", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_axis_log_entry")),
        sa.UniqueConstraint("no", name=op.f("uq_axis_log_entry_no")),
    )
    op.create_index(
        "ix_axis_log_entry_open",
        "axis_log_entry",
        ["id"],
        postgresql_where=sa.text("no IS NULL"),
    )
    op.create_index("ix_axis_log_entry_packet_id", "axis_log_entry", ["packet_id"])
    op.create_table(
        "axis_log_head",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_axis_log_head")),
    )
    op.create_index(op.f("ix_axis_log_head_no"), "axis_log_head", ["no"])
    op.execute(_ONCE)
    refuse = "EXECUTE FUNCTION congvan_axis_log_once()"
    op.execute(
        "CREATE OR REPLACE TRIGGER written_once BEFORE UPDATE OR DELETE ON axis_log_entry"
        f" FOR EACH ROW {refuse}"
    )
    op.execute(
        "CREATE OR REPLACE TRIGGER never_emptied BEFORE TRUNCATE ON axis_log_entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION congvan_refuse_change()"
    )
    op.execute('REVOKE ALL ON "axis_log_head" FROM "congvan_app"')
    op.execute('GRANT SELECT, INSERT ON "axis_log_head" TO "congvan_app"')
    for name, when, each in (
        ("append_only", "UPDATE OR DELETE", "ROW"),
        ("never_emptied", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE OR REPLACE TRIGGER {name} BEFORE {when} ON axis_log_head"
            f" FOR EACH {each} EXECUTE FUNCTION congvan_refuse_change()"
        )
