"""Whole packets as the vendors' programs make them: read, shown, and written again in our way."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from exchange.clock import VIETNAM
from exchange.edxml import read, write, write_status
from exchange.envelope import BusinessType, Envelope, Priority, Staff
from exchange.message_json import from_data, to_data
from exchange.status import StatusCode
from exchange.summary import summarize

FOLDER = Path(__file__).with_name("vendors")
PDF = b"%PDF-1.7\n%%EOF\n"


def packet(name: str):
    return read((FOLDER / f"{name}.edxml").read_bytes())


def remarks(message) -> list[str]:
    return [finding.code for finding in message.original.remarks]


def test_the_dotnet_program():
    """Clauses in the order of their numbers, empty groups, attributes, a payload without prefix."""
    message = packet("dotnet")
    assert [party.organ_id for party in message.receivers] == ["H55.07", "000.00.07.H55"]
    assert message.document_id == "H55.05,2026/11/20,512/STC-QLNS"
    assert message.promulgated_on == date(2026, 11, 20)  # written 20/11/2026
    assert (message.due_on, message.responses, message.appendixes) == (None, (), ())
    assert message.business.staff is None
    assert message.to_places == ("Như trên", "Lưu: VT")
    assert [(f.name, f.content, f.content_id) for f in message.attachments] == [
        ("512.signed.pdf", PDF, "8d1a")
    ]
    assert (remarks(message), message.original.unknown) == ([], ())
    assert not message.original.carries_signature


def test_default_name_space_only_and_business_with_one_s():
    assert packet("no-prefix") == packet("dotnet")
    assert (remarks(packet("no-prefix")), packet("no-prefix").original.unknown) == ([], ())


def test_the_java_program():
    """Its own order and extras, a packed .doc beside a raw .pdf, two hops of the axis."""
    message = packet("java")
    assert (message.document_type.number, message.document_type.group_b) == ("71", 18)
    assert message.priority is Priority.VERY_URGENT
    assert message.business.type is BusinessType.NEW
    assert message.business.paper
    assert message.business.staff == Staff(
        "Phạm Thị Ơn", "Văn thư", "0900000000", "pto@example.vn", "17", "9"
    )
    assert message.responses[0].document_id == "G12,2026/11/10,300/B-VP"
    assert [hop.organ_id for hop in message.trace] == ["020100107370", "", "02.29.W00"]
    assert message.trace[2].at == datetime(2026, 11, 20, 15, 3, 44, tzinfo=VIETNAM)
    first, second = message.attachments
    assert (first.name, first.content) == ("7816.pdf", PDF)
    assert (second.name, second.content) == ("phu-luc.doc", b"\xd0\xcf\x11\xe0 phu luc")
    assert message.original.carries_signature
    assert (remarks(message), message.original.unknown) == ([], ())


def test_a_message_of_2019():
    """An identifier that is a UUID, no operation, a manifest that says something else."""
    message = packet("of-2019")
    assert message.identifier == "0b2c4c0e-6a27-4d6e-9a64-7d6b1f4b7b11"
    assert message.business.type is BusinessType.NEW
    assert message.document_type.group_b == 14
    assert message.attachments[0].content.endswith(b"phu luc")
    assert remarks(message) == ["M.AttachmentEncoded.Attachment[1].ContentType"]


def test_a_take_back_with_its_fields_swapped():
    message = packet("take-back-swapped")
    assert message.code is StatusCode.TAKE_BACK
    assert (message.response.organ_id, message.response.code) == ("G12", "512/UBND-KT")
    assert message.document_ids[1] == "H55,2026/11/21,512/UBND-KT"
    assert remarks(message) == ["M.ResponseFor.OrganId"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.edxml")), ids=lambda path: path.stem)
def test_written_in_our_way_it_says_the_same(path):
    message = read(path.read_bytes())
    assert summarize(message)
    files = {f.name: f.content for f in getattr(message, "attachments", ())}
    again = from_data(to_data(message), lambda name, _path: files[name])
    assert again == message
    data = write(again) if isinstance(again, Envelope) else write_status(again)
    assert read(data) == message
    assert read(data).original.remarks == ()
    assert replace(message, original=None) == message
