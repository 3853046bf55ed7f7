"""Versions of forms as published (phiên bản biểu mẫu): what an officer saw stays known."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from engine.database import Base, Query, Transaction
from engine.errors import NotFound
from forms.definition import FormDefinition, check_form, load_form


class FormVersion(Base):
    """One immutable version of a form (biểu mẫu), found by its digest.

    Forms hold no data of an agency, so all agencies share the versions.
    """

    __tablename__ = "form_version"
    __table_args__ = ({"info": {"read_by": "all"}},)

    sha256: orm.Mapped[str] = orm.mapped_column(primary_key=True)
    key: orm.Mapped[str]
    body: orm.Mapped[bytes]
    kept_at: orm.Mapped[datetime]


_VERSION = Query(sa.select(FormVersion).where(FormVersion.sha256 == sa.bindparam("sha256")))


def keep(tx: Transaction, form: FormDefinition) -> str:
    """Keep the version of a form and return its sha256."""
    if tx.scalar(_VERSION, sha256=form.sha256) is None:
        tx.add(FormVersion(sha256=form.sha256, key=form.key, body=form.canonical, kept_at=tx.now))
        tx.flush()
    return form.sha256


_kept: dict[str, FormDefinition] = {}


def load(tx: Transaction, key: str, sha256: str) -> FormDefinition:
    """Return the pinned version of a form; raises `NotFound` where it was never kept.

    Versions are immutable: read once per process.
    """
    if not sha256:
        return load_form(key)
    form = _kept.get(sha256)
    if form is None:
        row = tx.scalar(_VERSION, sha256=sha256)
        if row is None:
            raise NotFound(what=f"biểu mẫu {key}")
        form = check_form(row.body)
        if len(_kept) > 1_000:
            _kept.clear()
        _kept[sha256] = form
    return form
