"""The story of the regulation, driven in one process: officers log in and complete their steps.

Everything is the product's own: the demonstration, the verbs behind `processes.work_items`, the job
handlers, and our axis over HTTP on the loopback. `make_seeded` and `open_story` build the ground,
`Story.login`, `items`, `do` and `work` walk on it.
"""

import io
import itertools
import json
import logging
import shutil
import socket
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pikepdf
import psycopg
import sqlalchemy as sa
from flask import Flask
from psycopg import sql
from werkzeug.serving import make_server

from api.axis import init_axis
from engine import history
from engine.database import Acting
from engine.instance import ProcessInstance
from engine.work_item import ItemStatus, WorkItem
from exchange import edxml
from exchange.document_type import document_type
from exchange.envelope import Attachment, Business, Code, Envelope, Party, TraceHop
from exchange.gateway import Gateway, MessageType
from exchange.status import StatusMessage
from office import demo, settings
from office.office import Office
from office.postgres import Cluster
from office.runner import Runner
from office.settings import Mode, Settings
from processes import inbox, work_items
from processes.catalogue import VERBS
from processes.delivery import arrivals
from processes.delivery.gateway import gateway_of
from processes.incoming.receive import ReceiveIncoming, receive
from processes.means import Means
from processes.order import Order, Upload
from processes.outgoing.begin import begin
from processes.work_items import CompleteItem, Completion
from records import seal
from records.document import IncomingDocument, OutgoingDocument
from records.document_type import DocumentType
from records.login import log_in
from records.login_session import choose_position, resume
from records.organization import Agency, AgencyCode, Unit
from records.recipient import Recipient
from records.vietnamese import local_date
from records.vocabulary import Channel

PASSWORD = "Matkhau-demo-1"
REGULATION = Path(__file__).parents[1] / "data" / "regulation-188.json"


# -- the ground -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seeded:
    """A migrated database with the demonstration in it, and the data directory that goes with it."""

    cluster: Cluster
    database: str
    data: Path


def settings_for(url: str, data: Path, port: int) -> Settings:
    return replace(
        settings.load(),
        host="127.0.0.1",
        port=port,
        data=data,
        mode=Mode.DEMO,
        demo_password=PASSWORD,
        database_url=url,
        broker_url="",
    )


def make_seeded(cluster: Cluster, template: str) -> Seeded:
    """Seed the demonstration in a copy of a migrated database of `cluster`."""
    name = f"seeded_{uuid4().hex[:12]}"
    data = Path(tempfile.mkdtemp(prefix="congvan-story-"))
    with cluster.connect() as administrator:
        _copy(administrator, template, name)
    url = cluster.url(name)
    office = Office.open(settings_for(url, data, 1))
    assert demo.seed(office, password=PASSWORD)
    office.database.dispose()
    return Seeded(cluster, name, data)


def _copy(administrator: "psycopg.Connection", template: str, name: str) -> None:
    administrator.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )


@contextmanager
def open_story(seeded: Seeded, **changes: Any) -> Iterator["Story"]:
    """Lend a story on a fresh copy of the seeded ground, with its axis listening."""
    name = f"story_{uuid4().hex[:12]}"
    data = Path(tempfile.mkdtemp(prefix="congvan-story-"))
    shutil.copytree(seeded.data, data, dirs_exist_ok=True)
    with seeded.cluster.connect() as administrator:
        _copy(administrator, seeded.database, name)
    url = seeded.cluster.url(name)
    try:
        with axis_server() as server:
            office = Office.open(settings_for(url, data, server.port), **changes)
            server.app.extensions["congvan"] = office
            story = Story(office)
            yield story
            assert story.undeclared() == [], "a verb set what the catalogue does not say it sets"
            story.office.database.dispose()
            office.database.dispose()
    finally:
        if seeded.cluster.running:
            with seeded.cluster.connect() as administrator:
                administrator.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def axis_server() -> Iterator[Any]:
    """Serve the axis over real HTTP on a port of its own; `app` still lacks its installation."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Flask("axis")
    init_axis(app)
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server("127.0.0.1", 0, app, threaded=True, fd=listening.fileno())
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
        listening.close()


#: the most of an inbox that is asked for at one time
WHOLE_PAGE = 200

# -- walking on it --------------------------------------------------------------------------------


@dataclass
class Story:
    """One installation with four agencies, seen by whoever acts."""

    office: Office
    acting: dict[tuple[str, str], Acting] = field(default_factory=dict)

    @property
    def means(self) -> Means:
        return self.office.means

    def login(self, user: str, agency: str = "") -> Acting:
        """Log in once (argon2, a session), choosing the position in `agency` where it is named."""
        known = self.acting.get((user, agency))
        if known is not None:
            return known
        with self.office.database.transaction() as tx:
            admitted = log_in(tx, user, PASSWORD, "127.0.0.1")
        assert admitted.refusal is None, admitted.refusal
        with self.office.database.transaction() as tx:
            present = resume(tx, admitted.token)
            if agency:
                chosen = next(c for c in admitted.choices if c.agency.symbol == agency)
                present, _ = choose_position(tx, admitted.token, chosen.position.id)
        self.acting[user, agency] = present.acting
        return present.acting

    def as_(self, user: str, agency: str = ""):
        """Open a transaction in which `user` acts."""
        return self.office.database.transaction(self.login(user, agency))

    def items(self, user: str, node: str = "", of: UUID | None = None) -> list[WorkItem]:
        """What waits for `user`: of one node, of one document."""
        rows: list[Any] = []
        with self.as_(user) as tx:
            page = inbox.first_page(tx, limit=WHOLE_PAGE)
            rows += page.rows
            while page.following is not None:
                page = inbox.first_page(tx, after=page.following, limit=WHOLE_PAGE)
                rows += page.rows
        return [
            row.item
            for row in rows
            if node in {"", row.item.node_id} and of in {None, row.document_id}
        ]

    def do(
        self,
        user: str,
        node: str,
        *,
        of: UUID | None = None,
        files: dict[str, Upload] | None = None,
        version: int | None = None,
        **values: Any,
    ) -> Completion:
        """Complete the first step `node` that waits for `user` with these form values."""
        found = self.items(user, node, of)
        assert found, (user, node, [i.node_id for i in self.items(user)])
        command = CompleteItem(found[0].id, version or found[0].version, values, files or {})
        with self.as_(user) as tx:
            return work_items.complete(tx, self.means, command)

    def work(self, *, rounds: int = 40, hurry: bool = False, poll: bool = True) -> None:
        """Do all jobs with the real handlers until none is due and nothing waits on the axis.

        `hurry` makes jobs that wait for another attempt due at once.
        """
        runner = Runner(self.office.database, self.office.handlers(), name="story")
        for _ in range(rounds):
            with self.office.database.transaction() as tx:
                if poll:
                    arrivals.post_polls(tx)
                if hurry:
                    tx.execute("UPDATE job SET run_at = created_at WHERE state = 'ready'")
            did = 0
            while found := runner.claim(8):
                for job in found:
                    runner.carry_out(job)
                    did += job.kind != arrivals.POLL_JOB
            if not did and not (poll and self.on_the_wire()):
                return
        raise AssertionError(f"still not done: {self.unfinished_jobs()}")

    def on_the_wire(self) -> int:
        return self.value(
            "SELECT count(*) FROM axis_packet WHERE state IN ('initial', 'processing')"
        )

    def unfinished_jobs(self) -> list[tuple]:
        return self.rows(
            "SELECT kind, state, last_error FROM job WHERE state <> 'done' AND kind <> %s",
            arrivals.POLL_JOB,
        )

    # reading, as the system sees all

    def rows(self, statement: str, *values: Any) -> list[tuple]:
        with self.office.database.transaction() as tx:
            return tx.execute(statement, *values).fetchall()

    def value(self, statement: str, *values: Any) -> Any:
        return self.rows(statement, *values)[0][0]

    def run_sql(self, statement: str, *values: Any) -> int:
        with self.office.database.transaction() as tx:
            return tx.execute(statement, *values).rowcount

    def all(self, entity: type, *where: Any) -> Sequence[Any]:
        with self.office.database.session() as session:
            found = list(session.scalars(sa.select(entity).where(*where).order_by(entity.id)))
            session.expunge_all()  # read-only values from here on
            return found

    def one(self, entity: type, *where: Any) -> Any:
        (found,) = self.all(entity, *where)
        return found

    def agency(self, symbol: str) -> UUID:
        return self.one(Agency, Agency.symbol == symbol).id

    def code(self, symbol: str) -> str:
        of_agency = AgencyCode.agency_id == self.agency(symbol)
        return self.one(AgencyCode, of_agency, AgencyCode.preferred.is_(True)).code

    def unit(self, agency: str, symbol: str) -> str:
        return str(self.one(Unit, Unit.agency_id == self.agency(agency), Unit.symbol == symbol).id)

    def officer(self, user: str) -> str:
        return str(
            self.value(
                "SELECT officer_id FROM account WHERE username = %s",
                user,
            )
        )

    def kind(self, agency: str, code: str) -> str:
        of_agency = DocumentType.agency_id == self.agency(agency)
        return str(self.one(DocumentType, of_agency, DocumentType.code == code).id)

    def incoming(self, agency: str, **where: Any) -> IncomingDocument:
        named = [getattr(IncomingDocument, k) == v for k, v in where.items()]
        return self.one(IncomingDocument, IncomingDocument.agency_id == self.agency(agency), *named)

    def outgoing(self, document: UUID) -> OutgoingDocument:
        return self.one(OutgoingDocument, OutgoingDocument.id == document)

    def recipients(self, document: UUID) -> Sequence[Recipient]:
        return self.all(Recipient, Recipient.outgoing_document_id == document)

    def open_items(self, document: UUID) -> list[WorkItem]:
        instances = sa.select(ProcessInstance.id).where(ProcessInstance.subject_id == document)
        return list(
            self.all(
                WorkItem, WorkItem.instance_id.in_(instances), WorkItem.status == ItemStatus.OPEN
            )
        )

    def standing(self, document: UUID) -> list[str]:
        """The nodes at which steps of this document wait."""
        return sorted(item.node_id for item in self.open_items(document))

    def instance(self, document: UUID) -> ProcessInstance:
        return self.one(ProcessInstance, ProcessInstance.subject_id == document)

    def broken_chains(self) -> list[Any]:
        with self.office.database.session() as session:
            found = session.scalars(sa.select(ProcessInstance))
            return [b for i in found if (b := history.verify(session, i)) is not None]

    def undeclared(self) -> list[tuple[str, str, Any]]:
        """What verbs set in this story beyond what the catalogue declares: verb, name, value."""
        with self.office.database.session() as session:
            verbs = {str(i.id): i.verb for i in session.scalars(sa.select(WorkItem))}
            done = [history.facts_of(e) for e in session.scalars(sa.select(history.Event))]
        found = []
        for facts in done:
            verb = verbs.get(str(facts.get("item")), "") if facts["kind"] == "complete" else ""
            for name, value in facts["variables"].items() if verb else ():
                kind = VERBS[verb].sets.get(name)
                if kind is None or (kind.values is not None and value not in kind.values):
                    found.append((verb, name, value))
        return found

    def journal_text(self) -> str:
        with self.office.database.transaction() as tx:
            seal.seal(tx)
        with self.office.database.session() as session:
            return seal.verify(session).text()

    @contextmanager
    def reopened(
        self,
        *,
        clock: Callable[[], datetime] | None = None,
        gateway: Callable[[UUID, str], Gateway] | None = None,
        carrier: str = "",
    ) -> "Iterator[Story]":
        """Lend the same installation with another clock or another road to the axis."""
        office = Office.open(self.office.settings, clock=clock)
        if gateway is not None:
            office = replace(office, means=replace(office.means, gateway=gateway, carrier=carrier))
        try:
            yield Story(office, self.acting)
        finally:
            office.database.dispose()


def snapshot(story: Story) -> dict[str, str]:
    """A digest of every table's rows: equal before and after what changes nothing."""
    tables = [
        row[0]
        for row in story.rows(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname NOT IN ('worker', 'job', 'alembic_version') ORDER BY relname"
        )
    ]
    parts = [
        f"SELECT '{name}', count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"
        f" FROM {name} t"
        for name in tables
    ]
    # Looks at the axis come and go; all other jobs count.
    parts.append(
        "SELECT 'job', count(*) || ' ' || coalesce(md5(string_agg(id::text, '|' ORDER BY id)), '')"
        " FROM job WHERE kind <> 'poll_axis'"
    )
    return dict(story.rows(" UNION ALL ".join(parts)))


def carry_out(
    story: Story,
    user: str | Acting,
    verb: str,
    document: UUID,
    *,
    item: WorkItem | None = None,
    files: dict[str, Sequence[Upload]] | None = None,
    **data: Any,
) -> Any:
    """Call a verb on a document wherever it stands, as a diagram drawn otherwise would."""
    acting = story.login(user) if isinstance(user, str) else user
    with story.office.database.transaction(acting) as tx:
        found: Any = tx.rows(
            sa.select(OutgoingDocument).where(OutgoingDocument.id == document).with_for_update()
        ) or tx.rows(
            sa.select(IncomingDocument).where(IncomingDocument.id == document).with_for_update()
        )
        order: Order[Any] = Order(
            cast("Any", item), cast("Any", None), found[0][0], data, files or {}
        )
        return VERBS[verb].carry_out(tx, story.means, order)


# -- documents of the story -----------------------------------------------------------------------


def today() -> date:
    """The day it is in Việt Nam, as the registers count."""
    return local_date(datetime.now(UTC))


def day(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def word_file(text: str = "Dự thảo") -> bytes:
    """A small Word document: the source file that Quy chế, Điều 3.6 asks for."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        )
        archive.writestr(
            "word/document.xml",
            "<w:document xmlns:w="
            '"http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>",
        )
    return buffer.getvalue()


def source_file(story: Story) -> dict[str, Upload]:
    return {"f1": Upload("nguon.docx", story.means.content.put(word_file()))}


def regulation_values(story: Story, to: Sequence[str] = ("STTTT", "STC", "SNV")) -> dict[str, Any]:
    """The regulation itself as the draft form takes it."""
    fields = json.loads(REGULATION.read_text())["fields"]
    attachment = fields["attachments"][0]
    return {
        "document_type": story.kind("UBND", "QPPL:QĐ"),
        "subject": fields["subject"],
        "source": "template",
        "legal_bases": "\n".join(fields["bases"]),
        "body": fields["body"],
        "attachment_name": attachment["name"],
        "attachment_subject": attachment["subject"],
        "attachment_body": attachment["body"],
        "signatory": story.officer("chutich"),
        "urgency": "normal",
        "secrecy": "none",
        "recipients": [{"agency": str(story.agency(symbol))} for symbol in to],
        "cooperating_units": [story.unit("UBND", "VX"), story.unit("UBND", "KSTT")],
        "internal_recipients": "Như Điều 3\nLưu: VT, TH",
    }


def letter_values(
    story: Story, to: Sequence[str] = ("UBND",), subject: str = "báo cáo kết quả", **changes: Any
) -> dict[str, Any]:
    """A công văn of Sở TT&TT as the draft form takes it."""
    return {
        "document_type": story.kind("STTTT", "CV"),
        "subject": subject,
        "source": "template",
        "body": "Sở Thông tin và Truyền thông báo cáo như sau:\n1. Đã triển khai.",
        "signatory": story.officer("giamdoc.stttt"),
        "urgency": "normal",
        "secrecy": "none",
        "recipients": [{"agency": str(story.agency(symbol))} for symbol in to],
        "cooperating_units": [],
        **changes,
    }


#: who takes which step of a công văn of Sở TT&TT, and what he fills in
LETTER = (
    ("approve", "truongphong.stttt", {"outcome": "approve"}),
    ("check_format", "chanvp.stttt", {"outcome": "approve"}),
    ("sign", "giamdoc.stttt", {"outcome": "sign", "pin": PASSWORD}),
    ("number", "vanthu.stttt", {"pin": PASSWORD}),
    ("register", "vanthu.stttt", {"issue_form": "electronic"}),
    ("seal", "vanthu.stttt", {"confirm": True, "pin": PASSWORD}),
    ("issue", "vanthu.stttt", {"confirm": True}),
    ("store", "vanthu.stttt", {"new_dossier_title": "Công văn đi", "retention": "20 năm"}),
)


def letter(
    story: Story,
    until: str = "",
    *,
    in_reply_to: UUID | None = None,
    **changes: Any,
) -> UUID:
    """Write a công văn and bring it to the step `until`, or to its end."""
    with story.as_("chuyenvien.stttt") as tx:
        document, _ = begin(tx, story.means, in_reply_to=in_reply_to)
    if until == "draft":
        return document.id
    story.do("chuyenvien.stttt", "draft", of=document.id, **letter_values(story, **changes))
    for node, user, values in LETTER:
        if node == until:
            break
        story.do(user, node, of=document.id, **values)
    return document.id


def annexed(story, **uploads: bytes) -> UUID:
    """Write a letter with these annexes and bring it to its seal."""
    document = letter(story, "draft")
    sent = {
        f"f{n}": Upload(name, story.means.content.put(data))
        for n, (name, data) in enumerate(uploads.items())
    }
    values = letter_values(story, annexes=list(sent))
    story.do("chuyenvien.stttt", "draft", of=document, files=sent, **values)
    for node, user, values in LETTER[:5]:
        story.do(user, node, of=document, **values)
    return document


def registering(document: IncomingDocument, kind: str, **changes: Any) -> dict[str, Any]:
    """What the clerk sees and confirms when registering an incoming document."""
    return {
        "document_type": kind,
        "subject": document.subject,
        "organ_name": document.organ_name,
        "issued_on": document.issued_on.isoformat() if document.issued_on else day(0),
        "code_number": document.code_number,
        "code_notation": document.code_notation,
        **changes,
    }


def incoming_letter(story: Story, until: str = "", **changes: Any) -> UUID:
    """Receive a letter by post at Sở TT&TT and bring it to the step `until`, or to its end."""
    command = ReceiveIncoming(
        channel=changes.pop("channel", Channel.POST),
        organ_name="Sở Tài chính",
        subject=changes.pop("subject", "đề nghị phối hợp"),
        code_number=changes.pop("code_number", str(next(_NUMBERS))),
        code_notation="STC-QLNS",
        issued_on=today(),
        **{k: changes.pop(k) for k in ("is_petition", "secrecy") if k in changes},
    )
    with story.as_("vanthu.stttt") as tx:
        document, _ = receive(tx, story.means, command)
    for node, user, values in incoming_steps(story, document, **changes):
        if node == until:
            break
        story.do(user, node, of=document.id, **values)
    return document.id


_NUMBERS = itertools.count(100)


def incoming_steps(
    story: Story, document: IncomingDocument, cooperating: Sequence[str] = (), lead: str = "CNTT"
) -> list[tuple[str, str, dict[str, Any]]]:
    """Who takes which step of an incoming document of Sở TT&TT, and what he fills in."""
    return [
        ("check", "vanthu.stttt", {"outcome": "accept"}),
        ("register", "vanthu.stttt", registering(document, story.kind("STTTT", "CV"))),
        ("present", "vanthu.stttt", {"director": story.officer("giamdoc.stttt")}),
        ("direct", "giamdoc.stttt", directing(story, cooperating, lead)),
        (
            "assign",
            "truongphong.stttt",
            {"outcome": "assign", "lead_officer": story.officer("chuyenvien.stttt")},
        ),
        ("process", "chuyenvien.stttt", {"outcome": "complete", "opinion": "Đã xử lý"}),
        ("complete", "truongphong.stttt", {"outcome": "accept"}),
        ("file", "chuyenvien.stttt", {"new_dossier_title": "Hồ sơ", "retention": "20 năm"}),
    ]


def directing(
    story: Story, cooperating: Sequence[str] = (), lead: str = "CNTT", **changes: Any
) -> dict[str, Any]:
    """A directive that names who leads and who cooperates, each until a day."""
    return {
        "outcome": "direct",
        "opinion": "Chủ trì giải quyết",
        "lead_unit": story.unit("STTTT", lead),
        "deadline": day(10),
        "cooperating": [{"unit": story.unit("STTTT", u), "deadline": day(7)} for u in cooperating],
        **changes,
    }


# -- what arrives ---------------------------------------------------------------------------------


def blank_pdf(words: str = "") -> bytes:
    """An unsigned PDF of one page, different for different words."""
    buffer = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.docinfo["/Title"] = words
        pdf.save(buffer)
    return buffer.getvalue()


def envelope_from(
    story: Story, sender: str, number: str, *, code: str = "", to: str = "H55.07", **changes: Any
) -> Envelope:
    """An envelope of a new, unsigned document as another system might write it."""
    agency = story.one(Agency, Agency.symbol == sender)
    code = code or story.code(sender)
    on = today()
    reference = f"{number}/{sender}-VP"
    made = Envelope(
        sender=Party(code, agency.name, in_charge=agency.name),
        receivers=(Party(to, to),),
        code=Code(number, f"{sender}-VP"),
        promulgated_on=on,
        document_type=document_type("Công văn"),
        subject=f"Công văn số {number}",
        document_id=f"{story.code(sender)},{on:%Y/%m/%d},{reference}",
        # no PDF: nothing to examine, so that what arrives arrives at once
        attachments=(Attachment.of(f"{number}.docx", word_file(number), "Văn bản chính"),),
        business=Business(reason="Văn bản điện tử mới"),
        trace=(TraceHop(code, datetime.now(UTC)),),
    )
    return replace(made, **changes)


def send(story: Story, sender: str, message: Envelope | StatusMessage, to: str = "") -> str:
    """Hand a message to the axis as the system of an agency does; return its receipt."""
    is_status = isinstance(message, StatusMessage)
    data = edxml.write_status(message) if is_status else edxml.write(message)
    kind = MessageType.STATUS if is_status else MessageType.EDOC
    gateway = gateway_of(story.means, story.agency(sender), story.code(sender))
    return gateway.send(kind, data, (to,) if to else ())
