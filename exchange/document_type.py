"""Kinds of administrative documents as edXML numbers them (loại văn bản).

The wire carries three conflicting code spaces, so the name decides, compared without accents and
case; numbers are those of group B (văn bản hành chính) of the annex to TT 01/2022/TT-BTTTT, with
its gaps filled from Decree 30/2020, art. 7. Codes read from the wire are kept verbatim.
"""

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

GROUP_B: Final = MappingProxyType(
    {
        1: "Nghị quyết",
        2: "Quyết định",
        3: "Chỉ thị",
        4: "Quy chế",
        5: "Quy định",
        6: "Thông cáo",
        7: "Thông báo",
        8: "Hướng dẫn",
        9: "Chương trình",
        10: "Kế hoạch",
        11: "Phương án",
        12: "Đề án",
        13: "Dự án",
        14: "Báo cáo",
        15: "Biên bản",
        16: "Tờ trình",
        17: "Hợp đồng",
        18: "Công văn",
        19: "Công điện",
        20: "Bản ghi nhớ",
        21: "Bản cam kết",
        22: "Bản thỏa thuận",
        23: "Giấy chứng nhận",
        24: "Giấy ủy quyền",
        25: "Giấy mời",
        26: "Giấy giới thiệu",
        27: "Giấy nghỉ phép",
        28: "Giấy đi đường",
        29: "Giấy biên nhận hồ sơ",
        30: "Phiếu gửi",
        31: "Phiếu chuyển",
        32: "Thư công",
    }
)


@dataclass(frozen=True)
class DocumentType:
    """The kind of a document (loại văn bản): its name, and the codes as the sender wrote them."""

    name: str
    number: str = ""
    detail: str = ""

    @property
    def group_b(self) -> int | None:
        """Return the group B number the name stands for, whatever `number` says."""
        return number_of(self.name)


def number_of(name: str) -> int | None:
    """Return the group B number of a kind by its name (accents, case, brackets ignored)."""
    return _NUMBERS.get(_folded(name))


def document_type(name: str) -> DocumentType:
    """Make the type to write for a name: group B's own spelling and number where it has one.

    A kind outside group B (Luật, Nghị định, …) gets number 0: its group A number would be read
    as another kind by those who go by the number.
    """
    number = number_of(name)
    if number is None:
        return DocumentType(name, "0")
    return DocumentType(GROUP_B[number], str(number))


def _folded(name: str) -> str:
    bare = re.sub(r"\(.*?\)", " ", name.replace("_", " "))
    letters = unicodedata.normalize("NFD", bare.casefold()).replace("đ", "d")
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


_NUMBERS: Final = {_folded(name): number for number, name in GROUP_B.items()}
