"""Which day a document came, and in which register it is entered."""

from datetime import date, timedelta

import pytest

from processes.incoming.receive import ReceiveIncoming, receive
from processes.incoming.register import NotArrivedYet, _late
from processes.registers import WrongRegister
from records.document import IncomingDocument
from records.document_type import DocumentType
from records.register import Register, RegisterEntry
from records.vocabulary import Channel, RegisterKind
from records.working_time import WorkingCalendar

FRIDAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("came", "today", "made_up"),
    [
        (FRIDAY, FRIDAY, False),
        (FRIDAY, FRIDAY + timedelta(3), False),  # Monday: the next working day
        (FRIDAY, FRIDAY + timedelta(4), True),
        (FRIDAY - timedelta(1), FRIDAY, False),
        (FRIDAY - timedelta(2), FRIDAY, True),
    ],
)
def test_an_entry_is_made_up_for_only_after_the_next_working_day(came, today, made_up):
    assert _late(came, today, WorkingCalendar()) == (came if made_up else None)


def test_a_document_does_not_come_tomorrow():
    with pytest.raises(NotArrivedYet) as refused:
        _late(FRIDAY + timedelta(1), FRIDAY, WorkingCalendar())
    assert "28/11/2026" in refused.value.text()


def test_the_chosen_register_is_used_or_refused(story_office):
    story = story_office
    with story.as_("vanthu.stttt") as tx:
        document, _ = receive(tx, story.means, ReceiveIncoming(Channel.POST, "Sở Y tế", "Chọn sổ"))
    story.do("vanthu.stttt", "check", of=document.id, outcome="accept")
    agency = story.agency("STTTT")
    letter = story.one(DocumentType, DocumentType.agency_id == agency, DocumentType.code == "CV")
    registers = {r.kind: r for r in story.all(Register, Register.agency_id == agency)}
    values = {
        "document_type": str(letter.id),
        "subject": "Chọn sổ",
        "organ_name": "Sở Y tế",
        "issued_on": date(2026, 1, 5).isoformat(),
        "to_places": "Văn phòng Sở",
    }
    with pytest.raises(WrongRegister):
        story.do(
            "vanthu.stttt", "register", of=document.id,
            register=str(registers[RegisterKind.OUTGOING].id), **values,
        )  # fmt: skip
    chosen = registers[RegisterKind.INCOMING]
    story.do("vanthu.stttt", "register", of=document.id, register=str(chosen.id), **values)
    entry = story.one(RegisterEntry, RegisterEntry.incoming_document_id == document.id)
    assert entry.actual_on is None
    assert story.one(IncomingDocument, IncomingDocument.id == document.id).to_places == (
        "Văn phòng Sở"
    )
