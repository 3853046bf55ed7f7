"""The migrations make exactly the tables the code maps, with the rules the code states."""

import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy.dialects import postgresql

from engine.database import APP_ROLE, Base
from office import migrate
from office.postgres import Cluster
from records import row_security
from records.journal import Xid


@pytest.fixture(autouse=True)
def _transaction_numbers(monkeypatch: pytest.MonkeyPatch):
    """Tell the library's reflection of PostgreSQL's type `xid8`, which it does not know."""
    monkeypatch.setitem(postgresql.base.ischema_names, "xid8", Xid)


@pytest.fixture(scope="module")
def migrated(cluster: Cluster) -> Iterator[sa.Engine]:
    """A database that stood empty and was migrated."""
    name = f"m_{uuid.uuid4().hex}"
    with cluster.connect() as administrator:
        administrator.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    assert migrate.upgrade(cluster.url(name)) == migrate.newest()
    database = sa.create_engine(cluster.url(name), poolclass=sa.NullPool)
    yield database
    with cluster.connect() as administrator:
        administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def ours() -> sa.MetaData:
    """The mapped tables without those that tests map."""
    migrate.metadata()
    rooms = tuple(f"{room}." for room in migrate.ROOMS)
    found = sa.MetaData(naming_convention=Base.metadata.naming_convention)
    for mapper in Base.registry.mappers:
        if mapper.class_.__module__.startswith(rooms):
            for table in mapper.tables:
                table.to_metadata(found)
    return found


def differences(connection: sa.Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    return compare_metadata(context, ours())


def test_the_migrations_make_what_the_code_maps(migrated: sa.Engine):
    assert len(ours().tables) > 30
    with migrated.connect() as connection:
        assert migrate.current(connection) == migrate.newest()
        assert differences(connection) == []


def test_the_newest_migration_is_the_one_the_library_would_run_last():
    assert ScriptDirectory(str(migrate.folder())).get_current_head() == migrate.newest()


def test_a_difference_would_be_seen(migrated: sa.Engine):
    with migrated.connect() as connection:
        before = len(differences(connection))
        connection.execute(sa.text("ALTER TABLE work_item DROP COLUMN lane"))
        connection.execute(sa.text("ALTER TABLE agency ALTER COLUMN name TYPE varchar(9)"))
        assert len(differences(connection)) == before + 2
        connection.rollback()


_OPEN = sa.text(
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
    " AND (c.relname = 'agency' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid"
    "   AND a.attname = 'agency_id' AND NOT a.attisdropped))"
    " AND NOT (c.relrowsecurity AND c.relforcerowsecurity"
    "   AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))"
)


def test_every_table_of_an_agency_is_behind_row_security(migrated: sa.Engine):
    with migrated.connect() as connection:
        assert connection.scalars(_OPEN).all() == []


@pytest.mark.parametrize("how", ["DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"])
def test_an_open_table_would_be_seen(migrated: sa.Engine, how: str):
    with migrated.connect() as connection:
        connection.execute(sa.text(f"ALTER TABLE incoming_document {how}"))
        assert connection.scalars(_OPEN).all() == ["incoming_document"]
        connection.rollback()


_RULES = (
    "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2",
    f"""SELECT table_name, privilege_type FROM information_schema.role_table_grants
        WHERE grantee = '{APP_ROLE}' ORDER BY 1, 2""",
    """SELECT event_object_table, trigger_name, event_manipulation, action_statement
       FROM information_schema.triggers ORDER BY 1, 2, 3""",
)


def rules(connection: sa.Connection) -> list[list[tuple[object, ...]]]:
    return [[tuple(row) for row in connection.execute(sa.text(text))] for text in _RULES]


def test_rights_and_policies_are_those_the_code_states(migrated: sa.Engine):
    """What a new table needs beside its columns is easily forgotten in a migration."""
    with migrated.connect() as connection:
        before = rules(connection)
        assert all(before)
        for statement in row_security.statements(ours()):
            connection.exec_driver_sql(statement.replace("%", "%%"))
        assert rules(connection) == before
        connection.rollback()


def test_the_bound_role_owns_nothing_and_cannot_log_in(migrated: sa.Engine):
    with migrated.connect() as connection:
        row = connection.execute(
            sa.text(
                "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
                " (SELECT count(*) FROM pg_class WHERE relowner = r.oid)"
                " FROM pg_roles r WHERE rolname = :name"
            ),
            {"name": APP_ROLE},
        ).one()
    assert tuple(row) == (False, False, False, False, False, 0)
