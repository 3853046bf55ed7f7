"""Making a bundle (lập gói chứng cứ): one zip with all that is known of a run, and its manifest."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from engine import history
from engine.database import Transaction
from engine.definition import Definition
from engine.errors import OfficeError
from engine.history import Event
from engine.instance import ProcessInstance
from engine.replay import Report, Verdict
from engine.work_item import WorkItem
from processes import way
from processes.evidence.facts import as_json, columns
from processes.evidence.package import FORMAT, Bundle, facts_of, packed
from processes.evidence.page import Page, moment
from processes.form_store import FormVersion
from processes.history import subject_of
from processes.means import Means
from processes.reach import facts_of_document
from processes.replay import Replay, people_of, report_of, to_json
from records import journal
from records.authority import Act, authorize
from records.content import files_of
from records.directive import Assignment, Directive, ProgressEntry
from records.document import Document, about
from records.journal_signature import sign_head
from records.organization import Agency
from records.proof import Proof, proof_of
from records.seal import Head
from records.verification import SignatureCheck

VERIFIER = Path(__file__).with_name("verify.py")


class SecretEvidence(OfficeError):
    """The document is a secret now (văn bản đã xác định độ mật); its bundle is not made here."""

    code = "secret-evidence"
    status = 409
    citation = (
        "Luật Bảo vệ bí mật nhà nước; Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 3.4, Điều 6.2"
    )
    vi = (
        "Văn bản đã xác định độ «{secrecy}» nên không xuất gói chứng cứ trên hệ thống nối mạng: "
        "lịch sử xử lý còn giữ nội dung đã nhập trước đó. Báo người phụ trách bảo vệ bí mật nhà "
        "nước của cơ quan để lập hồ sơ giấy."
    )
    en = (
        "The document is now of class «{secrecy}», so no bundle of evidence is made on this "
        "networked system: its history still holds what was typed before. Ask who answers for "
        "state secrets in your agency for a file on paper."
    )


def make(
    tx: Transaction,
    session: orm.Session,
    means: Means,
    instance_id: UUID,
    *,
    as_container: bool = False,
) -> Bundle:
    """Make the bundle of a run and note in the journal that it was made, with its digest.

    `session` is the system's: other agencies' leaves lend a Merkle path their hashes. No file of a
    document is in it, only its digest. `as_container` gives an ASiC-E that the installation's key
    signs whole. Raises `NotFound`, `NoRight`, `SecretEvidence`, `engine.replay.Unreadable`.
    """
    instance = tx.get(ProcessInstance, instance_id)
    document = subject_of(tx, instance)
    authorize(tx.acting, Act.EXPORT_EVIDENCE, facts_of_document(tx, document))
    if document.secrecy.is_secret:
        raise SecretEvidence(secrecy=document.secrecy.vi)
    found = _Found(tx, session, instance, document)
    members = found.members(means)
    manifest = as_json(
        {
            "format": FORMAT,
            "container": as_container and means.journal_key is not None,
            "instance": instance.id,
            "events": instance.seq,
            "head": instance.head.hex(),
            **facts_of(tx, members),
        }
    )
    journal.record(
        tx, "export_evidence", "process_instance", instance.id,
        document=document.id, manifest=hashlib.sha256(manifest).hexdigest(),
        head=instance.head.hex(), events=instance.seq,
    )  # fmt: skip
    name = f"chung-cu-{instance.id}"
    return packed(tx, means, name, members, manifest, as_container=as_container)


class _Found:
    """What the database says of one run."""

    def __init__(
        self, tx: Transaction, session: orm.Session, instance: ProcessInstance, document: Document
    ) -> None:
        self.tx, self.instance, self.document = tx, instance, document
        ours = session.get_one(ProcessInstance, instance.id)
        self.report: Report = report_of(session, ours)
        self.people = people_of(session, (event.facts for event in self.report.events))
        self.events: list[Event] = history.events_of(session, instance.id)
        self.items = tx.scalars(
            sa.select(WorkItem).where(WorkItem.instance_id == instance.id).order_by(WorkItem.id)
        )
        self.files = files_of(tx, document)
        self.checks = tx.scalars(
            sa.select(SignatureCheck)
            .where(SignatureCheck.file_id.in_([file.id for file in self.files]))
            .order_by(SignatureCheck.checked_at, SignatureCheck.id)
        )
        self.directives = self._directives()
        self.agency = tx.get(Agency, instance.agency_id)
        objects = [
            instance.id,
            document.id,
            *(i.id for i in self.items),
            *(f.id for f in self.files),
        ]
        self.proof: Proof = proof_of(session, instance.agency_id, objects)
        self.definition = tx.get(Definition, instance.definition_id)

    def members(self, means: Means) -> dict[str, bytes]:
        """Return the members of the bundle but its manifest."""
        proof = self.proof
        told = [
            {
                "seq": event.seq,
                "body": event.body.decode(),
                "previous": event.previous.hex(),
                "hash": event.hash.hex(),
            }
            for event in self.events
        ]
        again = to_json(Replay(self.instance, self.report, self.report.events[-1], self.people))
        del again["after"]
        return {
            "index.html": self._page(means).html(),
            "events.json": as_json(told),
            "replay.json": as_json(again),
            "documents.json": as_json(self._documents()),
            "directives.json": as_json(self.directives),
            "signatures.json": as_json(self._signatures()),
            "journal.json": as_json(
                {"leaves": proof.leaves, "seals": proof.seals, "linked": proof.linked,
                 "head": proof.head, "signature": self.signature(means)}
            ),
            "verify.py": VERIFIER.read_bytes(),
            **{f"states/{e.seq}.json": e.state for e in self.events},
            **self._diagrams(),
            **self._forms(),
        }  # fmt: skip

    def signature(self, means: Means) -> dict[str, str] | None:
        """Return the installation's signature on the head, None where there is no head or key."""
        if self.proof.head is None or means.journal_key is None:
            return None
        return sign_head(Head(**self.proof.head), means.journal_key()).to_data()

    def _diagrams(self) -> dict[str, bytes]:
        members = {}
        for source in self.report.library.sources.values():
            digests = source.digests()
            members[f"diagrams/{digests['diagram']}.bpmn"] = source.original
            members[f"diagrams/{digests['normalised']}.normalised.bpmn"] = source.normalised
            members[f"programs/{digests['specs']}.json"] = source.specs
        return members

    def _forms(self) -> dict[str, bytes]:
        pinned = sorted({item.form_sha256 for item in self.items if item.form_sha256})
        rows = self.tx.scalars(sa.select(FormVersion).where(FormVersion.sha256.in_(pinned)))
        return {f"forms/{row.sha256}.json": row.body for row in rows}

    def _documents(self) -> dict[str, Any]:
        return {
            "agency": columns(self.agency, {"id", "name", "symbol"}),
            "kind": self.instance.subject_type,
            "document": columns(self.document),
            "files": [columns(file) for file in self.files],
            "procedure": columns(
                self.definition, {"id", "key", "number", "name", "sha256", "reason", "published_at"}
            ),
            "instance": columns(
                self.instance, {"id", "status", "standing", "started_at", "ended_at", "seq"}
            ),
        }

    def _signatures(self) -> list[dict[str, Any]]:
        digests = {file.id: file.sha256 for file in self.files}
        return [
            {
                "file": check.file_id,
                "sha256": digests[check.file_id],
                "verdict": check.verdict,
                "checked_at": check.checked_at,
                "report": orjson.loads(check.report) if check.report else None,
            }
            for check in self.checks
        ]

    def _directives(self) -> list[dict[str, Any]]:
        ((column, key),) = about(self.document).items()
        tx = self.tx
        directives = tx.scalars(
            sa.select(Directive).where(getattr(Directive, column) == key).order_by(Directive.at)
        )
        return [
            {
                **columns(one),
                "assignments": [
                    {
                        **columns(part),
                        "progress_entries": [
                            columns(entry)
                            for entry in tx.scalars(
                                sa.select(ProgressEntry)
                                .where(ProgressEntry.assignment_id == part.id)
                                .order_by(ProgressEntry.id)
                            )
                        ],
                    }
                    for part in tx.scalars(
                        sa.select(Assignment)
                        .where(Assignment.directive_id == one.id)
                        .order_by(Assignment.id)
                    )
                ],
            }
            for one in directives
        ]

    def _page(self, means: Means) -> Page:
        document, proof, report = self.document, self.proof, self.report
        verdicts = {check.file_id: check.verdict.vi for check in self.checks}
        named = document.reference or document.subject or str(document.id)
        return Page(
            title=f"Gói chứng cứ: {named}",
            people=self.people,
            facts=[
                ("Cơ quan", self.agency.name),
                ("Văn bản", f"{document.type_name} {document.reference}".strip()),
                ("Trích yếu", document.subject),
                ("Quy trình", f"{self.definition.name}, bản {self.definition.number}"),
                ("Lập lúc", f"{moment(self.tx.now)}, {self.tx.acting.name}"),
                ("Chuỗi băm", _chain(report, len(self.events))),
                ("Thực hiện lại", _again(report)),
                ("Nhật ký", _journal(proof)),
                ("Chữ ký đầu chuỗi", _signature(self.signature(means))),
            ],
            report=report,
            hashes=[event.hash.hex() for event in self.events],
            pictures=self._pictures(means),
            directives=[
                (
                    moment(one["at"]), f"{one['by_name']}, {one['by_title']}", one["text"],
                    "; ".join(
                        f"{part['kind'].vi}: {part['name']} {moment(part['deadline'])}".strip()
                        for part in one["assignments"]
                    ),
                )
                for one in self.directives
            ],
            files=[
                (file.name, file.kind.vi, file.sha256, verdicts.get(file.id, "chưa kiểm tra"))
                for file in self.files
            ],
        )  # fmt: skip

    def _pictures(self, means: Means) -> list[tuple[str, str]]:
        pictures = []
        for identity, source in self.report.library.sources.items():
            ran = [e for e in self.report.events if e.facts["definition"] == identity]
            if not ran:
                continue
            moves = [(_left(e.facts), e.standing) for e in ran]
            last = ran[-1] is self.report.events[-1]
            drawn = means.draw(
                source.original,
                frozenset(way.passed(moves)),
                frozenset(ran[-1].standing if last else ()),
                way.walked(source.original, moves),
            )
            pictures.append((f"Sơ đồ và đường đã đi (sự kiện {ran[0].seq}-{ran[-1].seq})", drawn))
        return pictures


def _left(facts: Any) -> list[str]:
    done = [facts["node"]] if facts["kind"] == "complete" else []
    return [*done, *(facts.get("passed") or ())]


def _chain(report: Report, total: int) -> str:
    broken = report.broken
    return f"khớp {total}/{total} sự kiện" if broken is None else (
        f"ĐỨT tại sự kiện {broken.seq}: {broken.reason}"
    )  # fmt: skip


def _again(report: Report) -> str:
    differing = report.differing
    if differing is not None:
        return f"KHÁC tại sự kiện {differing.seq}: {differing.reason[0]}"
    count = sum(event.verdict is Verdict.AGREES for event in report.events)
    return f"khớp {count}/{len(report.events)} sự kiện"


def _journal(proof: Proof) -> str:
    sealed = sum(leaf["seal"] is not None for leaf in proof.leaves)
    if proof.head is None:
        return f"{len(proof.leaves)} dòng, chưa niêm phong"
    return (
        f"{len(proof.leaves)} dòng, {sealed} đã niêm phong; đầu chuỗi số {proof.head['no']},"
        f" {proof.head['hash']}"
    )


def _signature(signature: dict[str, str] | None) -> str:
    if signature is None:
        return "chưa ký"
    fingerprint = hashlib.sha256(bytes.fromhex(signature["key"])).hexdigest()
    return f"đã ký bằng khóa của hệ thống, SHA-256 {fingerprint}"
