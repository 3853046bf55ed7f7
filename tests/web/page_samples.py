"""What each page is shown with in tests and in the gallery: invented names, the day 15/12/2020."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from forms.page import (
    FieldView,
    FormView,
    GroupView,
    NoteView,
    OptionView,
    PartView,
    RowsView,
    RowView,
)
from web.svg import render_diagram

SAMPLE = (Path(__file__).parent / "sample.bpmn").read_bytes()


def field(
    kind: str, name: str, label: str, *, optional: bool = False, error: str = "", **more: Any
) -> FieldView:
    return FieldView(
        name,
        f"f-{name.replace('.', '-')}",
        kind,
        label,
        required=not optional,
        errors=(error,) if error else (),
        **more,
    )


def options(*labels: str, chosen: int = 0) -> tuple[OptionView, ...]:
    return tuple(OptionView(str(i), text, i == chosen) for i, text in enumerate(labels))


def form(*parts: PartView, errors: tuple[tuple[str, str], ...] = ()) -> FormView:
    return FormView("sample", "", parts, errors)


def svg(done: set[str] = frozenset(), active: set[str] = frozenset(), **more: Any) -> Markup:  # type: ignore[assignment]
    return render_diagram(SAMPLE, frozenset(done), frozenset(active), **more)


def shell(
    current: str = "Hộp việc",
    *,
    who: str = "Nguyễn An",
    position: str = "Chuyên viên, P. CNTT",
    **more: Any,
) -> dict[str, Any]:
    names = [
        ("Hộp việc", "inbox"),
        ("Văn bản đến", "mail"),
        ("Văn bản đi", "send"),
        ("Hồ sơ", "folder"),
        ("Sổ đăng ký", "book"),
        ("Quy trình", "workflow"),
        ("Vận hành", "activity"),
    ]
    links = (
        "home",
        "search",
        "preferences",
        "acting",
        "password",
        "logout",
        "notices",
        "help",
        "incident",
        "access",
    )
    return {
        "language": "vi", "theme": "light", "demo": False, "here": "/", "query": "", "longest_query": 200, "notices": 3,
        "agency": {"name": "Sở Thông tin và Truyền thông", "parent": "UBND tỉnh Thái Nguyên"},
        "officer": {"name": who, "position": position},
        "acting": [{"id": "1", "label": "Chuyên viên, Phòng CNTT", "current": True}, {"id": "2", "label": "Phó Trưởng phòng (kiêm nhiệm)", "current": False}],
        "nav": [{"label": n, "href": f"/{i}", "icon": i, "current": n == current} for n, i in names],
        "messages": [], "hotline": "1900 0000", "version": "1.0.0",
        "links": {name: f"/{name}" for name in links}, **more,
    }  # fmt: skip


def due(text: str, state: str = "ok") -> dict[str, str]:
    return {"text": text, "state": state}


def page(text: str) -> dict[str, Any]:
    return {"text": text, "older": "?before=1", "newer": None}


def row(
    reference: str,
    urgency: str,
    left: dict[str, str],
    subject: str,
    sender: str,
    step: str,
    verdict: str,
    files: int,
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": reference, "href": f"/work-items/{reference}", "reference": reference, "urgency": urgency, "due": left,
        "subject": subject, "from_name": sender, "step": step, "verdict": verdict, "files": files,
        "unread": False, "selected": False, "acting_for": None, "chosen_with": True, **more,
    }  # fmt: skip


def baskets() -> list[dict[str, Any]]:
    groups = [
        (
            "Việc của tôi",
            [
                ("Chờ tôi xử lý", "inbox", 23),
                ("Quá hạn", "late", 2),
                ("Đến hạn hôm nay", "sun", 4),
                ("Chờ tiếp nhận", "mail", 5),
                ("Tôi phối hợp", "users", 8),
                ("Bị trả lại", "undo", 1),
                ("Để biết", "eye", 14),
            ],
        ),
        (
            "Văn bản đi",
            [
                ("Dự thảo của tôi", "file-pen", 3),
                ("Đã trình, chờ ký", "pen-line", 2),
                ("Đang phát hành", "send", 1),
            ],
        ),
        (
            "Tôi đã giao, đang theo dõi",
            [("Đang thực hiện", "activity", 6), ("Hoàn thành tuần này", "done", 11)],
        ),
        (
            "Rổ đã lưu",
            [("Khẩn từ UBND tỉnh", "bookmark", 3), ("Liên thông, hồ sơ 04.CNTT", "bookmark", 7)],
        ),
        ("Xử lý thay", [("Lê Chi, đến 18/12", "user-check", 2)]),
    ]
    return [
        {"title": title, "entries": [{"label": label, "href": f"/inbox?basket={n}", "icon": icon, "count": count, "late": label == "Quá hạn", "current": label == "Chờ tôi xử lý"} for n, (label, icon, count) in enumerate(entries)]}
        for title, entries in groups
    ]  # fmt: skip


def rows() -> list[dict[str, Any]]:
    late = [
        row(
            "2934/STC-HCSN",
            "very_urgent",
            due("Quá 1 ngày 3 giờ", "late"),
            "Về việc đề nghị báo cáo kinh phí duy trì hoạt động của hệ thống QLVBĐH liên thông năm 2021",
            "Sở Tài chính",
            "Soạn trả lời",
            "valid",
            3,
        ),
        row(
            "118/TB-VP",
            "normal",
            due("Quá 2 giờ", "late"),
            "Thông báo kết luận của Giám đốc Sở tại cuộc họp giao ban tháng 12",
            "Văn phòng Sở",
            "Cập nhật tiến độ",
            "unsigned",
            1,
        ),
    ]
    today = [
        row(
            "5127/UBND-TH",
            "urgent",
            due("Còn 3 giờ 20 phút", "soon"),
            "Về việc báo cáo kết quả thực hiện Quy chế quản lý, vận hành và sử dụng hệ thống QLVBĐH liên thông năm 2020",
            "UBND tỉnh",
            "Soạn trả lời",
            "valid",
            2,
            selected=True,
        ),
        row(
            "77/GM-UBND",
            "express",
            due("Còn 4 giờ", "soon"),
            "Giấy mời họp khắc phục sự cố Trục liên thông văn bản điện tử của tỉnh",
            "UBND tỉnh",
            "Chuẩn bị tài liệu",
            "valid",
            1,
            unread=True,
        ),
        row(
            "1460/SNV-CCHC",
            "normal",
            due("Còn 5 giờ 30 phút", "soon"),
            "Phối hợp đánh giá kết quả thực hiện Quy chế để xem xét thi đua, khen thưởng",
            "Sở Nội vụ",
            "Cho ý kiến phối hợp",
            "undetermined",
            4,
        ),
        row(
            "863/UBND-VP",
            "normal",
            due("Còn 6 giờ", "soon"),
            "Đề nghị cấp lại tài khoản và mật khẩu cho 12 cán bộ, công chức cấp xã",
            "UBND TP. Sông Công",
            "Giải quyết",
            "valid",
            2,
            unread=True,
        ),
    ]
    soon = [
        row(
            "4410/BTTTT-CĐS",
            "normal",
            due("Còn 1 ngày 2 giờ"),
            "Hướng dẫn kết nối, liên thông hệ thống quản lý văn bản qua Trục liên thông quốc gia",
            "Bộ TT&TT",
            "Soạn kế hoạch",
            "valid",
            5,
        ),
        row(
            "2211/STP-XDVB",
            "normal",
            due("Còn 2 ngày"),
            "Góp ý dự thảo Quyết định sửa đổi, bổ sung một số điều của Quy chế",
            "Sở Tư pháp",
            "Góp ý dự thảo",
            "valid",
            2,
            acting_for="Lê Chi",
        ),
    ]
    return [
        {"label": "Quá hạn", "count": 2, "late": True, "items": late},
        {"label": "Hôm nay, thứ Ba 15/12", "count": 4, "late": False, "items": today},
        {"label": "Trong 3 ngày làm việc", "count": 7, "late": False, "items": soon},
    ]


def inbox(**more: Any) -> dict[str, Any]:
    return {
        "title": "Chờ tôi xử lý", "count_text": "23 văn bản", "opened": False, "baskets": baskets(),
        "chips": [{"text": "Vai trò: chủ trì", "remove_href": "/inbox"}], "sort_text": "Thời gian làm việc còn lại",
        "filter_href": "/inbox?filter", "save_href": "/inbox?save", "groups": rows(), "page": page("1 đến 8 trong 23"),
        "empty": {"title": "Không còn việc chờ xử lý", "text": "Việc mới sẽ hiện ở đây. 5 văn bản chờ tiếp nhận.", "href": "/inbox?basket=3", "label": "Mở rổ chờ tiếp nhận"},
        "bulk": {"action": "/inbox/bulk", "buttons": [{"value": "forward", "label": "Chuyển…"}]}, **more,
    }  # fmt: skip


def item(**more: Any) -> dict[str, Any]:
    return {
        "reference": "5127/UBND-TH", "urgency": "urgent", "secrecy": None,
        "subject": "Về việc báo cáo kết quả thực hiện Quy chế quản lý, vận hành và sử dụng hệ thống phần mềm QLVBĐH liên thông năm 2020",
        "facts": "UBND tỉnh Thái Nguyên · Công văn ngày 11 tháng 12 năm 2020 · Đến ngày 14/12 qua Trục liên thông",
        "due": due("Còn 3 giờ 20 phút làm việc, hạn 16 giờ 30 hôm nay", "soon"), "arrival_text": "Số đến 1846",
        "signatures": [{"verdict": "valid", "text": "2 chữ ký hợp lệ"}], "full_href": "/documents/1", "list_href": "/inbox",
        "pdf": {"href": "/files/sample.pdf", "title": "5127/UBND-TH"}, "files": [],
        "crumbs": [{"label": "Hộp việc", "href": "/inbox"}, {"label": "5127/UBND-TH", "href": ""}], **more,
    }  # fmt: skip


def task(**more: Any) -> dict[str, Any]:
    files = (("u1", "BC-QLVBDH-2020_v3.docx"), ("u2", "So-lieu-ky-so-T12.xlsx"))
    return {
        "title": "Soạn báo cáo trả lời UBND tỉnh", "step_text": "Bước 5/10 · Giải quyết, soạn trả lời", "action": "/work-items/1", "version": 3, "form_version": "c0ffee", "uploads": [], "next": "/inbox", "warnings": [], "desk": None, "keep_action": "/work-items/1/unsent", "kept": "Bản nháp lưu hôm nay, 10 giờ 45",
        "quotes": [{"who": "Phạm Dung", "role": "Giám đốc", "files": [{"name": "Số liệu.pdf", "href": "#"}], "when": "14/12, 15 giờ 05", "text": "Đ/c An chủ trì, lấy số liệu ký số từ Trung tâm CNTT&TT. Trình tôi trước 16 giờ 30 ngày 15/12."}],
        "form": form(
            field("select", "progress", "Tiến độ", options=options("60%: đã có số liệu, đang viết mục 2")),
            field("textarea", "opinion", "Ý kiến giải quyết", value="Tỷ lệ văn bản ký số toàn tỉnh đạt 96,4%; 3 đơn vị chưa đạt. Đề xuất bổ sung phụ lục."),
            field("file", "draft", "Dự thảo và tệp kèm theo", multiple=True, files=files),
            field("select", "dossier", "Hồ sơ công việc", options=options("04.CNTT · Vận hành hệ thống QLVBĐH 2020")),
        ),
        "buttons": [
            {"name": "result", "value": "submitted", "label": "Trình Trưởng phòng và mở văn bản tiếp", "kind": "primary", "icon": "", "action": "", "says": ""},
            {"name": "result", "value": "keep", "label": "Lưu nháp", "kind": "", "icon": "", "action": "/work-items/1/unsent", "says": ""},
            {"name": "result", "value": "forward", "label": "Chuyển", "kind": "", "icon": "", "action": "", "says": ""},
            {"name": "result", "value": "return", "label": "Trả lại…", "kind": "", "icon": "", "action": "", "says": ""},
        ], **more,
    }  # fmt: skip


def directive() -> dict[str, Any]:
    def cells(n: int, unit: str, role: int, day: str) -> RowView:
        wrong = "Nhập ngày có thật, ví dụ 16/12/2020" if day == "31/02/2020" else ""
        return RowView(n, (
            field("select", f"rows.{n}.unit", "Đơn vị, cá nhân", options=options(unit)),
            field("select", f"rows.{n}.role", "Vai trò", options=options("Chủ trì", "Phối hợp", "Để biết", chosen=role)),
            field("date", f"rows.{n}.due", "Hạn", value=day, optional=True, error=wrong, input_mode="numeric"),
        ), f"remove:rows.{n}")  # fmt: skip

    rows = (
        cells(0, "Phòng Công nghệ thông tin", 0, "16/12/2020"),
        cells(1, "Trung tâm CNTT&TT", 1, "31/02/2020"),
    )
    return task(
        desk={"bridge": "wss://127.0.0.1:8987", "begin": "/work-items/1/signing", "session": "", "words": {"waiting": "Đang chờ ký trên thiết bị…"}},
        title="Phiếu giải quyết văn bản đến", step_text="Bước 3/10 · Cho ý kiến phân phối", quotes=[],
        warnings=[{"tone": "warn", "text": "Phòng Bưu chính, Viễn thông có 2 người nghỉ phép tuần này."}],
        form=form(
            NoteView("t", "text", "# Cho ý kiến chỉ đạo (bút phê)"),
            field("radio", "outcome", "Ý kiến", options=(OptionView("direct", "Giao việc", True), OptionView("return", "Trả lại Văn thư", False))),
            field("textarea", "reason", "Lý do trả lại", hide='=outcome != "return"', hidden=True, max_length=1000),
            RowsView("rows", "f-rows", "Giao việc", rows, "add:rows", hide='=outcome = "return"'),
            field("textarea", "text", "Nội dung chỉ đạo", optional=True, hint="Viết như bút phê trên giấy."),
            field("checklist", "notify", "Nhắc", options=options("Nhắc trước hạn 4 giờ làm việc", "Nhắc khi quá hạn"), optional=True),
            field("checkbox", "sign", "Ký số phiếu giải quyết", checked=True, optional=True),
            errors=(("f-rows-1-due", "Hạn của Trung tâm CNTT&TT: nhập ngày có thật, ví dụ 16/12/2020"),),
        ),
        buttons=[
            {"name": "act", "value": "send", "label": "Giao việc, mở văn bản tiếp", "kind": "primary", "icon": "", "action": "", "says": ""},
            {"name": "act", "value": "keep", "label": "Lưu nháp", "kind": "", "icon": "", "action": "/work-items/1/unsent", "says": ""},
            {"name": "act", "value": "back", "label": "Trả lại Văn thư…", "kind": "danger", "icon": "undo", "action": "", "says": ""},
        ],
    )  # fmt: skip


DONE = {"start", "receive", "valid", "register", "direct", "assign"}
FLOWS = frozenset({"f1", "f2", "f3", "f5", "f6", "f7"})
HISTORY = [
    {
        "who": "Nguyễn An",
        "text": "lưu dự thảo bản 3",
        "when": "hôm nay, 10 giờ 02",
        "at": "2020-12-15T10:02",
        "state": "now",
    },
    {
        "who": "Phạm Dung",
        "text": "trả lại: thiếu phụ lục",
        "when": "9 giờ 12",
        "at": "2020-12-15T09:12",
        "state": "bad",
    },
    {
        "who": "Phạm Dung",
        "text": "phân công trong phòng",
        "when": "14/12, 15 giờ 05",
        "at": "2020-12-14T15:05",
        "state": "",
    },
    {
        "who": "Lê Chi",
        "text": "đăng ký số đến 1846",
        "when": "14/12, 8 giờ 16",
        "at": "2020-12-14T08:16",
        "state": "",
    },
]


def document() -> dict[str, Any]:
    steps = [
        ("Tiếp nhận, kiểm tra xác thực", "done", "Lê Chi"),
        ("Đăng ký số đến", "done", "Lê Chi"),
        ("Cho ý kiến phân phối", "done", "Hoàng Giang"),
        ("Giải quyết, soạn trả lời", "now", "Nguyễn An"),
        ("Duyệt nội dung", "", ""),
    ]
    facts = [
        ("Cơ quan gửi", "UBND tỉnh Thái Nguyên"),
        ("Loại", "Công văn"),
        ("Ngày văn bản", "ngày 11 tháng 12 năm 2020"),
        ("Số đến, ngày đến", "1846, 14/12/2020"),
        ("Nguồn", "Trục liên thông của tỉnh"),
        ("Hạn trả lời", "25/12/2020"),
    ]
    return {
        "crumbs": [{"label": "Văn bản đến", "href": "/incoming"}, {"label": "Sổ văn bản đến 2020", "href": "/registers/1"}, {"label": "Số đến 1846", "href": ""}],
        "subject": item()["subject"], "reference": "5127/UBND-TH", "urgency": "urgent", "secrecy": None, "status_text": "Đang ở: Soạn trả lời, Nguyễn An",
        "due": due("Còn 3 giờ 20 phút làm việc", "soon"), "verdicts": [{"verdict": "valid", "text": "2 chữ ký hợp lệ"}, {"verdict": "undetermined", "text": "1 chữ ký chưa xác định"}],
        "step_href": "/work-items/1", "replay_href": "/replay/1", "run_href": "/runs/1", "opinion_href": "/documents/1/opinion", "reply_href": "/outgoing/new?reply=1", "copy_href": "/incoming/1/copy", "check_action": "/files/1/check", "acts": [{"label": "Lấy lại, thu hồi", "href": "/outgoing/1/recall", "icon": "undo"}],
        "files": [{"label": "Văn bản", "href": "#", "current": True}, {"label": "Phụ lục I", "href": "#", "current": False}, {"label": "Dự thảo trả lời (bản 3)", "href": "#", "current": False}],
        "pdf": {"href": "/files/sample.pdf", "title": "5127/UBND-TH"}, "download": {"href": "/files/sample.pdf", "text": "Tải tệp đã ký, PDF, 412 KB"}, "warnings": [],
        "diagram": {"svg": svg(DONE, {"solve"}, flows=FLOWS, compact=True), "title": "Xử lý văn bản đến", "version_text": "bản 7", "steps": [{"name": n, "state": s, "who": w} for n, s, w in steps]},
        "opinions": [
            {"who": "Hoàng Giang", "role": "Phó Giám đốc", "when": "14/12, 10 giờ 12", "text": "P. CNTT chủ trì, Trung tâm CNTT&TT phối hợp số liệu. Xong trước 17/12.", "directive": True, "files": []},
            {"who": "Đỗ Khánh", "role": "Trung tâm CNTT&TT", "when": "hôm nay, 9 giờ 40", "text": "Đã gửi số liệu ký số đến hết tháng 11: 96,4%.", "directive": False, "files": []},
        ], "opinions_text": "2 ý kiến",
        "assignments": [{"role_text": "Chủ trì", "tone": "act", "who": "Phòng Công nghệ thông tin", "due": due("Còn 1 ngày"), "progress": "60%"}, {"role_text": "Phối hợp", "tone": "", "who": "Trung tâm CNTT&TT", "due": due("Còn 3 giờ", "soon"), "progress": "Xong"}],
        "history": HISTORY, "related": [{"kind": "Căn cứ", "label": "188/2018/QĐ-UBND, Quy chế QLVBĐH liên thông", "href": "#"}],
        "signatures": [
            {"verdict": "valid", "who": "Trần Bình, Phó Chủ tịch", "text": "Ký lúc 16 giờ 41 ngày 11/12/2020. Nội dung không đổi từ khi ký. Chứng thư do Ban Cơ yếu Chính phủ cấp, còn hạn khi ký.", "step": "", "facts": [{"label": "Mức chữ ký", "value": "PAdES B-LT", "href": None}, {"label": "Thời điểm được chứng minh", "value": "11/12/2020 16:41:00 +07:00, TSA Ban Cơ yếu", "href": None}]},
            {"verdict": "undetermined", "who": "Phụ lục I", "text": "Chưa lấy được danh sách thu hồi. Hệ thống tự thử lại lúc 14 giờ 00.", "step": "Báo quản trị cập nhật danh sách thu hồi rồi kiểm tra lại.", "facts": []},
        ],
        "checks": {
            "downloads": [{"label": "Báo cáo JSON", "href": "#json"}, {"label": "Báo cáo ETSI (XML)", "href": "#xml"}],
            "history": [{"text": "Hợp lệ", "when": "14/12/2020 08:30:00", "at": "2020-12-14T01:30:00+00:00", "href": "#check"}],
        },
        "statuses": [{"agency": "Sở Nội vụ", "code_text": "03 Đã tiếp nhận", "when": "14/12, 8 giờ 30"}],
        "sendings": [{"text": "Văn bản gửi H55.04", "state_text": "Không gửi được", "tone": "bad", "count_text": "12 lần gửi", "receipt_text": "Bên nhận đã ký biên nhận: Sở Nội vụ", "evidence_href": "#", "attempts": [{"when": "14/12, 8 giờ 30", "took": "10,0 giây", "address": "http://127.0.0.1:8080/axis → H55.04", "text": "Không gửi được, đã thôi: Chưa kết nối được trục liên thông (axis-unreachable)"}]}],
        "failures": [{"text": "Không gửi được tới Sở Nội vụ: chưa kết nối được trục liên thông.", "action": "#"}],
        "facts": [{"label": a, "value": b, "href": None} for a, b in facts] + [{"label": "Hồ sơ", "value": "04.CNTT", "href": "/dossiers/1"}], "facts_text": "Đủ 18/18 trường",
    }  # fmt: skip


def register(kind: str = "incoming") -> dict[str, Any]:
    def entry(
        number: int,
        author: str,
        reference: str,
        urgency: str,
        subject: str,
        receiver: str,
        *,
        waiting: bool = False,
        note: str = "",
        tone: str = "",
    ) -> dict[str, Any]:
        return {"arrived_on": "15/12/2020", "arrival_number": str(number), "author": author, "reference": reference, "href": "/documents/1", "dated": "14/12/2020", "urgency": urgency, "subject": subject, "receiver": receiver,
                "passed_on": "" if waiting else "15/12/2020", "signed_for": "Chờ chuyển" if waiting else "Đã nhận", "signed_tone": "warn" if waiting else "", "note": note, "note_tone": tone, "channel": "Liên thông", "channel_icon": "network", "cancelled": False,
                "signatory": "Hoàng Giang, Phó Giám đốc", "recipients": "UBND tỉnh; Sở Nội vụ", "keeper": "Văn thư", "copies": "2"}  # fmt: skip

    entries = [
        entry(
            1852,
            "UBND tỉnh",
            "77/GM-UBND",
            "express",
            "Giấy mời họp khắc phục sự cố Trục liên thông văn bản điện tử của tỉnh",
            "P. CNTT",
        ),
        entry(
            1851,
            "Sở Tư pháp",
            "2211/STP-XDVB",
            "normal",
            "Công văn về việc góp ý dự thảo Quyết định sửa đổi, bổ sung một số điều của Quy chế",
            "P. CNTT",
        ),
        entry(
            1850,
            "UBND TP. Sông Công",
            "863/UBND-VP",
            "normal",
            "Công văn đề nghị cấp lại tài khoản, mật khẩu cho 12 cán bộ, công chức cấp xã",
            "Trung tâm CNTT&TT",
        ),
        entry(
            1849,
            "Sở Nội vụ",
            "1460/SNV-CCHC",
            "normal",
            "Công văn phối hợp đánh giá kết quả thực hiện Quy chế để xem xét thi đua, khen thưởng",
            "P. CNTT",
            note="Chữ ký chưa xác định",
            tone="undet",
        ),
        entry(
            1848,
            "Doanh nghiệp A",
            "02/CV-2020",
            "normal",
            "Đơn kiến nghị về cung cấp dịch vụ viễn thông tại khu công nghiệp",
            "P. BCVT",
            waiting=True,
            note="Đã số hóa, 3 trang",
        ),
    ]
    name = "đến" if kind == "incoming" else "đi"
    return {
        "kind": kind, "title": f"Sổ đăng ký văn bản {name} năm 2020", "summary": "Quyển số 04, từ số 1501. Số kế tiếp: 1853. Không có số bị bỏ trống từ 1 đến 1852.", "book_title": f"SỔ ĐĂNG KÝ VĂN BẢN {name.upper()}",
        "period_text": "Từ ngày 14 tháng 12 năm 2020 đến ngày 15 tháng 12 năm 2020. Từ số 1841 đến số 1852. Quyển số 04", "agency_parent": "UBND tỉnh Thái Nguyên", "agency_name": "Sở Thông tin và Truyền thông",
        "export_href": "/registers/1.xlsx", "new": {"href": "/incoming/new", "label": "Đăng ký văn bản đến"}, "tabs": [{"label": "Sổ văn bản đến", "href": "#", "current": True}, {"label": "Sổ văn bản đi", "href": "#", "current": False}],
        "filter_action": "#", "filters": form(field("date", "from", "Từ ngày", value="14/12/2020"), field("date", "to", "Đến ngày", value="15/12/2020"), field("select", "channel", "Nguồn", options=options("Tất cả nguồn")), field("text", "text", "Trích yếu, số, tác giả")),
        "days": [{"label": "Thứ Ba, ngày 15 tháng 12 năm 2020 (6 văn bản)", "entries": entries}, {"label": "Thứ Hai, ngày 14 tháng 12 năm 2020 (6 văn bản)", "entries": entries[2:]}], "page": page("1841 đến 1852 trong 1.852 văn bản"), "closing": None,
    }  # fmt: skip


def documents(kind: str) -> dict[str, Any]:
    one = {
        "reference": "5127/UBND-TH",
        "href": "/documents/1",
        "urgency": "urgent",
        "subject": item()["subject"],
        "party": "UBND tỉnh",
        "dated": "11/12/2020",
        "number_text": "1846",
        "status_text": "Đang xử lý",
        "status_tone": "act",
        "who": "Nguyễn An",
        "due": due("Còn 3 giờ 20 phút", "soon"),
        "verdict": "valid" if kind == "outgoing" else None,
    }
    return {
        "title": "Văn bản đến" if kind == "incoming" else "Văn bản đi", "summary": "214 văn bản đang xử lý", "kind": kind, "tabs": [{"label": "Đang xử lý", "href": "#", "current": True}, {"label": "Đã xong", "href": "#", "current": False}],
        "filter_action": "#", "filters": form(field("text", "text", "Trích yếu, số, ký hiệu")), "rows": [one, {**one, "reference": "77/GM-UBND", "urgency": "express", "verdict": "undetermined" if kind == "outgoing" else None, "due": None}], "page": page("1 đến 2 trong 214"),
        "new": {"href": "/new", "label": "Soạn văn bản"}, "empty": {"title": "Chưa có văn bản", "text": "Đổi điều kiện lọc."},
    }  # fmt: skip


def process() -> dict[str, Any]:
    words = [{"value": "solve", "label": "Giải quyết"}, {"value": "approve", "label": "Duyệt"}]
    return {
        "key": "incoming_sample", "name": "Xử lý văn bản đến", "origin_text": "QT-01 · Sở TT&TT · kế thừa mẫu tỉnh bản 5", "draft_text": "bản 7", "in_use_text": "Đang dùng: bản 7, 41 hồ sơ", "xml_href": "/sample.bpmn", "etag": "abc",
        "tables_href": "/process/x/tables/lint", "lint_href": "/processes/incoming/lint", "editable": True, "svg": svg(bad=frozenset({"receive"})),
        "tabs": [{"label": "bản 7", "href": "#", "current": True}, {"label": "bản 6", "href": "#", "current": False}], "vocabulary": {"verbs": words, "forms": [], "roles": [{"value": "clerk", "label": "Văn thư"}], "statuses": [], "priorities": []},
        "publish": {"action": "/processes/incoming/publish", "intro": "41 hồ sơ đang chạy ở bản 7; bản 8 áp dụng cho hồ sơ mới.", "form": form(field("textarea", "reason", "Lý do và căn cứ thay đổi"), field("checklist", "pilot_units", "Áp dụng thử cho đơn vị", optional=True, options=options("Văn phòng Sở", "Phòng Công nghệ thông tin"))), "submit": "Công bố bản 8", "rehearse": "#"}, "runs_href": "/procedures/incoming/runs", "master_href": "/procedures/incoming/master", "trial_text": "Áp dụng thử: bản 8",
    }  # fmt: skip


FINDINGS = [
    {
        "severity": "error",
        "element": "receive",
        "element_name": "Tiếp nhận",
        "text": "Chưa bắt buộc kiểm tra nguồn gốc nơi gửi, sự toàn vẹn.",
        "citation": "Khoản 1 Điều 7",
        "path": (),
        "path_text": "",
        "is_shown": False,
    },
    {
        "severity": "error",
        "element": "issue",
        "element_name": "Phát hành",
        "text": "Văn bản có thể phát hành khi chưa có chữ ký số của cơ quan.",
        "citation": "Khoản 5 Điều 3; khoản 3 Điều 5",
        "path": ("receive", "register"),
        "path_text": "Tiếp nhận → Phát hành",
        "is_shown": True,
    },
    {
        "severity": "warning",
        "element": "solve",
        "element_name": "Soạn trả lời",
        "text": "Chưa có nhánh xử lý khi quá hạn báo lên lãnh đạo.",
        "citation": "Khoản 3 Điều 9",
        "path": (),
        "path_text": "",
        "is_shown": False,
    },
]


def replay() -> dict[str, Any]:
    texts = [
        "Trục liên thông nhận văn bản",
        "Kiểm tra chữ ký: 2 hợp lệ, 1 chưa xác định",
        "Tiếp nhận, kiểm tra xác thực",
        "Đăng ký, số đến 1846",
        "Mở xem văn bản",
        "Bút phê, giao P. CNTT chủ trì",
        "Phân công Nguyễn An chủ trì",
        "Xác nhận đã nhận",
        "Lưu dự thảo bản 3, trình duyệt",
        "Duyệt nội dung: trả lại, thiếu phụ lục",
        "Trình lại dự thảo bản 4",
        "Duyệt nội dung: đạt",
        "Ký số",
        "Cấp số 412/BC-STTTT",
    ]
    events = [
        {
            "number": n,
            "href": f"?at={n}",
            "text": t,
            "who": "Vũ Hà, thay Phạm Dung",
            "when": "15/12, 15:10:02",
            "hash": "sha256 e94d 2c58 a3f7…",
            "later": n > 12,
            "current": n == 12,
        }
        for n, t in enumerate(texts, 1)
    ]
    return {
        "title": "Phát lại: 5127/UBND-TH, số đến 1846", "subtitle": "Sở Thông tin và Truyền thông · Xử lý văn bản đến, bản 7 · hồ sơ 04.CNTT", "run_href": None, "chain": {"ok": True, "text": "Chuỗi băm khớp 14/14 sự kiện"}, "again": {"ok": True, "text": "Thực hiện lại khớp 14/14"}, "alerts": ["1 điểm cần xem: duyệt thay"], "export_href": "/replay/1/bundle",
        "at": 12, "total": 14, "moment_text": "15 giờ 10 phút 02 giây, ngày 15/12/2020", "first_text": "14/12, 07:58", "last_text": "15/12, 16:20", "legend": "Vạch đỏ: bị trả lại (10) · Vạch đậm: đang xem (12)", "action": "/replay/1",
        "svg": svg(DONE | {"solve"}, {"approve"}, flows=FLOWS | {"f8", "f9", "f11"}, counts={"receive": "3", "register": "4", "direct": "6", "assign": "7", "solve": "11", "approve": "12"}),
        "ticks": [{"number": n, "bad": n == 10} for n in range(1, 15)], "events": events[::-1], "filters": [{"label": "Tất cả", "href": "#", "current": True}, {"label": "Chuyển bước", "href": "#", "current": False}, {"label": "Xem", "href": "#", "current": False}],
        "moments": [
            {"title": "Ai, với quyền gì", "facts": [{"label": "Người làm", "value": "Vũ Hà, Phó Trưởng phòng", "href": None}, {"label": "Làm thay", "value": "Phạm Dung (ủy quyền 15/12)", "href": "#"}]},
            {"title": "Văn bản lúc đó", "facts": [{"label": "Bản", "value": "Dự thảo bản 4, 6 trang", "href": None}, {"label": "Băm tệp", "value": "71d0 c2e9 38fa 06b5…", "href": None}]},
            {"title": "Quy tắc lúc đó", "facts": [{"label": "Quy trình", "value": "bản 7, hiệu lực 01/10/2020", "href": None}, {"label": "Căn cứ", "value": "khoản 5 Điều 9 Quy chế", "href": None}]},
        ], "anchor": {"text": "gốc cây 15/12, 12:00 · 3fd8 a07c 91be 5e24 c6f0…", "ok": True, "ok_text": "khớp"},
    }  # fmt: skip


def operator() -> dict[str, Any]:
    def queue(name: str, waiting: int, tone: str, text: str) -> dict[str, Any]:
        return {"name": name, "waiting": waiting, "running": 2, "failed": 0, "oldest": "20 giây",
                "trend": [1, 2, 1, 4, 8, 9, 12, 10], "state_text": text, "state_tone": tone}  # fmt: skip

    return {
        "title": "Vận hành", "updated_text": "Cập nhật 10 giờ 15 phút 20 giây", "notes": [{"tone": "warn", "text": "Trục liên thông của tỉnh chậm từ 09 giờ 52. 31 văn bản đang chờ gửi lại, không mất văn bản nào."}], "axis_href": "/operator/axis", "acts": [{"label": "Chạy chẩn đoán", "action": "/doctor", "icon": "activity", "kind": ""}],
        "services": [{"name": "Trang web", "state": "", "state_text": "hoạt động", "text": "p95 84 ms"}, {"name": "Cơ sở dữ liệu", "state": "", "state_text": "hoạt động", "text": "sao chép trễ 0,3 giây"}, {"name": "Trục tỉnh", "state": "warn", "state_text": "chậm", "text": "31 việc thử lại"}, {"name": "Nhật ký", "state": "", "state_text": "chuỗi băm khớp", "text": "neo lúc 06:00"}],
        "queues": [queue("Gửi qua Trục tỉnh", 38, "warn", "Chậm: Trục trả lời mã 20"), queue("Nhận từ Trục tỉnh", 3, "ok", "Bình thường"), queue("Kiểm tra chữ ký", 1, "ok", "Bình thường")],
        "backups": [{"agency": "Sở Tài chính", "last": "22:10 hôm qua", "age_text": "12 giờ, đạt", "age_tone": "ok", "restore_text": "13/12, đủ 100%", "restore_tone": ""}, {"agency": "UBND huyện Phú Lương", "last": "22:40, 11/12", "age_text": "3 ngày 12 giờ, quá 72 giờ", "age_tone": "bad", "restore_text": "29/11, lệch 2 tệp", "restore_tone": "bad"}],
        "incidents": [{"message": "Trục trả lời mã 20 khi gửi", "step": "Phát hành qua Trục tỉnh", "count": 31, "since": "09:52", "state_text": "Thử lại tự động lúc 10:20, lần 4/8", "state_tone": "warn", "retry_action": "/retry", "retry_label": "Thử lại 31", "href": "#"}], "incidents_text": "1 nhóm, 31 hồ sơ",
    }  # fmt: skip


def axis_row() -> dict[str, Any]:
    return {"reference": "215/STTTT-VP", "subject": "V/v góp ý quy chế liên thông văn bản", "way": "Sở Thông tin và Truyền thông → Sở Tài chính", "codes": "H55.07 → H55.08", "since": "hôm nay, 8 giờ 05", "state_text": "chờ bên nhận", "state_tone": "warn", "why": "Chưa kết nối được trục cấp trên"}  # fmt: skip


def axis() -> dict[str, Any]:
    queue = {"system": "stc", "agencies": "H55.08 Sở Tài chính", "waiting": 12, "oldest": "hôm qua, 15 giờ 20", "asked": "hôm qua, 15 giờ 18", "state_text": "im lặng", "state_tone": "bad"}  # fmt: skip
    return {
        "title": "Trục liên thông", "updated_text": "Cập nhật 10 giờ 15 phút 20 giây", "back": "/operator",
        "log": {"text": "12.034 mục trong chuỗi, 3 mục chờ", "state_text": "chưa đóng dấu thời gian", "state_tone": "warn"},
        "queues": [queue], "stuck": [axis_row() | {"href": "/operator/axis/1"}], "rest": "100 trong 135 gói tin: gói lỗi trước, gói chờ lâu nhất trước",
    }  # fmt: skip


def axis_packet() -> dict[str, Any]:
    return axis_row() | {
        "title": "Gói tin 215/STTTT-VP", "facts": [{"label": "Nơi gửi", "value": "H55.07 (stttt)", "href": None}, {"label": "SHA-256", "value": "a1" * 32, "href": None}], "error": "Hãy nêu lý do mở nội dung",
        "log": [{"at": "15/12/2020 08:05:00", "what": "trục tiếp nhận", "who": "stttt", "note": "đồng hồ bên gọi sai hoặc không đổi"}],
        "resend_action": "/operator/axis/1/resend", "open_action": "/operator/axis/1/content", "back": "/operator/axis",
    }  # fmt: skip


def trust() -> dict[str, Any]:
    certificate = {
        "subject": "CA chuyên dùng Chính phủ",
        "issuer": "CA gốc",
        "serial": "54f2a9",
        "fingerprint": "A1B2 C3D4 E5F6 0718",
        "term": "01/01/2024 – 01/01/2034",
    }
    reason = field("textarea", "reason", "Lý do và căn cứ")
    upload = field("file", "file", "Chứng thư số")
    listed = {
        "url": "http://crl.example.vn/issuing.crl",
        "issuer": "CA chuyên dùng Chính phủ",
        "made": "15/12/2020 06:00:00",
        "next": "16/12/2020 06:00:00",
        "state_text": "còn hạn, chưa cập nhật được",
        "tone": "warn",
        "problem": "Không lấy được dữ liệu",
    }
    return {
        "title": "Danh sách tin cậy và chính sách kiểm tra chữ ký số", "version_text": "Bản đang áp dụng: 7", "action": "/trust",
        "anchors": [{**certificate, "name": "CA chuyên dùng Chính phủ", "role": "chữ ký", "trusted_text": "01/01/2024 – 01/01/2034", "state_text": "đang tin cậy", "tone": "ok", "policies": "1.2.704", "added": "Nguyễn Văn A, 01/02/2026", "reason": "Công văn 12"}],
        "issuers": [certificate], "lists": [listed], "allowed": ["http://crl.example.vn/"], "networks": ["10.20.0.0/16"],
        "algorithms": [{"what": "SHA1", "from": "01/01/2014", "citation": "NIST SP 800-131A"}], "revocation_text": "Danh sách thu hồi có giá trị đến thời điểm cập nhật ghi trên đó.", "revocation_citation": "ETSI EN 319 102-1",
        "required": [{"kind": "outgoing", "roles": "người có thẩm quyền, cơ quan ban hành", "from": "05/03/2020", "until": "01/01/2030", "citation": "Nghị định 30/2020/NĐ-CP"}],
        "versions": [{"number": "7", "what": "thêm chứng thư số gốc", "who": "Tạ Vinh", "when": "hôm nay, 9 giờ 40", "reason": "Công văn 12"}],
        "read": {**certificate, "encoded": "MIIB", "do": "add_anchor"},
        "forms": [{"do": "add_anchor", "title": "Thêm chứng thư số gốc", "form": form(upload, reason), "error": "Dấu vân tay không khớp.", "opened": True}],
    }  # fmt: skip


def login(**more: Any) -> dict[str, Any]:
    return {
        "username": "an.nguyen",
        "next": "/",
        "action": "/login",
        "errors": [],
        "username_error": "",
        "password_error": "",
        "forgot_href": "/forgot",
        "certificate_href": "/login/certificate",
        "notice": "Bảo trì: 22 giờ 00 ngày 19/12 đến 02 giờ 00 ngày 20/12/2020. Hệ thống vẫn đọc được, không ký và phát hành.",
        "demo_accounts": [],
        **more,
    }


def steering() -> dict[str, tuple[str, dict[str, Any]]]:
    """Acts on runs, proposals, running work: what leaders and administrators work with."""
    leader = shell("Văn bản đến", who="Hoàng Giang", position="Giám đốc")
    admin = shell("Quy trình", who="Mai Quân", position="Quản trị cơ quan")
    reason = field("textarea", "reason", "Lý do", error="Phải ghi lý do.")
    trail = [
        {"label": "Quy trình", "href": "/procedures"},
        {"label": "Xử lý văn bản đến", "href": ""},
    ]
    fact = {"label": "Lý do", "value": "Quy chế mới", "href": None}
    mark = {
        "who": "Hoàng Giang",
        "text": "trả lại bước «Tiếp nhận, kiểm tra» từ bước «Đăng ký»; lý do: thiếu trang 2; đề nghị: Mai Quân; đồng ý: Hoàng Giang",
        "when": "hôm nay, 9 giờ 40",
        "at": "2020-12-15T09:40",
        "state": "steered",
    }
    steps = [
        {
            "name": "Giải quyết",
            "who": "Phòng Công nghệ thông tin",
            "since": "14/12, 8 giờ",
            "due": due("Còn 2 ngày làm việc"),
            "current": True,
            "href": "#",
        },
        {
            "name": "Phối hợp",
            "who": "Lãnh đạo đơn vị, Văn phòng Sở",
            "since": "14/12, 9 giờ",
            "due": due("Quá hạn 1 ngày", "late"),
            "current": False,
            "href": "#",
        },
    ]
    acts = field(
        "radio",
        "act",
        "Việc cần làm",
        options=options(
            "Trả lại bước trước",
            "Chuyển tới bước khác",
            "Giao lại cho người khác",
            "Tạm dừng xử lý",
            "Chấm dứt xử lý",
        ),
    )
    run = {
        "title": "Điều hành hồ sơ",
        "document": "5127/UBND-TH · Báo cáo liên thông văn bản điện tử",
        "href": "/incoming/1",
        "procedure": "Xử lý văn bản đến, bản 7",
        "status_text": "đang xử lý",
        "status_tone": "act",
        "demands": True,
        "steps": steps,
        "action": "#",
        "seq": "7",
        "held_text": "Tạm dừng không làm ngừng hạn xử lý, vì pháp luật về văn thư không cho ngừng tính hạn. Cần hạn khác thì người giao hạn đặt lại hạn (Nghị định 30/2020/NĐ-CP, Điều 24.2).",
        "item": "1",
        "step_name": "Giải quyết",
        "acts": [mark],
        "form": form(
            acts,
            field(
                "select",
                "back",
                "Trả lại bước",
                options=options("Tiếp nhận, kiểm tra", "Đăng ký"),
                hide='=act != "0"',
            ),
            reason,
            errors=(("f-reason", "Phải ghi lý do."),),
        ),
    }
    proposal = {
        "is_seen_first": False,
        "id": "1",
        "what": "Tạm dừng xử lý hồ sơ",
        "about": "5127/UBND-TH · Báo cáo liên thông",
        "href": "/runs/1",
        "href_text": "Xem chi tiết",
        "reason": "Chờ ý kiến của Ủy ban nhân dân tỉnh",
        "who": "Mai Quân",
        "when": "hôm nay, 9 giờ",
        "is_stale": False,
        "decides": True,
        "withdraws": False,
        "action": "#",
        "error": "",
        "typed": "",
    }
    proposals = {
        "title": "Đề nghị chờ quyết định",
        "waiting": [
            proposal,
            proposal
            | {"id": "2", "is_stale": True, "is_seen_first": True, "error": "Phải ghi lý do."},
            proposal | {"id": "3", "decides": False, "withdraws": True},
            proposal | {"id": "4", "is_seen_first": True},
        ],
        "closed": [
            {
                "what": "Bỏ qua bước «Góp ý»",
                "about": "Dự thảo",
                "who": "Mai Quân",
                "status_text": "không đồng ý",
                "tone": "bad",
                "by": "Hoàng Giang",
                "opinion": "Chưa cần",
                "when": "14/12",
            }
        ],
        "settings": {
            "action": "#",
            "form": form(
                field(
                    "checklist",
                    "acts",
                    "Việc cần người thứ hai đồng ý",
                    options=options("Ban hành quy trình", "Điều hành hồ sơ đang xử lý"),
                )
            ),
        },
    }
    drawn = {
        "title": "Công bố bản mới",
        "about": "áp dụng cho toàn cơ quan",
        "reason": "Quy chế mới",
        "who": "Mai Quân",
        "when": "hôm nay",
        "svg": svg(),
        "findings": ["Bước «Phối hợp» chưa có hạn."],
        "back_href": "#",
    }
    line = {
        "text": "sang bản 8",
        "href": "#",
        "status_text": "đã chuyển xong",
        "status_tone": "ok",
        "is_working": False,
        "reason": "Quy chế mới",
        "who": "Mai Quân",
        "when": "hôm nay",
    }
    runs = {
        "title": "Hồ sơ đang chạy: Xử lý văn bản đến",
        "crumbs": trail,
        "migrations": [line],
        "versions": [
            {
                "text": "bản 8",
                "href": "#",
                "state": "đang áp dụng thử",
                "tone": "warn",
                "reason": "Bỏ bước trùng lặp",
                "published": "hôm nay",
                "count": 3,
                "carry_href": "#",
                "carry_text": "Chuyển hồ sơ đang chạy sang bản 8",
            }
        ],
        "trial": {
            "text": "Bản 8 đang áp dụng thử tại: Văn phòng Sở",
            "form": form(field("textarea", "reason", "Lý do")),
            "action": "#",
        },
        "rows": [
            {
                "name": "5127/UBND-TH · Báo cáo liên thông",
                "href": "#",
                "steps": "Giải quyết; Phối hợp",
                "status": "đang xử lý",
                "tone": "",
                "version": "bản 7",
                "since": "14/12",
            }
        ],
    }
    preview = {
        "title": "Chuyển hồ sơ đang chạy sang bản 8",
        "crumbs": trail,
        "counts_text": "40 hồ sơ chuyển được, 1 hồ sơ ở lại bản cũ.",
        "action": "#",
        "empty": False,
        "caution": "Bản 8 không phải bản đang áp dụng.",
        "groups": [
            {
                "standing": "Phối hợp",
                "changes": [],
                "obstacles": [
                    "Bước «Phối hợp» đang chờ không còn trong sơ đồ mới; chọn bước thay thế."
                ],
                "count": 1,
                "documents": [{"name": "5127/UBND-TH", "href": "#"}],
                "more": 0,
            },
            {
                "standing": "Giải quyết",
                "changes": ["«Giải quyết» thành «Xử lý»"],
                "obstacles": [],
                "count": 40,
                "documents": [{"name": "5128/UBND-TH", "href": "#"}],
                "more": 39,
            },
        ],
        "form": form(
            field(
                "select",
                "step.cooperate",
                "Bước «Phối hợp» chuyển thành",
                optional=True,
                options=options("Giải quyết", "Duyệt"),
            ),
            field("textarea", "reason", "Lý do và căn cứ"),
        ),
    }
    carried = {
        "title": "Chuyển hồ sơ đang chạy sang bản 8",
        "one": proposal | {"id": "5", "error": "Phải ghi lý do."},
        "counts_text": preview["counts_text"],
        "groups": preview["groups"],
        "same_text": "",
        "differs": ["1 hồ sơ nay cho kết quả khác lúc đề nghị."],
        "otherwise": preview["groups"][:1],
        "back_href": "#",
    }
    migration = line | {
        "title": "Chuyển hồ sơ sang bản 8",
        "crumbs": trail,
        "facts": [fact],
        "counts": [{"label": "đã chuyển", "count": 40}, {"label": "ở lại bản cũ", "count": 1}],
        "refused": [{"name": "5127/UBND-TH", "href": "#", "why": "Hồ sơ đang tạm dừng."}],
        "form": form(field("textarea", "reason", "Lý do")),
        "action": "#",
    }
    rehearsal = {
        "title": "Diễn tập quy trình",
        "crumbs": trail,
        "intro": "100 hồ sơ gần nhất được xử lý lại trên bản vẽ này; 88 hồ sơ không có gì thay đổi.",
        "error": "",
        "errors": [],
        "is_empty": False,
        "sections": [
            {
                "key": "stuck",
                "title": "Không xử lý tiếp được",
                "tone": "bad",
                "lines": [
                    {
                        "text": "dừng tại «Đồng ý?»: không có luồng mặc định",
                        "count": 2,
                        "documents": ["5127/UBND-TH"],
                    }
                ],
            },
            {
                "key": "appeared",
                "title": "Bước thêm",
                "tone": "",
                "lines": [{"text": "thêm bước «Thẩm định»", "count": 10, "documents": []}],
            },
        ],
        "action": "#",
        "xml": "<x/>",
        "form": form(field("select", "cases", "Số hồ sơ gần nhất", options=options("100", "300"))),
        "back": "#",
    }
    inherited = {
        "title": "Quy trình mẫu: Soạn thảo, ban hành văn bản đi",
        "crumbs": trail,
        "intro": "UBND tỉnh đã ban hành quy trình mẫu bản 2 hôm qua: bỏ bước kiểm tra trùng lặp",
        "theirs": ["thêm bước «Thẩm định»"],
        "ours": ["thời hạn của «Kiểm tra thể thức» từ P1D thành P2D"],
        "has_master": True,
        "action": "#",
        "merge": form(
            field("radio", "side a due", "Chỗ cả hai cùng sửa, 1", options=options("mẫu", "riêng")),
            field("textarea", "reason", "Lý do và căn cứ"),
        ),
        "give": form(replace(field("textarea", "reason", "Lý do và căn cứ"), id="f-give-reason")),
    }
    return {
        "master": ("master.html", {"shell": admin, "master": inherited}),
        "rehearsal": ("rehearsal.html", {"shell": admin, "rehearsal": rehearsal}),
        "run": ("run.html", {"shell": leader, "run": run}),
        "proposals": ("proposals.html", {"shell": admin, "proposals": proposals}),
        "proposed-diagram": ("proposed_diagram.html", {"shell": leader, "proposed": drawn}),
        "proposed-migration": (
            "proposed_migration.html",
            {"shell": leader, "proposed": carried},
        ),
        "process-runs": ("process_runs.html", {"shell": admin, "runs": runs}),
        "migration-preview": ("migration_preview.html", {"shell": admin, "preview": preview}),
        "migration": ("migration.html", {"shell": admin, "migration": migration}),
    }  # fmt: skip


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return name → (template, context) of every page and of its telling states."""
    wrong = "Mật khẩu không đúng. Còn 3 lần thử trước khi tạm khóa 15 phút."
    dossier_row = {
        "code": "04.CNTT",
        "href": "#",
        "title": "Vận hành hệ thống QLVBĐH liên thông năm 2020",
        "keeper": "Nguyễn An",
        "opened_on": "02/01/2020",
        "closed_on": "",
        "documents": 37,
        "retention": "10 năm",
        "status_text": "Đang mở",
        "status_tone": "act",
    }
    dossier = {"crumbs": [{"label": "Hồ sơ", "href": "/dossiers"}, {"label": "04.CNTT", "href": ""}], "code": "04.CNTT", "title": dossier_row["title"], "status_text": "Đang mở", "status_tone": "act", "facts": [{"label": "Thời hạn bảo quản", "value": "10 năm", "href": None}], "acts": [{"label": "Kết thúc hồ sơ", "href": "#", "icon": "done"}], "warnings": [{"tone": "warn", "text": "Hồ sơ đến hạn nộp lưu ngày 31/12/2021."}],
               "documents": [{"ordinal": 1, "reference": "5127/UBND-TH", "href": "#", "dated": "11/12/2020", "author": "UBND tỉnh", "subject": item()["subject"], "pages": 2, "role": "văn bản đến"}], "history": HISTORY}  # fmt: skip
    user = {
        "name": "Nguyễn An",
        "href": "#",
        "username": "an.nguyen",
        "positions": ["Chuyên viên, Phòng CNTT"],
        "roles": ["Chuyên viên"],
        "last_login": "15/12, 07:58",
        "status_text": "Đang dùng",
        "status_tone": "ok",
        "acts": [
            {"label": "Cấp lại mật khẩu", "action": "#", "kind": ""},
            {"label": "Khóa", "action": "#", "kind": "danger"},
        ],
    }
    admin = shell("Quy trình", who="Mai Quân", position="Quản trị cơ quan")
    positions = [
        {
            "id": "1",
            "title": "Phó Giám đốc",
            "unit": "",
            "agency": "Sở Thông tin và Truyền thông",
            "note": "",
        },
        {
            "id": "2",
            "title": "Thành viên Ban Chỉ đạo",
            "unit": "Ban Chỉ đạo chuyển đổi số",
            "agency": "UBND tỉnh",
            "note": "đến 31/12/2020",
        },
    ]
    password = {
        "action": "/password",
        "must_change": True,
        "forced": False,
        "username": "an.nguyen",
        "username_error": "",
        "errors": [("new", "Mật khẩu quá ngắn")],
        "current_error": "",
        "new_error": "Mật khẩu quá ngắn",
        "again_error": "",
        "rules": ["Ít nhất 12 ký tự.", "Không dùng lại 5 mật khẩu gần nhất."],
    }
    new = {"title": "Soạn văn bản đi", "intro": "Dự thảo được lưu thành từng bản; chưa có số cho đến khi được ký.", "action": "/outgoing", "submit": "Lưu dự thảo", "uploads": [], "cancel_href": "/outgoing", "aside": {"title": "Lưu ý", "items": ["Không soạn văn bản mật trên hệ thống."]},
           "form": form(field("select", "type", "Loại văn bản", options=options("Công văn", "Quyết định")), field("text", "subject", "Trích yếu", error="Nhập trích yếu nội dung"), field("date", "due", "Hạn trả lời", optional=True, hint="Để trống nếu không đề nghị trả lời.", input_mode="numeric"), field("number", "pages", "Số trang", suffix="trang", input_mode="numeric"), field("text", "number", "Số", readonly=True, value="hệ thống cấp"), field("file", "file", "Tệp dự thảo", accept=".docx,.pdf", max_bytes=20_000_000), NoteView("n", "text", "Văn bản mật không soạn thảo trên hệ thống này."), NoteView("s", "separator"), GroupView("g", "Nơi nhận", (field("taglist", "to", "Cơ quan", options=options("UBND tỉnh", "Sở Nội vụ", "Sở Tài chính")),)), field("text", "secret", "Mã khóa ký", sensitive=True), errors=(("f-subject", "Nhập trích yếu nội dung"),))}  # fmt: skip
    error = {
        "status": 409,
        "title": "Bước này đã được xử lý",
        "text": "Phạm Dung đã hoàn thành bước này lúc 15 giờ 05. Nội dung bạn vừa gửi chưa được ghi.",
        "advice": "Mở lại văn bản để xem bước hiện tại.",
        "reference": "01938f2c",
        "retry_href": "/documents/1",
        "retry_label": "Mở văn bản",
        "typed": [("Ý kiến giải quyết", "Tỷ lệ văn bản ký số toàn tỉnh đạt 96,4%.")],
        "home_href": "/",
        "home_label": "Về hộp việc",
    }
    message = {
        "tone": "ok",
        "text": "Đã trình Trưởng phòng.",
        "undo": {"href": "/undo", "label": "Hoàn tác"},
    }
    return {
        "login": ("login.html", {"shell": shell(), "login": login()}),
        "login-error": ("login.html", {"shell": shell(), "login": login(errors=[("password", wrong)], password_error="Mật khẩu không đúng. Còn 3 lần thử.", demo_accounts=[{"username": "chutich", "who": "Chủ tịch UBND tỉnh"}])}),
        "inbox": ("inbox.html", {"shell": shell(), "inbox": inbox(), "item": item(), "task": task()}),
        "inbox-opened": ("inbox.html", {"shell": shell(messages=[message], demo=True), "inbox": inbox(opened=True), "item": item(), "task": task()}),
        "inbox-empty": ("inbox.html", {"shell": shell(), "inbox": inbox(groups=[], count_text="0 văn bản"), "item": None, "task": None}),
        "document": ("document.html", {"shell": shell("Văn bản đến"), "document": document()}),
        "directive": ("task.html", {"shell": shell(who="Hoàng Giang", position="Phó Giám đốc"), "item": item(), "task": directive()}),
        "register": ("register.html", {"shell": shell("Sổ đăng ký", who="Lê Chi", position="Văn thư"), "register": register()}),
        "register-outgoing": ("register.html", {"shell": shell("Sổ đăng ký"), "register": register("outgoing")}),
        "incoming": ("incoming_list.html", {"shell": shell("Văn bản đến"), "documents": documents("incoming")}),
        "outgoing": ("outgoing_list.html", {"shell": shell("Văn bản đi"), "documents": documents("outgoing")}),
        "new-document": ("new_document.html", {"shell": shell("Văn bản đi"), "new": new}),
        "search": (
            "search.html",
            {
                "shell": shell(""),
                "search": {
                    "title": "Tìm kiếm",
                    "summary": "2 kết quả cho «liên thông»",
                    "tabs": [
                        {"label": "Tất cả", "href": "#", "current": True},
                        {"label": "Văn bản đi", "href": "#", "current": False},
                    ],
                    "filters": form(field("text", "q", "Số, ký hiệu, trích yếu, cơ quan")),
                    "filter_action": "#",
                    "empty": {"title": "", "text": ""},
                    "page": {"text": "2 kết quả", "older": "#", "newer": None},
                    "rows": [
                        {
                            "kind": kind,
                            "reference": "188/2020/QĐ-UBND",
                            "href": "#",
                            "urgency": "urgent",
                            "subject": "quản lý, vận hành hệ thống QLVBĐH liên thông",
                            "party": "Sở Thông tin và Truyền thông",
                            "dated": "11/12/2020",
                            "status_text": "Đã phát hành",
                            "status_tone": "",
                        }
                        for kind in ("Văn bản đi", "Hồ sơ")
                    ],
                },
            },
        ),
        "dossiers": ("dossiers.html", {"shell": shell("Hồ sơ"), "dossiers": {"title": "Hồ sơ công việc", "summary": "12 hồ sơ đang mở", "filter_action": "#", "filters": form(field("text", "text", "Tiêu đề, ký hiệu")), "new": {"href": "#", "label": "Lập hồ sơ"}, "page": page("1 đến 1 trong 12"), "rows": [dossier_row]}}),
        "dossier": ("dossier.html", {"shell": shell("Hồ sơ"), "dossier": dossier}),
        "processes": ("process_list.html", {"shell": admin, "processes": {"title": "Quy trình", "summary": "2 quy trình đang dùng", "new": {"href": "#", "label": "Thêm quy trình"}, "rows": [{"key": "incoming", "name": "Xử lý văn bản đến", "href": "#", "version_text": "Đang dùng: bản 7", "master_href": "#", "running": "41 hồ sơ đang chạy", "draft_text": "Có bản nháp 8", "changed_text": "công bố 01/10/2020", "findings_text": "2 cảnh báo", "findings_tone": "warn", "svg": svg(compact=True)}]}}),
        "designer": ("designer.html", {"shell": admin, "process": process(), "findings": FINDINGS, "changes": ["bước «Trình»: thời hạn từ PT4H thành P1D"], "summary": {"errors": 2, "warnings": 1, "passed_text": "31 quy tắc đạt"}}),
        "form-editor": ("form_editor.html", {"shell": admin, "editor": {"key": "giai-quyet-van-ban-den", "title": "Giải quyết văn bản đến", "version_text": "bản 4", "schema": {"type": "default", "components": [{"type": "textfield", "key": "opinion", "label": "Ý kiến"}]}, "action": "#", "etag": "4", "errors": [], "list_href": "#"}}),
        "replay": ("replay.html", {"shell": shell("Quy trình", who="Trương Tâm", position="Thanh tra tỉnh"), "replay": replay()}),
        "choose-position": ("choose_position.html", {"shell": shell(), "choice": {"action": "/acting", "next": "/", "officer": "Hoàng Giang", "positions": positions}}),
        "password": ("password.html", {"shell": shell(), "password": password}),
        "error": ("error.html", {"shell": shell(), "error": error}),
        "users": ("users.html", {"shell": admin, "users": {"title": "Tài khoản", "second_href": "/proposals", "summary": "12 tài khoản", "filter_action": "#", "filters": form(field("text", "text", "Họ tên, tài khoản")), "page": page("1 đến 1 trong 12"), "new": {"action": "#", "submit": "Cấp tài khoản", "form": form(field("text", "username", "Tên đăng nhập"))}, "rows": [user], "link": {"text": "Đường dẫn đặt mật khẩu, dùng một lần, hết hạn sau 24 giờ:", "url": "https://congvan.example/dat-mat-khau/8f2c"}}}),
        "keys": ("keys.html", {"shell": admin, "keys": {"title": "Khóa và chứng thư số", "refused": True, "holder": "Hoàng Giang, từ 02/11/2020, theo Biên bản số 05/BB-VP", "handovers": ["Lê Bình, từ 03/01/2019, theo Biên bản số 01/BB-VP"], "older": "#", "csv_href": "#",
            "rows": [{"owner": "Sở Thông tin và Truyền thông", "label": "Con dấu", "kind": "thiết bị (USB token, HSM) gắn với máy chủ", "subject": "Sở Thông tin và Truyền thông", "until": "31/12/2020", "hash": "8f2c1d0a9b7e6f55", "state": "sắp hết hạn", "tone": "warn"}],
            "uses": [{"at": "15/12/2020 10:45:00", "who": "Hoàng Giang", "document": "188/STTTT-CNTT", "purpose": "seal", "ordered_by": "Phạm Dung", "hash": "0a1b2c3d4e5f6071", "outcome": "không ký được", "reason": "token-gone", "tone": "bad"}],
            "register": {"action": "#", "error": "", "form": form(field("text", "name", "Tên gọi"))}, "handover": {"action": "#", "error": "Cần số, ký hiệu biên bản.", "form": form(field("text", "record", "Số, ký hiệu biên bản"))}, "trial": {"action": "#", "error": "", "form": form(field("text", "pin", "Mật khẩu chứng thư số (mã PIN)"))}}}),
        "journal": ("journal.html", {"shell": admin, "journal": {"title": "Nhật ký hệ thống", "summary": "Mọi thao tác đều được ghi.", "action": "#", "head": '{"no":10}', "form": form(field("text", "head", "Đầu chuỗi đã lưu giữ ở nơi khác")), "result": {"ok": True, "text": "Nhật ký nguyên vẹn.", "took": "Kiểm tra trong 0,4 giây."},
            "rows": [{"at": "15/12/2020 10:45:00", "who": "Hoàng Giang", "act": "ký ban hành", "object": "việc", "name": "«Ký ban hành», 188/STTTT-CNTT", "hash": "0a1b2c3d4e5f6071"}]}}),
        "signing-batch": ("signing_batch.html", {"shell": shell(who="Phạm Dung", position="Giám đốc"), "batch": {"title": "Ký nhiều văn bản", "told": "Đã ký 2 văn bản, còn 1 văn bản chưa ký.", "desk": None, "action": "#", "submit": "Ký số 1 văn bản", "back_href": "/inbox", "signed": [{"document": "Báo cáo kết quả quý IV", "how": "đã ký"}], "form": form(field("text", "pin", "Mật khẩu chứng thư số (mã PIN)")), "rows": [{"value": "1:3", "version": 3, "begin": "#", "reference": "Dự thảo", "subject": "Về việc báo cáo kết quả thực hiện Quy chế", "facts": "Công văn · Trần Bình", "href": "/inbox?item=1", "due": "16/12/2020 16:30", "note": "Văn bản đã thay đổi từ khi chọn. Mở xem lại trước khi ký.", "tone": "warn"}]}}),
        "signing-batch-desk": ("signing_batch.html", {"shell": shell(who="Phạm Dung", position="Giám đốc"), "batch": {"title": "Ký nhiều văn bản", "told": "Đã ký 2 văn bản, còn 1 văn bản chưa ký.", "desk": {"bridge": "ws://127.0.0.1:8987", "words": {"waiting": "Đang chờ ký trên thiết bị…"}}, "action": "#", "submit": "Ký số 1 văn bản", "back_href": "/inbox", "signed": [{"document": "Báo cáo kết quả quý IV", "how": "đã ký"}], "form": form(field("text", "pin", "Mật khẩu chứng thư số (mã PIN)")), "rows": [{"value": "1:3", "version": 3, "begin": "#", "reference": "Dự thảo", "subject": "Về việc báo cáo kết quả thực hiện Quy chế", "facts": "Công văn · Trần Bình", "href": "/inbox?item=1", "due": "16/12/2020 16:30", "note": "Văn bản đã thay đổi từ khi chọn. Mở xem lại trước khi ký.", "tone": "warn"}]}}),
        "operator": ("operator.html", {"shell": shell("Vận hành", who="Tạ Vinh", position="Trung tâm CNTT&TT"), "operator": operator()}),
        "axis": ("axis.html", {"shell": shell("Vận hành", who="Tạ Vinh", position="Trung tâm CNTT&TT"), "axis": axis()}),
        "axis-packet": ("axis_packet.html", {"shell": shell("Vận hành", who="Tạ Vinh", position="Trung tâm CNTT&TT"), "packet": axis_packet()}),
        "trust": ("trust.html", {"shell": shell("Danh sách tin cậy", who="Tạ Vinh", position="Trung tâm CNTT&TT"), "trust": trust()}),
        **steering(),
        "api": ("api.html", {"shell": admin, "api": {"spec_href": "/api/v1/openapi.json", "title": "API"}}),
    }  # fmt: skip
