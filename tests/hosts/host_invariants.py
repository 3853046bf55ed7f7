"""What must hold when all is over, asked of the databases alone.

None lost, none registered twice, each with the bytes that were sent; every status the receiver
reported stands once at the sender; nothing waits; every hash chain verifies.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from host_ground import RECEIVER, SENDER, Hosts

from engine import history
from engine.instance import ProcessInstance
from office.journal_key import journal_key
from records import axis_log, seal

_ISSUED = """SELECT d.identifier, r.delivery FROM recipient r
JOIN outgoing_document d ON d.id = r.outgoing_document_id WHERE d.issued_at IS NOT NULL"""
_LEFT = """SELECT d.identifier, p.sha256 FROM packet p
JOIN outgoing_document d ON d.id = p.outgoing_document_id
WHERE p.direction = 'out' AND p.message_type = 'edoc'"""
_REACHED = """SELECT d.identifier, s.code FROM status_received s
JOIN recipient r ON r.id = s.recipient_id JOIN outgoing_document d ON d.id = r.outgoing_document_id"""
_CAME = "SELECT identifier FROM incoming_document"
_TAKEN = """SELECT d.identifier, p.sha256 FROM packet p
JOIN incoming_document d ON d.id = p.incoming_document_id
WHERE p.direction = 'in' AND p.result = 'accepted'"""
_REPORTED = """SELECT d.identifier, s.code, s.sent_at IS NOT NULL FROM status_report s
JOIN incoming_document d ON d.id = s.incoming_document_id"""
_NUMBERED = "SELECT arrival_number FROM incoming_document WHERE arrival_number IS NOT NULL"
_JUDGED = """SELECT d.identifier, c.verdict FROM signature_check c
JOIN file f ON f.id = c.file_id JOIN incoming_document d ON d.id = f.incoming_document_id
WHERE f.name LIKE '%.pdf'"""
_SIGNED = """SELECT d.identifier FROM outgoing_document d JOIN file f ON f.outgoing_document_id = d.id
WHERE d.issued_at IS NOT NULL AND f.name LIKE '%.pdf'"""
_WAITING = "SELECT count(*) FROM axis_packet WHERE state IN ('initial', 'processing')"
_TODO = """SELECT count(*) FROM job WHERE state <> 'done'
AND kind NOT IN ('poll_axis', 'reconcile_axis', 'sign_journal_head')"""


@dataclass
class Books:
    """What the three databases say."""

    issued: list[tuple[str, str]]
    left: list[tuple[str, str]]
    reached: list[tuple[str, str]]
    came: list[str]
    taken: list[tuple[str, str]]
    reported: list[tuple[str, str, bool]]
    numbered: list[int]
    #: what was issued as a signed PDF, and the verdicts on what came
    signed: list[str]
    judged: list[tuple[str, str]]
    waiting: int
    todo: dict[str, int]
    chains: list[str] = field(default_factory=list)


def read_books(hosts: Hosts, *, chains: bool = True) -> Books:
    """Read the three databases."""
    sender, receiver = hosts.sender, hosts.receiver
    return Books(
        issued=[(i, d) for i, d in sender.rows(_ISSUED)],
        left=[(i, s) for i, s in sender.rows(_LEFT)],
        reached=[(i, c) for i, c in sender.rows(_REACHED)],
        came=[row[0] for row in receiver.rows(_CAME)],
        taken=[(i, s) for i, s in receiver.rows(_TAKEN)],
        reported=[(i, c, s) for i, c, s in receiver.rows(_REPORTED)],
        numbered=[row[0] for row in receiver.rows(_NUMBERED)],
        signed=[row[0] for row in sender.rows(_SIGNED)],
        judged=[(i, v) for i, v in receiver.rows(_JUDGED)],
        waiting=hosts.hub.rows(_WAITING)[0][0],
        todo={n: hosts.nodes[n].rows(_TODO)[0][0] for n in (SENDER, RECEIVER)},
        chains=broken_chains(hosts) if chains else [],
    )


def broken_chains(hosts: Hosts) -> list[str]:
    """Return what does not verify: journals, message logs, and the history of every run."""
    found = []
    for name, node in hosts.nodes.items():
        database = node.open()
        try:
            with database.session() as session:
                verified = seal.verify(session)
                if not verified.holds:
                    found.append(f"journal of {name}: {verified.text('en')}")
                logged = axis_log.verify_log(session, journal_key(node.data / "keys"))
                if not logged.holds:
                    found.append(f"message log of {name}: {logged.text('en')}")
                found += [
                    f"history of {run.id} at {name}"
                    for run in session.scalars(sa.select(ProcessInstance))
                    if history.verify(session, run) is not None
                ]
        finally:
            database.dispose()
    return found


def broken(books: Books, acknowledged: Iterable[str] = ()) -> list[str]:
    """Return every promise that is broken, a line each; `acknowledged` is what issuing returned."""
    issued = {identifier for identifier, _ in books.issued}
    came = Counter(books.came)
    sent, taken = dict(books.left), dict(books.taken)
    reached, numbers = Counter(books.reached), Counter(books.numbered)
    valid = {identifier for identifier, verdict in books.judged if verdict == "valid"}
    said = {(identifier, code) for identifier, code, _ in books.reported}
    return [
        *(f"issued and not kept: {i}" for i in sorted(set(acknowledged) - issued)),
        *(f"lost: {i}" for i in sorted(issued - came.keys())),
        *(f"never sent: {i}" for i in sorted(came.keys() - issued)),
        *(f"registered {n} times: {i}" for i, n in sorted(came.items()) if n > 1),
        *(f"number {a} given {n} times" for a, n in sorted(numbers.items()) if n > 1),
        *(f"other bytes: {i}" for i in sorted(came) if taken.get(i) != sent.get(i)),
        *(f"signatures not found valid: {i}" for i in sorted(set(books.signed) - valid)),
        *(f"not reported: {i} {c}" for i, c, s in sorted(books.reported) if not s),
        *(f"status not at the sender: {i} {c}" for i, c in sorted(said - reached.keys())),
        *(f"status nobody reported: {i} {c}" for i, c in sorted(reached.keys() - said)),
        *(f"status {c} kept {n} times: {i}" for (i, c), n in sorted(reached.items()) if n > 1),
        *(f"still {d}: {i}" for i, d in sorted(books.issued) if d in {"pending", "sent", "failed"}),
        *([f"{books.waiting} packets wait at the hub"] if books.waiting else []),
        *(f"{n} jobs are not done at {name}" for name, n in books.todo.items() if n),
        *books.chains,
    ]
