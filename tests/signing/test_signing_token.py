"""An agency's key in a token (PKCS#11, here SoftHSM) signs behind the same `KeyStore`."""

import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from signing.errors import KeyNotSupported
from signing.number_row import place_number
from signing.placement import place_seal
from signing.report import Verdict
from signing.signer import SignRequest, SignRole, sign_pdf
from tests.signing.conftest import NOW, PASSPHRASE

pytestmark = pytest.mark.token

PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)
PIN = "188188"
LABEL = "con-dau"


@pytest.fixture(scope="module")
def library() -> str:
    found = next((place for place in PLACES if Path(place).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("needs SoftHSM: apt install softhsm2")
    return found


@pytest.fixture(scope="module")
def session(library, pki, tmp_path_factory):
    """A token of this module's own, into which the agency's key was put for good."""
    pkcs11 = pytest.importorskip("pkcs11")
    from pkcs11.util.rsa import decode_rsa_private_key

    folder = tmp_path_factory.mktemp("token")
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        subprocess.run(
            f"softhsm2-util --init-token --free --label {LABEL} --so-pin 188188188 --pin {PIN}".split(),
            check=True,
            capture_output=True,
        )
        key, _, _ = pkcs12.load_key_and_certificates(pki.keystore("ubnd"), PASSPHRASE.encode())
        der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        token = pkcs11.lib(library).get_token(token_label=LABEL)
        with token.open(rw=True, user_pin=PIN) as opened:
            attributes = decode_rsa_private_key(der)
            hidden = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}
            opened.create_object(
                {
                    **attributes,
                    **hidden,
                    pkcs11.Attribute.TOKEN: True,
                    pkcs11.Attribute.LABEL: LABEL,
                }
            )
            yield opened


class TokenKeyStore:
    """The seam of `signing.keystores.base` over a PKCS#11 session; the certificate lies beside."""

    def __init__(self, session, beside) -> None:
        self.key = session.get_key(label=LABEL)
        self.beside = beside

    def certificate(self) -> bytes:
        return self.beside.certificate()

    def chain(self) -> tuple[bytes, ...]:
        return self.beside.chain()

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        from pkcs11 import Mechanism

        if digest_algorithm != "sha256":
            raise KeyNotSupported(reason=digest_algorithm)
        return bytes(self.key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS))


@pytest.fixture(scope="module")
def sealed(session, keystore, by_person, pki) -> bytes:
    token = TokenKeyStore(session, keystore("ubnd"))
    row = place_number(
        by_person, reference="188/2026/QĐ-UBND", issued_on=date(2026, 11, 2), place="Thái Nguyên"
    )
    numbered = sign_pdf(by_person, SignRequest(SignRole.NUMBER, NOW, row), token)
    request = SignRequest(SignRole.SEAL, NOW, place_seal(numbered), pki.picture("ubnd"))
    return sign_pdf(numbered, request, token)


def test_number_and_seal_signed_in_a_token_are_valid(sealed, validate):
    report = validate(sealed)
    assert report.verdict is Verdict.VALID, report
    assert len(report.signatures) == 3


def test_a_byte_changed_after_the_token_signed_is_found(sealed, validate):
    at = sealed.index(b"/ByteRange") + 1
    changed = sealed[: at - 400] + bytes([sealed[at - 400] ^ 1]) + sealed[at - 399 :]
    assert validate(changed).verdict is not Verdict.VALID


def test_the_key_cannot_be_read_out_of_the_token(session):
    from pkcs11 import Attribute
    from pkcs11.exceptions import PKCS11Error

    with pytest.raises(PKCS11Error):
        session.get_key(label=LABEL)[Attribute.PRIVATE_EXPONENT]


def test_a_wrong_pin_opens_nothing(library, session):
    import pkcs11

    token = pkcs11.lib(library).get_token(token_label=LABEL)
    with pytest.raises(pkcs11.exceptions.PKCS11Error), token.open(user_pin="000000"):
        pass


def test_without_its_issuer_the_token_s_signature_is_not_valid(sealed, validate, outgoing):
    """The negative control: the verdict comes from the trust, not from the signature alone."""
    from signing.revocation import Revocation
    from signing.trust import Trust
    from signing.validation import validate_pdf

    report = validate_pdf(
        sealed, trust=Trust(()), revocation=Revocation(), policy=replace(outgoing), at=NOW
    )
    assert report.verdict is not Verdict.VALID
