"""Which day a document came, and in which register it is entered."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from story import PASSWORD, carry_out, letter

from forms.definition import load_form
from forms.errors import FormInvalid
from processes.choices import choices_for
from processes.incoming.receive import ReceiveIncoming, receive
from processes.incoming.register import NotArrivedYet, _late
from processes.registers import WrongRegister
from records.document import IncomingDocument
from records.document_type import DocumentType
from records.register import Register, RegisterEntry, RegisterSeries
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


def offered(story, user: str, form: str) -> set[RegisterKind]:
    """The kinds of the registers a form offers to this officer."""
    with story.as_(user) as tx:
        (source,) = {name for name in load_form(form).sources if "register" in name}
        found = choices_for(tx, load_form(form))[source]
        return {tx.get(Register, UUID(key)).kind for key in found}


def test_only_registers_that_take_the_document_are_offered(story_office):
    story = story_office
    assert offered(story, "vanthu.stttt", "incoming-register") == {RegisterKind.INCOMING}
    assert offered(story, "vanthu.stttt", "outgoing-number") == {RegisterKind.OUTGOING}
    kinds = {r.kind for r in story.all(Register, Register.agency_id == story.agency("STTTT"))}
    assert {RegisterKind.INCOMING, RegisterKind.OUTGOING} <= kinds, "there are others to offer"


def test_no_form_asks_for_what_its_step_does_not_do():
    assert "dossier" not in {leaf.path for leaf in load_form("incoming-register").leaves}
    assert "register" not in {leaf.path for leaf in load_form("outgoing-draft").leaves}


def test_the_register_chosen_gives_the_outgoing_number(story_office):
    story = story_office
    document = letter(story, "number")
    agency = story.agency("STTTT")
    with story.as_("vanthu.stttt") as tx:
        book = Register(agency_id=agency, kind=RegisterKind.OUTGOING, name="Sổ văn bản đi riêng")
        chosen = tx.add(book).id
    assert chosen in {r.id for r in story.all(Register, Register.agency_id == agency)}
    story.do("vanthu.stttt", "number", of=document, pin=PASSWORD, register=str(chosen))
    entry = story.one(RegisterEntry, RegisterEntry.outgoing_document_id == document)
    assert story.one(RegisterSeries, RegisterSeries.id == entry.series_id).register_id == chosen


def test_the_chosen_register_is_used_or_refused(story_office):
    story = story_office
    with story.as_("vanthu.stttt") as tx:
        document, _ = receive(tx, story.means, ReceiveIncoming(Channel.POST, "Sở Y tế", "Chọn sổ"))
    story.do("vanthu.stttt", "check", of=document.id, outcome="accept")
    agency = story.agency("STTTT")
    kind = story.one(DocumentType, DocumentType.agency_id == agency, DocumentType.code == "CV")
    registers = {r.kind: r for r in story.all(Register, Register.agency_id == agency)}
    values = {
        "document_type": str(kind.id),
        "subject": "Chọn sổ",
        "organ_name": "Sở Y tế",
        "issued_on": date(2026, 1, 5).isoformat(),
        "to_places": "Văn phòng Sở",
    }
    with pytest.raises(FormInvalid):  # it is not offered
        story.do(
            "vanthu.stttt", "register", of=document.id,
            register=str(registers[RegisterKind.OUTGOING].id), **values,
        )  # fmt: skip
    with pytest.raises(WrongRegister):
        carry_out(
            story, "vanthu.stttt", "register_incoming", document.id,
            register=str(registers[RegisterKind.OUTGOING].id), subject="Chọn sổ",
            organ_name="Sở Y tế", document_type=str(kind.id),
        )  # fmt: skip
    chosen = registers[RegisterKind.INCOMING]
    story.do("vanthu.stttt", "register", of=document.id, register=str(chosen.id), **values)
    entry = story.one(RegisterEntry, RegisterEntry.incoming_document_id == document.id)
    assert entry.actual_on is None
    assert story.one(IncomingDocument, IncomingDocument.id == document.id).to_places == (
        "Văn phòng Sở"
    )
