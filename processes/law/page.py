"""The rules as a page for who draws (trang quy tắc): `python -m processes.law.page` prints it."""

import sys

from processes.law.rule import PROCEDURES, Kind, Rule, rules

_TITLES = {
    "incoming": "Văn bản đến · Incoming documents",
    "outgoing": "Văn bản đi · Outgoing",
    "recall": "Lấy lại, thu hồi · Recalls",
    "update": "Cập nhật · Updates",
    "replace": "Thay thế · Replacements",
}

_HEAD = """# What the law asks of a diagram · Luật đòi hỏi gì ở sơ đồ

<!-- Written by `python -m processes.law.page` from `processes/law/*.toml`; a test compares. -->

Mỗi quy tắc được xét trên **mọi** đường đi của sơ đồ, kể cả đường qua quy trình con, sự kiện biên,
liên kết và quy trình được gọi; có bước mà vẫn có đường đi vòng qua là vi phạm. Bước chạy theo
danh sách không được tính là đã làm (danh sách có thể trống), bước bị sự kiện biên cắt ngang cũng
vậy; chọn «trả lại» không phải là duyệt. Đường vi phạm được tô đỏ trên sơ đồ và nêu tên từng bước.
Quy tắc có hiệu lực trong ngày công bố mới được xét; sơ đồ đã công bố chạy tiếp như cũ. Điểm kết
thúc không qua bước lập hồ sơ thì ghi lý do vào thuộc tính `congvan:reason` của điểm kết thúc.

Each rule is read on **all** ways through a diagram: those through sub-processes, events at the
edge of a step, links and called processes too. A step that some way leads past counts as missing.
What runs over a list is not counted on (the list may be empty), nor what an event interrupts; a
choice to return is no approval. The way that breaks a rule is drawn in red and told step by step.
The rules in force on the day of publishing count; what is published runs on. An end that is
reached without a dossier says why in its attribute `congvan:reason`.
"""


def page() -> str:
    """Return the page in Markdown, one table for each procedure."""
    parts = [_HEAD]
    for procedure in PROCEDURES:
        parts.append(f"\n## {_TITLES[procedure]}\n")
        parts.append("| Quy tắc · Rule | Căn cứ · Source | Từ · From |\n|---|---|---|")
        parts += [_row(rule) for rule in rules() if rule.procedure == procedure]
    return "\n".join(parts) + "\n"


def _row(rule: Rule) -> str:
    code = "missing-step" if rule.kind is Kind.PRESENT else rule.id
    days = f"{rule.valid_from:%d/%m/%Y}"
    if rule.valid_to is not None:
        days += f" – {rule.valid_to:%d/%m/%Y}"
    return f"| `{code}`: {rule.vi} · *{rule.en}* | {rule.citation} | {days} |"


if __name__ == "__main__":
    sys.stdout.write(page())
