"""Identifiers on the axis: of agencies (mã định danh) and of documents (DocumentId)."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exchange.clock import parse_date, write_date

#: TT 01/2022/TT-BTTTT widened OrganId from 13 to 35 characters
ORGAN_ID_LENGTH = 35


class OrganForm(StrEnum):
    """How an agency code is built (dạng mã định danh)."""

    OLD = "old"  # QCVN 102:2016: V1V2V3.Z1Z2.Y1Y2.MMM, level 1 last
    NEW = "new"  # QĐ 20/2020/QĐ-TTg, art. 4: level 1 first
    ENTERPRISE = "enterprise"  # QĐ 20/2020/QĐ-TTg, art. 5: prefix and enterprise number
    NODE = "node"  # a connection of the axis itself, never an addressee
    FREE = "free"  # test and hosted systems use free strings


_OLD = re.compile(r"[0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Z][0-9]{2}")
_NEW = re.compile(r"[A-Z][0-9]{2}(\.[0-9A-Z-]+)*")
_ENTERPRISE = re.compile(r"[0-9]{10,14}")


def organ_key(organ_id: str) -> str:
    """Return the form of a code that two spellings of it share; compare codes by it only."""
    return organ_id.strip().upper()


def organ_form(organ_id: str) -> OrganForm:
    """Tell the form of a code.

    One form is never derived from the other by turning the string round: an agency holds several
    codes, and which belong together is a fact of the directory.
    """
    key = organ_key(organ_id)
    if "W00" in key.split("."):
        return OrganForm.NODE
    if _OLD.fullmatch(key):
        return OrganForm.OLD
    if _NEW.fullmatch(key):
        return OrganForm.NEW
    if _ENTERPRISE.fullmatch(key):
        return OrganForm.ENTERPRISE
    return OrganForm.FREE


def is_addressable(organ_id: str) -> bool:
    """Say whether a picker may offer this code as an addressee; axis nodes are not."""
    return bool(organ_id.strip()) and organ_form(organ_id) is not OrganForm.NODE


@dataclass(frozen=True)
class DocumentId:
    """The identifier of a document (mã định danh văn bản): issuer, date, number and notation."""

    organ_id: str
    promulgated_on: date
    reference: str

    def __str__(self) -> str:
        return f"{self.organ_id},{write_date(self.promulgated_on)},{self.reference}"

    @classmethod
    def make(cls, organ_id: str, promulgated_on: date, number: str, notation: str) -> "DocumentId":
        """Make the identifier of a document from its parts."""
        return cls(organ_id.strip(), promulgated_on, join_reference(number, notation))

    @classmethod
    def parse(cls, text: str) -> "DocumentId | None":
        """Read `OrganId,yyyy/MM/dd,Number/Notation`; None for the UUIDs and empties in traffic."""
        parts = [part.strip() for part in text.split(",", 2)]
        if len(parts) != 3 or not parts[0] or not parts[2]:
            return None
        day = parse_date(parts[1])
        return cls(parts[0], day, parts[2]) if day else None


def join_reference(number: str, notation: str) -> str:
    """Join số and ký hiệu into số và ký hiệu: `215` and `ABC-VP` make `215/ABC-VP`."""
    return "/".join(part for part in (number.strip(), notation.strip()) if part)
