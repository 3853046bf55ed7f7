"""What a signed file carries (chữ ký và dấu thời gian trong tệp), as far as keeping it needs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asn1crypto import x509
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

from signing.pdf_file import open_to_sign


@dataclass(frozen=True)
class Stamp:
    """A timestamp: what it states, and by which certificate."""

    at: datetime
    certificate: x509.Certificate = field(repr=False)
    #: certificates that came with it
    others: tuple[x509.Certificate, ...] = field(repr=False)
    #: the digest and the way to sign it relies on, as asn1crypto reads them
    digest: Any = field(repr=False)
    mechanism: Any = field(repr=False)


@dataclass(frozen=True)
class Carried:
    """One signature or document timestamp of a file."""

    field_name: str
    #: counted from 0: a document timestamp vouches for all revisions before its own
    revision: int
    certificate: x509.Certificate = field(repr=False)
    others: tuple[x509.Certificate, ...] = field(repr=False)
    contents: bytes = field(repr=False)
    #: under which name the file keeps evidence about it
    evidence_name: str
    #: of a signature its own timestamp, if any; a document timestamp is one
    stamp: Stamp | None
    is_document_timestamp: bool


@dataclass(frozen=True)
class Contents:
    """The signatures of a file and its document timestamps, each in the order they were added."""

    signatures: tuple[Carried, ...]
    stamps: tuple[Carried, ...]
    #: names of the evidence that a document timestamp vouches for
    sealed: frozenset[str]

    def proven_at(self, signature: Carried) -> datetime | None:
        """Return the earliest time at which a timestamp found the signature there."""
        times = [one.at for one in self._stamps_of(signature)]
        return min(times, default=None)

    def _stamps_of(self, signature: Carried) -> Iterator[Stamp]:
        if signature.stamp:
            yield signature.stamp
        for one in self.stamps:
            if one.stamp and one.revision > signature.revision:
                yield one.stamp


def read_contents(pdf: bytes) -> Contents:
    """Read what a file carries, without judging it; raise what `open_to_sign` raises."""
    reader = open_to_sign(pdf)
    found = [_carried(one) for one in reader.embedded_signatures]
    stamps = tuple(one for one in found if one.is_document_timestamp)
    sealed = _evidence_names(reader, stamps[-1].revision) if stamps else frozenset()
    return Contents(
        tuple(one for one in found if not one.is_document_timestamp), stamps, frozenset(sealed)
    )


def _carried(signature: Any) -> Carried:
    info = extract_certificate_info(signature.signed_data)
    is_stamp = signature.sig_object_type == "/DocTimeStamp"
    tokens = (
        [signature.signed_data]
        if is_stamp
        else list(extract_tst_data_iter(signature.signer_info, signed=False))
    )
    contents = signature.pkcs7_content
    name = DocumentSecurityStore.sig_content_identifier(contents.hex().encode("ascii"))
    return Carried(
        signature.field_name,
        signature.signed_revision,
        info.signer_cert,
        tuple(info.other_certs),
        contents,
        str(name),
        _stamp(tokens[0]) if tokens else None,
        is_stamp,
    )


def _stamp(token: Any) -> Stamp:
    info = extract_certificate_info(token)
    (signer,) = token["signer_infos"]
    content = token["encap_content_info"]["content"].parsed
    return Stamp(
        content["gen_time"].native,
        info.signer_cert,
        tuple(info.other_certs),
        content["message_imprint"]["hash_algorithm"],
        signer["signature_algorithm"],
    )


def _evidence_names(reader: Any, revision: int) -> set[str]:
    try:
        store = DocumentSecurityStore.read_dss(reader.get_historical_resolver(revision))
    except NoDSSFoundError:
        return set()
    return set(map(str, store.vri_entries))
