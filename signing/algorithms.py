"""Which algorithms still count, and until when (thuật toán được chấp nhận)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from asn1crypto import algos, keys
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint, AlgorithmUsagePolicy


class AlgorithmKind(StrEnum):
    """What a rule speaks of."""

    #: a digest, by name (hàm băm)
    DIGEST = "digest"
    #: RSA keys shorter than `below` bits
    RSA = "rsa"
    #: keys on elliptic curves shorter than `below` bits
    EC = "ec"
    #: a way to sign, by name, such as `dsa`
    MECHANISM = "mechanism"


@dataclass(frozen=True)
class AlgorithmRule:
    """An algorithm that no longer counts from a moment on, and who says so.

    What a timestamp proves to be older than `refused_from` still counts.
    """

    kind: AlgorithmKind
    refused_from: datetime
    citation: str
    #: as asn1crypto names it: `sha1`, `dsa`
    name: str = ""
    #: in bits
    below: int = 0

    def to_data(self) -> list[Any]:
        """Return plain data for JSON."""
        moment = self.refused_from.isoformat()
        return [self.kind, moment, self.citation, self.name, self.below]

    @classmethod
    def from_data(cls, data: list[Any]) -> "AlgorithmRule":
        """Read what `to_data` returned."""
        kind, moment, citation, name, below = data
        return cls(AlgorithmKind(kind), datetime.fromisoformat(moment), citation, name, below)


class DatedAlgorithms(AlgorithmUsagePolicy):
    """The rules as pyHanko asks them: at a moment, or at all times when it names none."""

    def __init__(self, rules: Iterable[AlgorithmRule]) -> None:
        self._rules = tuple(rules)

    def digest_algorithm_allowed(
        self, algo: algos.DigestAlgorithm, moment: datetime | None
    ) -> AlgorithmUsageConstraint:
        """Judge a digest."""
        return self._digest(algo["algorithm"].native, moment)

    def signature_algorithm_allowed(
        self,
        algo: algos.SignedDigestAlgorithm,
        moment: datetime | None,
        public_key: keys.PublicKeyInfo | None,
    ) -> AlgorithmUsageConstraint:
        """Judge a way to sign with its digest and its key."""
        try:
            mechanism = algo.signature_algo
        except ValueError:
            mechanism = algo["algorithm"].native
        found = [self._judge(AlgorithmKind.MECHANISM, moment, name=mechanism)]
        if public_key is not None:
            found.append(self._key(public_key, moment))
        try:
            digest = algo.hash_algo
        except ValueError:
            # the algorithm names none (Ed25519), or the signature states it elsewhere
            digest = None
        if digest is not None:
            found.append(self._digest(digest, moment))
        refused = [one for one in found if not one.allowed]
        # what was refused first, and for ever before what was refused from a date
        return min(
            refused or found,
            key=lambda one: one.not_allowed_after.timestamp() if one.not_allowed_after else 0.0,
        )

    def _digest(self, name: str, moment: datetime | None) -> AlgorithmUsageConstraint:
        return self._judge(AlgorithmKind.DIGEST, moment, name=name)

    def _key(
        self, public_key: keys.PublicKeyInfo, moment: datetime | None
    ) -> AlgorithmUsageConstraint:
        if public_key.algorithm == "ec":
            # who may choose the curve's parameters chooses the key (CVE-2020-0601)
            if public_key["algorithm"]["parameters"].name != "named":
                return AlgorithmUsageConstraint(allowed=False, failure_reason="curve without name")
            return self._judge(AlgorithmKind.EC, moment, bits=public_key.bit_size)
        if public_key.algorithm in {"rsa", "rsassa_pss"}:
            return self._judge(AlgorithmKind.RSA, moment, bits=public_key.bit_size)
        return AlgorithmUsageConstraint(allowed=True)

    def _judge(
        self, kind: AlgorithmKind, moment: datetime | None, *, name: str = "", bits: int = 0
    ) -> AlgorithmUsageConstraint:
        against = [
            one
            for one in self._rules
            if one.kind is kind
            and (one.name == name if one.name else bits < one.below)
            and (moment is None or one.refused_from <= moment)
        ]
        if not against:
            return AlgorithmUsageConstraint(allowed=True)
        first = min(against, key=lambda one: one.refused_from)
        return AlgorithmUsageConstraint(
            allowed=False,
            not_allowed_after=first.refused_from,
            failure_reason=f"{name or f'{kind} {bits}'}: {first.citation}",
        )
