"""What a signed document must satisfy (chính sách kiểm tra chữ ký số)."""

from dataclasses import dataclass
from typing import Any

from pyhanko.sign.diff_analysis import ModificationLevel, StandardDiffPolicy
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule
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

from signing.role import SignRole

#: What may follow a signature: signatures, evidence about them, metadata. Filling other fields of
#: the form may not: a text field with another appearance rewrites the page (DSS-2236, "replace").
SIGNATURE_ONLY = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
        MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ],
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),
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


@dataclass(frozen=True)
class ValidationPolicy:
    """The agency's demands on signatures; the defaults are those of outgoing documents."""

    expected: tuple[ExpectedSigner, ...] = ()
    weak_digests: frozenset[str] = frozenset({"md2", "md5", "sha1"})
    smallest_rsa: int = 2048
    #: the certificate must allow one of these uses; issuers differ in which they state
    key_usages: frozenset[str] = frozenset({"non_repudiation", "digital_signature"})
    most_signatures: int = 64

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "expected": [[one.role, one.subject, one.fingerprint] for one in self.expected],
            "weak_digests": sorted(self.weak_digests),
            "smallest_rsa": self.smallest_rsa,
            "key_usages": sorted(self.key_usages),
            "most_signatures": self.most_signatures,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "ValidationPolicy":
        """Read what `to_data` returned."""
        return cls(
            tuple(
                ExpectedSigner(SignRole(role), subject, fingerprint)
                for role, subject, fingerprint in data["expected"]
            ),
            frozenset(data["weak_digests"]),
            data["smallest_rsa"],
            frozenset(data["key_usages"]),
            data["most_signatures"],
        )
