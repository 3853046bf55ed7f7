"""Signing with a key that is elsewhere: prepared here, signed there, completed by another process."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pytest
from asn1crypto import algos, core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.serialization import pkcs12

from signing.errors import CertificateNotInForce, KeyNotSupported, SignatureMismatch
from signing.placement import place_person, place_seal
from signing.policy import ValidationPolicy
from signing.prepared import Prepared
from signing.report import Verdict
from signing.session_errors import PreparedChanged, SignatureTooLarge
from signing.signer import SignRequest, SignRole, complete, prepare, sign_pdf
from tests.signing.conftest import CHAIRMAN, NOW, PASSPHRASE

COMPLETE = """
import json, sys
from pathlib import Path
from signing.prepared import Prepared
from signing.signer import complete
folder = Path(sys.argv[1])
prepared = Prepared.from_data(
    json.loads((folder / "session.json").read_text()),
    pdf=(folder / "draft.pdf").read_bytes(),
    revision=(folder / "revision").read_bytes(),
)
(folder / "signed.pdf").write_bytes(complete(prepared, (folder / "signature").read_bytes()))
"""


@pytest.fixture(scope="module")
def private_key(pki):
    def load(name: str):
        return pkcs12.load_key_and_certificates(pki.keystore(name), PASSPHRASE.encode())[0]

    return load


@pytest.fixture
def approved(draft, keystore, pki) -> Prepared:
    image = pki.picture("chutich")
    place = place_person(draft, name=CHAIRMAN, image=image, position="CHỦ TỊCH")
    key = keystore("chutich")
    request = SignRequest(SignRole.APPROVE, NOW, place, image)
    return prepare(draft, request, key.certificate(), key.chain())


@pytest.fixture(scope="module")
def sealing(by_person, keystore, pki) -> Prepared:
    key = keystore("ubnd")
    request = SignRequest(SignRole.SEAL, NOW, place_seal(by_person), pki.picture("ubnd"))
    return prepare(by_person, request, key.certificate(), key.chain())


def test_another_process_completes_what_was_prepared(tmp_path, sealing, keystore, validate):
    data = json.dumps(sealing.to_data())
    (tmp_path / "session.json").write_text(data)
    (tmp_path / "draft.pdf").write_bytes(sealing.pdf)
    (tmp_path / "revision").write_bytes(sealing.revision)
    (tmp_path / "signature").write_bytes(keystore("ubnd").sign(sealing.to_be_signed, "sha256"))
    subprocess.run([sys.executable, "-c", COMPLETE, str(tmp_path)], check=True)
    signed = (tmp_path / "signed.pdf").read_bytes()
    assert signed.startswith(sealing.pdf)
    report = validate(signed, ValidationPolicy())
    assert report.verdict is Verdict.VALID, report.text()
    assert [one.role for one in report.signatures] == [SignRole.APPROVE, SignRole.SEAL]
    assert len(data) < 5_000


def test_a_key_that_takes_only_a_hash_signs_as_well(sealing, private_key, validate):
    # CKM_RSA_PKCS: the token pads a DigestInfo made by the bridge
    digest = sealing.digest
    info = algos.DigestInfo({"digest_algorithm": {"algorithm": "sha256"}, "digest": digest})
    numbers = private_key("ubnd").private_numbers()
    size = (numbers.public_numbers.n.bit_length() + 7) // 8
    der = info.dump()
    padded = b"\x00\x01" + b"\xff" * (size - len(der) - 3) + b"\x00" + der
    raw = pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n).to_bytes(size)
    assert hashlib.sha256(sealing.to_be_signed).digest() == digest
    signed = complete(sealing, raw)
    assert validate(signed, ValidationPolicy()).verdict is Verdict.VALID
    prehashed = private_key("ubnd").sign(
        digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())
    )
    assert complete(sealing, prehashed) == signed


def test_a_token_may_give_the_two_numbers_of_ecdsa_side_by_side(approved, private_key, validate):
    der = private_key("chutich").sign(approved.to_be_signed, ec.ECDSA(hashes.SHA256()))
    raw = b"".join(number.to_bytes(32) for number in utils.decode_dss_signature(der))
    signed = complete(approved, raw)
    assert signed == complete(approved, der)
    assert validate(signed, ValidationPolicy()).verdict is Verdict.VALID


@pytest.mark.parametrize("raw", [b"", bytes(64), bytes(256)])
def test_a_forged_signature_is_refused(sealing, approved, raw):
    for prepared in (sealing, approved):
        with pytest.raises(SignatureMismatch):
            complete(prepared, raw)


def test_another_s_signature_is_refused(sealing, approved, keystore):
    with pytest.raises(SignatureMismatch):
        complete(approved, keystore("expired").sign(approved.to_be_signed, "sha256"))
    with pytest.raises(SignatureMismatch):
        complete(sealing, keystore("ubnd").sign(approved.to_be_signed, "sha256"))


def test_a_file_that_changed_meanwhile_is_refused(sealing, keystore):
    raw = keystore("ubnd").sign(sealing.to_be_signed, "sha256")

    def flipped(data: bytes, at: int) -> bytes:
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    start, end = (offset - len(sealing.pdf) for offset in sealing.reserved)
    others = [
        replace(sealing, pdf=flipped(sealing.pdf, 900)),
        replace(sealing, revision=flipped(sealing.revision, start - 1)),
        replace(sealing, revision=flipped(sealing.revision, end)),
        replace(sealing, revision=sealing.revision + b"\n"),
        replace(sealing, reserved=(sealing.reserved[0] - 2, sealing.reserved[1])),
        replace(sealing, pdf=b""),
    ]
    for other in others:
        with pytest.raises(PreparedChanged):
            complete(other, raw)
    assert complete(sealing, raw).startswith(sealing.pdf)


def test_sign_pdf_walks_the_same_road(sealing, keystore, pki, by_person):
    request = SignRequest(SignRole.SEAL, NOW, place_seal(by_person), pki.picture("ubnd"))
    at_once = sign_pdf(by_person, request, keystore("ubnd"))
    later = complete(sealing, keystore("ubnd").sign(sealing.to_be_signed, "sha256"))
    # the second half of the file identifier is drawn anew
    assert len(at_once) == len(later)


def test_a_file_without_a_newline_at_its_end_stays_readable(draft, keystore, now, validate):
    bare = draft.rstrip()
    signed = sign_pdf(bare, SignRequest(SignRole.INCOMING, now), keystore("ubnd"))
    assert signed.startswith(bare + b"\n")
    assert validate(signed, ValidationPolicy()).verdict is Verdict.VALID


def test_what_does_not_fit_the_room_is_refused(sealing, keystore):
    start, _ = sealing.reserved
    small = replace(sealing, reserved=(start, start + 2_000))
    small = replace(small, document_digest=_digest(small))
    attributes = small.to_be_signed
    with pytest.raises(SignatureTooLarge):
        complete(small, keystore("ubnd").sign(attributes, "sha256"))


def _digest(prepared: Prepared) -> bytes:
    from signing.prepared import digest_around

    return digest_around(prepared.pdf, prepared.revision, prepared.reserved)


def test_certificates_that_cannot_sign_are_refused_before_anything_is_made(draft, keystore):
    request = SignRequest(SignRole.APPROVE, NOW)
    with pytest.raises(CertificateNotInForce):
        prepare(draft, request, keystore("expired").certificate())
    with pytest.raises(KeyNotSupported):
        prepare(draft, request, core.Integer(1).dump())
    key = keystore("ubnd")
    with pytest.raises(KeyNotSupported):
        prepare(draft, request, key.certificate(), (b"\x30" * 10_000,))
