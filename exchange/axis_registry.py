"""The directory of an axis (danh bạ): agencies, their codes with dates and successors, who sends.

An agency holds several codes at once (QĐ 20/2020/QĐ-TTg beside QCVN 102:2016); each has days on
which it is in force, and one that ended names what took its place (mã thay thế).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

from exchange.axis_refusals import (
    BadCall,
    CodeTaken,
    ReceiverLocked,
    SenderMismatch,
    SentToSelf,
    UnknownReceiver,
    UnknownSender,
    UnknownSystem,
)
from exchange.axis_store import Agency, AgencyCode, Route, Store, System
from exchange.clock import VIETNAM
from exchange.identity import ORGAN_ID_LENGTH, OrganForm, organ_form, organ_key


class Registry:
    """The directory over the store of an axis; whoever opened the store commits."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    @property
    def today(self) -> date:
        """The day by which codes are in force or not."""
        return self._clock().astimezone(VIETNAM).date()

    def admit_system(self, system_id: str, secret: str) -> None:
        """Connect a system, or change its secret (cấp mã hệ thống và khóa bí mật)."""
        self._store.put_system(System(system_id, secret))

    def admit(
        self,
        system_id: str,
        code: str,
        name: str,
        other_codes: Iterable[str | AgencyCode] = (),
        parent: str = "",
        mail: str = "",
    ) -> Agency:
        """Enter an agency with all its codes, spoken for by one system (đăng ký đơn vị).

        The agency that holds `code` already is changed. Raises CodeTaken when another holds one of
        the codes, BadCall for a code that is none.
        """
        stated = (one if isinstance(one, AgencyCode) else AgencyCode(one) for one in other_codes)
        codes = {organ_key(one.code): one for one in (AgencyCode(code), *stated)}
        for one in codes.values():
            if not one.code.strip() or len(one.code) > ORGAN_ID_LENGTH:
                raise BadCall(parameter="code", value=one.code[:40])
        holders = self._store.holders(codes)
        held = holders.get(organ_key(code))
        for key, holder in holders.items():
            if held is None or holder.agency_id != held.agency_id:
                raise CodeTaken(agency=codes[key].code)
        agency = Agency(
            held.agency_id if held is not None else organ_key(code),
            code,
            name,
            system_id,
            tuple(_dated(one, held) for one in codes.values()),
            self._clock(),
            parent,
            mail,
            held is not None and held.is_locked,
            intermediaries=held.intermediaries if held is not None else (),
        )
        self._store.put_agency(agency)
        return agency

    def rename(self, code: str, name: str) -> None:
        """Give an agency another name (đổi tên)."""
        self._put(self.agency(code), name=name)

    def lock(self, code: str, *, locked: bool = True) -> None:
        """Stop or resume delivery to an agency (khóa, mở khóa đơn vị); its packets stay."""
        self._put(self.agency(code), is_locked=locked)

    def delete(self, agency: Agency) -> None:
        """Take an agency off; it stays, so that directories kept elsewhere learn of it."""
        self._put(agency, is_deleted=True)

    def add_code(self, code: str, new: str, valid_from: date | None = None) -> None:
        """Give an agency a further code, and prefer it (thêm mã định danh)."""
        agency, holder = self.agency(code), self._store.agency(new)
        if holder is not None:
            raise CodeTaken(agency=new)
        if not new.strip() or len(new) > ORGAN_ID_LENGTH:
            raise BadCall(parameter="code", value=new[:40])
        self._put(agency, code=new, codes=(AgencyCode(new, valid_from), *agency.codes))

    def retire_code(self, code: str, last_day: date, successor: str) -> None:
        """End a code after its last day and name what takes its place (mã thay thế).

        The successor may be another agency's: that into which this one was merged.
        """
        agency, key = self.agency(code), organ_key(code)
        if self._store.agency(successor) is None or organ_key(successor) == key:
            raise BadCall(parameter="successor", value=successor[:40])
        codes = tuple(
            replace(one, valid_until=last_day, successor=successor)
            if organ_key(one.code) == key
            else one
            for one in agency.codes
        )
        others = [one for one in codes if one.valid_until is None]
        self._put(agency, codes=codes, code=others[0].code if others else agency.code)

    def allow_intermediary(self, code: str, system_id: str, *, allowed: bool = True) -> None:
        """Let another system send with this agency's `From`, or no longer (bên trung gian)."""
        if self._store.system(system_id) is None:
            raise UnknownSystem(system=system_id)
        agency = self.agency(code)
        rest = tuple(one for one in agency.intermediaries if one != system_id)
        self._put(agency, intermediaries=(*rest, system_id) if allowed else rest)

    def agency(self, code: str) -> Agency:
        """Return the agency that holds this code; raises UnknownReceiver."""
        found = self._store.agency(code)
        if found is None:
            raise self._unknown([code], {})
        return found

    def look_up(self, codes: Iterable[str]) -> None:
        """Ask the store for these codes at once: each of them will be asked for by itself."""
        self._store.holders(codes)

    def sender(self, code: str, system_id: str) -> Agency:
        """Return the agency a system sends for: its own, or one it is an intermediary of.

        Raises UnknownSender, also for a code no longer in force, and SenderMismatch.
        """
        agency = self._store.agency(code)
        if agency is None or agency.is_deleted or not agency.holds(code, self.today):
            told = _told(code, agency, self.today)
            raise UnknownSender(stated=told[0], stated_en=told[1])
        if system_id not in {agency.system_id, *agency.intermediaries}:
            raise SenderMismatch(stated=code, system=system_id)
        return agency

    def receivers(
        self, codes: Iterable[str], sender: Agency, *, forwards: bool
    ) -> dict[str, tuple[str, Route]]:
        """Return the agencies addressed, each once, with the code used and the way; all or nothing.

        With `forwards`, a code the directory does not know is left for the axis above. Raises
        UnknownReceiver with what took the place of a code no longer in force, ReceiverLocked,
        SentToSelf.
        """
        wanted = {organ_key(code): code for code in reversed([*codes])}
        holders = self._store.holders(wanted)
        found: dict[str, tuple[str, Route]] = {}
        unknown, locked = [], []
        for key, code in reversed(wanted.items()):
            agency = holders.get(key)
            if agency is None and forwards:
                found[key] = (code, Route.UPSTREAM)
            elif agency is None or agency.is_deleted or not agency.holds(code, self.today):
                unknown.append(code)
            elif agency.is_locked:
                locked.append(code)
            else:
                found.setdefault(agency.agency_id, (code, Route.LOCAL))
        if unknown:
            raise self._unknown(unknown, holders)
        if locked:
            raise ReceiverLocked(codes=", ".join(locked))
        if sender.agency_id in found:
            raise SentToSelf(code=found[sender.agency_id][0])
        return found

    def answered(self, codes: Iterable[str], *, forwards: bool) -> dict[str, tuple[str, Route]]:
        """Return who is told of a document that was sent under these codes, in force or not.

        A status names the code that stood on the document: the agency has it still, or another
        took its place. Raises UnknownReceiver, ReceiverLocked.
        """
        found: dict[str, tuple[str, Route]] = {}
        for code in codes:
            agency = self._store.agency(code)
            if agency is not None and agency.is_gone(self.today):
                agency = self._store.agency(agency.term(code).successor) or agency
            if agency is None and forwards:
                found[organ_key(code)] = (code, Route.UPSTREAM)
                continue
            if agency is None or agency.is_deleted:
                raise self._unknown([code], {})
            if agency.is_locked:
                raise ReceiverLocked(codes=code)
            found.setdefault(agency.agency_id, (code, Route.LOCAL))
        return found

    def _put(self, agency: Agency, **changes: object) -> None:
        changed = replace(agency, changed_at=self._clock(), **changes)  # type: ignore[arg-type]
        self._store.put_agency(changed)

    def _unknown(self, codes: list[str], holders: Mapping[str, Agency]) -> UnknownReceiver:
        turned = {code: _turned(code) for code in codes if organ_key(code) not in holders}
        likely = self._store.holders([one for one in turned.values() if one])
        told, successors = [], {}
        for code in codes:
            told.append(_told(code, holders.get(organ_key(code)), self.today))
            other = turned.get(code) or ""
            meant = likely.get(organ_key(other))
            if meant is not None and meant.holds(other, self.today) and not meant.is_deleted:
                told[-1] = (f"{code} (có phải {other}?)", f"{code} (did you mean {other}?)")
                successors[code] = other
            elif organ_key(code) in holders and (
                successor := holders[organ_key(code)].term(code).successor
            ):
                successors[code] = successor
        return UnknownReceiver(
            codes=", ".join(vi for vi, _ in told),
            codes_en=", ".join(en for _, en in told),
            successors=successors,
        )


def _dated(code: AgencyCode, held: Agency | None) -> AgencyCode:
    """Return a code with the dates it has: entering an agency again brings no code back."""
    known = held.term(code.code) if held is not None and held.has(code.code) else None
    return known if known is not None and code == AgencyCode(code.code) else code


def _told(code: str, agency: Agency | None, today: date) -> tuple[str, str]:
    """Return a code in Vietnamese and English with why it cannot be used now and what can."""
    if agency is None:
        return code, code
    term = agency.term(code)
    if term.valid_from is not None and today < term.valid_from:
        day = f"{term.valid_from:%d/%m/%Y}"
        return f"{code} (có hiệu lực từ {day})", f"{code} (in force from {day})"
    successor = (f", nay dùng {term.successor}", f", now {term.successor}")
    vi, en = successor if term.successor else ("", "")
    return f"{code} (đã hết hiệu lực{vi})", f"{code} (no longer in force{en})"


def _turned(code: str) -> str:
    """Return what a code of the one form might be in the other: a guess to show, never to use."""
    key = organ_key(code)
    parts = key.split(".")
    if organ_form(key) is OrganForm.OLD:
        return ".".join(part for part in reversed(parts) if part.strip("0"))
    if organ_form(key) is OrganForm.NEW and len(parts) <= 4 and all(p.isdigit() for p in parts[1:]):
        widths = (3, 2, 2)
        tail = [*reversed(parts[1:])]
        padded = ["0"] * (3 - len(tail)) + tail
        turned = [part.zfill(width) for part, width in zip(padded, widths, strict=True)]
        return ".".join([*turned, parts[0]])
    return ""
