"""The diagrams of an agency (quy trình của cơ quan): check, publish, list; the shipped ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from uuid import UUID

import sqlalchemy as sa

from engine import definition, lint
from engine.database import Transaction
from engine.definition import Definition, Prepared
from engine.errors import NotFound, OfficeError
from forms.definition import load_form, shipped_keys
from processes import form_store, obligations
from processes.catalogue import VERBS
from records import journal
from records.authority import Act, authorize
from records.organization import Role

#: the diagrams every new agency starts with: key → name
SHIPPED = {
    "incoming": "Xử lý văn bản đến",
    "outgoing": "Soạn thảo, ban hành văn bản đi",
}


class ReasonMissing(OfficeError):
    """A new version of a procedure needs its reason (phải ghi lý do ban hành)."""

    code = "reason-missing"
    vi = "Phải ghi lý do khi ban hành phiên bản mới của quy trình."
    en = "Give the reason for publishing a new version of the procedure."


class UnknownProcedure(NotFound):
    """There is no procedure of this key (không có quy trình này)."""

    def __init__(self, key: str) -> None:
        super().__init__(what=f"quy trình «{key}»", key=key)


def catalogue() -> lint.Catalogue:
    """Return the names a diagram may use: verbs, forms, roles."""
    return lint.Catalogue(
        verbs={v.name: v.form for v in VERBS.values() if not v.by_machine},
        machine_verbs=frozenset(v.name for v in VERBS.values() if v.by_machine),
        forms=frozenset(shipped_keys()),
        roles=frozenset(role.value for role in Role) | {"machine"},
    )


def check(xml: bytes, key: str = "") -> Prepared:
    """Run the publish pipeline over a diagram without a database.

    `key` names the procedure it is for; where it names no shipped one, its verbs tell.
    """
    prepared = definition.prepare(xml, catalogue())
    findings = obligations.check(prepared, key if key in SHIPPED else "")
    return replace(prepared, findings=[*prepared.findings, *findings])


@dataclass(frozen=True, slots=True)
class PublishProcedure:
    """The command: which procedure, its new diagram, and why."""

    key: str
    xml: bytes
    reason: str
    name: str = ""


def publish(tx: Transaction, command: PublishProcedure) -> Definition:
    """Publish a new version of a procedure of the acting agency.

    Raises `NoRight`, `ReasonMissing`, `NotPublishable` with the findings.
    """
    authorize(tx.acting, Act.PUBLISH_PROCESS)
    if not command.reason.strip():
        raise ReasonMissing
    assert tx.acting.agency_id is not None
    made = _publish(tx, tx.acting.agency_id, command)
    journal.record(
        tx, "publish_process", "definition", made.id, key=made.key, number=made.number,
        sha256=made.sha256, reason=made.reason,
    )  # fmt: skip
    return made


def _publish(tx: Transaction, agency_id: UUID, command: PublishProcedure) -> Definition:
    prepared = check(command.xml, command.key)
    if prepared.has_errors:
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
    )


def shipped_xml(key: str) -> bytes:
    """Return the diagram shipped under `key`; raises `UnknownProcedure`."""
    if key not in SHIPPED:
        raise UnknownProcedure(key)
    return files(f"processes.{key}").joinpath(f"{key}.bpmn").read_bytes()


def seed(tx: Transaction, agency_id: UUID) -> list[Definition]:
    """Publish the shipped procedures for a new agency."""
    reason = "Quy trình mẫu theo Quyết định 188/2018/QĐ-UBND và Nghị định 30/2020/NĐ-CP"
    return [
        _publish(tx, agency_id, PublishProcedure(key, shipped_xml(key), reason, name))
        for key, name in SHIPPED.items()
    ]


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
