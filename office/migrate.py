"""Bringing a database to the newest schema (nâng cấp cơ sở dữ liệu).

Migrations are numbered in order, so that which is the newest, and whether a database has it, is
known without loading the library: nearly every start finds nothing to do.
"""

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.database import Base

if TYPE_CHECKING:
    from alembic.config import Config  # imported where there is something to migrate

#: one migration at a time, whoever starts first
LOCK = 188_2018

ROOMS = ("engine", "records", "forms", "processes", "api")


def folder() -> Path:
    """Return where the migrations lie: beside the code, or inside `office` in a wheel."""
    inside = Path(__file__).parent / "migrations"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "alembic"


def metadata() -> sa.MetaData:
    """Return the tables of all rooms."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    return Base.metadata


def _config(connection: sa.Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str) -> str:
    """Migrate the database at `url` to the newest schema at once; return its revision."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        if current(connection) != newest():
            from alembic import command

            command.upgrade(_config(connection), "head")
    return newest()


def newest() -> str:
    """Return the revision this version of the product needs."""
    return max(path.name.partition("_")[0] for path in folder().glob("versions/[0-9]*.py"))


def current(connection: sa.Connection) -> str:
    """Return the revision of the database."""
    if connection.scalar(sa.text("SELECT to_regclass('alembic_version')")) is None:
        return ""
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or ""


def write_revision(url: str, message: str) -> None:
    """Write a migration from the difference between the tables and the database (maintainers)."""
    from alembic import command

    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        config = _config(connection)
        config.attributes["metadata"] = metadata()
        number = f"{int(newest()) + 1:04}"
        command.revision(config, message=message, autogenerate=True, rev_id=number)
