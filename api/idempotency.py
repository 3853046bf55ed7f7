"""Commands that may be sent twice (gửi lại an toàn): the answer is kept with the effect.

A client that lost the answer sends the same request under the same `Idempotency-Key` and gets the
first answer again. Key, effect and answer are one transaction: after a crash there is all of it or
nothing. A refused command leaves no trace and may be sent again under its key.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from flask import Response, current_app, request
from sqlalchemy.orm import Mapped, mapped_column

from api.answers import Answer, send
from api.bearer import transaction
from api.errors import BadKey, KeyInUse, KeyReused
from engine.database import Base, Query, Transaction

LIFE = timedelta(hours=24)
LONGEST_KEY = 100
HEADER = "Idempotency-Key"


class IdempotencyKey(Base):
    """One carried-out request of an officer's and its answer (khóa gửi lại), kept for a day."""

    __tablename__ = "idempotency_key"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    officer_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    #: keyed digest of method, address and body: a body may hold a PIN
    request: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)


_KEPT = Query(
    sa.select(IdempotencyKey).where(
        IdempotencyKey.agency_id == sa.bindparam("agency"),
        IdempotencyKey.officer_id == sa.bindparam("officer"),
        IdempotencyKey.key == sa.bindparam("key"),
    )
)


def carry_out(effect: Callable[[Transaction], Answer]) -> Response:
    """Carry out `effect` in one transaction, at most once for each `Idempotency-Key`.

    Raises `KeyInUse` while the first request runs, `KeyReused` for another request, `BadKey`.
    """
    key = request.headers.get(HEADER)
    if key is None:
        with transaction() as tx:
            answer = effect(tx)
            body = answer.encoded()
        return send(body, answer.status, answer.headers)
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise BadKey
    try:
        with transaction() as tx:
            kept = _lock(tx, key)
            if kept is not None and kept.expires_at > tx.now:
                return _again(kept)
            if kept is not None:
                tx.delete(kept)
            answer = effect(tx)
            body = answer.encoded()
            tx.add(_keep(tx, key, answer, body))
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == f"pk_{IdempotencyKey.__tablename__}":
            raise KeyInUse from None
        raise
    return send(body, answer.status, answer.headers)


def _lock(tx: Transaction, key: str) -> IdempotencyKey | None:
    """Return what is kept under a key, with the key locked until the end of the transaction."""
    name = f"{tx.acting.agency_id} {tx.acting.officer_id} {key}"
    locked = tx.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", name)
    if locked.fetchone() != (True,):
        raise KeyInUse
    return tx.scalar(_KEPT, agency=tx.acting.agency_id, officer=tx.acting.officer_id, key=key)


def _keep(tx: Transaction, key: str, answer: Answer, body: bytes) -> IdempotencyKey:
    return IdempotencyKey(
        agency_id=tx.acting.agency_id,
        officer_id=tx.acting.officer_id,
        key=key,
        request=_digest(),
        status=answer.status,
        headers=dict(answer.headers),
        body=body,
        expires_at=tx.now + LIFE,
    )


def _again(kept: IdempotencyKey) -> Response:
    if not hmac.compare_digest(kept.request, _digest()):
        raise KeyReused
    return send(kept.body, kept.status, {**kept.headers, "Idempotency-Replayed": "true"})


def _digest() -> bytes:
    secret = current_app.secret_key
    assert secret
    known = hmac.new(secret if isinstance(secret, bytes) else secret.encode(), None, hashlib.sha256)
    known.update(f"{request.method} {request.full_path}\n".encode())
    known.update(request.get_data())
    return known.digest()


def sweep(tx: Transaction) -> int:
    """Forget the answers whose day is over; run by the worker now and then."""
    return tx.execute("DELETE FROM idempotency_key WHERE expires_at <= %s", tx.now).rowcount
