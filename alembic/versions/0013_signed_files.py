"""Annexes the agency signed, and copies, are files of kinds of their own."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = (
    "main", "annex", "signed_annex", "source", "draft", "scan", "signed", "edxml", "report",
    "opinion", "copy",
)  # fmt: skip


def upgrade() -> None:
    op.drop_constraint("filekind", "file", type_="check")
    named = ", ".join(f"'{kind}'" for kind in KINDS)
    op.create_check_constraint("filekind", "file", f"kind IN ({named})")
