"""One document's page: what signatures, receivers, drafts and links are told in."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import lxml.html
import pytest
import sqlalchemy as sa

from office.runner import Runner
from records.content import files_of
from records.document import IncomingDocument, OutgoingDocument
from records.recipient import Recipient
from records.transfer import StatusReceived
from records.verification import SignatureCheck
from records.vocabulary import Authenticity, Delivery
from signing.report import (
    DocumentReport,
    Level,
    Reason,
    RevocationEvidence,
    RevocationSource,
    SignatureReport,
    Verdict,
)
from signing.role import SignRole


def text_of(answer, heading: str) -> str:
    """What the card under this heading says."""
    page = lxml.html.fromstring(answer.data.decode())
    [card] = page.xpath(f"//section[@aria-labelledby='{heading}']")
    return " ".join(" ".join(card.itertext()).split())


@pytest.fixture(scope="module")
def drafted(knock) -> str:
    """An outgoing document typeset from the template, waiting for approval; its page."""
    author = knock("chuyenvien.stttt")
    step = author.post("/outgoing/new", {"subject": "báo cáo công tác chuyển đổi số"})
    page = author.follow(step)

    def choose(name: str, label: str) -> str:
        options = lxml.html.fromstring(page.data.decode()).xpath(f"//select[@name='{name}']/option")
        return next(o.get("value") for o in options if label in o.text_content())

    sheet = author.sheet(page).fill(
        document_type=choose("document_type", "Báo cáo"),
        signatory=choose("signatory", "Đỗ Xuân Hòa"),
        body="Thực hiện kế hoạch năm.\nSở báo cáo như sau.",
        internal_recipients="Lưu: VT.",
        go="stay",
    )
    sheet.fill(**{"recipients.0.agency": choose("recipients.0.agency", "Ủy ban nhân dân tỉnh")})
    answer = author.send(sheet)
    assert answer.status_code == 303, author.problem(answer)
    return answer.headers["Location"]


def test_a_draft_is_shown_typeset_with_who_wrote_it(knock, drafted):
    page = knock("chuyenvien.stttt").get(drafted)
    assert "Dự thảo bản 1" in text_of(page, "h-history")
    assert "Người soạn thảo Nguyễn Hải An" in text_of(page, "h-facts")
    assert "Đơn vị soạn thảo Phòng Công nghệ thông tin" in text_of(page, "h-facts")
    assert re.search(r'data-pdf="/files/[0-9a-f-]+\?view=1"', page.text)
    assert "Ủy ban nhân dân tỉnh Thái Nguyên Chờ gửi" in text_of(page, "h-statuses")
    assert 'class="step done" data-element="draft"' in page.text


def test_the_replay_names_the_form_of_a_step_as_officers_know_it(knock, drafted):
    page = knock("giamdoc.stttt").get(f"{drafted}/replay")
    told = " ".join(lxml.html.fromstring(page.data.decode()).text_content().split())
    assert re.search(r"Biểu mẫu ?Soạn thảo.{0,40} · ", told)
    assert "outgoing-draft" not in told


def test_the_receivers_reports_are_told_one_by_one(knock, drafted, office):
    now = datetime.now(UTC)
    with office.database.transaction() as tx:
        document = tx.get(OutgoingDocument, UUID(drafted.rpartition("/")[2]))
        one = tx.add(
            Recipient(
                agency_id=document.agency_id, outgoing_document_id=document.id, ordinal=9,
                name="Sở Tài chính", delivery=Delivery.REFUSED,
                delivery_reason="Không đúng thẩm quyền",
            )
        )  # fmt: skip
        tx.flush()
        for place, (code, said) in enumerate([("01", ""), ("02", "Không đúng thẩm quyền")]):
            tx.add(
                StatusReceived(
                    agency_id=document.agency_id, recipient_id=one.id, code=code,
                    description=said, reported_at=now + timedelta(minutes=place),
                    received_at=now, packet_id=str(uuid4()),
                )
            )  # fmt: skip
    told = text_of(knock("chuyenvien.stttt").get(drafted), "h-statuses")
    assert "Sở Tài chính Từ chối tiếp nhận: Không đúng thẩm quyền" in told
    assert re.search(r"01 Đã đến .*02 Từ chối tiếp nhận: Không đúng thẩm quyền", told)


def test_signatures_are_told_in_plain_words(knock, drafted, office):
    author = knock("chuyenvien.stttt")
    file = re.search(r'data-pdf="/files/([0-9a-f-]+)', author.get(drafted).text)[1]
    when = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    good = SignatureReport(
        "Signature1", Verdict.VALID, role=SignRole.APPROVE, subject="Đỗ Xuân Hòa",
        organization="Sở Thông tin và Truyền thông", issuer="CA thử nghiệm", claimed_at=when,
    )  # fmt: skip
    bad = SignatureReport("Signature2", Verdict.INVALID, Reason.HASH_FAILURE, subject="Kẻ lạ")
    report = DocumentReport(Verdict.INVALID, when, Reason.HASH_FAILURE, (good, bad))
    with office.database.transaction() as tx:
        document = tx.get(OutgoingDocument, UUID(drafted.rpartition("/")[2]))
        tx.add(
            SignatureCheck(
                agency_id=document.agency_id, file_id=UUID(file), checked_at=tx.now,
                verdict=Authenticity.INVALID, report=report.to_json(),
            )
        )  # fmt: skip
    page = author.get(drafted)
    told = text_of(page, "h-signatures")
    assert "Hợp lệ: Đỗ Xuân Hòa, Sở Thông tin và Truyền thông" in told
    assert "Không hợp lệ: Kẻ lạ" in told
    assert "Nội dung đã bị thay đổi sau khi ký" in told
    assert "Người có thẩm quyền, ký lúc 20/11/2026 16:30:00." in told
    # the verdict stands in the heading of each signature, and in what was looked at; not a third time
    tree = lxml.html.fromstring(page.data.decode())
    cards = [
        " ".join(one.text_content().split())
        for one in tree.xpath("//div[contains(@class, 'sig ')]")
    ]
    seen = [one.partition("Nội dung kiểm tra")[0].lower().count("hợp lệ") for one in cards]
    assert seen == [1, 1, 1], cards
    assert "1 chữ ký hợp lệ" in page.text
    assert "1 chữ ký không hợp lệ" in page.text
    author.post("/preferences", {"language": "en"})
    told = text_of(author.get(drafted), "h-signatures")
    assert "Valid: Đỗ Xuân Hòa" in told
    assert "The content was changed after signing" in told
    assert "Issuer of the certificate CA thử nghiệm" in told
    author.post("/preferences", {"language": "vi"})


def test_every_fact_of_a_check_is_shown_and_had_as_json_and_as_etsi_has_it(knock, drafted, office):
    author = knock("chuyenvien.stttt")
    file = re.search(r'data-pdf="/files/([0-9a-f-]+)', author.get(drafted).text)[1]
    when = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    signature = SignatureReport(
        "NguoiKy", Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN, SignRole.APPROVE,
        level=Level.LT, subject="Đỗ Xuân Hòa", issuer="CA", serial="1f", fingerprint="ab" * 32,
        valid_from=when - timedelta(1), valid_until=when + timedelta(365), claimed_at=when,
        proven_at=when, proven_by="TSA thử nghiệm", verdict_at_signing=Verdict.VALID,
        revocation=RevocationEvidence(RevocationSource.CRL, when, is_embedded=True),
    )  # fmt: skip
    report = DocumentReport(
        Verdict.UNDETERMINED, when, Reason.REVOCATION_UNKNOWN, (signature,), digest="cd" * 32
    )
    with office.database.transaction() as tx:
        document = tx.get(OutgoingDocument, UUID(drafted.rpartition("/")[2]))
        for earlier, kept in ((1, replace(report, checked_at=when - timedelta(1))), (0, report)):
            tx.add(
                SignatureCheck(
                    agency_id=document.agency_id, file_id=UUID(file), report=kept.to_json(),
                    verdict=Authenticity.UNDETERMINED,
                    checked_at=tx.now + timedelta(days=1 - earlier),
                )
            )  # fmt: skip
    page = author.get(drafted)
    told = text_of(page, "h-signatures")
    assert "Tại thời điểm được chứng minh 21/11/2026 16:30:00: hợp lệ." in told
    for fact in (
        "Kết luận tại thời điểm kiểm tra Chưa đủ thông tin để kết luận",
        "Kết luận tại thời điểm được chứng minh Hợp lệ",
        "Việc cần làm: Báo quản trị cập nhật danh sách thu hồi rồi kiểm tra lại.",
        "Thời điểm được chứng minh 21/11/2026 16:30:00 +07:00, TSA thử nghiệm",
        "Mức chữ ký PAdES B-LT",
        "Số chứng thư số 1f",
        "Căn cứ về thu hồi danh sách thu hồi (CRL), kèm trong văn bản",
        f"SHA-256 của tệp {'cd' * 32}",
    ):
        assert fact in told
    card = lxml.html.fromstring(page.data.decode())
    json_at, xml_at, newest, earlier, *_ = card.xpath(
        "//section[@aria-labelledby='h-signatures']//a[@download]/@href"
    )
    assert DocumentReport.from_json(author.get(json_at).text) == report
    assert DocumentReport.from_json(author.get(newest).text) == report
    assert DocumentReport.from_json(author.get(earlier).text).checked_at == when - timedelta(1)
    etsi = author.get(xml_at)
    assert etsi.content_type.startswith("application/xml")
    assert b"mainindication:indeterminate" in etsi.data
    assert knock("truongphong.ttbc").get(json_at).status_code in {403, 404}
    assert author.get(f"{json_at}?check={uuid4()}").status_code == 404


def test_a_file_is_checked_again_when_asked(knock, office):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("kiểm tra chữ ký khi được yêu cầu")
    file = re.search(r"/files/[0-9a-f-]{36}", clerk.get(step).text)[0]
    page = clerk.follow(clerk.post(f"{file}/check"))
    assert "Kết quả kiểm tra chữ ký số: Không có chữ ký số." in page.text
    told = text_of(page, "h-signatures")
    assert "Không có chữ ký số: Công văn 5127.pdf Đã kiểm tra lúc" in told
    assert "Bản số hóa được đối chiếu với bản giấy." in told


def do_jobs(office) -> None:
    runner = Runner(office.database, office.handlers(), name="pages")
    while found := runner.claim(8):
        for job in found:
            runner.carry_out(job)


def notes_of(answer) -> list[tuple[str, str]]:
    """The notes above a step's form, before what the form says: how they look and what they say."""
    page = lxml.html.fromstring(answer.data.decode())
    notes = page.xpath("//form[@data-step-form]//div[contains(@class, 'note')]")
    told = [(n.get("class"), " ".join(n.text_content().split())) for n in notes]
    return [(look, text) for look, text in told if not text.startswith("Đối chiếu nơi gửi")]


def test_the_clerk_is_told_plainly_that_a_scan_bears_no_signature(knock, office):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("bản giấy gửi qua bưu điện")
    assert notes_of(clerk.get(step)) == [("note", "Đang kiểm tra chữ ký số.")]
    do_jobs(office)
    page = clerk.get(step)
    assert notes_of(page) == [("note", "Bản số hóa không có chữ ký số; đối chiếu với bản giấy.")]
    assert "Bản số hóa, không có chữ ký số" in page.text
    assert "Không hợp lệ" not in page.text


def test_the_clerk_is_told_what_a_document_by_mail_is_worth(knock, office):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("văn bản qua thư điện tử", channel="mail")
    too_soon = clerk.send(clerk.sheet(clerk.get(step)).fill(outcome="accept"))
    assert too_soon.status_code == 409
    assert "đang kiểm tra chữ ký số" in clerk.problem(too_soon)
    do_jobs(office)
    (note,) = notes_of(clerk.get(step))
    assert note == ("note", "Không có chữ ký số; tiếp nhận thì ghi lý do.")
    sheet = clerk.sheet(clerk.get(step)).fill(outcome="accept_unsigned", reason="Đã gọi xác minh")
    page = clerk.get(clerk.send(sheet.fill(go="stay")).headers["Location"])
    assert "Không có chữ ký số. Vẫn tiếp nhận vì: Đã gọi xác minh" in page.text
    assert 'class="note bad"' not in page.text


def test_a_file_of_another_document_is_not_shown_here(knock, drafted):
    assert knock("chuyenvien.stttt").get(f"{drafted}?file={uuid4()}").status_code == 404
    assert knock("chuyenvien.stttt").get(f"{drafted}?file=x").status_code == 404


def test_a_scan_nobody_checked_yet_is_not_called_unsigned(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("chưa kiểm tra chữ ký số")
    clerk.accept(step)
    shown = clerk.get(step, follow_redirects=True).text
    document = re.search(r'href="(/incoming/[0-9a-f-]{36})[?"]', shown)[1]
    page = lxml.html.fromstring(clerk.get(document).text)
    [card] = page.xpath("//section[@aria-labelledby='h-signatures']")
    assert "Chưa kiểm tra" in card.text_content()
    assert "chưa được ký số" not in card.text_content()


def test_what_is_tampered_with_is_not_taken_in_beforehand(knock, office):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("văn bản bị sửa sau khi ký", channel="mail")
    chosen = "//form[@data-step-form]//input[@name='outcome' and @checked]/@value"
    assert lxml.html.fromstring(clerk.get(step).text).xpath(chosen) == ["accept"]
    with office.database.transaction() as tx:
        query = sa.select(IncomingDocument).where(
            IncomingDocument.subject == "văn bản bị sửa sau khi ký"
        )
        tx.scalars(query)[0].authenticity = Authenticity.INVALID
    page = lxml.html.fromstring(clerk.get(step).text)
    assert page.xpath(chosen) == []
    [reason] = page.xpath("//textarea[@name='reason']")
    assert not [one for one in reason.iterancestors() if "hidden" in one.attrib]
    answer = clerk.send(clerk.sheet(clerk.get(step)))
    assert answer.status_code == 422, "nothing was decided"


def test_a_scan_whose_signatures_are_broken_is_not_taken_in_beforehand(knock, office):
    """What came by post is judged by its paper, but the button at hand does not call it valid."""
    clerk = knock("vanthu.stttt")
    step = clerk.receive("bản quét mang chữ ký số hỏng")
    chosen = "//form[@data-step-form]//input[@name='outcome' and @checked]/@value"
    assert lxml.html.fromstring(clerk.get(step).text).xpath(chosen) == ["accept"]
    when = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    bad = SignatureReport("NguoiKy", Verdict.INVALID, Reason.HASH_FAILURE, subject="Kẻ lạ")
    report = DocumentReport(Verdict.INVALID, when, Reason.HASH_FAILURE, (bad,))
    with office.database.transaction() as tx:
        query = sa.select(IncomingDocument).where(
            IncomingDocument.subject == "bản quét mang chữ ký số hỏng"
        )
        [document] = tx.scalars(query)
        [file] = files_of(tx, document)
        tx.add(
            SignatureCheck(
                agency_id=document.agency_id, file_id=file.id, checked_at=tx.now,
                verdict=Authenticity.INVALID, report=report.to_json(),
            )
        )  # fmt: skip
    page = clerk.get(step)
    assert "không hợp lệ" in page.text
    assert lxml.html.fromstring(page.text).xpath(chosen) == []
    assert clerk.send(clerk.sheet(page)).status_code == 422, "nothing was decided"


def test_an_agency_that_signed_twice_is_named_once(knock, office):
    """Number and seal are two signatures of one agency."""
    clerk = knock("vanthu.stttt")
    step = clerk.receive("cơ quan ký hai lần", channel="mail")
    agency = SignatureReport("CapSo", Verdict.VALID, subject="Sở Tài chính")
    leader = SignatureReport("NguoiKy", Verdict.VALID, subject="Phan Thế Anh")
    when = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    found = (leader, agency, replace(agency, field="Dau"))
    with office.database.transaction() as tx:
        query = sa.select(IncomingDocument).where(IncomingDocument.subject == "cơ quan ký hai lần")
        [document] = tx.scalars(query)
        [file] = files_of(tx, document)
        tx.add(
            SignatureCheck(
                agency_id=document.agency_id, file_id=file.id, checked_at=tx.now,
                verdict=Authenticity.VALID,
                report=DocumentReport(Verdict.VALID, when, signatures=found).to_json(),
            )
        )  # fmt: skip
    told = "Chữ ký số hợp lệ: Phan Thế Anh; Sở Tài chính."
    assert notes_of(clerk.get(step)) == [("note ok", told)]
