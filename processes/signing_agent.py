"""What the program at a desk is told (phần mềm ký trên máy): the shapes of VGCA Sign Service.

The page opens `<bridge>/<action>` and sends the parameters as one message; the program takes the
file from one address, asks for the PIN, signs, and brings the file to the other.
"""

import hashlib
from base64 import b64decode, b64encode
from typing import Any

from records.signing_session import SigningSession
from signing.raw_signature import algorithm_of
from signing.role import SignRole

ACTIONS = {
    SignRole.APPROVE: "SignApproved",
    SignRole.NUMBER: "SignIssued",
    SignRole.SEAL: "SignIssued",
    SignRole.ANNEX: "SignAppendix",
    SignRole.COPY: "SignCopy",
    SignRole.INCOMING: "SignIncome",
}
#: signs the bytes it is handed: no action of VGCA's, for programs that sign no files
RAW_ACTION = "SignHash"


def file_call(session: SigningSession, download: str, upload: str) -> dict[str, Any]:
    """Return action and parameters for a program that fetches, signs and brings back the file.

    A program that can puts its signature into the field `FieldName`.
    """
    told = session.told
    return {
        "action": ACTIONS[session.role],
        "params": {
            "FileUploadHandler": upload,
            "FileName": download,
            "SessionId": "",
            "JWTToken": "",
            "DocNumber": told["number"],
            "IssuedDate": told["date"],
            "MetaData": [
                {"Key": "FieldName", "Value": told["field"]},
                {"Key": "DocReference", "Value": told["reference"]},
            ],
        },
    }


def raw_call(session: SigningSession) -> dict[str, Any]:
    """Return action and parameters for a program that signs bytes, or their hash."""
    told = raw_facts(session)
    return {
        "action": RAW_ACTION,
        "params": {
            "ToBeSigned": told["to_be_signed"],
            "Hash": told["digest"],
            "HashAlgorithm": told["digest_alg"],
            "SignatureAlgorithm": told["sig_alg"],
            "Certificate": told["certificate"],
        },
    }


def raw_facts(session: SigningSession) -> dict[str, str]:
    """Return what is to be signed and how, in base64; raises KeyError once it is signed."""
    to_be_signed: str = (session.prepared or {})["to_be_signed"]
    digest = hashlib.sha256(b64decode(to_be_signed)).digest()
    return {
        "to_be_signed": to_be_signed,
        "digest": b64encode(digest).decode(),
        "digest_alg": "sha256",
        "sig_alg": algorithm_of(session.certificate),
        "certificate": b64encode(session.certificate).decode(),
    }
