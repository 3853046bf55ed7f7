"""Tokens of SoftHSM (thiết bị ký thử nghiệm): made in a folder, pulled out and put back."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from pkcs11 import Attribute
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate

from signing.keystores.token import library_at

PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
)
SO_PIN = "188188188"


def soft_library() -> str | None:
    """Return where SoftHSM's library lies, None where it is not installed."""
    found = next((place for place in PLACES if Path(place).exists()), None)
    return found if shutil.which("softhsm2-util") else None


class SoftTokens:
    """The tokens of one folder; `library` is what a `TokenKey` names."""

    def __init__(self, folder: Path, library: str) -> None:
        self.library = library
        self._folder = folder
        self._slots = folder / "slots"
        self._away = folder / "away"
        self._slots.mkdir(parents=True, exist_ok=True)
        self._configuration = folder / "softhsm2.conf"
        self.configure()

    def configure(self, mechanisms: str = "ALL") -> None:
        """Say which mechanisms the tokens know: names with commas (SoftHSM: `slots.mechanisms`)."""
        self._configuration.write_text(
            f"directories.tokendir = {self._slots}\nobjectstore.backend = file\n"
            f"log.level = ERROR\nslots.mechanisms = {mechanisms}\n"
        )
        self.restart()

    def restart(self) -> None:
        """Start the library anew in this process, as when its service was restarted."""
        os.environ["SOFTHSM2_CONF"] = str(self._configuration)
        library_at(self.library).reset()

    def make(self, label: str, pin: str) -> None:
        """Initialise a token of this label."""
        arguments = ["--label", label, "--so-pin", SO_PIN, "--pin", pin]
        subprocess.run(  # noqa: S603 - a fixed program with our own arguments
            ["softhsm2-util", "--init-token", "--free", *arguments],  # noqa: S607
            check=True,
            capture_output=True,
            env={**os.environ, "SOFTHSM2_CONF": str(self._configuration)},
        )
        self.restart()

    def put(
        self,
        token: str,
        pin: str,
        keystore: bytes,
        passphrase: str,
        *,
        label: str,
        key_id: bytes = b"\x01",
        asks_each_time: bool = False,
        key_label: str | None = None,
        with_certificates: bool = True,
    ) -> None:
        """Put the key of a PKCS#12 file into the token for good, with its certificates."""
        key, certificate, others = pkcs12.load_key_and_certificates(keystore, passphrase.encode())
        if certificate is None or key is None:
            raise ValueError("the keystore holds no key with a certificate")
        traditional = key.private_bytes(
            Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        decode = (
            decode_rsa_private_key if isinstance(key, rsa.RSAPrivateKey) else decode_ec_private_key
        )
        library = library_at(self.library)
        with library.lock, library.find(token).open(rw=True, user_pin=pin) as session:
            session.create_object(
                {
                    **decode(traditional),
                    Attribute.TOKEN: True,
                    Attribute.PRIVATE: True,
                    Attribute.SENSITIVE: True,
                    Attribute.EXTRACTABLE: False,
                    Attribute.SIGN: True,
                    Attribute.ALWAYS_AUTHENTICATE: asks_each_time,
                    Attribute.LABEL: label if key_label is None else key_label,
                    Attribute.ID: key_id,
                }
            )
            held = [(certificate, label, key_id), *((one, "CA", b"") for one in others)]
            for one, name, its_id in held if with_certificates else ():
                attributes = decode_x509_certificate(one.public_bytes(Encoding.DER))
                session.create_object(
                    {
                        **attributes,
                        Attribute.TOKEN: True,
                        Attribute.LABEL: name,
                        Attribute.ID: its_id,
                    }
                )

    def pull_out(self) -> None:
        """Take every token out of its slot, in the middle of whatever it does."""
        self._slots.rename(self._away)
        self._slots.mkdir()

    def put_back(self) -> None:
        """Put the tokens back."""
        shutil.rmtree(self._slots)
        self._away.rename(self._slots)

    @contextmanager
    def reporting(self, label: str, flags: int) -> Iterator[None]:
        """Let the token report `flags` beside its own, as one that counts wrong PINs does."""
        own = int(library_at(self.library).find(label).flags)
        held, shown = own.to_bytes(8, "big"), (own | flags).to_bytes(8, "big")
        files = {file: file.read_bytes() for file in self._slots.glob("*/token.object")}
        for file, content in files.items():
            if label.encode() in content:
                file.write_bytes(content.replace(held, shown))
        self.restart()
        try:
            yield
        finally:
            for file, content in files.items():
                file.write_bytes(content)
            self.restart()


@contextmanager
def soft_tokens(folder: Path, library: str) -> Iterator[SoftTokens]:
    """Yield the tokens of `folder`; this process sees them and no other until the end."""
    before = os.environ.get("SOFTHSM2_CONF")
    try:
        yield SoftTokens(folder, library)
    finally:
        if before is None:
            os.environ.pop("SOFTHSM2_CONF", None)
        else:
            os.environ["SOFTHSM2_CONF"] = before
        # what the library holds in memory belongs to a folder that goes away
        pkcs11.unload(library)
