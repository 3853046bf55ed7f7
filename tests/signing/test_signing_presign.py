"""Certificates that may not sign: each is refused by its own name before the key is asked."""

import pytest
from attacks.authority import DAY, ISSUES, LISTS, SIGNS, Authority, der, usage
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signing.certificate_errors import (
    AuthorityUnknown,
    CertificateNotForSigning,
    CertificateRevoked,
    CertificateUnreadable,
    CertificateWeak,
    ChainRefused,
)
from signing.errors import CertificateNotInForce, KeyNotSupported
from signing.policy import ValidationPolicy
from signing.presign import check_certificate
from signing.revocation import Revocation
from signing.trust import Anchor, AnchorRole, Trust


@pytest.fixture(scope="module")
def root(now):
    return Authority("CA gốc", now)


@pytest.fixture(scope="module")
def check(root, now):
    def run(certificate, chain=(), *, lists=(), policy=None, at=now):
        anchor = Anchor(
            "gốc",
            AnchorRole.SIGNER,
            der(root.certificate),
            now - 30 * DAY,
            now + 999 * DAY,
        )
        return check_certificate(
            der(certificate),
            tuple(der(one) for one in chain),
            trust=Trust((anchor,)),
            revocation=Revocation(tuple(lists), (LISTS,)),
            policy=policy,
            at=at,
        )

    return run


def test_a_good_certificate_may_sign(root, check):
    assert check(root.issue()) == ()
    assert check(root.issue(uses=usage(content_commitment=True))) == ()


@pytest.mark.parametrize(("start", "end"), [(-9 * DAY, -DAY), (DAY, 9 * DAY)])
def test_out_of_term(root, check, start, end, now):
    certificate = root.issue(start=start, end=end)
    with pytest.raises(CertificateNotInForce, match="Nguyễn Văn Ký") as refusal:
        check(certificate)
    assert "gia hạn" in refusal.value.text()
    assert check(certificate, at=now + (start + end) / 2) == ()


def test_a_revoked_certificate(root, check):
    certificate, other = root.issue(), root.issue()
    with pytest.raises(CertificateRevoked) as refusal:
        check(certificate, lists=[root.withdraw(certificate)])
    assert "đã bị thu hồi ngày 21/11/2026" in refusal.value.text()
    assert check(certificate, lists=[root.withdraw(other)]) == ()


def test_an_old_list_still_withdraws(root, check):
    certificate = root.issue()
    with pytest.raises(CertificateRevoked):
        check(certificate, lists=[root.withdraw(certificate, next_update=-DAY)])


def test_a_forged_list_withdraws_nobody(root, check):
    certificate = root.issue()
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert check(certificate, lists=[root.withdraw(certificate, key=stranger)]) == ()
    assert check(certificate, lists=[root.withdraw(certificate, by="CA khác")]) == ()
    weak = rsa.generate_private_key(65537, 2048)
    assert check(certificate, lists=[root.withdraw(certificate, key=weak)]) == ()


@pytest.mark.parametrize("uses", [usage(key_encipherment=True), ISSUES, None])
def test_a_certificate_for_another_use(root, check, uses):
    with pytest.raises(CertificateNotForSigning) as refusal:
        check(root.issue(uses=uses))
    assert "không được cấp để ký văn bản" in refusal.value.text()


def test_an_authority_does_not_sign_documents(root, check):
    both = usage(digital_signature=True, key_cert_sign=True)
    with pytest.raises(CertificateNotForSigning):
        check(root.issue(uses=both, is_ca=True))


def test_an_unknown_authority_is_refused_or_told_by_policy(root, check, now):
    stranger = Authority("CA lạ", now)
    certificate = stranger.issue()
    with pytest.raises(AuthorityUnknown, match="CA lạ"):
        check(certificate, [stranger.certificate])
    lenient = ValidationPolicy(refuses_unknown_authority=False)
    (told,) = check(certificate, [stranger.certificate], policy=lenient)
    assert isinstance(told, AuthorityUnknown)
    assert "chưa có trong danh sách tin cậy" in told.text()
    lists = [stranger.withdraw(certificate)]
    with pytest.raises(CertificateRevoked):
        check(certificate, [stranger.certificate], policy=lenient, lists=lists)
    assert check(root.issue(), policy=lenient) == ()


def test_an_impostor_of_the_root_is_unknown(root, check, now):
    impostor = Authority("CA gốc", now)
    with pytest.raises((AuthorityUnknown, ChainRefused)):
        check(impostor.issue(), [impostor.certificate])


def test_a_short_key(root, check):
    with pytest.raises(KeyNotSupported, match="RSA 1024") as refusal:
        check(root.issue(key=rsa.generate_private_key(65537, 1024)))
    assert "2048" in refusal.value.text()
    assert check(root.issue(key=rsa.generate_private_key(65537, 2048))) == ()


def test_a_certificate_issued_by_sha1(root, check):
    certificate = root.by_sha1(root.issue())
    with pytest.raises(CertificateWeak, match="SHA1"):
        check(certificate)
    # the control: nothing else speaks against it
    assert check(certificate, policy=ValidationPolicy(algorithms=())) == ()


def test_an_issuer_by_sha1(root, check):
    issuing = middle(root)
    issuing.certificate = root.by_sha1(issuing.certificate)
    with pytest.raises(ChainRefused):
        check(issuing.issue(), [issuing.certificate])


def middle(root, **how):
    """Return an authority under the root and what it issues from."""
    issuing = Authority("CA cấp", root.start)
    how = {"uses": ISSUES, "is_ca": True} | how
    issuing.certificate = root.issue("CA cấp", key=issuing.key, **how)
    return issuing


def test_a_chain_over_an_issuer(root, check):
    issuing = middle(root)
    certificate = issuing.issue()
    assert check(certificate, [issuing.certificate]) == ()
    # the keystore need not know its issuers, but then nobody does
    with pytest.raises(AuthorityUnknown):
        check(certificate)


@pytest.mark.parametrize(
    "how", [{"end": -DAY / 2}, {"is_ca": False}, {"uses": SIGNS}], ids=["old", "no ca", "usage"]
)
def test_an_issuer_that_does_not_hold(root, check, how):
    issuing = middle(root, **how)
    with pytest.raises(ChainRefused, match="CA cấp"):
        check(issuing.issue(), [issuing.certificate])


def test_an_issuer_that_was_withdrawn(root, check):
    issuing = middle(root)
    certificate, lists = issuing.issue(), [root.withdraw(issuing.certificate)]
    with pytest.raises(CertificateRevoked, match="CA cấp"):
        check(certificate, [issuing.certificate], lists=lists)


def test_an_anchor_out_of_its_time_is_unknown(root, check, now):
    with pytest.raises(AuthorityUnknown):
        check(root.issue(end=5000 * DAY), at=now + 1000 * DAY)


@pytest.mark.parametrize("junk", [b"", b"\x30\x03\x02\x01\x01", b"PIN"])
def test_what_is_no_certificate(check, junk):
    with pytest.raises(CertificateUnreadable):
        check(junk)
