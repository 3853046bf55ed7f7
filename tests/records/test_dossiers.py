from datetime import UTC, date, datetime

import psycopg
import pytest

from records.content import Stored, attach_file
from records.document import IncomingDocument, OutgoingDocument
from records.dossier import BadRetention, Dossier, DossierClosed, DossierItem, file_into
from records.draft import (
    Draft,
    DraftWithoutContent,
    OpinionWithoutText,
    add_draft,
    drafts_of,
    give_opinion,
    pdf_of,
)
from records.inspection import DOCX, PDF
from records.issuing_error import SecretRefused
from records.vocabulary import Channel, DossierState, DraftSource, FileKind, Secrecy, Verdict

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)


def dossier(tx, agency_id, notation="01.CNTT", **given) -> Dossier:
    facts = {"title": "Triển khai Quy chế", "organ_code": "000.00.15.H55", "file_catalog": 2026}
    made = tx.add(
        Dossier(agency_id=agency_id, file_notation=notation, created_at=NOW, **(facts | given))
    )
    tx.flush()
    return made


def came(tx, agency_id, **given) -> IncomingDocument:
    return tx.add(
        IncomingDocument(
            agency_id=agency_id,
            channel=Channel.POST,
            subject="Báo cáo",
            received_at=NOW,
            created_at=NOW,
            **given,
        )
    )


def goes(tx, agency_id, **given) -> OutgoingDocument:
    made = tx.add(OutgoingDocument(agency_id=agency_id, subject="x", created_at=NOW, **given))
    tx.flush()
    return made


def test_what_is_filed_gets_its_ordinal_and_counts(tx, province):
    agency = province.stttt.id
    made = dossier(tx, agency)
    first = came(tx, agency, page_amount=3, issued_on=date(2026, 2, 1))
    second = goes(tx, agency, page_amount=2)
    file = attach_file(
        tx, second, Stored("a" * 64, 9, PDF), name="Phụ lục.pdf", kind=FileKind.ANNEX
    )
    tx.flush()
    assert [file_into(tx, made, thing).ordinal for thing in (first, second, file)] == [1, 2, 3]
    assert (made.doc_total, made.page_total, made.started_on) == (2, 5, date(2026, 2, 1))
    assert made.file_code == "000.00.15.H55.2026.01.CNTT"


def test_filing_twice_is_filing_once(tx, province):
    made = dossier(tx, province.stttt.id)
    document = came(tx, province.stttt.id)
    tx.flush()
    item = file_into(tx, made, document)
    assert file_into(tx, made, document) is item
    assert made.doc_total == 1


def test_one_document_lies_in_many_dossiers_without_copying(tx, province):
    agency = province.stttt.id
    one, two = dossier(tx, agency), dossier(tx, agency, "02.CNTT")
    document = came(tx, agency)
    tx.flush()
    items = [file_into(tx, made, document) for made in (one, two)]
    assert {item.incoming_document_id for item in items} == {document.id}
    assert items[0].id != items[1].id


def test_a_closed_dossier_takes_nothing_more(tx, province):
    made = dossier(tx, province.stttt.id, retention="20 năm")
    kept = came(tx, province.stttt.id)
    tx.flush()
    item = file_into(tx, made, kept)
    made.close(NOW)
    tx.flush()
    assert (made.state, made.ended_on) == (DossierState.CLOSED, date(2026, 3, 2))
    assert file_into(tx, made, kept) is item
    with pytest.raises(DossierClosed):
        file_into(tx, made, came(tx, province.stttt.id))


@pytest.mark.parametrize(
    ("written", "years"), [("Vĩnh viễn", None), ("vĩnh viễn", None), ("20 năm", 20), ("5", 5)]
)
def test_retention_is_permanent_or_years(written, years):
    assert Dossier(retention=written).retention_years == years


@pytest.mark.parametrize("written", ["", "lâu dài", "20 tháng", "-5 năm", "năm 20"])
def test_other_retentions_are_refused(written):
    with pytest.raises(BadRetention):
        _ = Dossier(retention=written).retention_years


def test_an_item_is_one_thing(tx, province):
    made = dossier(tx, province.stttt.id)
    tx.add(DossierItem(agency_id=made.agency_id, dossier_id=made.id, ordinal=1, added_at=NOW))
    with pytest.raises(psycopg.errors.CheckViolation):
        tx.flush()


# -- drafts ---------------------------------------------------------------------------------------


def test_every_version_of_a_draft_is_kept(tx, province):
    document = goes(tx, province.ubnd.id)
    one = add_draft(tx, document, DraftSource.TEMPLATE, fields={"subject": "Về việc"})
    tx.flush()
    word = attach_file(
        tx,
        document,
        Stored("b" * 64, 9, DOCX),
        name="dự thảo.docx",
        kind=FileKind.DRAFT,
        version_no=2,
    )
    two = add_draft(tx, document, DraftSource.DOCX, source_file=word)
    tx.flush()
    assert pdf_of(tx, two) is None
    pdf = attach_file(
        tx,
        document,
        Stored("c" * 64, 9, PDF),
        name="dự thảo.pdf",
        kind=FileKind.DRAFT,
        version_no=2,
    )
    tx.flush()
    tx._kept.clear()
    assert [d.id for d in drafts_of(tx, document.id)] == [one.id, two.id]
    assert pdf_of(tx, two).id == pdf.id
    assert pdf_of(tx, one) is None
    assert Draft.__table__.info == {"append_only": True}


def test_a_draft_has_content_and_is_never_secret(tx, province):
    document = goes(tx, province.ubnd.id)
    with pytest.raises(DraftWithoutContent):
        add_draft(tx, document, DraftSource.PDF)
    document.secrecy = Secrecy.SECRET
    with pytest.raises(SecretRefused):
        add_draft(tx, document, DraftSource.TEMPLATE, fields={})


def test_an_opinion_other_than_yes_says_why(tx, province):
    document = goes(tx, province.ubnd.id)
    draft = add_draft(tx, document, DraftSource.TEMPLATE, fields={})
    give_opinion(tx, draft, Verdict.AGREES, stage="consultation")
    tx.flush()
    for verdict in (Verdict.COMMENTS, Verdict.RETURNS):
        with pytest.raises(OpinionWithoutText):
            give_opinion(tx, draft, verdict, stage="content", text=" ")
