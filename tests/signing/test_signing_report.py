"""The stored report: the same after JSON, plain in both languages."""

import importlib
import json
import pkgutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import signing
from signing.errors import SigningError
from signing.facts import document_facts, facts_of
from signing.report import (
    REASONS,
    REMARKS,
    ROLES,
    VERDICTS,
    DocumentReport,
    Level,
    Modification,
    Reason,
    Remark,
    RevocationEvidence,
    RevocationSource,
    SignatureReport,
    TimestampReport,
    Verdict,
)
from signing.role import FIELD_NAMES, SignRole, role_of_field
from signing.wording import MODIFICATIONS, NEXT_STEPS, SOURCES

TIMES = st.integers(0, 4 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))
TEXT = st.text(max_size=20)
REMARK = st.lists(st.sampled_from(Remark), max_size=3).map(tuple)
MAYBE = st.none() | TIMES
EVIDENCE = st.none() | st.builds(
    RevocationEvidence,
    source=st.sampled_from(RevocationSource),
    this_update=MAYBE,
    next_update=MAYBE,
    revoked_at=MAYBE,
    is_embedded=st.booleans(),
)
STAMPS = st.lists(
    st.builds(
        TimestampReport,
        verdict=st.sampled_from(Verdict),
        reason=st.sampled_from(Reason),
        field=TEXT,
        stamped_at=MAYBE,
        valid_until=MAYBE,
        revocation=EVIDENCE,
    ),
    max_size=2,
).map(tuple)
SIGNATURES = st.builds(
    SignatureReport,
    field=TEXT,
    verdict=st.sampled_from(Verdict),
    reason=st.sampled_from(Reason),
    role=st.none() | st.sampled_from(SignRole),
    level=st.sampled_from(Level),
    subject=TEXT,
    valid_from=MAYBE,
    claimed_at=MAYBE,
    proven_at=MAYBE,
    revoked_at=MAYBE,
    intact=st.booleans(),
    remarks=REMARK,
    verdict_at_signing=st.sampled_from(Verdict),
    reason_at_signing=st.sampled_from(Reason),
    timestamps=STAMPS,
    revocation=EVIDENCE,
    modifications=st.lists(st.sampled_from(Modification), max_size=2).map(tuple),
    overlaps=st.lists(TEXT, max_size=2).map(tuple),
)
REPORTS = st.builds(
    DocumentReport,
    verdict=st.sampled_from(Verdict),
    checked_at=TIMES,
    reason=st.sampled_from(Reason),
    signatures=st.lists(SIGNATURES, max_size=3).map(tuple),
    missing_roles=st.lists(st.sampled_from(SignRole), max_size=3).map(tuple),
    remarks=REMARK,
    digest=TEXT,
    tail_ok=st.booleans(),
    detail=TEXT,
    verdict_at_signing=st.sampled_from(Verdict),
    timestamps=STAMPS,
    trust_version=TEXT,
)


@settings(max_examples=30)
@given(REPORTS)
def test_a_report_survives_json(report):
    assert DocumentReport.from_json(report.to_json()) == report


@settings(max_examples=30)
@given(REPORTS, st.sampled_from(["vi", "en"]))
def test_a_report_is_said_in_one_line_for_each_signature(report, language):
    lines = report.text(language).split("\n")
    assert lines[0].startswith(VERDICTS[report.verdict][language == "en"])
    assert len(lines) >= 1 + len(report.signatures)


def test_every_verdict_reason_remark_and_role_has_words():
    assert set(VERDICTS) == set(Verdict)
    assert set(REASONS) == set(Reason) - {Reason.NONE}
    assert set(REMARKS) == set(Remark)
    assert set(ROLES) == set(SignRole) == set(FIELD_NAMES)
    assert set(NEXT_STEPS) == set(REASONS)
    assert set(MODIFICATIONS) == set(Modification)
    assert set(SOURCES) == set(RevocationSource)
    tables = (VERDICTS, REASONS, REMARKS, ROLES, NEXT_STEPS, MODIFICATIONS, SOURCES)
    for pair in [pair for table in tables for pair in table.values()]:
        assert all(pair)
        assert pair[0] != pair[1]


def test_the_sentences():
    signature = SignatureReport(
        "NguoiKy",
        Verdict.INVALID,
        Reason.REVOKED,
        SignRole.APPROVE,
        subject="Lê Văn An",
        claimed_at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    )
    assert signature.text() == (
        "Chữ ký số của Lê Văn An (người có thẩm quyền), 22/11/2026 15:30:00 +07:00: "
        "Không hợp lệ (chứng thư số đã bị thu hồi)."
    )
    report = DocumentReport(
        Verdict.INVALID,
        datetime(2026, 11, 22, tzinfo=UTC),
        Reason.MISSING_ROLE,
        missing_roles=(SignRole.SEAL,),
    )
    assert report.summary() == "Không hợp lệ (thiếu chữ ký: cơ quan ban hành)"
    assert report.summary("en") == "Invalid (a signature is missing: issuing agency)"
    assert VERDICTS[Verdict.UNSIGNED][0] == "Không có chữ ký số"


def test_what_was_valid_when_signed_is_said_beside_what_is_known_now():
    signature = SignatureReport(
        "NguoiKy",
        Verdict.UNDETERMINED,
        Reason.REVOCATION_UNKNOWN,
        subject="Lê Văn An",
        proven_at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
        verdict_at_signing=Verdict.VALID,
    )
    assert signature.text() == (
        "Chữ ký số của Lê Văn An: Chưa đủ thông tin để kết luận (chưa có danh sách thu hồi còn "
        "hiệu lực để đối chiếu); tại thời điểm được chứng minh 22/11/2026 15:30:00 +07:00: Hợp lệ."
    )
    assert signature.next_step().startswith("Báo quản trị cập nhật danh sách thu hồi")
    report = DocumentReport(
        signature.verdict, datetime(2026, 11, 22, tzinfo=UTC), signature.reason, (signature,)
    )
    assert report.text("en").endswith(f"Next step: {signature.next_step('en')}")


#: as the first release stored it
FIRST_VERSION = {
    "version": 1,
    "verdict": "valid",
    "checked_at": "2026-11-22T08:30:00+00:00",
    "reason": "",
    "missing_roles": [],
    "remarks": [],
    "digest": "ab",
    "tail_ok": True,
    "detail": "",
    "signatures": [
        {
            "field": "NguoiKy",
            "verdict": "valid",
            "reason": "",
            "role": "approve",
            "level": "T",
            "subject": "Lê Văn An",
            "organization": "",
            "issuer": "CA",
            "serial": "1f",
            "fingerprint": "cd",
            "valid_from": "2026-01-01T00:00:00+00:00",
            "valid_until": "2030-01-01T00:00:00+00:00",
            "claimed_at": "2026-11-22T08:00:00+00:00",
            "proven_at": None,
            "revoked_at": None,
            "intact": True,
            "valid": True,
            "trusted": True,
            "coverage": "ENTIRE_FILE",
            "modification": "NONE",
            "ades": "TOTAL_PASSED",
            "remarks": ["timestamp-not-evaluated"],
        }
    ],
}


def test_a_report_of_the_first_version_is_read():
    report = DocumentReport.from_json(json.dumps(FIRST_VERSION))
    (signature,) = report.signatures
    assert report.is_valid
    assert signature.verdict_at_signing is report.verdict_at_signing is Verdict.VALID
    assert signature.proven_at is None
    assert signature.remarks == (Remark.TIMESTAMP_UNUSED,)
    assert DocumentReport.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("verdict"),
        lambda data: data.update(version=99),
        lambda data: data.update(verdict="fine"),
        lambda data: data.update(extra=1),
        lambda data: data.update(checked_at="yesterday"),
        lambda data: data.update(signatures=[{}]),
    ],
)
def test_anything_else_is_no_report(change):
    report = DocumentReport(Verdict.VALID, datetime(2026, 11, 22, tzinfo=UTC))
    data = json.loads(report.to_json())
    assert DocumentReport.from_json(json.dumps(data)) == report
    change(data)
    with pytest.raises(ValueError):
        DocumentReport.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "nonsense"])
def test_junk_is_no_report(text):
    with pytest.raises(ValueError):
        DocumentReport.from_json(text)


def test_fields_tell_their_role():
    assert role_of_field("NguoiKy") is SignRole.APPROVE
    assert role_of_field("NguoiKy2") is SignRole.APPROVE
    assert role_of_field("NguoiKyKhac") is None
    assert role_of_field("Signature1") is None


def below(kind: type) -> list[type]:
    return [found for one in kind.__subclasses__() for found in (one, *below(one))]


def test_every_refusal_has_words_a_code_and_a_status():
    for module in pkgutil.walk_packages(signing.__path__, "signing."):
        if not module.name.endswith("_child"):
            importlib.import_module(module.name)
    kinds = below(SigningError)
    assert len({kind.code for kind in kinds}) == len(kinds) > 10
    for kind in kinds:
        assert kind.vi != SigningError.vi
        assert kind.en != SigningError.en
        assert 400 <= kind.status < 600
        assert kind().text("vi")
        assert kind().text("en") == str(kind())


def test_a_verdict_at_a_proven_time_is_told_only_where_a_time_is_proven():
    when = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    one = SignatureReport(
        "NguoiKy", Verdict.VALID, verdict_at_signing=Verdict.VALID, overlaps=("CoQuan", "Sig7")
    )
    label = "Kết luận tại thời điểm được chứng minh"
    told = dict(facts_of(one))
    assert told[label].startswith("chưa có dấu thời gian")
    assert told["Chồng lên ô ký"] == "cơ quan ban hành, ô ký khác"
    signed = DocumentReport(
        Verdict.VALID, when, Reason.NONE, (one,), verdict_at_signing=Verdict.VALID
    )
    assert dict(document_facts(signed))[label].startswith("chưa có dấu thời gian")
    proven = replace(one, proven_at=when)
    assert dict(facts_of(proven))[label] == "Hợp lệ"
    assert dict(document_facts(replace(signed, signatures=(proven,))))[label] == "Hợp lệ"
    unsigned = DocumentReport(Verdict.UNSIGNED, when, Reason.NO_SIGNATURE)
    assert label not in dict(document_facts(unsigned))
