"""The policy as data: dated algorithms, freshness of lists, roles by kind, and what is refused."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import algos, crl, keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec, ValidationDataHandlers
from pyhanko_certvalidator.errors import ValidationError
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy
from pyhanko_certvalidator.registry import CertificateRegistry
from pyhanko_certvalidator.revinfo.archival import CRLContainer
from pyhanko_certvalidator.revinfo.manager import RevinfoManager
from small_authority import SmallAuthority

from signing import policy
from signing.algorithms import AlgorithmKind
from signing.errors import PolicyRefused, TrustRefused
from signing.policy import (
    POLICY_FILE,
    ExpectedSigner,
    RevocationMode,
    ValidationPolicy,
    load_policy,
    read_policy,
    shipped_policy,
)
from signing.role import SignRole
from signing.trust import Anchor, AnchorRole, Trust

TODAY = date(2026, 11, 22)
LONG_AGO = datetime(2012, 6, 1, tzinfo=UTC)


def key_of(key) -> keys.PublicKeyInfo:
    return keys.PublicKeyInfo.load(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


SMALL_RSA = rsa.generate_private_key(65537, 1024)


# -- algorithms ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mechanism", "key", "moment", "allowed"),
    [
        ("sha256_rsa", rsa.generate_private_key(65537, 2048), "now", True),
        ("sha256_rsa", SMALL_RSA, "now", False),
        ("sha256_rsa", SMALL_RSA, LONG_AGO, True),
        # no moment: at all times
        ("sha256_rsa", SMALL_RSA, None, False),
        ("sha1_rsa", None, "now", False),
        ("sha1_rsa", None, LONG_AGO, True),
        ("md5_rsa", None, LONG_AGO, False),
        ("sha256_ecdsa", ec.generate_private_key(ec.SECP256R1()), "now", True),
        ("sha256_ecdsa", ec.generate_private_key(ec.SECP192R1()), "now", False),
        ("sha256_dsa", None, "now", False),
        ("sha256_dsa", None, LONG_AGO, True),
        ("ed25519", None, "now", True),
    ],
)
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_an_algorithm_counts_until_its_date(now, mechanism, key, moment, allowed):
    policy = ValidationPolicy().usable_algorithms()
    found = policy.signature_algorithm_allowed(
        algos.SignedDigestAlgorithm({"algorithm": mechanism}),
        now if moment == "now" else moment,
        public_key=key_of(key) if key else None,
    )
    assert found.allowed is allowed
    if not allowed:
        # the time up to which a timestamp may prove it
        assert found.not_allowed_after
        assert found.failure_reason


def test_the_day_itself_is_refused():
    (rule,) = [one for one in ValidationPolicy().algorithms if one.name == "sha1"]
    policy = ValidationPolicy().usable_algorithms()
    sha1 = algos.DigestAlgorithm({"algorithm": "sha1"})
    assert not policy.digest_algorithm_allowed(sha1, rule.refused_from).allowed
    before = rule.refused_from - timedelta(microseconds=1)
    assert policy.digest_algorithm_allowed(sha1, before).allowed


def test_a_curve_whose_parameters_the_signer_chose_is_refused(now):
    named = key_of(ec.generate_private_key(ec.SECP256R1()))
    forged = keys.PublicKeyInfo.load(named.dump())
    forged["algorithm"]["parameters"] = keys.ECDomainParameters(name="implicit_ca", value=None)
    policy = ValidationPolicy().usable_algorithms()
    ecdsa = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    for moment in (now, LONG_AGO):
        assert policy.signature_algorithm_allowed(ecdsa, moment, named).allowed
        assert not policy.signature_algorithm_allowed(ecdsa, moment, forged).allowed


# -- roles by kind ---------------------------------------------------------------------------------


def test_a_kind_of_document_must_bear_its_roles():
    policy = ValidationPolicy()
    assert policy.expecting("outgoing", TODAY).expected == (
        ExpectedSigner(SignRole.APPROVE),
        ExpectedSigner(SignRole.SEAL),
    )
    assert policy.roles_of("copy", TODAY) == (SignRole.COPY,)
    for kind, day in (("unheard-of", TODAY), ("outgoing", date(2020, 3, 4))):
        with pytest.raises(PolicyRefused) as refused:
            policy.roles_of(kind, day)
        assert kind in refused.value.text("vi")


def test_the_law_of_the_day_holds():
    (rule,) = [one for one in ValidationPolicy().required if one.kind == "outgoing"]
    later = replace(rule, roles=(SignRole.SEAL,), valid_from=date(2027, 1, 1))
    policy = replace(ValidationPolicy(), required=(later, rule))
    assert policy.roles_of("outgoing", date(2026, 12, 31)) == (SignRole.APPROVE, SignRole.SEAL)
    assert policy.roles_of("outgoing", date(2027, 1, 1)) == (SignRole.SEAL,)
    ended = replace(policy, required=(replace(rule, valid_until=TODAY),))
    assert ended.roles_of("outgoing", TODAY)
    with pytest.raises(PolicyRefused):
        ended.roles_of("outgoing", TODAY + timedelta(days=1))


# -- the file --------------------------------------------------------------------------------------


def test_every_rule_names_who_says_so():
    policy = shipped_policy()
    assert {one.kind for one in policy.algorithms} == set(AlgorithmKind)
    rules = [*policy.algorithms, policy.revocation, *policy.required]
    assert all(rule.citation for rule in rules)
    assert ValidationPolicy() == policy
    assert ValidationPolicy.from_data(policy.to_data()) == policy
    named = replace(policy, version=3, expected=(ExpectedSigner(SignRole.SEAL, "A", "b"),))
    assert ValidationPolicy.from_data(named.to_data()) == named


def shipped_text() -> str:
    return (Path(policy.__file__).parent / POLICY_FILE).read_text(encoding="utf-8")


def test_a_folder_may_hold_a_policy_of_its_own(tmp_path):
    assert load_policy(tmp_path) == shipped_policy()
    text = "version = 7\n" + shipped_text().replace('mode = "require"', 'mode = "soft"')
    (tmp_path / POLICY_FILE).write_text(text, encoding="utf-8")
    found = load_policy(tmp_path)
    assert (found.version, found.revocation.mode) == (7, RevocationMode.SOFT)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('citation = "RFC 6151"', "", "citation"),
        ('citation = "RFC 6151"', 'citation = " "', "căn cứ"),
        ("2023-02-03T00:00:00Z", "2023-02-03T00:00:00", "múi giờ"),
        ("2023-02-03T00:00:00Z", "2023-02-03", "múi giờ"),
        ("valid_from = 2020-03-05", "valid_from = 2020-03-05T00:00:00Z", "ngày"),
        ('roles = ["copy"]', 'roles = ["king"]', "king"),
        ('mode = "require"', 'mode = "none"', "none"),
        ('kind = "rsa"', 'kind = "digest"', "name"),
        ("[[required]]", "[[required", "line"),
        ("most_signatures = 64", "", "most_signatures"),
    ],
)
def test_a_bad_policy_is_refused(tmp_path, old, new, said):
    text = shipped_text()
    assert old in text
    (tmp_path / POLICY_FILE).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PolicyRefused) as refused:
        load_policy(tmp_path)
    assert said in refused.value.text("vi")


@pytest.mark.parametrize("change", [{"format": 9}, {"required": [["x"]]}, {"version": None}])
def test_bad_data_is_refused(change):
    data = shipped_policy().to_data() | change
    if change == {"version": None}:
        del data["version"]
    with pytest.raises(PolicyRefused):
        ValidationPolicy.from_data(data)
    trust = Trust(()).to_data() | {"format": 9}
    with pytest.raises(TrustRefused):
        Trust.from_data(trust)


def test_a_policy_as_data_is_read_again():
    with pytest.raises(PolicyRefused):
        read_policy("")


# -- freshness -------------------------------------------------------------------------------------


def judge(authority, leaf, crl, at, policy) -> bool:
    """Whether pyHanko accepts `leaf` by one list."""
    spec = CertValidationPolicySpec(
        trust_manager=Trust((anchor_of(authority),)).manager(AnchorRole.SIGNER, at),
        revinfo_policy=policy.revocation.demand(),
        algorithm_usage_policy=policy.usable_algorithms(),
    )
    return accepted(leaf, spec, at, crls=[crl])


def anchor_of(authority: SmallAuthority, policies: frozenset[str] = frozenset()) -> Anchor:
    start, end = authority.now - timedelta(365), authority.now + timedelta(365)
    return Anchor("gốc", AnchorRole.SIGNER, authority.der, start, end, policies=policies)


def accepted(leaf, spec: CertValidationPolicySpec, at: datetime, crls=()) -> bool:

    registry, poes = CertificateRegistry(), POEManager()
    lists = [CRLContainer(crl.CertificateList.load(one)) for one in crls]
    handlers = ValidationDataHandlers(
        RevinfoManager(registry, poes, crls=lists, ocsps=[]), poes, registry
    )
    context: ValidationContext = spec.build_validation_context(
        ValidationTimingInfo(at, at, point_in_time_validation=True), handlers
    )
    certificate = asn1_x509.Certificate.load(leaf.public_bytes(Encoding.DER))
    try:
        asyncio.run(
            CertificateValidator(certificate, validation_context=context).async_validate_usage(
                {"digital_signature"}
            )
        )
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("mode", "age", "counts"),
    [
        (RevocationMode.REQUIRE, timedelta(hours=12), True),
        (RevocationMode.REQUIRE, timedelta(days=2), False),
        (RevocationMode.SOFT, timedelta(days=2), True),
        (RevocationMode.SOFT, timedelta(days=8), False),
    ],
)
def test_until_when_a_list_counts(now, mode, age, counts):
    authority = SmallAuthority("gốc", now)
    leaf = authority.issue("A", crl="http://crl.invalid/a.crl")
    policy = ValidationPolicy()
    policy = replace(policy, revocation=replace(policy.revocation, mode=mode))
    crl = authority.revoke(made=now - age)
    assert judge(authority, leaf, crl, now, policy) is counts
    withdrawn = authority.revoke(leaf, made=now - age)
    assert judge(authority, leaf, withdrawn, now, policy) is False


# -- certificate policies --------------------------------------------------------------------------

FIRST, SECOND = "1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.2"


@pytest.mark.parametrize(
    ("anchors", "asserted", "counts"),
    [
        ([frozenset()], (), True),
        ([frozenset({FIRST})], (FIRST,), True),
        ([frozenset({FIRST, SECOND})], (SECOND,), True),
        ([frozenset({FIRST})], (SECOND,), False),
        ([frozenset({FIRST})], (), False),
        ([frozenset({FIRST}), frozenset({SECOND})], (SECOND,), True),
        ([frozenset({FIRST}), frozenset()], (SECOND,), True),
    ],
)
def test_a_chain_asserts_one_of_the_policies(now, anchors, asserted, counts):
    authority = SmallAuthority("gốc", now)
    trust = Trust(tuple(anchor_of(authority, one) for one in anchors))
    spec = CertValidationPolicySpec(
        trust_manager=trust.manager(AnchorRole.SIGNER, now),
        revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
    )
    assert accepted(authority.issue("A", *asserted), spec, now) is counts
    assert Trust.from_data(trust.to_data()) == trust


def test_a_policy_that_is_no_oid_is_refused(now):
    data = Trust((anchor_of(SmallAuthority("gốc", now)),)).to_data()
    for wrong in ("1.2.x", "3.1", "1", "", "1.02"):
        data["anchors"][0]["policies"] = [wrong]
        with pytest.raises(TrustRefused):
            Trust.from_data(data)
