"""Who is connected to our axis and which agencies it knows (danh bạ trục), over their tables."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.database import Query, Transaction
from exchange.axis_store import Agency, AgencyCode, System, Usage
from exchange.identity import organ_key
from records.axis_tables import AxisAgency, AxisCode, AxisSystem

# columns, not records: nothing of them is changed here, and a send reads many
_CODES = (
    sa.select(
        *(AxisAgency.key, AxisAgency.code, AxisAgency.name, AxisAgency.system_id),
        *(AxisAgency.changed_at, AxisAgency.parent, AxisAgency.mail, AxisAgency.is_locked),
        *(AxisAgency.is_deleted, AxisAgency.intermediaries, AxisAgency.revision),
        *(AxisCode.code, AxisCode.valid_from, AxisCode.valid_until, AxisCode.successor),
    )
    .join(AxisCode, AxisCode.agency == AxisAgency.key)
    .order_by(AxisAgency.code, AxisCode.no)
)
_KEYS = sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Text())))
_FEW = 20
# of many codes in two questions: in one, a plan without statistics compares each with each
_HOLDERS = Query(
    _CODES.where(AxisAgency.key.in_(sa.select(AxisCode.agency).where(AxisCode.key == _KEYS)))
)
_HELD = Query(sa.select(AxisCode.key, AxisCode.agency).where(AxisCode.key == _KEYS))
_OF_KEYS = Query(_CODES.where(AxisAgency.key == _KEYS))
_CHANGED = Query(_CODES.where(AxisAgency.revision > sa.bindparam("since", type_=sa.BigInteger())))
_SPEAKER = Query(sa.select(AxisAgency.system_id).where(AxisAgency.key == sa.bindparam("id")))
_SYSTEM = Query(sa.select(AxisSystem).where(AxisSystem.system_id == sa.bindparam("id")))
_MINUTE = timedelta(minutes=1)


class AxisDirectory:
    """The part of an axis's `Store` that knows systems and agencies; one for each transaction."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        #: what one call asks for more than once: systems, agencies by code, who speaks for them
        self._systems: dict[str, AxisSystem] = {}
        self._holders: dict[str, Agency | None] = {}
        self._speakers: dict[str, str | None] = {}

    def system(self, system_id: str) -> System | None:
        """Return a connected system."""
        row = self._systems.get(system_id) or self.tx.scalar(_SYSTEM, id=system_id)
        if row is None:
            return None
        self._systems[system_id] = row
        return System(row.system_id, row.secret, row.messages_per_hour, row.bytes_per_hour)

    def put_system(self, system: System) -> None:
        """Add a system, or give it a new secret and quotas."""
        row = self.tx.scalar(_SYSTEM, id=system.system_id)
        values = {
            "secret": system.secret,
            "messages_per_hour": system.messages_per_hour,
            "bytes_per_hour": system.bytes_per_hour,
        }
        if row is None:
            self.tx.add(AxisSystem(system_id=system.system_id, **values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
        self.tx.flush()

    def saw(self, system_id: str, at: datetime) -> None:
        """Note that a system asked for its packets, once a minute: it asks every few seconds."""
        row = self._systems.get(system_id) or self.tx.scalar(_SYSTEM, id=system_id)
        if row is not None and (row.polled_at is None or at - row.polled_at > _MINUTE):
            self.tx.execute(
                "UPDATE axis_system SET polled_at = %s WHERE system_id = %s"
                " AND (polled_at IS NULL OR polled_at < %s)",
                *(at, system_id, at),
            )

    def used(self, system_id: str, hour: datetime) -> Usage:
        """Return what a system has sent in an hour."""
        row = self.tx.execute(
            "SELECT coalesce(sum(messages), 0)::bigint, coalesce(sum(bytes), 0)::bigint"
            " FROM axis_usage WHERE system_id = %s AND hour = %s",
            *(system_id, hour),
        ).fetchone()
        return Usage(*(row or (0, 0)))

    def count(self, system_id: str, hour: datetime, size: int) -> None:
        """Count one more message, in the slot of this connection."""
        self.tx.execute(
            """INSERT INTO axis_usage (system_id, hour, slot, messages, bytes)
               VALUES (%s, %s, mod(pg_backend_pid(), 16), 1, %s)
               ON CONFLICT (system_id, hour, slot) DO UPDATE
               SET messages = axis_usage.messages + 1, bytes = axis_usage.bytes + excluded.bytes""",
            *(system_id, hour, size),
        )

    def agency(self, code: str) -> Agency | None:
        """Return the agency that holds this code, preferred or not, deleted or not."""
        return self.holders([code]).get(organ_key(code))

    def holders(self, codes: Iterable[str]) -> Mapping[str, Agency]:
        """Return the agencies that hold these codes, by `organ_key` of the code."""
        keys = {organ_key(code) for code in codes}
        if asked := sorted(keys - self._holders.keys()):
            found = self._holders_of(asked)
            self._holders.update((key, found.get(key)) for key in asked)
        return {key: agency for key in keys if (agency := self._holders[key]) is not None}

    def _holders_of(self, keys: list[str]) -> dict[str, Agency]:
        if len(keys) <= _FEW:
            few = _agencies(self.tx.rows(_HOLDERS, keys=keys))
            return {organ_key(one.code): agency for agency in few for one in agency.codes}
        held = dict(self.tx.rows(_HELD, keys=keys))
        found = self.tx.rows(_OF_KEYS, keys=sorted(set(held.values()))) if held else []
        agencies = {agency.agency_id: agency for agency in _agencies(found)}
        return {key: agencies[agency_id] for key, agency_id in held.items()}

    def speaker(self, agency_id: str) -> str | None:
        """Return the system that speaks for an agency."""
        if agency_id not in self._speakers:
            self._speakers[agency_id] = self.tx.scalar(_SPEAKER, id=agency_id)
        return self._speakers[agency_id]

    def put_agency(self, agency: Agency) -> None:
        """Add or replace the agency of this id under the next version of the directory.

        One change at a time: a copy that asks for what is newer than it has misses nothing.
        """
        self.tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('axis directory', 0))")
        newest = self.tx.scalar(sa.select(sa.func.max(AxisAgency.revision))) or 0
        values = {
            "code": agency.code,
            "name": agency.name,
            "system_id": agency.system_id,
            "changed_at": agency.changed_at,
            "revision": max(newest + 1, int(agency.changed_at.timestamp())),
            "intermediaries": list(agency.intermediaries),
            "parent": agency.parent,
            "mail": agency.mail,
            "is_locked": agency.is_locked,
            "is_deleted": agency.is_deleted,
        }
        key = agency.agency_id
        row = self.tx.scalar(sa.select(AxisAgency).where(AxisAgency.key == key))
        if row is None:
            self.tx.add(AxisAgency(key=key, **values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
        self.tx.flush()
        self._put_codes(agency)
        self._holders, self._speakers = {}, {}

    def _put_codes(self, agency: Agency) -> None:
        codes = agency.codes
        kept = [organ_key(one.code) for one in codes]
        self.tx.execute(
            "DELETE FROM axis_code WHERE agency = %s AND key <> ALL(%s::text[])",
            *(agency.agency_id, kept),
        )
        self.tx.execute(
            """INSERT INTO axis_code (key, code, agency, no, valid_from, valid_until, successor)
               SELECT key, code, %s, no, valid_from, valid_until, successor
               FROM unnest(%s::text[], %s::text[], %s::date[], %s::date[], %s::text[])
                 WITH ORDINALITY AS new (key, code, valid_from, valid_until, successor, no)
               ON CONFLICT (key) DO UPDATE SET code = excluded.code, no = excluded.no,
                 valid_from = excluded.valid_from, valid_until = excluded.valid_until,
                 successor = excluded.successor, agency = excluded.agency""",
            *(agency.agency_id, kept, [one.code for one in codes]),
            *([one.valid_from for one in codes], [one.valid_until for one in codes]),
            [one.successor for one in codes],
        )

    def agencies(self, since: int = 0) -> Sequence[Agency]:
        """Return the agencies changed after this version, deleted ones included, by code."""
        return _agencies(self.tx.rows(_CHANGED, since=since))


def _agencies(rows: Iterable[tuple[Any, ...]]) -> list[Agency]:
    """Return agencies from rows of `_CODES`, one for each code, those of an agency together."""
    held: dict[str, tuple[tuple[Any, ...], list[AgencyCode]]] = {}
    for row in rows:
        held.setdefault(row[0], (row, []))[1].append(AgencyCode(*row[11:]))
    return [_agency(row, tuple(codes)) for row, codes in held.values()]


def _agency(row: tuple[Any, ...], codes: tuple[AgencyCode, ...]) -> Agency:
    key, code, name, system_id, changed_at, parent, mail, locked, deleted, others, version = row[
        :11
    ]
    return Agency(
        key, code, name, system_id, codes, changed_at, parent, mail, locked, deleted,
        tuple(others), version,
    )  # fmt: skip
