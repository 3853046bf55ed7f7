"""The way from a certificate up to an anchor, and what tells that it was not withdrawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

from asn1crypto import crl, ocsp, x509
from cryptography import x509 as pyca
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, RevokedError, ValidationError

from signing.errors import SigningError
from signing.policy import ValidationPolicy
from signing.proof_errors import CertificateWithdrawn, ChainUnproven
from signing.revocation import Revocation
from signing.trust import AnchorRole, Trust

#: certificates above one another; nobody has as many
LONGEST = 8


class RevocationKeeper(Protocol):
    """Who has lists of withdrawn certificates at hand, and gets those that are missing."""

    def ensure(self, chain: Sequence[bytes], role: AnchorRole, now: datetime) -> list[SigningError]:
        """Have at hand what tells about a chain, DER, signer first; return what failed."""

    def revocation(self) -> Revocation:
        """Return what is at hand."""


@dataclass(frozen=True)
class ListsAtHand:
    """Lists that are there and asked for nowhere (danh sách thu hồi có sẵn)."""

    lists: Revocation

    def ensure(self, chain: Sequence[bytes], role: AnchorRole, now: datetime) -> list[SigningError]:
        """Do nothing: what is missing shows when the chain is checked."""
        del chain, role, now
        return []

    def revocation(self) -> Revocation:
        """Return the lists."""
        return self.lists


@dataclass(frozen=True)
class Evidence:
    """What proves that a certificate counted: its chain, signer first, lists and answers."""

    chain: tuple[x509.Certificate, ...]
    lists: tuple[crl.CertificateList, ...]
    answers: tuple[ocsp.OCSPResponse, ...]

    def made_at(self) -> tuple[datetime, datetime | None]:
        """Return when the list about the signer's certificate was made, and when the next is due.

        Without such a list, the same of the answer.
        """
        issuer = self.chain[0].issuer
        for one in self.lists:
            if one.issuer == issuer:
                content = one["tbs_cert_list"]
                return content["this_update"].native, content["next_update"].native
        (single,) = self.answers[0].response_data["responses"]
        return single["this_update"].native, single["next_update"].native


@dataclass(frozen=True)
class ChainKeeper:
    """Finds chains and their evidence by what the agency trusts."""

    trust: Trust
    keeper: RevocationKeeper
    policy: ValidationPolicy

    async def evidence(
        self,
        certificate: x509.Certificate,
        others: Iterable[x509.Certificate],
        role: AnchorRole,
        proven_at: datetime,
        at: datetime,
    ) -> Evidence:
        """Return what proves `at` that a certificate counted at `proven_at`.

        Raise `ChainUnproven` when it leads to no anchor or nothing tells of its standing, and
        `CertificateWithdrawn` when it had been withdrawn by then.
        """
        chain = self._chain(certificate, others, role, proven_at)
        failed = self.keeper.ensure([one.dump() for one in chain], role, at)
        known = self.keeper.revocation()
        lists = [
            found
            for issuer in chain[1:]
            if (found := _newest(known.usable(role), issuer, at)) is not None
        ]
        named = {one.issuer.hashable for one in lists}
        answers = [
            found
            for one, issuer in pairwise(chain)
            if issuer.subject.hashable not in named
            and (found := _answer(known.usable_answers(role), one, at)) is not None
        ]
        evidence = Evidence(tuple(chain), tuple(lists), tuple(answers))
        try:
            await self._check(evidence, role, proven_at)
        except ChainUnproven as error:
            if failed:
                raise ChainUnproven(
                    subject=error.fields["subject"], reason=failed[0].text("vi")
                ) from error
            raise
        return evidence

    def _chain(
        self,
        certificate: x509.Certificate,
        others: Iterable[x509.Certificate],
        role: AnchorRole,
        at: datetime,
    ) -> list[x509.Certificate]:
        anchors = [x509.Certificate.load(der) for der in self.trust.roots(role, at)]
        between = [*others, *(x509.Certificate.load(der) for der in self.trust.issuers)]
        chain = [certificate]
        while len(chain) < LONGEST:
            last = chain[-1]
            if any(last.dump() == one.dump() for one in anchors):
                return chain
            above = next((one for one in (*anchors, *between) if _issued(one, last)), None)
            if above is None or above in chain:
                break
            chain.append(above)
        raise ChainUnproven(
            subject=_named(certificate), reason="nơi cấp không có trong danh sách tin cậy"
        )

    async def _check(self, evidence: Evidence, role: AnchorRole, at: datetime) -> None:
        certificate = evidence.chain[0]
        context = ValidationContext(
            trust_manager=self.trust.manager(role, at),
            other_certs=list(evidence.chain[1:]),
            crls=list(evidence.lists),
            ocsps=list(evidence.answers),
            moment=at,
            # a list made later tells even more of the moment
            retroactive_revinfo=True,
            allow_fetching=False,
            revocation_mode="require",
            algorithm_usage_policy=self.policy.usable_algorithms(),
        )
        validator = CertificateValidator(certificate, validation_context=context)
        uses = {"time_stamping"} if role is AnchorRole.TSA else set()
        try:
            await validator.async_validate_usage(set(), uses)
        except RevokedError as error:
            raise CertificateWithdrawn(
                subject=_named(certificate), since=f"{error.revocation_dt:%Y-%m-%d %H:%M:%S} UTC"
            ) from error
        except (PathError, ValidationError) as error:
            raise ChainUnproven(subject=_named(certificate), reason=str(error)) from error


def _newest(
    known: Iterable[bytes], issuer: x509.Certificate, at: datetime
) -> crl.CertificateList | None:
    """Return the newest list of an issuer that still counts."""
    key = pyca.load_der_x509_certificate(issuer.dump()).public_key()
    found = []
    for der in known:
        one = pyca.load_der_x509_crl(der)
        if one.issuer.public_bytes() != issuer.subject.dump() or not one.is_signature_valid(key):  # type: ignore[arg-type]
            continue
        until = one.next_update_utc
        if one.last_update_utc <= at and (until is None or at <= until):
            found.append((one.last_update_utc, der))
    return crl.CertificateList.load(max(found)[1]) if found else None


def _answer(
    known: Iterable[bytes], certificate: x509.Certificate, at: datetime
) -> ocsp.OCSPResponse | None:
    for der in known:
        one = ocsp.OCSPResponse.load(der)
        for single in one.response_data["responses"]:
            until = single["next_update"].native
            current = single["this_update"].native <= at and (until is None or at <= until)
            if current and single["cert_id"]["serial_number"].native == certificate.serial_number:
                return one
    return None


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer:
        return False
    try:
        pyca.load_der_x509_certificate(certificate.dump()).verify_directly_issued_by(
            pyca.load_der_x509_certificate(issuer.dump())
        )
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _named(certificate: x509.Certificate) -> str:
    name = certificate.subject.native.get("common_name", "")
    return name if isinstance(name, str) else ", ".join(name)
