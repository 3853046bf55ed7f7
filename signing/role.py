"""The parts signatures play on a document (vai trò ký), and the fields that hold them."""

from enum import StrEnum


class SignRole(StrEnum):
    """What a signature stands for (vai trò của chữ ký)."""

    #: the competent person signs (người có thẩm quyền ký)
    APPROVE = "approve"
    #: the clerk gives number and date (cấp số, ngày)
    NUMBER = "number"
    #: the agency signs: its red seal (chữ ký số cơ quan)
    SEAL = "seal"
    #: an annex in a file of its own (phụ lục)
    ANNEX = "annex"
    #: a digitised copy (sao y)
    COPY = "copy"
    #: an incoming paper, scanned (văn bản đến được số hóa)
    INCOMING = "incoming"


#: the signature field of each role; a second one of a role carries a number behind its name
FIELD_NAMES = {
    SignRole.APPROVE: "NguoiKy",
    SignRole.NUMBER: "SoNgay",
    SignRole.SEAL: "CoQuan",
    SignRole.ANNEX: "PhuLuc",
    SignRole.COPY: "SaoY",
    SignRole.INCOMING: "VanBanDen",
}


def role_of_field(name: str) -> SignRole | None:
    """Return the role a field name states, or None for a field another system made."""
    for role, field in FIELD_NAMES.items():
        if name == field or (name.startswith(field) and name[len(field) :].isdecimal()):
            return role
    return None
