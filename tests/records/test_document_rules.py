import unicodedata
from datetime import UTC, date, datetime

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from records.content import Stored, attach_file
from records.document import IncomingDocument, OutgoingDocument, duplicates_of
from records.document_type import make_types, seed_types
from records.issuing_error import (
    DocumentFrozen,
    ExchangeHindrance,
    FieldTooLong,
    MissingFields,
    NotExchangeable,
    NotSigned,
    PaperCopiesMissing,
    SecretRefused,
    SourceFileMissing,
)
from records.link import DocumentLink, link_documents
from records.recipient import Recipient
from records.vocabulary import (
    Channel,
    FileKind,
    IncomingStatus,
    IssueForm,
    LinkKind,
    Secrecy,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TYPES = {t.code: t for t in make_types(agency_id=None)}


def outgoing(agency_id=None, **given) -> OutgoingDocument:
    facts = {"signed_at": NOW, "sealed_at": NOW, "subject": "Về việc ban hành Quy chế"}
    return OutgoingDocument(agency_id=agency_id, created_at=NOW, **(facts | given))


def incoming(agency_id=None, **given) -> IncomingDocument:
    facts = {
        "channel": Channel.EXCHANGE,
        "subject": "Báo cáo",
        "type_name": "Công văn",
        "organ_name": "Ủy ban nhân dân tỉnh Thái Nguyên",
        "code_number": "05",
        "code_notation": "UBND-VP",
    }
    return IncomingDocument(agency_id=agency_id, received_at=NOW, created_at=NOW, **(facts | given))


def test_a_signed_sealed_plain_document_may_be_exchanged():
    assert outgoing().may_be_exchanged(TYPES["QĐ"])
    outgoing().refuse_exchange(TYPES["QĐ"])


@pytest.mark.parametrize(
    ("given", "hindrance"),
    [
        ({"secrecy": Secrecy.SECRET}, ExchangeHindrance.SECRET),
        ({"secrecy": Secrecy.ABSOLUTE_SECRET, "signed_at": None}, ExchangeHindrance.SECRET),
        ({"is_petition": True}, ExchangeHindrance.PETITION),
        ({"signed_at": None}, ExchangeHindrance.UNSIGNED),
        ({"sealed_at": None}, ExchangeHindrance.UNSEALED),
    ],
)
def test_what_the_regulation_exempts_is_not_exchanged(given, hindrance):
    with pytest.raises(NotExchangeable) as refused:
        outgoing(**given).refuse_exchange(TYPES["QĐ"])
    assert refused.value.fields["hindrance"] is hindrance
    assert hindrance.vi in refused.value.text()


def test_a_kind_the_agency_lists_as_special_is_not_exchanged():
    (special,) = [t for t in make_types(agency_id=None) if t.code == "BB"]
    assert outgoing().may_be_exchanged(special)
    special.is_special = True
    assert outgoing().exchange_hindrance(special) is ExchangeHindrance.SPECIAL


@given(st.sampled_from(list(Secrecy)), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_exchange_is_allowed_only_when_nothing_stands_against_it(
    secrecy, petition, signed, sealed, special
):
    (kind,) = [t for t in make_types(agency_id=None) if t.code == "CV"]
    kind.is_special = special
    document = outgoing(
        secrecy=secrecy,
        is_petition=petition,
        signed_at=NOW if signed else None,
        sealed_at=NOW if sealed else None,
    )
    clear = secrecy is Secrecy.NONE and not petition and signed and sealed and not special
    assert document.may_be_exchanged(kind) is clear


def test_important_kinds_need_source_and_digitised_file():
    document = outgoing()
    for code in ("QPPL:QĐ", "KH", "ĐA", "CTr"):
        for files in (set(), {FileKind.SOURCE}, {FileKind.SIGNED}, {FileKind.SCAN, FileKind.MAIN}):
            with pytest.raises(SourceFileMissing):
                document.ensure_source_file(TYPES[code], files)
        document.ensure_source_file(TYPES[code], {FileKind.SOURCE, FileKind.SIGNED})
        document.ensure_source_file(TYPES[code], {FileKind.SOURCE, FileKind.SCAN})
    document.ensure_source_file(TYPES["CV"], set())


def test_issuing_needs_the_signature_first():
    with pytest.raises(NotSigned):
        outgoing(signed_at=None).ensure_issuable(TYPES["CV"], set())
    outgoing().ensure_issuable(TYPES["CV"], set())
    with pytest.raises(NotExchangeable):
        outgoing(is_petition=True).ensure_issuable(TYPES["CV"], set())
    on_paper = outgoing(is_petition=True, issue_form=IssueForm.PAPER)
    on_paper.ensure_issuable(TYPES["CV"], set())
    with pytest.raises(PaperCopiesMissing):
        on_paper.ensure_paper_kept()


def test_fields_are_held_to_the_lengths_of_the_annex():
    assert outgoing(subject="đ" * 500).ensure_lengths() is None
    with pytest.raises(FieldTooLong) as refused:
        outgoing(subject="đ" * 501).ensure_lengths()
    assert refused.value.fields == {"field": "subject", "limit": 500, "length": 501}


def test_text_is_kept_composed():
    document = incoming(subject=unicodedata.normalize("NFD", "Thái Nguyên"))
    assert document.subject == "Thái Nguyên"
    document.organ_name = unicodedata.normalize("NFD", "Sở Nội vụ")
    assert document.likeness == "5|ubnd-vp|sở nội vụ"


def test_secret_documents_stay_out_unless_bare_and_allowed():
    bare = {"secrecy": Secrecy.TOP_SECRET, "subject": "", "type_name": "", "keeper": "Văn thư"}
    with pytest.raises(SecretRefused):
        incoming(**bare).ensure_registrable()
    with pytest.raises(SecretRefused):
        incoming(**bare | {"subject": "Kế hoạch"}).ensure_registrable(stubs_allowed=True)
    with pytest.raises(MissingFields, match="người giữ"):
        incoming(**bare | {"keeper": ""}).ensure_registrable(stubs_allowed=True)
    incoming(**bare).ensure_registrable(stubs_allowed=True)


def test_a_petition_on_paper_is_registered_like_any_other():
    incoming(is_petition=True, channel=Channel.POST).ensure_registrable()


def test_a_frozen_document_may_not_change():
    with pytest.raises(DocumentFrozen):
        outgoing(frozen_at=NOW).ensure_changeable()
    outgoing().ensure_changeable()


# -- in the database ------------------------------------------------------------------------------


def test_documents_come_back_as_they_were_stored(tx, province):
    types = seed_types(tx, province.ubnd.id)
    document = outgoing(province.ubnd.id, type_id=types[0].id, issued_on=date(2026, 3, 2))
    tx.add(document)
    tx.add(Recipient(agency_id=province.ubnd.id, outgoing_document_id=document.id, name="Sở"))
    tx.flush()
    tx._kept.clear()
    found = tx.get(OutgoingDocument, document.id)
    assert found is not document
    assert found.secrecy is Secrecy.NONE
    assert found.subject == document.subject
    assert found.signed_at == NOW


def test_the_database_refuses_content_in_a_secret_stub(tx, province):
    tx.add(incoming(province.stttt.id, secrecy=Secrecy.SECRET, subject="Kế hoạch"))
    with pytest.raises(psycopg.errors.CheckViolation):
        tx.flush()


def test_the_database_refuses_a_subject_over_500(tx, province):
    tx.add(incoming(province.stttt.id, subject="a" * 501))
    with pytest.raises(psycopg.errors.CheckViolation):
        tx.flush()


def test_a_secret_document_takes_no_file(tx, province):
    stub = incoming(province.stttt.id, secrecy=Secrecy.SECRET, subject="")
    with pytest.raises(SecretRefused):
        attach_file(
            tx, stub, Stored("0" * 64, 1, "application/pdf"), name="a.pdf", kind=FileKind.MAIN
        )


def test_duplicates_are_found_by_identifier_or_by_all_three(tx, province):
    agency = province.stttt.id
    first = tx.add(incoming(agency, identifier="H55,2026/03/01,05/UBND-VP"))
    tx.add(incoming(agency, code_number="6", status=IncomingStatus.REFUSED))
    tx.add(incoming(province.ubnd.id))
    tx.flush()

    def ask(**given):
        facts = {
            "identifier": None,
            "code_number": "5",
            "code_notation": "UBND - VP",
            "organ_name": "Ủy ban nhân dân tỉnh Thái Nguyên",
        }
        return [d.id for d in duplicates_of(tx, agency_id=agency, **(facts | given))]

    assert ask() == [first.id]
    assert ask(code_number="50") == []
    assert ask(organ_name="Sở Nội vụ") == []
    assert ask(code_number="99", identifier="H55,2026/03/01,05/UBND-VP") == [first.id]
    assert ask(code_number="6") == []
    assert ask(except_id=first.id) == []
    assert ask(code_number="", code_notation="", organ_name="") == []


def test_links_are_typed_and_may_point_outside(tx, province):
    agency = province.stttt.id
    question, answer = tx.add(incoming(agency)), tx.add(outgoing(agency))
    link = link_documents(tx, answer, question, LinkKind.REPLIES_TO)
    tx.add(
        DocumentLink(
            agency_id=agency,
            kind=LinkKind.BASED_ON,
            from_outgoing_id=answer.id,
            to_reference="30/2020/NĐ-CP",
            created_at=NOW,
        )
    )
    tx.flush()
    assert (link.from_outgoing_id, link.to_incoming_id) == (answer.id, question.id)
    tx.add(
        DocumentLink(
            agency_id=agency, kind=LinkKind.RELATED, from_outgoing_id=answer.id, created_at=NOW
        )
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        tx.flush()


def test_every_table_of_documents_belongs_to_an_agency():
    for model in (OutgoingDocument, IncomingDocument, Recipient, DocumentLink):
        assert "agency_id" in sa.inspect(model).columns
