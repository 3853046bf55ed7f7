"""Shortcuts through the libraries give what the libraries give, for good and bad input."""

import asyncio
import io

import pytest
from asn1crypto import x509
from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.keys import PublicKeyInfo
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.sign.general import CMSExtractionError
from pyhanko_certvalidator.errors import PathBuildingError

from signing import shortcuts
from signing.once_verified import OnceVerified

texts = st.one_of(
    st.binary(max_size=200).map(lambda data: b"<" + data.hex().encode() + b">"),
    st.text("0123456789abcdefABCDEF>< %\n\rgz", max_size=40).map(lambda text: b"<" + text.encode()),
)


def outcome(read, data: bytes):
    stream = io.BytesIO(data)
    try:
        value = read(stream)
    except Exception as error:  # noqa: BLE001 - compared with the other's
        return type(error), str(error)
    return type(value), bytes(value, "utf-16") if isinstance(value, str) else value, stream.tell()


@given(texts, st.binary(max_size=5))
@example(b"<" + b"00" * 40_000 + b">", b" /Type")
@example(b"<feff1ea4>", b"")
@example(b"<414>", b"")
@example(b"<41 42>", b"")
def test_the_answer_and_the_place_are_those_of_the_library(text, behind):
    data = text + behind
    assert outcome(shortcuts.read_hex_string, data) == outcome(shortcuts._one_by_one, data)


def test_every_reader_of_ours_reads_so(issued, monkeypatch):
    from signing.pdf_file import open_to_sign

    asked = []
    monkeypatch.setattr(shortcuts, "_one_by_one", asked.append)
    reader = open_to_sign(issued)
    [first, *_] = reader.embedded_signatures
    assert first.pkcs7_content.startswith(b"\x30")
    assert not asked


@pytest.mark.parametrize("data", [b"<41", b"<4g>", b""])
def test_faults_stay_faults(data):
    assert issubclass(outcome(shortcuts.read_hex_string, data)[0], Exception)


def prepared(prepare, text: str):
    try:
        return prepare(None, text)
    except ValueError as error:
        return str(error)


@given(st.text(max_size=300))
@example("Ủy ban nhân dân  tỉnh THÁI NGUYÊN")
@example("A\u00adB\u200b")
@example("\u0627a")
@example("\ufffd")
def test_names_are_compared_as_the_library_does(text):
    expected = prepared(shortcuts._prepare, text)
    assert prepared(shortcuts.prepared_name, text) == expected
    assert prepared(shortcuts.prepared_name, text) == expected  # and once more, when it is known


parts = st.sampled_from(
    ["Ủy ban nhân dân", "ủy  BAN nhân dân", "Ủy ban nhân dân", "x", "X", "a\u00adb", "ab", "\ue000"]
)
names = st.lists(
    st.tuples(st.sampled_from(["common_name", "organization_name"]), parts),
    min_size=1,
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: x509.Name.build(dict(pairs)))


def answer(compare, one, other):
    try:
        return compare(one, other)
    except ValueError as error:
        return str(error)


@given(names, names)
def test_two_names_are_the_same_where_the_library_says_so(one, other):
    assert answer(shortcuts.same_name, one, other) == answer(shortcuts._same, one, other)
    if answer(shortcuts.same_name, one, other) is True:
        assert one.hashable == other.hashable


def test_a_name_is_no_text():
    name = x509.Name.build({"common_name": "x"})
    assert name != "x"
    assert shortcuts.hashable_name(name) == shortcuts._hashable(name)


def test_a_certificate_is_read_once_and_forgotten_when_told(pki):
    der = pki.certificate("chutich")
    first = shortcuts.certificate(der)
    assert shortcuts.certificate(bytes(bytearray(der))) is first
    assert first.dump() == der
    shortcuts.forget()
    assert shortcuts.certificate(der) is not first


def test_who_signed_is_asked_again_when_a_signature_got_other_certificates(issued):
    from signing.pdf_file import open_to_sign

    [signature, *_] = open_to_sign(issued).embedded_signatures
    data = signature.signed_data
    found = shortcuts.certificates_of(data)
    assert shortcuts.certificates_of(data) is found
    assert found.signer_cert.dump() == shortcuts._copy(data).signer_cert.dump()
    del data["certificates"][0]
    try:
        others = shortcuts.certificates_of(data)
    except CMSExtractionError:  # the one that was left out is the signer's
        return
    assert len(others.other_certs) == len(found.other_certs) - 1


class Context:
    """Stands for what is known at a moment."""


def test_a_chain_is_sought_once_for_one_moment_and_again_for_another(monkeypatch, pki):
    asked = []

    async def search(certificate, paths, validation_context, parameters):
        asked.append(validation_context)
        if not paths:
            raise PathBuildingError("none")
        return paths

    monkeypatch.setattr(shortcuts, "_find_path", search)
    one = x509.Certificate.load(pki.certificate("chutich"))
    other = x509.Certificate.load(pki.certificate("ubnd"))
    here, there = Context(), Context()

    def found(*arguments):
        return asyncio.run(shortcuts.find_path(*arguments))

    assert found(one, "chain", here) == found(one, "chain of another", here) == "chain"
    assert found(other, "its own", here) == "its own"
    assert found(one, "then", there) == "then"
    assert found(one, "narrower", here, object()) == "narrower"
    third = Context()
    for _ in range(2):
        with pytest.raises(PathBuildingError):  # what was not found is sought again
            found(one, "", third)
    assert asked == [here, here, there, here, third, third]


@pytest.mark.parametrize("part", ["signature", "data", "key", "algorithm"])
def test_a_signature_verified_once_says_nothing_of_another(part):
    key, stranger = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    signed = key.sign(b"data", ec.ECDSA(hashes.SHA256()))

    def public(one):
        form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        return PublicKeyInfo.load(one.public_key().public_bytes(*form))

    def algorithm(name):
        return SignedDigestAlgorithm({"algorithm": name})

    asked = {
        "signature": signed,
        "data": b"data",
        "key": public(key),
        "algorithm": algorithm("sha256_ecdsa"),
    }
    false = {
        "signature": key.sign(b"other", ec.ECDSA(hashes.SHA256())),
        "data": b"other",
        "key": public(stranger),
        "algorithm": algorithm("sha384_ecdsa"),
    }
    verified = OnceVerified()
    verified.validate_signature(*asked.values())
    verified.validate_signature(*asked.values())
    for _ in range(2):
        with pytest.raises(InvalidSignature):
            verified.validate_signature(*{**asked, part: false[part]}.values())


def test_a_signature_is_computed_once(monkeypatch):
    computed = []
    monkeypatch.setattr(
        "pyhanko_certvalidator.sig_validate._validate_raw", lambda *one: computed.append(one)
    )
    key = PublicKeyInfo.load(
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    verified = OnceVerified()
    algorithm = SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    for _ in range(3):
        verified.validate_signature(b"signature", b"data", key, algorithm)
    assert len(computed) == 1
