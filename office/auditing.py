"""What an auditor does on the machine itself (kiểm tra tại máy): run again, bundle evidence."""

from functools import partial
from uuid import UUID

from engine.database import Acting, Database
from engine.instance import ProcessInstance
from engine.replay import Replayed, Verdict
from office.office import means_of
from office.settings import Settings
from processes import replay
from processes.evidence import bundle
from processes.evidence.exchange import evidence_of
from processes.evidence.package import Bundle
from processes.replay import Replay
from processes.telling import told, ways
from records.organization import Role
from records.transfer import Packet

_VERDICTS = {
    Verdict.AGREES: "khớp",
    Verdict.DIFFERS: "KHÁC",
    Verdict.NOT_EXECUTABLE: "không thực hiện lại",
}


def replay_run(settings: Settings, instance_id: UUID, at: int | None) -> Replay:
    """Do a run again from what its events recorded; raises `NotFound`, `Unreadable`."""
    database = Database(settings.database_url)
    try:
        with database.session() as session:
            found = replay.look(session, instance_id, at)
            session.expunge_all()
            return found
    finally:
        database.dispose()


def evidence(
    settings: Settings, instance_id: UUID, by: str, *, as_container: bool = False
) -> Bundle:
    """Make the bundle of a run, or of the exchange of one packet (then a container always).

    The journal says who of the machine did. Raises `NotFound`.
    """
    database = Database(settings.database_url)
    try:
        with database.session() as session:
            instance = session.get(ProcessInstance, instance_id)
            packet = session.get(Packet, instance_id) if instance is None else None
            found = instance or packet
            if found is None:
                raise replay.no_run(instance_id)
            # Whoever may run this may read the whole database anyway.
            acting = Acting(
                agency_id=found.agency_id, roles=frozenset({Role.AUDITOR}), name=f"máy chủ: {by}"
            )
            means = means_of(settings, database)
            if packet is not None:
                return evidence_of(
                    partial(database.transaction, acting), database, means, packet.id
                )
            with database.transaction(acting) as tx:
                return bundle.make(tx, session, means, instance_id, as_container=as_container)
    finally:
        database.dispose()


def lines(found: Replay) -> list[str]:
    """Return what doing it again showed, as lines to print."""
    report = found.report
    shown = [f"Lần chạy {found.instance.id}: {len(report.events)} sự kiện"]
    for event in report.events:

        def name_of(node: str, event: Replayed = event) -> str:
            return report.name_of(event, node)

        reason = f" ({event.reason[0]})" if event.reason[0] else ""
        shown.append(f"  {event.seq:>4}  {told(event.facts, name_of, found.people)}")
        shown += [f"        cổng {way}" for way in ways(event.facts, name_of)]
        shown.append(f"        {_VERDICTS[event.verdict]}{reason} · {event.stored[:16]}…")
    steps = ", ".join(f"«{name}»" for _, name in found.standing) or "không bước nào (đã kết thúc)"
    shown.append(f"Sau sự kiện {found.after.seq}: đang ở {steps}")
    shown.append(f"Trạng thái: sha256 {found.after.stored}")
    return [*shown, *_summary(found)]


def _summary(found: Replay) -> list[str]:
    report, total = found.report, len(found.report.events)
    counts = {v: sum(e.verdict is v for e in report.events) for v in Verdict}
    broken = report.broken
    chain = (
        f"Chuỗi băm và trạng thái lưu: khớp {total}/{total} sự kiện."
        if broken is None
        else f"Chuỗi băm: ĐỨT tại sự kiện {broken.seq}, {broken.reason}."
    )
    again = f"Thực hiện lại: khớp {counts[Verdict.AGREES]}/{total} sự kiện"
    if counts[Verdict.NOT_EXECUTABLE]:
        again += f", {counts[Verdict.NOT_EXECUTABLE]} sự kiện chỉ kiểm tra được chuỗi băm"
    if report.differing is not None:
        again += f"; KHÁC tại sự kiện {report.differing.seq}"
    return [chain, f"{again}."]
