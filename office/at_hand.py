"""The database of this installation for one command (cơ sở dữ liệu): running, or started for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from office import settings as configuration
from office.settings import Settings

if TYPE_CHECKING:
    from engine.database import Transaction


@contextmanager
def database_at_hand() -> Iterator[Settings]:
    """Yield the settings with a database that answers: external, running, or started for this."""
    from office.postgres import Cluster

    found = configuration.load()
    if found.database_url:
        yield found
        return
    known = found.data / "database.url"
    if known.is_file() and _answers(known.read_text().strip()):
        yield replace(found, database_url=known.read_text().strip())
        return
    found.make_data()
    cluster = Cluster(found.data, say=click.echo)
    try:
        yield replace(found, database_url=cluster.start())
    finally:
        cluster.stop()


@contextmanager
def transaction_at_hand() -> "Iterator[Transaction]":
    """Yield one transaction of the system on that database; it commits at the end of the block."""
    from engine.database import Database

    with database_at_hand() as found:
        database = Database(found.database_url)
        try:
            with database.transaction() as tx:
                yield tx
        finally:
            database.dispose()


def _answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url.replace("+psycopg", ""), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True
