"""The diagrams of an agency (quy trình của cơ quan): check, publish, list; the shipped ones."""

import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from engine import definition, diagram, lint
from engine.database import Transaction
from engine.definition import Definition, Prepared
from engine.errors import NotFound, OfficeError, Stale
from engine.foreign import is_ours
from forms.definition import load_form, shipped_keys
from processes import form_store, second_person
from processes.catalogue import VERBS, procedure_of, variables
from processes.law.check import check as check_law
from processes.second_person import Proposal, reasoned
from records import journal
from records.authority import Act, authorize
from records.organization import Role, Unit
from records.vietnamese import local_date

#: the diagrams every new agency starts with: key → name
SHIPPED = {
    "incoming": "Xử lý văn bản đến",
    "outgoing": "Soạn thảo, ban hành văn bản đi",
    "recall": "Trả lời yêu cầu lấy lại, thu hồi",
    "update": "Trả lời yêu cầu cập nhật văn bản",
    "replace": "Ghi nhận văn bản bị thay thế",
}

if TYPE_CHECKING:  # it brings what signs
    from processes.means import Means


class UnknownProcedure(NotFound):
    """There is no procedure of this key (không có quy trình này)."""

    def __init__(self, key: str) -> None:
        super().__init__(what=f"quy trình «{key}»", key=key)


def catalogue(key: str = "", called: Iterable[str] = ()) -> lint.Catalogue:
    """Return the names a diagram may use: verbs, forms, roles, and what the verbs it calls set."""
    return lint.Catalogue(
        variables=variables(key, called),
        verbs={v.name: v.form for v in VERBS.values() if not v.by_machine},
        machine_verbs=frozenset(v.name for v in VERBS.values() if v.by_machine),
        forms=frozenset(shipped_keys()),
        roles=frozenset(role.value for role in Role) | {"machine"},
    )


def check(xml: bytes, key: str = "", on: date | None = None) -> Prepared:
    """Run the publish pipeline over a diagram without a database.

    `key` names the procedure it is for; where it names no shipped one, its verbs tell. Without a
    key, a diagram that names none of our verbs, roles or forms was drawn elsewhere: what it leaves
    open is completed, and what an office must name is a warning. `on` is the day whose law counts;
    without it the newest does.
    """
    root = diagram.read(xml)
    foreign = not key and not is_ours(root)
    key, called = procedure_for(root, key)
    prepared = definition.prepare(xml, catalogue(key, called), foreign=foreign, tried=True)
    findings = check_law(prepared, key, on)
    # Whoever chooses another verb gets its form with it.
    elsewhere = {f.element for f in findings if f.code == "other-procedure"}
    own = [f for f in prepared.findings if f.code != "verb-form" or f.element not in elsewhere]
    return replace(prepared, findings=[*own, *findings])


@lru_cache(maxsize=32)
def check_version(xml: bytes, key: str, on: date) -> Prepared:
    """Return what `check` finds in a published version, the versions looked at last kept for a day.

    A version never changes and neither do the rules of a release; what binds changes with the day.
    """
    return check(xml, key, on)


def procedure_for(root: Any, key: str = "") -> tuple[str, Counter[str]]:
    """Return the shipped procedure whose rules a drawing follows, or "", and the verbs it calls."""
    called = Counter(
        verb for element in root.iter("{*}*") if (verb := diagram.own(element, "verb"))
    )
    return key if key in SHIPPED else procedure_of(called), called


@dataclass(frozen=True, slots=True)
class PublishProcedure:
    """The command: which procedure, its new diagram, and why."""

    key: str
    xml: bytes
    reason: str
    name: str = ""
    #: units that try it before the whole agency does; empty for all
    pilot_units: tuple[UUID, ...] = ()
    #: the master diagram it was merged from, where it was
    master_id: UUID | None = None
    #: the number of the version it was drawn from, which must still be in use; None: not told
    based_on: int | None = None


class KeyRefused(OfficeError):
    """A procedure is called by a word that stands in addresses (mã quy trình không hợp lệ)."""

    code = "procedure-key"
    vi = (
        "Mã quy trình «{key}» không dùng được: chỉ gồm chữ thường không dấu, số và dấu gạch nối, "
        "bắt đầu bằng chữ, không quá 40 ký tự. Chưa có gì được công bố."
    )
    en = (
        "The key “{key}” cannot be used: small letters, digits and hyphens only, a letter first, "
        "at most 40. Nothing was published."
    )


_KEY = re.compile(r"[a-z][a-z0-9-]{0,39}")


def publish(tx: Transaction, command: PublishProcedure) -> Definition | Proposal:
    """Publish a new version of a procedure of the acting agency, or propose it to a second person.

    Raises `NoRight`, `ReasonMissing`, `KeyRefused`, `NotFound` for a unit of others,
    `NotPublishable` with the findings, `Stale` where the version it was drawn from is no longer in
    use.
    """
    authorize(tx.acting, Act.PUBLISH_PROCESS)
    reason = reasoned(command.reason)
    if not _KEY.fullmatch(command.key):
        raise KeyRefused(key=command.key[:60])
    assert tx.acting.agency_id is not None
    for unit_id in command.pilot_units:
        if tx.get(Unit, unit_id).agency_id != tx.acting.agency_id:
            raise NotFound(what="đơn vị áp dụng thử")
    definition.hold(tx, tx.acting.agency_id, command.key)
    used = _in_use(tx, command.key)
    if command.based_on is not None and command.based_on not in used.values():
        raise Stale(what=command.name or command.key)
    if not second_person.is_wanted(tx, Act.PUBLISH_PROCESS):
        return _published(tx, command, {})
    prepared = check(command.xml, command.key, local_date(tx.now))
    if prepared.has_errors:
        raise definition.NotPublishable(prepared.findings)
    order = {
        "key": command.key, "xml": b64encode(command.xml).decode(), "name": command.name,
        "pilot_units": [str(u) for u in command.pilot_units],
        "master_id": str(command.master_id) if command.master_id else None,
        "in_use": used,
    }  # fmt: skip
    return second_person.propose(
        tx, Act.PUBLISH_PROCESS, "publish", tx.acting.agency_id, order, reason
    )


def _agreed(tx: Transaction, _means: "Means", proposal: Proposal) -> None:
    order = proposal.order
    definition.hold(tx, proposal.agency_id, order["key"])
    if is_overtaken(tx, proposal):
        raise Stale(what=order["name"] or order["key"])
    command = PublishProcedure(
        order["key"], drawing_of(proposal), proposal.reason, order["name"],
        tuple(UUID(u) for u in order["pilot_units"]),
        UUID(order["master_id"]) if order.get("master_id") else None,
    )  # fmt: skip
    _published(tx, command, second_person.told(tx, proposal))


second_person.CARRIED_OUT["publish"] = _agreed


def is_overtaken(tx: Transaction, proposal: Proposal) -> bool:
    """Return whether another version came into use since a diagram was proposed.

    A trial that was only ended since took nothing into use. What was proposed before this was kept
    counts as overtaken: nobody knows what it would undo.
    """
    then, now = proposal.order.get("in_use"), _in_use(tx, proposal.order["key"])
    return (
        then is None
        or now["current"] != then["current"]
        or now["trial"] not in {None, then["trial"]}
    )


def _in_use(tx: Transaction, key: str) -> dict[str, int | None]:
    used = tx.scalars(definition.IN_USE, agency_id=tx.acting.agency_id, key=key)
    return {
        "current": next((d.number for d in used if d.is_current), None),
        "trial": next((d.number for d in used if d.pilot_units is not None), None),
    }


def drawing_of(proposal: Proposal) -> bytes:
    """Return the diagram somebody proposed to publish, byte for byte."""
    return b64decode(proposal.order["xml"])


def _published(tx: Transaction, command: PublishProcedure, facts: dict[str, Any]) -> Definition:
    assert tx.acting.agency_id is not None
    made = _publish(tx, tx.acting.agency_id, command)
    journal.record(
        tx, "publish_process", "definition", made.id, key=made.key, number=made.number,
        sha256=made.sha256, reason=made.reason, pilot_units=made.pilot_units, **facts,
    )  # fmt: skip
    return made


def on_trial(tx: Transaction, key: str) -> Definition:
    """Return the version of a procedure that is on trial; raises `NotFound`."""
    found = next((v for v in versions(tx, key) if v.pilot_units is not None), None)
    if found is None:
        raise NotFound(what=f"bản áp dụng thử của quy trình «{key}»")
    return found


def end_trial(tx: Transaction, key: str, reason: str, *, adopt: bool) -> Definition | Proposal:
    """End the trial of a version: `adopt` makes it current for all, else its units go back.

    What runs for whom changes as by a publication: it is proposed where that is. Raises `NoRight`,
    `ReasonMissing`, `NotFound` where none is on trial.
    """
    authorize(tx.acting, Act.PUBLISH_PROCESS)
    why = reasoned(reason)
    tried = on_trial(tx, key)
    if not second_person.is_wanted(tx, Act.PUBLISH_PROCESS):
        return _ended(tx, tried, why, {}, adopt=adopt)
    order = {"key": key, "number": tried.number, "adopt": adopt}
    return second_person.propose(tx, Act.PUBLISH_PROCESS, "end_trial", tried.id, order, why)


def _agreed_to_end(tx: Transaction, _means: "Means", proposal: Proposal) -> None:
    tried = on_trial(tx, proposal.order["key"])
    if tried.id != proposal.subject_id:
        raise Stale(what=f"bản áp dụng thử của quy trình «{tried.name}»")
    facts = second_person.told(tx, proposal)
    _ended(tx, tried, proposal.reason, facts, adopt=proposal.order["adopt"])


second_person.CARRIED_OUT["end_trial"] = _agreed_to_end


def _ended(
    tx: Transaction, tried: Definition, reason: str, facts: dict[str, Any], *, adopt: bool
) -> Definition:
    if definition.end_trial(tx, tried.agency_id, tried.key, adopt=adopt).id != tried.id:
        raise Stale(what=f"bản áp dụng thử của quy trình «{tried.name}»")
    journal.record(
        tx, "end_trial", "definition", tried.id, key=tried.key, number=tried.number, adopted=adopt,
        reason=reason, **facts,
    )  # fmt: skip
    return tried


def _publish(tx: Transaction, agency_id: UUID, command: PublishProcedure) -> Definition:
    prepared = check(command.xml, command.key, local_date(tx.now))
    return _keep(tx, agency_id, command, prepared)


def _keep(
    tx: Transaction, agency_id: UUID, command: PublishProcedure, prepared: Prepared
) -> Definition:
    if not prepared.is_publishable:
        raise definition.NotPublishable(prepared.findings)
    forms = {
        node.form: form_store.keep(tx, load_form(node.form))
        for node in prepared.model.nodes.values()
        if node.form
    }
    return definition.publish(
        tx,
        prepared,
        agency_id=agency_id,
        key=command.key,
        name=command.name or prepared.model.name or command.key,
        forms=forms,
        reason=command.reason.strip(),
        pilot_units=list(command.pilot_units) or None,
        master_id=command.master_id,
    )


def shipped_xml(key: str) -> bytes:
    """Return the diagram shipped under `key`; raises `UnknownProcedure`."""
    if key not in SHIPPED:
        raise UnknownProcedure(key)
    return files(f"processes.{key}").joinpath(f"{key}.bpmn").read_bytes()


@lru_cache(maxsize=8)
def _checked(key: str, on: date) -> Prepared:
    """Check a shipped diagram once for all agencies that begin on the same day."""
    return check(shipped_xml(key), key, on)


_SHIPPED_REASON = "Quy trình mẫu theo Quyết định 188/2018/QĐ-UBND và Nghị định 30/2020/NĐ-CP"


def seed(tx: Transaction, agency_id: UUID) -> list[Definition]:
    """Publish the shipped procedures for a new agency."""
    today = local_date(tx.now)
    made = []
    for key, name in SHIPPED.items():
        command = PublishProcedure(key, shipped_xml(key), _SHIPPED_REASON, name)
        made.append(_keep(tx, agency_id, command, _checked(key, today)))
    return made


def procedure_in_use(tx: Transaction, agency_id: UUID, key: str) -> Definition:
    """Return the current version of a procedure nobody but the machine starts.

    An agency that was set up before the procedure was shipped gets the shipped one.
    """
    for _look in range(2):
        used = tx.scalars(definition.IN_USE, agency_id=agency_id, key=key)
        found = next((d for d in used if d.is_current), None)
        if found is not None:
            return found
        definition.hold(tx, agency_id, key)
    command = PublishProcedure(key, shipped_xml(key), _SHIPPED_REASON, SHIPPED[key])
    return _keep(tx, agency_id, command, _checked(key, local_date(tx.now)))


def current_procedures(tx: Transaction) -> Sequence[Definition]:
    """Return the current version of each procedure of the acting agency."""
    authorize(tx.acting, Act.READ_PROCESS)
    return tx.scalars(
        sa.select(Definition)
        .where(Definition.agency_id == tx.acting.agency_id, Definition.is_current.is_(True))
        .order_by(Definition.key)
    )


def versions(tx: Transaction, key: str) -> Sequence[Definition]:
    """Return all versions of a procedure of the acting agency, newest first."""
    authorize(tx.acting, Act.READ_PROCESS)
    found = tx.scalars(
        sa.select(Definition)
        .where(Definition.agency_id == tx.acting.agency_id, Definition.key == key)
        .order_by(Definition.number.desc())
    )
    if not found:
        raise UnknownProcedure(key)
    return found
