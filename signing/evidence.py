"""What is known about certificates (chứng cứ): lists at hand, and those a document carries.

They are chosen for each certificate apart: a list of today that no longer names an expired one must
not stand in for the list of its term.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.sign.general import (
    MultivaluedAttributeError,
    NonexistentAttributeError,
    find_unique_cms_attribute,
)
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import LocalKnowledge
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from signing import shortcuts
from signing.report import RevocationEvidence, RevocationSource
from signing.revocation import BOTH, Revocation
from signing.trust import AnchorRole, Trust

#: certificates above one another; nobody has as many
LONGEST_CHAIN = 8


@dataclass(frozen=True)
class Piece:
    """One list or one answer about certificates, parsed once for all signatures."""

    source: RevocationSource
    container: Any
    issuer: Any
    this_update: datetime
    next_update: datetime | None
    #: the revision of the document that brought it, None for what is at hand
    revision: int | None
    #: the certificate an answer is about, None for a list
    serial: int | None = None
    is_revoked: bool = False
    #: a list of certificates that others issued
    is_indirect: bool = False
    #: whose certificates it is asked about
    roles: frozenset[AnchorRole] = BOTH

    def is_about(self, certificate: x509.Certificate) -> bool:
        if self.source is RevocationSource.OCSP:
            return bool(self.serial == certificate.serial_number)
        return bool(self.issuer == certificate.issuer)

    def holds_at(self, moment: datetime, *, past: bool) -> bool:
        """Tell whether it is current; for a moment past, a later one tells even more."""
        begun = past or self.this_update <= moment
        return begun and (self.next_update is None or moment <= self.next_update)


@dataclass(frozen=True)
class Evidence:
    """All there is: certificates of issuers, lists and answers (chứng cứ kiểm tra)."""

    certificates: tuple[x509.Certificate, ...]
    pieces: tuple[Piece, ...]
    #: document timestamps that hold: the revision each covers, and its time
    covers: tuple[tuple[int, datetime], ...] = ()

    def with_covers(self, covers: Sequence[tuple[int, datetime]]) -> "Evidence":
        """Return the same, knowing which revisions are proven to have existed when."""
        return Evidence(self.certificates, self.pieces, tuple(covers))

    def joined(self, pieces: Sequence[Piece]) -> "Evidence":
        """Return the same with what one signature carries."""
        return Evidence(self.certificates, (*self.pieces, *pieces), self.covers)

    def knowledge(
        self,
        role: AnchorRole,
        chain: Sequence[x509.Certificate],
        at: datetime,
        now: datetime,
    ) -> LocalKnowledge:
        """Return what may judge the first certificate of `chain` at `at`, looked at `now`."""
        past = at < now
        line = _line(chain[0], [*chain, *self.certificates])
        pieces = [
            one
            for one in self.pieces
            if role in one.roles
            and (one.is_indirect or any(one.is_about(certificate) for certificate in line))
        ]
        if past:
            pieces = self._of_the_past(pieces, line, at, now)
        lists = [one for one in pieces if one.source is RevocationSource.CRL]
        leaf = chain[0]
        listed = any(one.is_about(leaf) and one.holds_at(at, past=past) for one in lists)
        return LocalKnowledge(
            known_crls=[one.container for one in lists],
            # a list names all that is withdrawn; beside one, only an answer that says so adds to it
            known_ocsps=[
                one.container
                for one in pieces
                if one.source is RevocationSource.OCSP and (one.is_revoked or not listed)
            ],
            known_certs=list(self.certificates),
        )

    def about(
        self, certificate: x509.Certificate, at: datetime, now: datetime
    ) -> RevocationEvidence | None:
        """Return the newest piece that tells about a certificate at `at`."""
        found = [one for one in self.pieces if one.is_about(certificate)]
        past = at < now
        if past:
            found = self._of_the_past(found, [certificate], at, now)
        if not found:
            return None
        current = [one for one in found if one.holds_at(at, past=past)]
        best = max(current or found, key=lambda one: one.this_update)
        return RevocationEvidence(
            best.source, best.this_update, best.next_update, is_embedded=best.revision is not None
        )

    def embedded_for(self, certificate: x509.Certificate) -> list[int]:
        """Return the revisions that brought evidence about a certificate."""
        return [
            one.revision
            for one in self.pieces
            if one.revision is not None and one.is_about(certificate)
        ]

    def _of_the_past(
        self,
        pieces: Sequence[Piece],
        line: Sequence[x509.Certificate],
        at: datetime,
        now: datetime,
    ) -> list[Piece]:
        """Return what tells about the certificates of `line` as of `at`.

        An issuer need not list a certificate any more once it has expired (RFC 5280, 3.3): a list
        of later counts only where there is none of its term.
        """
        proven = [one for one in pieces if self._is_proven(one, line, now)]
        late = {
            id(one)
            for one in proven
            for certificate in line
            if one.is_about(certificate) and one.this_update > certificate.not_valid_after
        }
        found = [one for one in proven if id(one) not in late]
        for certificate in line:
            told = [one for one in found if one.is_about(certificate)]
            if not any(one.holds_at(at, past=True) for one in told):
                found += [one for one in proven if id(one) in late and one.is_about(certificate)]
        return found

    def _is_proven(self, piece: Piece, line: Sequence[x509.Certificate], now: datetime) -> bool:
        """Tell whether a piece is known to be as old as it says.

        Whoever comes by the key of an issuer that is out of term may write lists of any date: one
        that the document carries counts only when it was timestamped within that term.
        """
        if piece.revision is None:
            return True
        for certificate, issuer in pairwise(line):
            if piece.is_about(certificate) and issuer.not_valid_after < now:
                return any(
                    revision >= piece.revision and stamped_at <= issuer.not_valid_after
                    for revision, stamped_at in self.covers
                )
        return True


def read_evidence(trust: Trust, revocation: Revocation, reader: Any) -> Evidence:
    """Return what is at hand and what the document's store (DSS) carries."""
    found = evidence_at_hand(trust, revocation)
    if "/DSS" not in reader.root:
        return found
    stored, carried = _from_store(reader)
    return Evidence((*found.certificates, *stored), (*found.pieces, *carried))


def evidence_at_hand(trust: Trust, revocation: Revocation) -> Evidence:
    """Return what is at hand, whatever is looked at."""
    certificates = tuple(shortcuts.certificate(issuer) for issuer in trust.issuers)
    return Evidence(certificates, tuple(_at_hand(revocation)))


def _at_hand(revocation: Revocation) -> Iterator[Piece]:
    for der, roles in _by_role(revocation.usable).items():
        yield replace(_listed(crl.CertificateList.load(der), None), roles=roles)
    for der, roles in _by_role(revocation.usable_answers).items():
        for piece in _answered(ocsp.OCSPResponse.load(der), None):
            yield replace(piece, roles=roles)


def _by_role(usable: Callable[[AnchorRole], list[bytes]]) -> dict[bytes, frozenset[AnchorRole]]:
    found: dict[bytes, frozenset[AnchorRole]] = {}
    for role in AnchorRole:
        for der in usable(role):
            found[der] = found.get(der, frozenset()) | {role}
    return found


def carried_by(signature: Any) -> list[Piece]:
    """Return what a signature itself carries, as Acrobat and desktop signers write it."""
    attributes = signature.signer_info["signed_attrs"]
    try:
        archive = find_unique_cms_attribute(attributes, "adobe_revocation_info_archival")
    except (NonexistentAttributeError, MultivaluedAttributeError):
        return []
    revision = signature.signed_revision
    pieces = [_listed(one, revision) for one in archive["crl"] or ()]
    for answer in archive["ocsp"] or ():
        pieces += _answered(answer, revision)
    return pieces


def _line(leaf: x509.Certificate, pool: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Return a certificate and its issuers, as far as they are known by name."""
    line = [leaf]
    while len(line) < LONGEST_CHAIN and line[-1].issuer != line[-1].subject:
        above = next((one for one in pool if one.subject == line[-1].issuer), None)
        if above is None:
            break
        line.append(above)
    return line


def _from_store(reader: Any) -> tuple[list[x509.Certificate], list[Piece]]:
    """Return what the store holds; one that cannot be read is as good as absent."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
        certificates = [shortcuts.certificate(one.dump()) for one in store.load_certs()]
        return certificates, list(_stored(store, reader))
    except Exception:  # noqa: BLE001 - hostile bytes raise anything
        return [], []


def _stored(store: Any, reader: Any) -> Iterator[Piece]:
    for reference in store.crls:
        try:
            data = reference.get_object().read_data(DecodePurpose.CRL)
            yield _listed(crl.CertificateList.load(data), _revision(reader, reference))
        except Exception:  # noqa: BLE001, S112 - hostile bytes raise anything
            continue
    for reference in store.ocsps:
        try:
            data = reference.get_object().read_data(DecodePurpose.OCSP_RESPONSE)
            yield from _answered(ocsp.OCSPResponse.load(data), _revision(reader, reference))
        except Exception:  # noqa: BLE001, S112 - hostile bytes raise anything
            continue


def _revision(reader: Any, reference: Any) -> int:
    revision: int = reader.xrefs.get_last_change(reference.reference)
    return revision


def _listed(data: crl.CertificateList, revision: int | None) -> Piece:
    body, scope = data["tbs_cert_list"], data.issuing_distribution_point_value
    return Piece(
        RevocationSource.CRL,
        CRLContainer(data),
        body["issuer"],
        body["this_update"].native,
        body["next_update"].native,
        revision,
        is_indirect=bool(scope and scope.native["indirect_crl"]),
    )


def _answered(data: ocsp.OCSPResponse, revision: int | None) -> Iterator[Piece]:
    for container in OCSPContainer.load_multi(data):
        single = container.extract_single_response()
        if single is None:
            continue
        yield Piece(
            RevocationSource.OCSP,
            container,
            None,
            single["this_update"].native,
            single["next_update"].native,
            revision,
            single["cert_id"]["serial_number"].native,
            is_revoked=single["cert_status"].name == "revoked",
        )
