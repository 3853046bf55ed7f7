"""What the database itself refuses (bảo mật theo dòng), whatever the code above it forgets.

Every table with an `agency_id` shows and takes only rows of the agency in `congvan.agency`, which
each transaction sets; `all` is the system itself; without a setting there are no rows. A table says
otherwise in its `info`:

- `read_by: "all"`: the directory; all may read, the agency itself writes, and partners known only
  as addressees are entered by whoever meets them
- `read_by: "colleagues"`: officers, also read by the agencies in which they hold a position
- `append_only: True`: nobody changes or removes a row, the owner included
"""

import sqlalchemy as sa

from engine.database import APP_ROLE, Base

_SCOPE = "current_setting('congvan.agency', true)"

_REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION congvan_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""


def statements(metadata: sa.MetaData = Base.metadata, role: str = APP_ROLE) -> list[str]:
    """Return the DDL that grants `role` its rights and binds it to one agency.

    To be run by the owner, after all tables exist; running it again changes nothing.
    """
    tables = metadata.sorted_tables
    found = [_REFUSE_CHANGE.strip(), f'GRANT USAGE ON SCHEMA public TO "{role}"']
    for table in tables:
        found += _grants(table, role)
        if table.info.get("append_only"):
            found += _append_only(table)
        if table.name == "agency" or "agency_id" in table.columns:
            found += _row_security(table)
    return found


def _grants(table: sa.Table, role: str) -> list[str]:
    rights = "SELECT, INSERT"
    if not table.info.get("append_only"):
        rights += ", UPDATE, DELETE"
    return [
        f'REVOKE ALL ON "{table.name}" FROM "{role}"',
        f'GRANT {rights} ON "{table.name}" TO "{role}"',
    ]


def _append_only(table: sa.Table) -> list[str]:
    refuse = "EXECUTE FUNCTION congvan_refuse_change()"
    change = f'BEFORE UPDATE OR DELETE ON "{table.name}" FOR EACH ROW {refuse}'
    empty = f'BEFORE TRUNCATE ON "{table.name}" FOR EACH STATEMENT {refuse}'
    return [
        f"CREATE OR REPLACE TRIGGER append_only {change}",
        f"CREATE OR REPLACE TRIGGER never_emptied {empty}",
    ]


def _row_security(table: sa.Table) -> list[str]:
    reads, writes = _conditions(table)
    found = [
        f'ALTER TABLE "{table.name}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table.name}" FORCE ROW LEVEL SECURITY',
    ]
    policies = {"own_agency": f"FOR ALL USING ({writes}) WITH CHECK ({writes})"}
    if reads != writes:
        policies["directory"] = f"FOR SELECT USING ({reads})"
    for name in ("own_agency", "directory"):
        found.append(f'DROP POLICY IF EXISTS {name} ON "{table.name}"')
        if name in policies:
            found.append(f'CREATE POLICY {name} ON "{table.name}" {policies[name]}')
    return found


def _conditions(table: sa.Table) -> tuple[str, str]:
    """Return who may read and who may write a row of `table`."""
    owner = "id" if table.name == "agency" else "agency_id"
    own = f"{owner}::text = {_SCOPE} OR {_SCOPE} = 'all'"
    match table.info.get("read_by"):
        case "all":
            return f"{_SCOPE} <> ''", f"{own}{_PARTNERS.get(table.name, '')}"
        case "colleagues":
            held = "SELECT FROM position p WHERE p.officer_id = officer.id"
            return f"{own} OR EXISTS ({held})", own  # `position` shows only the own agency's rows
        case _:
            return own, own


#: partners known only as addressees belong to nobody: whoever meets one enters it
_PARTNERS = {
    "agency": f" OR (NOT is_tenant AND {_SCOPE} <> '')",
    "agency_code": (
        f" OR ({_SCOPE} <> '' AND EXISTS (SELECT FROM agency a WHERE a.id = agency_id"
        " AND NOT a.is_tenant))"
    ),
}
