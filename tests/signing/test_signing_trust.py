"""Certificates: revoked, expired, of strangers, too weak, or with nothing known about them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from signing.algorithms import AlgorithmKind, AlgorithmRule
from signing.errors import TrustRefused
from signing.policy import ValidationPolicy
from signing.report import Reason, Remark, Verdict
from signing.revocation import Revocation, load_revocation
from signing.signer import SignRequest, SignRole, sign_pdf
from signing.trust import Anchor, AnchorRole, Trust, load_trust
from signing.validation import validate_pdf

OPEN = ValidationPolicy()
SHA256_ENDED = AlgorithmRule(
    AlgorithmKind.DIGEST, datetime(2026, 1, 1, tzinfo=UTC), "thử", name="sha256"
)


@pytest.fixture(scope="module")
def signed(draft, keystore, now):
    """Sign the draft with a named key, at a time its certificate is in force."""

    def sign(key: str, at: datetime = now) -> bytes:
        return sign_pdf(draft, SignRequest(SignRole.APPROVE, at), keystore(key))

    return sign


def judged(report) -> tuple[Verdict, Reason]:
    (signature,) = report.signatures
    assert (report.verdict, report.reason) == (signature.verdict, signature.reason)
    return signature.verdict, signature.reason


def test_the_control_is_valid(signed, validate):
    assert judged(validate(signed("chutich"), OPEN)) == (Verdict.VALID, Reason.NONE)


def test_a_revoked_certificate_is_invalid(signed, validate, now):
    report = validate(signed("revoked"), OPEN)
    assert judged(report) == (Verdict.INVALID, Reason.REVOKED)
    assert report.signatures[0].revoked_at == now - timedelta(hours=1)
    assert "đã bị thu hồi" in report.summary()


def test_a_stated_time_before_the_revocation_proves_nothing(signed, validate, now):
    early = signed("revoked", now - timedelta(hours=20))
    assert judged(validate(early, OPEN)) == (Verdict.INVALID, Reason.REVOKED)


def test_an_expired_certificate_is_undetermined_without_proof(signed, validate, now):
    early = signed("expired", now - timedelta(days=600))
    assert judged(validate(early, OPEN)) == (Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN)


def test_signing_after_the_term_is_invalid(validate, signed, now, monkeypatch):
    # our own signer refuses to; a stranger's may not
    monkeypatch.setattr("signing.signer._check_in_force", lambda *_: None)
    late = signed("expired", now)
    assert judged(validate(late, OPEN)) == (Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM)


def test_a_stranger_is_undetermined(signed, validate):
    report = validate(signed("stranger"), OPEN)
    assert judged(report) == (Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY)
    assert "không xác định được nguồn gốc" in report.text()


def test_before_its_term_a_certificate_says_nothing(signed, validate, now):
    report = validate(signed("chutich"), OPEN, now - timedelta(days=30))
    assert report.verdict is not Verdict.VALID
    assert Remark.FUTURE in report.signatures[0].remarks


def test_without_lists_nothing_is_concluded(signed, trust, revocation, now):
    pdf = signed("chutich")
    absent = validate_pdf(pdf, trust=trust, revocation=Revocation(), policy=OPEN, at=now)
    assert judged(absent) == (Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN)
    barred = replace(revocation, allowed=("http://elsewhere.vn/",))
    report = validate_pdf(pdf, trust=trust, revocation=barred, policy=OPEN, at=now)
    assert judged(report) == (Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN)
    nobody = replace(revocation, allowed=())
    assert nobody.usable() == []
    assert len(revocation.usable()) == len(revocation.lists)


def test_one_list_is_not_enough(signed, trust, revocation, now):
    for one in revocation.lists:
        partial = replace(revocation, lists=(one,))
        report = validate_pdf(
            signed("chutich"), trust=trust, revocation=partial, policy=OPEN, at=now
        )
        assert report.verdict is Verdict.UNDETERMINED


def test_a_stale_list_is_not_enough(signed, trust, revocation, now):
    pdf = signed("chutich")
    later = now + timedelta(days=365 * 4)
    assert validate_pdf(pdf, trust=trust, revocation=revocation, policy=OPEN, at=later).is_valid
    after = now + timedelta(days=365 * 11)
    report = validate_pdf(pdf, trust=trust, revocation=revocation, policy=OPEN, at=after)
    assert report.verdict is not Verdict.VALID


def test_an_anchor_counts_for_its_role_and_time(signed, trust, revocation, now):
    pdf = signed("chutich")
    anchor = next(one for one in trust.anchors if one.role is AnchorRole.SIGNER)
    for other in (
        replace(anchor, role=AnchorRole.TSA),
        replace(anchor, valid_until=now - timedelta(seconds=1)),
        replace(anchor, valid_from=now + timedelta(seconds=1)),
    ):
        report = validate_pdf(
            pdf, trust=Trust((other,)), revocation=revocation, policy=OPEN, at=now
        )
        assert judged(report) == (Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY)


class LooseKey:
    """A key no keystore of ours would open, with its own certificate as anchor."""

    def __init__(self, now: datetime, bits: int) -> None:
        self.key = rsa.generate_private_key(65537, bits)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Tự ký")])
        self.own = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(self.key, hashes.SHA256())
        )
        der = self.certificate()
        self.trust = Trust(
            (Anchor("x", AnchorRole.SIGNER, der, now - timedelta(1), now + timedelta(1)),)
        )

    def certificate(self) -> bytes:
        return self.own.public_bytes(Encoding.DER)

    def chain(self) -> tuple[bytes, ...]:
        return ()

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize(
    ("bits", "policy", "expected"),
    [
        (2048, OPEN, (Verdict.VALID, Reason.NONE)),
        (1024, OPEN, (Verdict.INVALID, Reason.WEAK_ALGORITHM)),
        (
            2048,
            replace(OPEN, algorithms=(SHA256_ENDED,)),
            (Verdict.INVALID, Reason.WEAK_ALGORITHM),
        ),
    ],
    ids=["sound", "short key", "weak digest"],
)
def test_weak_algorithms(draft, now, bits, policy, expected, monkeypatch):
    # our own signer refuses a short key; a stranger's may not
    monkeypatch.setattr("signing.certificate.SMALLEST_RSA", 1024)
    key = LooseKey(now, bits)
    pdf = sign_pdf(draft, SignRequest(SignRole.APPROVE, now), key)
    report = validate_pdf(pdf, trust=key.trust, revocation=Revocation(), policy=policy, at=now)
    assert judged(report) == expected


def test_a_certificate_for_other_purposes_does_not_sign(signed, validate):
    other = replace(OPEN, key_usages=frozenset({"key_agreement"}))
    report = validate(signed("chutich"), other)
    assert judged(report) == (Verdict.UNDETERMINED, Reason.KEY_USAGE)


# -- the folder ------------------------------------------------------------------------------------


def test_the_folder_is_read(pki, trust):
    anchor = next(one for one in trust.anchors if one.role is AnchorRole.SIGNER)
    assert anchor.role is AnchorRole.SIGNER
    assert anchor.valid_from.tzinfo is not None
    assert anchor.added_by == "demo"
    assert Trust.from_data(trust.to_data()) == trust
    revocation = load_revocation(pki.trust_folder)
    assert Revocation.from_data(revocation.to_data()) == revocation


@pytest.mark.parametrize(
    "text",
    [
        "[[anchor",
        '[[anchor]]\nname = "x"',
        '[[anchor]]\nname = "x"\nrole = "signer"\nfile = "no.pem"\nvalid_from = 2026-01-01T00:00:00Z\nvalid_until = 2027-01-01T00:00:00Z',
        '[[anchor]]\nname = "x"\nrole = "king"\nfile = "a.pem"\nvalid_from = 2026-01-01T00:00:00Z\nvalid_until = 2027-01-01T00:00:00Z',
        '[[anchor]]\nname = "x"\nrole = "signer"\nfile = "a.pem"\nvalid_from = 2026-01-01T00:00:00\nvalid_until = 2027-01-01T00:00:00Z',
    ],
)
def test_an_unusable_folder_is_refused(tmp_path, pki, text):
    root = (pki.trust_folder / "anchors" / "root.pem").read_bytes()
    (tmp_path / "a.pem").write_bytes(root)
    (tmp_path / "trust.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TrustRefused):
        load_trust(tmp_path)


def test_a_missing_folder_or_a_bad_list_is_refused(tmp_path):
    with pytest.raises(TrustRefused):
        load_trust(tmp_path / "nowhere")
    (tmp_path / "bad.crl").write_bytes(b"junk")
    (tmp_path / "trust.toml").write_text(
        '[[revocation.list]]\nurl = "http://x/"\nfile = "bad.crl"\n', encoding="utf-8"
    )
    with pytest.raises(TrustRefused):
        load_revocation(tmp_path)


def test_an_authority_is_not_replaced(pki, now):
    from signing.testing import make_pki

    with pytest.raises(FileExistsError):
        make_pki(pki.folder, [], [], datetime.now(UTC), "x")
