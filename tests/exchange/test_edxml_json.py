"""A message as JSON holds all of it, and comes back as it was; what is wrong in it is named."""

import json
from dataclasses import fields

import pytest
from any_message import ENVELOPE, STATUS
from hypothesis import given, settings

from exchange.edxml import read, write, write_status
from exchange.envelope import Attachment, Business, BusinessType, Envelope, Party
from exchange.errors import MalformedXml
from exchange.message_json import InvalidForm, from_data, to_data
from exchange.summary import summarize


def no_files(name: str, path: str) -> bytes:
    raise FileNotFoundError(name)


def through_json(message):
    """The message after a journey through JSON text; its files lie under numbers."""
    attachments = getattr(message, "attachments", ())
    paths = [str(number) for number, _ in enumerate(attachments)]
    data = json.loads(json.dumps(to_data(message, paths)))
    return from_data(data, lambda _name, path: attachments[int(path)].content)


def test_read_write_read_gives_the_same_through_json():
    seen: set[str] = set()

    @given(ENVELOPE)
    @settings(max_examples=80)
    def comes_back(envelope):
        first = read(write(envelope))
        again = through_json(first)
        assert again == first == envelope
        assert write(again) == first.original.data
        for part in (envelope, envelope.business, *envelope.receivers, *envelope.attachments):
            seen.update(
                f"{type(part).__name__}.{f.name}"
                for f in fields(part)
                if getattr(part, f.name) != f.default
            )

    comes_back()
    # the control: each field was at times not what it is by default
    kinds = (Envelope, Business, Party, Attachment)
    assert {
        f"{kind.__name__}.{f.name}" for kind in kinds for f in fields(kind) if f.compare
    } <= seen


@given(STATUS)
@settings(max_examples=30)
def test_a_status_comes_back_through_json(message):
    first = read(write_status(message))
    again = through_json(first)
    assert again == first == message
    assert write_status(again) == first.original.data


@pytest.fixture
def form(make_envelope):
    """The JSON of a small message whose file is at hand."""
    envelope = make_envelope()
    content = envelope.attachments[0].content

    def tried(change=lambda data: None):
        data = json.loads(json.dumps(to_data(envelope, ["f"])))
        change(data)
        return from_data(data, lambda name, path: content if path == "f" else no_files(name, path))

    assert tried() == envelope
    return tried


def put(where: str, value):
    """Set a value at a dotted path, in a list by its number; `...` takes it away."""

    def change(data):
        *above, last = where.split(".")
        for name in above:
            data = data[int(name) if name.isdigit() else name]
        if value is ...:
            del data[last]
        else:
            data[int(last) if last.isdigit() else last] = value

    return change


@pytest.mark.parametrize(
    ("where", "value", "code"),
    [
        ("subject", ..., "N.subject"),
        ("subject", 5, "T.subject"),
        ("subject", None, "T.subject"),
        ("trich_yeu", "x", "M.trich_yeu"),
        ("sender.organ", "x", "M.sender.organ"),
        ("sender", "H55", "T.sender"),
        ("receivers", {}, "T.receivers"),
        ("receivers.0.organ_id", ..., "N.receivers[1].organ_id"),
        ("promulgated_on", "20/11/2026", "T.promulgated_on"),
        ("pages", True, "T.pages"),
        ("pages", "3", "T.pages"),
        ("priority", 9, "M.priority"),
        ("priority", True, "M.priority"),
        ("business.type", "NEW", "M.business.type"),
        ("business.paper", 1, "T.business.paper"),
        ("trace", [{"organ_id": "H55", "at": "mai"}], "T.trace[1].at"),
        ("attachments.0", "a.pdf", "T.attachments[1]"),
        ("attachments.0.name", "", "N.attachments[1].name"),
        ("attachments.0.name", 5, "T.attachments[1].name"),
        ("attachments.0.type", "x", "M.attachments[1].type"),
        ("attachments.0.path", "g", "M.attachments[1].path"),
        ("attachments.0.sha256", "0" * 64, "M.attachments[1].sha256"),
        ("attachments.0.size", 1, "M.attachments[1].sha256"),
        ("message_type", "fax", "M.message_type"),
    ],
)
def test_what_is_wrong_in_the_json_is_named(form, where, value, code):
    with pytest.raises(InvalidForm) as caught:
        form(put(where, value))
    assert [finding.code for finding in caught.value.findings] == [code]
    assert "Sửa tệp" in caught.value.text("vi")


def test_all_that_is_wrong_is_told_at_once(form):
    def spoil(data):
        put("subject", ...)(data)
        put("pages", -1.5)(data)

    with pytest.raises(InvalidForm) as caught:
        form(spoil)
    assert {finding.code for finding in caught.value.findings} == {"N.subject", "T.pages"}


@pytest.mark.parametrize("data", [[], "x", 5, None, {}])
def test_json_that_is_no_message(data):
    with pytest.raises(InvalidForm):
        from_data(data, no_files)


def test_what_only_follows_from_the_rest_may_be_left_out(form):
    def bare(data):
        for name in ("size", "sha256", "content_type", "content_id"):
            put(f"attachments.0.{name}", ...)(data)
        put("message_type", ...)(data)
        put("original", ...)(data)

    form(bare)


def test_the_summary_is_for_people_and_for_programs(make_envelope):
    business = Business(
        BusinessType.RECALL, "Gửi nhầm nơi nhận", document_id="H55.07,2026/11/01,9/A"
    )
    message = read(write(make_envelope(business=business)))
    lines = [line.split(None, 0)[0].strip() for line in summarize(message).splitlines()]
    told = {" ".join(line.split()) for line in lines}
    assert {
        "Gói tin edoc, thu hồi",
        "Văn bản tác động H55.07,2026/11/01,9/A",
        "Số, ký hiệu 215/STTTT-VP",
        "Ngày ban hành 20/11/2026",
        "Tệp đính kèm 1 van-ban.pdf (application/pdf, 18 byte)",
        f"SHA-256 {message.attachments[0].sha256}",
        f"SHA-256 gói tin {message.original.sha256}",
    } <= told
    facts = to_data(message)
    assert (facts["message_type"], facts["business"]["type"]) == ("edoc", 1)
    assert facts["attachments"][0]["size"] == 18
    assert "content" not in facts["attachments"][0]
    assert "data" not in facts["original"]
    assert "edoc, recall" in summarize(message, "en")


@given(ENVELOPE)
@settings(max_examples=20)
def test_the_summary_says_all_of_a_message(envelope):
    told = " ".join(summarize(envelope).split())

    def said(value) -> None:
        shown = " ".join(str(value).split())
        assert shown in told or any(not c.isprintable() for c in shown), shown

    for part in (envelope.sender, *envelope.receivers):
        for f in fields(part):
            said(getattr(part, f.name))
    for text in (envelope.subject, envelope.promulgated_at, envelope.sphere, envelope.typist):
        said(text)
    for texts in (envelope.to_places, envelope.appendixes, envelope.targets):
        for text in texts:
            said(text)
    for response in envelope.responses:
        said(response.code)
        said(response.document_id)
    if envelope.business.staff is not None:
        for f in fields(envelope.business.staff):
            said(getattr(envelope.business.staff, f.name))
    for attachment in envelope.attachments:
        said(attachment.sha256)


def test_the_summary_names_deviations(status_xml, document):
    message = read(document(("Priority>1", "Priority>5")))
    assert "[M.OtherInfo.Priority] Độ khẩn không hợp lệ" in summarize(message)
    assert to_data(message)["original"]["remarks"][0]["code"] == "M.OtherInfo.Priority"
    status = read(status_xml())
    assert "03 Đã tiếp nhận" in summarize(status)
    with pytest.raises(MalformedXml):
        read(b"khong phai xml")


def test_a_value_cannot_forge_a_line_of_the_summary(document):
    forged = "V/v x\nSHA-256 gói tin  00\u009b2K\u202e"
    lines = summarize(read(document(("V/v góp ý", forged)))).splitlines()
    assert sum(line.startswith("SHA-256 gói tin") for line in lines) == 1
    assert not any("\u202e" in line or "\u009b" in line for line in lines)


def test_unknown_elements_are_named_once_and_signatures_are_not(document):
    strange = (
        "<edXML:Sao><edXML:Kim>x</edXML:Kim></edXML:Sao><edXML:Sao/>"
        "<z:q xmlns:z='urn:z'><edXML:Subject>y</edXML:Subject></z:q>"
    )
    data = document(
        ("<edXML:Subject>", strange + "<edXML:Subject>"),
        ("</edXML:edXMLHeader>", "<edXML:DigitalSignature/></edXML:edXMLHeader>"),
    )
    assert read(data).original.unknown == ("MessageHeader.Sao", "Sao.Kim", "MessageHeader.q")
    assert read(document()).original.unknown == ()
