"""The story of the regulation, told once: who does what, in the words that stand on the pages.

Decision 188 of UBND tỉnh Thái Nguyên is drafted, commented, approved, signed, numbered, sealed and
issued to three agencies; Sở TT&TT receives, directs, handles and answers it; the answer goes the
same road back; both sides file. Whoever plays it (a browser, a program) brings `Player`.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from records.vietnamese import local_date

PASSWORD = "Mot-cau-dai-de-nho-188"
REGULATION = Path(__file__).parents[1] / "data" / "regulation-188.json"


# -- what is filled in ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pick:
    """The one choice of a list whose label holds these words."""

    words: str


@dataclass(frozen=True, slots=True)
class InDays:
    """A working day so many days ahead."""

    days: int

    @property
    def date(self):
        day = local_date(datetime.now(UTC)) + timedelta(days=self.days)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        return day


@dataclass(frozen=True, slots=True)
class Attached:
    """A file from the officer's disk."""

    name: str
    content: bytes = field(repr=False)


# -- what happens ---------------------------------------------------------------------------------


class Player(Protocol):
    """Somebody who plays the story; waits for what has to arrive, never longer than a minute."""

    def begin(self, who: str, subject: str) -> None: ...
    def answer(self, who: str, answered: str, subject: str) -> None: ...
    def do(self, deed: "Do") -> None: ...
    def see(self, who: str, subject: str, agency: str, codes: Sequence[str]) -> None: ...

    def facts(self, who: str, way: str, subject: str) -> "Facts": ...
    def dossier(self, who: str, title: str) -> set[str]: ...
    def replay(self, agency: str, way: str, subject: str) -> list[str]: ...
    def journal_holds(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page of a document and the API say of it."""

    reference: str
    authenticity: str = ""
    arrival_number: int | None = None
    handed_to: str = ""


@dataclass(frozen=True, slots=True)
class Begin:
    who: str
    subject: str

    def play(self, player: Player) -> None:
        player.begin(self.who, self.subject)


@dataclass(frozen=True, slots=True)
class Answer:
    who: str
    answered: str
    subject: str

    def play(self, player: Player) -> None:
        player.answer(self.who, self.answered, self.subject)


@dataclass(frozen=True, slots=True)
class Do:
    """`who` completes the step of this name on the document of this subject."""

    who: str
    step: str
    subject: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def play(self, player: Player) -> None:
        player.do(self)


@dataclass(frozen=True, slots=True)
class See:
    """The sender sees what an agency reported, these codes and no other, each once."""

    who: str
    subject: str
    agency: str
    codes: tuple[str, ...]

    def play(self, player: Player) -> None:
        player.see(self.who, self.subject, self.agency, self.codes)


def word_file(text: str) -> bytes:
    """A small Word document: the source file that Quy chế, Điều 3.6 asks for."""
    kinds = "http://schemas.openxmlformats.org/package/2006/content-types"
    words = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{kinds}"/>')
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{words}">{body}</w:document>')
    return buffer.getvalue()


_TEXT = json.loads(REGULATION.read_text("utf-8"))["fields"]
[_ATTACHED] = _TEXT["attachments"]
DECISION = _TEXT["subject"]
REPLY = "báo cáo kết quả thực hiện Quy chế quản lý, vận hành hệ thống phần mềm"

UBND = "Ủy ban nhân dân tỉnh Thái Nguyên"
STTTT = "Sở Thông tin và Truyền thông"
STC = "Sở Tài chính"
SNV = "Sở Nội vụ"
AUTHOR = "chuyenvien.ubnd"

DRAFT = {
    "document_type": Pick("Quyết định (quy phạm pháp luật)"),
    "subject": DECISION,
    "recipients": [{"agency": Pick(name)} for name in (STTTT, STC, SNV)],
    "internal_recipients": "Như Điều 3\nLưu: VT, TH",
    "source": "template",
    "legal_bases": "\n".join(_TEXT["bases"]),
    "body": _TEXT["body"],
    "attachment_name": _ATTACHED["name"],
    "attachment_subject": _ATTACHED["subject"],
    "attachment_body": _ATTACHED["body"],
    "signatory": Pick("Trần Bình Minh"),
    "cooperating_units": [
        Pick("Phòng Văn hóa - Xã hội"),
        Pick("Phòng Kiểm soát thủ tục hành chính"),
    ],
}
UBND_DOSSIER = "Quy chế quản lý văn bản và điều hành liên thông"
STTTT_DOSSIER = "Thực hiện Quyết định số 188 về quản lý văn bản liên thông"

ISSUING = (
    Begin(AUTHOR, DECISION),
    Do(AUTHOR, "Soạn thảo", DECISION, DRAFT),
    Do("truongphong.vx", "Góp ý dự thảo", DECISION, {"outcome": "agree"}),
    Do("truongphong.kstt", "Góp ý dự thảo", DECISION,
       {"outcome": "amend", "text": "Bổ sung trách nhiệm của Văn phòng Ủy ban nhân dân tỉnh"}),
    Do(AUTHOR, "Tiếp thu, hoàn thiện", DECISION,
       {"note": "Đã tiếp thu ý kiến của Phòng Kiểm soát thủ tục hành chính"}),
    Do("truongphong.th", "Duyệt nội dung", DECISION, {"outcome": "approve"}),
    Do("chanvp", "Kiểm tra thể thức", DECISION, {"outcome": "approve"}),
    Do("chutich", "Ký ban hành", DECISION, {"outcome": "sign", "pin": PASSWORD}),
    Do("vanthu.ubnd", "Cấp số, ngày", DECISION, {"pin": PASSWORD}),
    Do("vanthu.ubnd", "Đăng ký văn bản đi", DECISION,
       {"issue_form": "electronic", "source_file": Attached("Du thao QD 188.docx", word_file(DECISION))}),
    Do("vanthu.ubnd", "Ký số cơ quan", DECISION, {"confirm": True, "pin": PASSWORD}),
    Do("vanthu.ubnd", "Phát hành", DECISION, {"confirm": True}),
    Do("vanthu.ubnd", "Lưu, lập hồ sơ", DECISION,
       {"new_dossier_title": UBND_DOSSIER, "retention": "Vĩnh viễn"}),
)  # fmt: skip

HANDLING = (
    See(AUTHOR, DECISION, STTTT, ("01",)),
    See(AUTHOR, DECISION, STC, ("01",)),
    Do("vanthu.snv", "Tiếp nhận, kiểm tra", DECISION,
       {"outcome": "return", "reason": "Gửi thiếu biểu mẫu kèm theo, đề nghị gửi lại"}),
    See(AUTHOR, DECISION, SNV, ("01", "02")),
    Do("vanthu.stttt", "Tiếp nhận, kiểm tra", DECISION, {"outcome": "accept"}),
    Do("vanthu.stttt", "Đăng ký văn bản đến", DECISION,
       {"document_type": Pick("Quyết định (quy phạm pháp luật)")}),
    See(AUTHOR, DECISION, STTTT, ("01", "03")),
    Do("vanthu.stttt", "Trình người có thẩm quyền", DECISION,
       {"proposal": "Kính trình Giám đốc; đề xuất Phòng Công nghệ thông tin chủ trì",
        "director": Pick("Đỗ Xuân Hòa")}),
    Do("giamdoc.stttt", "Cho ý kiến, phân phối", DECISION,
       {"outcome": "direct", "opinion": "Phòng CNTT chủ trì, tham mưu báo cáo Ủy ban nhân dân tỉnh",
        "lead_unit": Pick("Phòng Công nghệ thông tin"), "deadline": InDays(10),
        "cooperating": [{"unit": Pick("Phòng Thông tin, Báo chí"), "deadline": InDays(7)}],
        "informed": [Pick("Văn phòng Sở")]}),
    See(AUTHOR, DECISION, STTTT, ("01", "03", "04")),
    Do("truongphong.stttt", "Phân công", DECISION,
       {"outcome": "assign", "lead_officer": Pick("Nguyễn Hải An"), "deadline": InDays(8)}),
    Do("truongphong.ttbc", "Phối hợp giải quyết", DECISION,
       {"opinion": "Đã đăng toàn văn Quy chế trên Cổng thông tin điện tử"}),
    Do("chuyenvien.stttt", "Giải quyết", DECISION,
       {"outcome": "continue", "progress": 50, "opinion": "Đang dự thảo báo cáo"}),
    See(AUTHOR, DECISION, STTTT, ("01", "03", "04", "05")),
)  # fmt: skip

ANSWERING = (
    Answer("chuyenvien.stttt", DECISION, REPLY),
    Do("chuyenvien.stttt", "Soạn thảo", REPLY,
       {"document_type": Pick("Công văn"), "subject": REPLY,
        "recipients": [{"agency": Pick(UBND)}], "source": "template",
        "body": "Thực hiện Quyết định của Ủy ban nhân dân tỉnh, Sở Thông tin và Truyền thông báo cáo như sau:\n"
                "1. Đã triển khai Quy chế đến các phòng, đơn vị thuộc Sở.\n"
                "2. Đã cấp tài khoản và hướng dẫn sử dụng cho toàn bộ cán bộ, công chức.",
        "signatory": Pick("Đỗ Xuân Hòa")}),
    Do("truongphong.stttt", "Duyệt nội dung", REPLY, {"outcome": "approve"}),
    Do("chanvp.stttt", "Kiểm tra thể thức", REPLY, {"outcome": "approve"}),
    Do("giamdoc.stttt", "Ký ban hành", REPLY, {"outcome": "sign", "pin": PASSWORD}),
    Do("vanthu.stttt", "Cấp số, ngày", REPLY, {"pin": PASSWORD}),
    Do("vanthu.stttt", "Đăng ký văn bản đi", REPLY, {"issue_form": "electronic"}),
    Do("vanthu.stttt", "Ký số cơ quan", REPLY, {"confirm": True, "pin": PASSWORD}),
    Do("vanthu.stttt", "Phát hành", REPLY, {"confirm": True}),
    Do("vanthu.stttt", "Lưu, lập hồ sơ", REPLY,
       {"new_dossier_title": STTTT_DOSSIER, "retention": "20 năm"}),
    Do("chuyenvien.stttt", "Giải quyết", DECISION,
       {"outcome": "complete", "opinion": "Đã trả lời bằng công văn"}),
    Do("truongphong.stttt", "Xác nhận hoàn thành", DECISION, {"outcome": "accept"}),
    Do("chuyenvien.stttt", "Lập hồ sơ", DECISION, {"dossier": Pick(STTTT_DOSSIER)}),
    See(AUTHOR, DECISION, STTTT, ("01", "03", "04", "05", "06")),
)  # fmt: skip

RETURNING = (
    See("chuyenvien.stttt", REPLY, UBND, ("01",)),
    Do("vanthu.ubnd", "Tiếp nhận, kiểm tra", REPLY, {"outcome": "accept"}),
    Do("vanthu.ubnd", "Đăng ký văn bản đến", REPLY, {"document_type": Pick("Công văn")}),
    Do("vanthu.ubnd", "Trình người có thẩm quyền", REPLY, {"director": Pick("Trần Bình Minh")}),
    Do("chutich", "Cho ý kiến, phân phối", REPLY,
       {"outcome": "direct", "opinion": "Phòng Tổng hợp theo dõi",
        "lead_unit": Pick("Phòng Tổng hợp"), "deadline": InDays(5)}),
    Do("truongphong.th", "Phân công", REPLY,
       {"outcome": "assign", "lead_officer": Pick("Vũ Thị Lan")}),
    Do(AUTHOR, "Giải quyết", REPLY,
       {"outcome": "complete", "opinion": "Đã tổng hợp vào báo cáo chung"}),
    Do("truongphong.th", "Xác nhận hoàn thành", REPLY, {"outcome": "accept"}),
    Do(AUTHOR, "Lập hồ sơ", REPLY, {"dossier": Pick(UBND_DOSSIER)}),
    See("chuyenvien.stttt", REPLY, UBND, ("01", "03", "04", "05", "06")),
)  # fmt: skip

STORY = (*ISSUING, *HANDLING, *ANSWERING, *RETURNING)


def tell(player: Player) -> None:
    """Play the whole story."""
    for event in STORY:
        event.play(player)


# -- what must be true in the end -----------------------------------------------------------------

YEAR = local_date(datetime.now(UTC)).year


def steps_on(subject: str, *people: str) -> list[str]:
    """The steps these people complete on a document, in order."""
    return [
        event.step
        for event in STORY
        if isinstance(event, Do) and event.subject == subject and event.who.endswith(people)
    ]


def same(found: Any, wanted: Any) -> None:
    """Assert equality and show both: what stands outside test files is told no more by pytest."""
    assert found == wanted, f"{found!r} is not {wanted!r}"


def check(player: Player) -> None:
    """Assert what part 8 of the story promises, as an officer sees it."""
    decision = player.facts(AUTHOR, "outgoing", DECISION)
    same(decision.reference, f"188/{YEAR}/QĐ-UBND")
    arrived = player.facts("vanthu.stttt", "incoming", DECISION)
    same(arrived.reference, decision.reference)
    same((arrived.authenticity, arrived.arrival_number), ("Hợp lệ", 1))
    same(arrived.handed_to, "Phòng Công nghệ thông tin")
    answer = player.facts("chuyenvien.stttt", "outgoing", REPLY)
    same(answer.reference, "01/STTTT-CNTT")
    back = player.facts("vanthu.ubnd", "incoming", REPLY)
    same((back.reference, back.authenticity), (answer.reference, "Hợp lệ"))
    both = {decision.reference, answer.reference}
    same(player.dossier(AUTHOR, UBND_DOSSIER), both)
    same(player.dossier("chuyenvien.stttt", STTTT_DOSSIER), both)
    here = (".ubnd", "truongphong.vx", "truongphong.kstt", "truongphong.th", "chanvp", "chutich")
    there = (".stttt", ".ttbc")
    same(player.replay(UBND, "outgoing", DECISION), steps_on(DECISION, *here))
    same(player.replay(STTTT, "incoming", DECISION), steps_on(DECISION, *there))
    assert player.journal_holds()
