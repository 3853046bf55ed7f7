"""The key that signs the journal's heads (khóa ký đầu chuỗi nhật ký), kept beside the database.

`keys/journal.p12` with its passphrase in `keys/journal.pass` is made once; an agency may put an RSA
key of 2048 bits of its own there. Certificates of keys used before stay as `keys/*.cer`: signatures
by any other count as wrong.
"""

import os
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from office.settings import keep_secret
from records.journal_signature import JournalKey
from signing.errors import KeyNotSupported
from signing.keystores.pkcs12 import Pkcs12KeyStore

NAME = "Congvan – khóa ký đầu chuỗi nhật ký"
#: what verify.py of a bundle, which has no library, can check
BITS = 2048
TERM = timedelta(days=365 * 20)


@cache
def journal_key(folder: Path) -> JournalKey:
    """Return the key of an installation, made by the first who asks; read once per process.

    Raises `KeystoreRefused`, `KeyNotSupported`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    passphrase = keep_secret(folder / "journal.pass")
    path = folder / "journal.p12"
    if not path.exists():
        _make(path, passphrase)
    keystore = Pkcs12KeyStore(path.read_bytes(), passphrase)
    certificate = x509.load_der_x509_certificate(keystore.certificate())
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != BITS:
        raise KeyNotSupported(reason=f"khóa ký đầu chuỗi nhật ký phải là RSA {BITS} bit")
    own = folder / f"{certificate.fingerprint(hashes.SHA256()).hex()[:16]}.cer"
    if not own.exists():
        own.write_bytes(keystore.certificate())
    return JournalKey(keystore, frozenset(one.read_bytes() for one in folder.glob("*.cer")))


def _make(path: Path, passphrase: str) -> None:
    key = rsa.generate_private_key(65537, BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    # when the key was made is a fact of the machine, not of an act
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + TERM)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    data = pkcs12.serialize_key_and_certificates(
        NAME.encode(), key, certificate, None, BestAvailableEncryption(passphrase.encode())
    )
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # whole or not at all, and only one maker wins
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()


def _usage() -> x509.KeyUsage:
    signs = {"digital_signature": True, "content_commitment": True}
    others = (
        "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
        "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**signs, **dict.fromkeys(others, False))
