"""Keys in PKCS#12: parsed once, passphrase forgotten, weak ones refused."""

import gc
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from signing.errors import KeyNotSupported, KeystoreRefused
from signing.keystores.base import KeyStore
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.policy import ValidationPolicy
from signing.report import Verdict
from signing.signer import SignRequest, SignRole, sign_pdf

PASSPHRASE = "mật khẩu thử"


def test_the_key_is_parsed_once(pki, draft, by_person, now, validate, monkeypatch):
    keystore = Pkcs12KeyStore(pki.keystore("ubnd"), PASSPHRASE)

    def never(*_, **__):
        raise AssertionError("the key is parsed again")

    # every way to a private key of the library underneath is barred after opening
    for holder, name in (
        (pkcs12, "load_key_and_certificates"),
        (pkcs12, "load_pkcs12"),
        (serialization, "load_der_private_key"),
        (serialization, "load_pem_private_key"),
    ):
        monkeypatch.setattr(holder, name, never)
    for role in (SignRole.NUMBER, SignRole.SEAL):
        by_person = sign_pdf(by_person, SignRequest(role, now), keystore)
    assert validate(by_person, ValidationPolicy()).verdict is Verdict.VALID


@pytest.mark.parametrize("key", ["chutich", "ubnd"], ids=["EC", "RSA"])
def test_a_signature_matches_the_certificate(pki, key):
    keystore: KeyStore = Pkcs12KeyStore(pki.keystore(key), PASSPHRASE)
    signature = keystore.sign(b"van ban", "sha256")
    public = x509.load_der_x509_certificate(keystore.certificate()).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, b"van ban", padding.PKCS1v15(), hashes.SHA256())
    else:
        public.verify(signature, b"van ban", ec.ECDSA(hashes.SHA256()))
    issuer = x509.load_der_x509_certificate(keystore.chain()[0])
    assert x509.load_der_x509_certificate(keystore.certificate()).issuer == issuer.subject
    assert len(keystore.chain()) == 2


@pytest.mark.parametrize("passphrase", ["", "hoa-mai-2026", "mật khẩu thử ", "a\0b"])
def test_a_wrong_passphrase_is_refused_and_not_repeated(pki, passphrase):
    with pytest.raises(KeystoreRefused) as refusal:
        Pkcs12KeyStore(pki.keystore("chutich"), passphrase)
    assert refusal.value.__cause__ is None
    assert refusal.value.fields == {}
    if passphrase:
        assert passphrase not in refusal.value.text()


def test_junk_is_refused():
    with pytest.raises(KeystoreRefused):
        Pkcs12KeyStore(b"no keystore", PASSPHRASE)


def test_the_passphrase_is_not_kept(pki):
    keystore = Pkcs12KeyStore(pki.keystore("chutich"), PASSPHRASE)
    assert PASSPHRASE not in repr(keystore)
    assert PASSPHRASE not in repr(vars(keystore))
    assert PASSPHRASE not in repr(pki)
    held = [one for one in gc.get_referents(keystore) if isinstance(one, str | bytes)]
    assert not held


def packed(key, now) -> bytes:
    signer = key if not isinstance(key, ed25519.Ed25519PrivateKey) else None
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Thử")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256() if signer else None)
    )
    return pkcs12.serialize_key_and_certificates(
        b"x", key, certificate, None, serialization.BestAvailableEncryption(PASSPHRASE.encode())
    )


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_weak_and_unknown_keys_are_refused(now):
    for key in (rsa.generate_private_key(65537, 1024), ed25519.Ed25519PrivateKey.generate()):
        with pytest.raises(KeyNotSupported):
            Pkcs12KeyStore(packed(key, now), PASSPHRASE)
    accepted = Pkcs12KeyStore(packed(ec.generate_private_key(ec.SECP384R1()), now), PASSPHRASE)
    with pytest.raises(KeyNotSupported, match="sha1"):
        accepted.sign(b"x", "sha1")
