"""The page of a bundle (trang đọc): read in any browser, from the disk, without a server."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from engine.replay import Replayed, Report, Verdict
from processes.telling import told, ways
from records.vietnamese import VIETNAM

_STYLE = """
body{font:16px/1.5 "Times New Roman",Tinos,serif;color:#14212a}
body{max-width:75rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}
th,td{border:1px solid #d3dbdf;padding:.3rem .5rem;text-align:left;vertical-align:top}
th{background:#eaeff1;font-weight:600}code{font:13px/1.4 monospace;overflow-wrap:anywhere}
.ok{color:#0b5a69;font-weight:600}.bad{color:#a81e1a;font-weight:600}
.picture{overflow-x:auto}.bpmn{min-width:60rem;height:auto}
.bpmn text{font:11px sans-serif;fill:#14212a;text-anchor:middle}
.bpmn .pool,.bpmn .lane,.bpmn .shape,.bpmn .open{fill:#fff;stroke:#72828b;stroke-width:1.4}
.bpmn .lanehead{fill:#eaeff1;stroke:#d3dbdf}.bpmn .lanetxt{font-weight:600}
.bpmn .group,.bpmn .flow,.bpmn .shape.bare{fill:none;stroke:#72828b}.bpmn .arrow{fill:#72828b}
.bpmn .flow.done{stroke:#0b5a69;stroke-width:2.6}.bpmn .arrow.done{fill:#0b5a69}
.bpmn .shape.thick{stroke-width:3}.bpmn .shape.dashed{stroke-dasharray:4 3}
.bpmn .mk{fill:none;stroke:#55636d;stroke-width:1.3}.bpmn .mk.fill{fill:#55636d}
.bpmn .lab.start{text-anchor:start}.bpmn .halo,.bpmn .count{display:none}
.bpmn .done>.shape{fill:#e0eff2;stroke:#0b5a69}.bpmn .now>.shape{fill:#0b5a69;stroke:#0b5a69}
.bpmn .now>text:not(.lab){fill:#fff}
@media print{.picture{overflow:visible}.bpmn{min-width:0;width:100%}}
"""

_VERDICTS = {
    Verdict.AGREES: ("ok", "khớp"),
    Verdict.DIFFERS: ("bad", "KHÁC"),
    Verdict.NOT_EXECUTABLE: ("", "chỉ kiểm tra được chuỗi băm"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """What a page tells: headings with their facts and tables, pictures as SVG."""

    title: str
    facts: Sequence[tuple[str, str]]
    report: Report
    people: Mapping[str, str]
    hashes: Sequence[str]
    pictures: Sequence[tuple[str, str]]
    directives: Sequence[Sequence[str]]
    files: Sequence[Sequence[str]]

    def html(self) -> bytes:
        """Return the page: one file, no script, nothing from outside."""
        names = ("Số", "Thời điểm", "Người thực hiện", "Diễn biến", "Mã băm", "Thực hiện lại")
        parts = [
            Markup("<h1>{}</h1>").format(self.title),
            _table((), [(Markup("<b>{}</b>").format(k), v) for k, v in self.facts]),
            *(Markup("<h2>{}</h2><div class=picture>{}</div>").format(name, Markup(svg))  # noqa: S704 - drawn by us
              for name, svg in self.pictures),
            Markup("<h2>Quá trình xử lý</h2>"),
            _table(names, map(self._event, self.report.events, self.hashes)),
            Markup("<h2>Ý kiến chỉ đạo, phân công</h2>"),
            _table(("Thời điểm", "Người cho ý kiến", "Nội dung", "Phân công"), self.directives),
            Markup("<h2>Tệp và chữ ký số</h2>"),
            _table(("Tệp", "Loại", "SHA-256", "Chữ ký số"), self.files),
            _HOW,
        ]  # fmt: skip
        head = Markup(
            '<!doctype html><html lang="vi"><meta charset="utf-8"><title>{}</title>'
            "<style>{}</style><body>"
        ).format(self.title, Markup(_STYLE))  # noqa: S704 - our own
        return (head + Markup("\n").join(parts) + Markup("</body></html>\n")).encode()

    def _event(self, event: Replayed, digest: str) -> tuple[Any, ...]:
        facts = event.facts

        def name_of(node: str) -> str:
            return self.report.name_of(event, node)

        look, word = _VERDICTS[event.verdict]
        reason = f": {event.reason[0]}" if event.verdict is Verdict.DIFFERS else ""
        said = Markup("<br>").join([told(facts, name_of, self.people), *ways(facts, name_of)])
        who = ", ".join(part for part in (facts.get("name"), facts.get("title")) if part)
        if facts.get("on_behalf_of"):
            who += " (làm thay)"
        return (
            str(event.seq), moment(datetime.fromisoformat(facts["at"])), who or "Hệ thống", said,
            Markup("<code>{}</code>").format(digest),
            Markup('<span class="{}">{}{}</span>').format(look, word, reason),
        )  # fmt: skip


def moment(at: datetime | None) -> str:
    """Return a moment as officials write it, by Vietnam's clock."""
    return at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S") if at is not None else ""


def _table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in names)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row)
        )
        for row in rows
    )
    return Markup("<table><tr>{}</tr>{}</table>").format(head, body or _NOTHING)


_NOTHING = Markup("<tr><td>không có</td></tr>")

_HOW = Markup(
    "<h2>Cách kiểm tra gói này</h2><p>Không cần hệ thống Congvan, không cần mạng, chỉ cần Python 3."
    " Mở cửa sổ lệnh tại thư mục đã giải nén rồi chạy:</p><pre>python3 -I verify.py . --manifest MÃ"
    " --key DẤU_VÂN_TAY</pre><p>DẤU_VÂN_TAY là SHA-256 của khóa cơ quan đã công bố;"
    " MÃ là mã băm của MANIFEST.json được báo khi lập gói và ghi trong nhật ký của cơ quan"
    " (thao tác «xuất gói chứng cứ»). Nên dùng tệp verify.py lấy từ nguồn tin cậy khác gói này. Mọi"
    " thay đổi, dù một byte, được nêu đúng tệp, sự kiện và vùng byte.</p>"
)
