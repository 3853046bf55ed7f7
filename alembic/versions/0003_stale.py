"""The guard of a written row is the server's, so that COMMIT can travel with the last write."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE OR REPLACE FUNCTION congvan_stale(what text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', what USING ERRCODE = 'CV001';
END $$
"""


def upgrade() -> None:
    op.execute(FUNCTION)
