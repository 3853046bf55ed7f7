"""A stand-in that stamps times (máy chủ dấu thời gian thử nghiệm), truly or not (RFC 3161)."""

import hashlib
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from asn1crypto import algos, cms, core, tsp, x509
from asn1crypto.util import OrderedDict
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from signing.testing.authority import Issued, raw_signature

Clock = Callable[[], datetime]
#: the policy our stand-in stamps under; nobody's
POLICY = "1.3.6.1.4.1.99999.1"


class Lie(StrEnum):
    """How an answer is wrong."""

    #: says that it refuses
    REFUSES = "refuses"
    #: stamps another digest
    IMPRINT = "imprint"
    #: repeats an answer to another question
    NONCE = "nonce"
    #: its clock is wrong by `off`
    TIME = "time"
    #: is signed by a key other than its certificate's
    SIGNATURE = "signature"
    #: stamps under a policy nobody asked for
    POLICY = "policy"
    #: names no certificate
    NO_CERTIFICATE = "no-certificate"


@dataclass
class StandInTsa:
    """Answers requests for timestamps with the key of `issued`, at the time of `clock`."""

    issued: Issued
    clock: Clock
    lie: Lie | None = None
    off: timedelta = timedelta()
    policy: str = POLICY

    def answer(self, request: bytes) -> bytes:
        """Return the DER answer to a DER request."""
        asked = tsp.TimeStampReq.load(request)
        if self.lie is Lie.REFUSES:
            refused = {"status": "rejection", "status_string": ["bảo trì"]}
            return bytes(_Answer({"status": refused}).dump())
        token = self._token(self._content(asked).dump())
        return bytes(_Answer({"status": {"status": "granted"}, "token": token}).dump())

    def _content(self, asked: tsp.TimeStampReq) -> tsp.TSTInfo:
        imprint = asked["message_imprint"].copy()
        if self.lie is Lie.IMPRINT:
            imprint["hashed_message"] = hashlib.sha256(b"something else").digest()
        stated = {
            "version": "v1",
            "policy": "1.3.6.1.4.1.99999.666" if self.lie is Lie.POLICY else self.policy,
            "message_imprint": imprint,
            "serial_number": next(_SERIALS),
            # GeneralizedTime in DER: whole seconds, in Greenwich
            "gen_time": (self.clock() + self.off).astimezone(UTC).replace(microsecond=0),
        }
        if asked["nonce"].native is not None:
            wrong = self.lie is Lie.NONCE
            stated["nonce"] = core.Integer(secrets.randbits(62)) if wrong else asked["nonce"]
        return tsp.TSTInfo(stated)

    def _token(self, content: bytes) -> cms.ContentInfo:
        certificate = x509.Certificate.load(self.issued.der)
        digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        attributes = _signed_attributes(content, certificate)
        signature = raw_signature(self.issued.key, attributes.dump(), hashes.SHA256())
        if self.lie is Lie.SIGNATURE:
            signature = raw_signature(self.issued.key, b"something else", hashes.SHA256())
        is_rsa = isinstance(self.issued.key, rsa.RSAPrivateKey)
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
            ),
            "digest_algorithm": digest,
            "signature_algorithm": {
                "algorithm": "rsassa_pkcs1v15" if is_rsa else "sha256_ecdsa",
            },
            "signed_attrs": attributes,
            "signature": signature,
        }
        data = OrderedDict(
            version="v3",
            digest_algorithms=[digest],
            encap_content_info={
                "content_type": "tst_info",
                "content": core.ParsableOctetString(content),
            },
            signer_infos=[signer],
        )
        if self.lie is not Lie.NO_CERTIFICATE:
            above = [one.public_bytes(Encoding.DER) for one in self.issued.issuers[:-1]]
            data["certificates"] = [certificate, *map(x509.Certificate.load, above)]
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)})


class _Answer(core.Sequence):
    # asn1crypto's own class knows no answer without a timestamp
    _fields = [  # noqa: RUF012 - so the library wants it
        ("status", tsp.PKIStatusInfo),
        ("token", cms.ContentInfo, {"optional": True}),
    ]


_SERIALS = itertools.count(1)


def _signed_attributes(content: bytes, certificate: x509.Certificate) -> cms.CMSAttributes:
    # RFC 5816: which certificate signs, by its SHA-256
    named = tsp.SigningCertificateV2(
        {"certs": [{"cert_hash": hashlib.sha256(certificate.dump()).digest()}]}
    )
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
            {"type": "signing_certificate_v2", "values": [named]},
        ]
    )
