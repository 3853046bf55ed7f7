"""Bringing a database to the newest schema (nâng cấp cơ sở dữ liệu)."""

import importlib
import pkgutil
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.database import Base

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


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    return config


def upgrade(url: str) -> str:
    """Migrate the database at `url` to the newest schema at once; return its revision."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest()


def newest() -> str:
    """Return the revision this version of the product needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(connection: sa.Connection) -> str:
    """Return the revision of the database."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def write_revision(url: str, message: str) -> None:
    """Write a migration from the difference between the tables and the database (maintainers)."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        config = _config()
        config.attributes |= {"connection": connection, "metadata": metadata()}
        command.revision(config, message=message, autogenerate=True)
