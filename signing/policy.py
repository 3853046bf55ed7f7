"""What a signed document must satisfy (chính sách kiểm tra chữ ký số).

The rules are data, `policy.toml`, each with who says so and from when; what may follow a signature
in a file stays code.
"""

import tomllib
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.diff_analysis.rules.file_structure_rules import (
    CatalogModificationRule,
    ObjectStreamRule,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.rules.form_field_rules import (
    DSSCompareRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
)
from pyhanko.sign.diff_analysis.rules.metadata_rules import DocInfoRule, MetadataUpdateRule
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    FreshnessReqType,
)

from signing.algorithms import AlgorithmKind, AlgorithmRule, DatedAlgorithms
from signing.difference import StepwiseDiffPolicy
from signing.errors import PolicyRefused, told_of
from signing.form_rule import UnredrawnFormRule
from signing.role import SignRole

#: the description of a policy, shipped beside this module; a trust folder may hold another
POLICY_FILE = "policy.toml"
#: the shape of `ValidationPolicy.to_data`; readers accept any they know
FORMAT = 1

#: What may follow a signature: signatures, evidence about them, metadata. Filling other fields of
#: the form may not: a text field with another appearance rewrites the page (DSS-2236, "replace").
SIGNATURE_ONLY = StepwiseDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
        MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ],
    form_rule=UnredrawnFormRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),
)


@dataclass(frozen=True)
class ExpectedSigner:
    """A signature the document must bear: its role and, when known, who signs.

    `subject` is the common name on the certificate, `fingerprint` its SHA-256 in hexadecimal.
    """

    role: SignRole
    subject: str = ""
    fingerprint: str = ""

    def matches(self, subject: str, fingerprint: str) -> bool:
        """Tell whether a signer is the one expected."""
        return self.subject in {"", subject} and self.fingerprint in {"", fingerprint}


class RevocationMode(StrEnum):
    """Until when a list counts; without one nothing is concluded in either mode."""

    #: until the moment its issuer promised the next
    REQUIRE = "require"
    #: while it is no older than `freshness`, whether or not the next is overdue
    SOFT = "soft"


@dataclass(frozen=True)
class RevocationRule:
    """How fresh knowledge about withdrawn certificates must be."""

    mode: RevocationMode = RevocationMode.REQUIRE
    freshness: timedelta = timedelta(days=7)
    #: after a signature, only a list made this much later tells of a withdrawal before it
    grace: timedelta = timedelta(days=1)
    citation: str = ""

    def demand(self) -> CertRevTrustPolicy:
        """Return the rule as pyHanko asks it."""
        if self.mode is RevocationMode.REQUIRE:
            return CertRevTrustPolicy(REQUIRE_REVINFO)
        return CertRevTrustPolicy(
            REQUIRE_REVINFO, self.freshness, FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION
        )

    def to_data(self) -> list[Any]:
        """Return plain data for JSON."""
        spans = (self.freshness.total_seconds(), self.grace.total_seconds())
        return [self.mode, *spans, self.citation]

    @classmethod
    def from_data(cls, data: list[Any]) -> "RevocationRule":
        """Read what `to_data` returned."""
        mode, freshness, grace, citation = data
        spans = (timedelta(seconds=freshness), timedelta(seconds=grace))
        return cls(RevocationMode(mode), *spans, citation)


@dataclass(frozen=True)
class RequiredRoles:
    """The signatures a kind of document must bear within a span of days, and who says so."""

    kind: str
    roles: tuple[SignRole, ...]
    valid_from: date
    citation: str
    valid_until: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Tell whether the rule holds on that day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def to_data(self) -> list[Any]:
        """Return plain data for JSON."""
        until = self.valid_until.isoformat() if self.valid_until else None
        return [self.kind, list(self.roles), self.valid_from.isoformat(), self.citation, until]

    @classmethod
    def from_data(cls, data: list[Any]) -> "RequiredRoles":
        """Read what `to_data` returned."""
        kind, roles, start, citation, until = data
        return cls(
            kind,
            tuple(map(SignRole, roles)),
            date.fromisoformat(start),
            citation,
            date.fromisoformat(until) if until else None,
        )


@dataclass(frozen=True)
class ValidationPolicy:
    """The agency's demands on signatures; the defaults are the shipped `policy.toml`.

    `version` is the number of the policy, 0 where nobody numbers it; a report names it.
    """

    expected: tuple[ExpectedSigner, ...] = ()
    algorithms: tuple[AlgorithmRule, ...] = field(
        default_factory=lambda: shipped_policy().algorithms
    )
    revocation: RevocationRule = field(default_factory=lambda: shipped_policy().revocation)
    required: tuple[RequiredRoles, ...] = field(default_factory=lambda: shipped_policy().required)
    #: the certificate must allow one of these uses; issuers differ in which they state
    key_usages: frozenset[str] = field(default_factory=lambda: shipped_policy().key_usages)
    most_signatures: int = field(default_factory=lambda: shipped_policy().most_signatures)
    #: whether a certificate of an unknown issuer may not even sign
    refuses_unknown_authority: bool = field(
        default_factory=lambda: shipped_policy().refuses_unknown_authority
    )
    version: int = 0

    def usable_algorithms(self) -> DatedAlgorithms:
        """Return the rules about algorithms as pyHanko asks them."""
        return DatedAlgorithms(self.algorithms)

    def roles_of(self, kind: str, on: date) -> tuple[SignRole, ...]:
        """Return what a kind of document must bear on that day; raise `PolicyRefused`.

        Of several rules in force the one that began last holds.
        """
        found = [one for one in self.required if one.kind == kind and one.is_in_force(on)]
        if not found:
            raise PolicyRefused(reason=f"«{kind}» ({on:%d/%m/%Y})")
        return max(found, key=lambda one: one.valid_from).roles

    def expecting(self, kind: str, on: date) -> "ValidationPolicy":
        """Return the policy for a kind of document; raise `PolicyRefused` where no rule holds."""
        return replace(self, expected=tuple(map(ExpectedSigner, self.roles_of(kind, on))))

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "format": FORMAT,
            "version": self.version,
            "expected": [[one.role, one.subject, one.fingerprint] for one in self.expected],
            "algorithms": [one.to_data() for one in self.algorithms],
            "revocation": self.revocation.to_data(),
            "required": [one.to_data() for one in self.required],
            "key_usages": sorted(self.key_usages),
            "most_signatures": self.most_signatures,
            "refuses_unknown_authority": self.refuses_unknown_authority,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "ValidationPolicy":
        """Read what `to_data` returned; raise `PolicyRefused`."""
        try:
            if data["format"] != FORMAT:
                raise PolicyRefused(reason=f"format {data['format']}")
            return cls(
                tuple(
                    ExpectedSigner(SignRole(role), subject, fingerprint)
                    for role, subject, fingerprint in data["expected"]
                ),
                tuple(map(AlgorithmRule.from_data, data["algorithms"])),
                RevocationRule.from_data(data["revocation"]),
                tuple(map(RequiredRoles.from_data, data["required"])),
                frozenset(data["key_usages"]),
                data["most_signatures"],
                data.get("refuses_unknown_authority", True),
                data["version"],
            )
        except (KeyError, ValueError, TypeError) as error:
            raise PolicyRefused(reason=str(error)) from error


def load_policy(folder: Path) -> ValidationPolicy:
    """Return the policy of a trust folder, the shipped one where it holds none.

    Raise `PolicyRefused` for one that leaves a rule without citation or date.
    """
    return read_policy(policy_text(folder))


def policy_text(folder: Path | None = None) -> str:
    """Return the TOML of the policy of a trust folder, of the shipped one without; see above."""
    own = folder / POLICY_FILE if folder else None
    path = own if own and own.is_file() else Path(__file__).parent / POLICY_FILE
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise PolicyRefused(reason=told_of(error)) from error


def read_policy(text: str) -> ValidationPolicy:
    """Read a policy as TOML; raise `PolicyRefused`."""
    try:
        data = tomllib.loads(text)
        return ValidationPolicy(
            algorithms=tuple(map(_algorithm, data["algorithm"])),
            revocation=_revocation(data["revocation"]),
            required=tuple(map(_required, data["required"])),
            key_usages=frozenset(data["key_usages"]),
            most_signatures=data["most_signatures"],
            refuses_unknown_authority=data.get("refuses_unknown_authority", True),
            version=data.get("version", 0),
        )
    except KeyError as error:
        raise PolicyRefused(reason=f"thiếu {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise PolicyRefused(reason=str(error)) from error


def shipped_policy() -> ValidationPolicy:
    """Return the policy beside this module."""
    return _shipped()


@cache
def _shipped() -> ValidationPolicy:
    return read_policy(policy_text())


def _algorithm(entry: dict[str, Any]) -> AlgorithmRule:
    kind, moment = AlgorithmKind(entry["kind"]), entry["refused_from"]
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"{kind}: refused_from thiếu giờ hoặc múi giờ")
    named = kind in {AlgorithmKind.DIGEST, AlgorithmKind.MECHANISM}
    name, below = (entry["name"], 0) if named else ("", int(entry["below"]))
    return AlgorithmRule(kind, moment, _cited(entry), name, below)


def _revocation(entry: dict[str, Any]) -> RevocationRule:
    return RevocationRule(
        RevocationMode(entry["mode"]),
        timedelta(hours=entry["freshness_hours"]),
        timedelta(hours=entry["grace_hours"]),
        _cited(entry),
    )


def _required(entry: dict[str, Any]) -> RequiredRoles:
    start, until = entry["valid_from"], entry.get("valid_until")
    for day in filter(None, (start, until)):
        if not isinstance(day, date) or isinstance(day, datetime):
            raise TypeError(f"{entry['kind']}: cần ngày, không kèm giờ")
    roles = tuple(map(SignRole, entry["roles"]))
    return RequiredRoles(entry["kind"], roles, start, _cited(entry), until)


def _cited(entry: dict[str, Any]) -> str:
    citation: str = entry["citation"].strip()
    if not citation:
        raise ValueError(f"{entry}: thiếu căn cứ")
    return citation
