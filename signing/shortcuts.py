"""Costs of the libraries that every check pays many times (đường tắt), with the same answers.

A signature is a string of 32,768 digits that pyHanko reads one by one, and a file is made of names
that it reads so too; asn1crypto prepares the same names of persons for comparison whenever it meets
two of them.
"""

import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from asn1crypto.x509 import Certificate, Name, NameTypeAndValue
from pyhanko.pdf_utils import generic
from pyhanko.sign import general
from pyhanko.sign.validation import generic_cms

#: what one look takes in: any signature, and little of what follows it
CHUNK = 65_536
DIGITS = re.compile(rb"<((?:[0-9a-fA-F]{2})*)>")
#: a longer one is nobody's, and not kept
LONGEST_PART = 256
LONGEST_NAME = 1_024
LONGEST_CERTIFICATE = 8_192
_one_by_one = generic.read_hex_string_from_stream
_prepare = NameTypeAndValue._ldap_string_prep  # noqa: SLF001
_same = Name.__eq__
_hashable = Name.hashable.fget
_copy = general.extract_certificate_info
_vouched = generic_cms.extract_certs_for_validation
_partition = general._partition_certs  # noqa: SLF001
_find_path = generic_cms.find_valid_path


def read_hex_string(stream: Any) -> Any:
    """Return what pyHanko reads at `stream`.

    Blanks, comments, an odd number of digits and faults are left to it.
    """
    start = stream.tell()
    found = DIGITS.match(stream.read(CHUNK))
    if found is None:
        stream.seek(start)
        return _one_by_one(stream)
    stream.seek(start + found.end())
    return generic.pdf_string(binascii.unhexlify(found[1]))


def prepared_name(part: Any, text: str) -> str:
    """Return what asn1crypto makes of a name to compare it (RFC 4518)."""
    return _known(text) if len(text) <= LONGEST_PART else str(_prepare(part, text))


@lru_cache(maxsize=1024)
def _known(text: str) -> str:
    return str(_prepare(None, text))


def same_name(one: Any, other: Any) -> bool:
    """Tell whether two names are the same (RFC 5280, 7.1)."""
    if not isinstance(other, Name):
        return False
    ours, theirs = one.dump(), other.dump()
    if max(len(ours), len(theirs)) > LONGEST_NAME:
        return bool(_same(one, other))
    try:
        return _comparable(ours) == _comparable(theirs)
    except ValueError:
        return bool(_same(one, other))


def hashable_name(name: Any) -> str:
    """Return the text that equal names have in common."""
    der = name.dump()
    return _comparable(der) if len(der) <= LONGEST_NAME else str(_hashable(name))


@lru_cache(maxsize=1024)
def _comparable(der: bytes) -> str:
    return str(_hashable(Name.load(der)))


def certificate(der: bytes) -> Certificate:
    """Return what `der` says, read once: each is asked for at every step."""
    return _read(der) if len(der) <= LONGEST_CERTIFICATE else Certificate.load(der)


@lru_cache(maxsize=64)
def _read(der: bytes) -> Certificate:
    return Certificate.load(der)


def partition(certificates: Any, signer_info: Any) -> Any:
    """Return the signer's certificate and the others, read once."""
    return _partition([certificate(one.dump()) for one in certificates], signer_info)


class _PerSignature:
    """What is found of a signature (CMS), found once while it lists the same certificates."""

    def __init__(self, find: Callable[[Any], Any]) -> None:
        self._find = find
        self._known: WeakKeyDictionary[Any, tuple[Any, int, Any, Any]] = WeakKeyDictionary()

    def __call__(self, signed_data: Any) -> Any:
        certificates, signers = signed_data["certificates"], signed_data["signer_infos"]
        known = self._known.get(signed_data)
        if known is not None:
            seen, count, signed, found = known
            if seen is certificates and count == len(certificates) and signed is signers:
                return found
        found = self._find(signed_data)
        self._known[signed_data] = certificates, len(certificates), signers, found
        return found


#: pyHanko copies the certificates out of a signature whenever it is asked who signed …
certificates_of = _PerSignature(_copy)
#: … and compares what the signature says of them whenever it asks who vouches for that
vouched_certificates_of = _PerSignature(_vouched)


def forget() -> None:
    """Forget the certificates of documents before: the next one brings its own."""
    _read.cache_clear()


#: the chains found for certificates, by the knowledge and the moment they were found with
_paths: WeakKeyDictionary[Any, dict[bytes, Any]] = WeakKeyDictionary()


async def find_path(
    certificate: Any, paths: Any, validation_context: Any, pkix_validation_params: Any = None
) -> Any:
    """Return a valid chain of a certificate; one context looks for the same only once."""
    found = _paths.setdefault(validation_context, {})
    der = certificate.dump()
    if pkix_validation_params is not None or der not in found:
        path = await _find_path(certificate, paths, validation_context, pkix_validation_params)
        if pkix_validation_params is not None:
            return path
        found[der] = path
    return found[der]


def install() -> None:
    """Let the libraries take them; they offer no seam for it."""
    generic.read_hex_string_from_stream = read_hex_string
    general._partition_certs = partition  # noqa: SLF001
    general.extract_certificate_info = certificates_of
    generic_cms.extract_certificate_info = certificates_of
    generic_cms.extract_certs_for_validation = vouched_certificates_of
    generic_cms.find_valid_path = find_path
    NameTypeAndValue._ldap_string_prep = prepared_name  # noqa: SLF001
    Name.__eq__ = same_name
    Name.hashable = property(hashable_name)
