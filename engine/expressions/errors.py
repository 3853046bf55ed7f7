"""What may be wrong with an expression, in the words its author reads."""

from typing import Any, ClassVar

from engine.errors import OfficeError

PROBLEMS: dict[str, tuple[str, str]] = {
    "not-text": ("biểu thức phải là chữ", "an expression is text"),
    "empty": ("biểu thức để trống", "the expression is empty"),
    "too-long": ("biểu thức dài quá {limit} ký tự", "it is longer than {limit} characters"),
    "too-complex": ("biểu thức có quá {limit} thành phần", "it has more than {limit} parts"),
    "too-deep": ("biểu thức lồng nhau quá {limit} tầng", "it is nested deeper than {limit}"),
    "too-many-lines": ("có quá {limit} dòng gán", "there are more than {limit} assignments"),
    "character": (
        "ký tự {shown} không dùng được trong biểu thức",
        "the character {shown} cannot be used in an expression",
    ),
    "open-text": ("chuỗi chữ chưa có dấu đóng ngoặc", "the text has no closing quote"),
    "escape": ("dấu thoát {shown} không có", "there is no escape {shown}"),
    "number": ("số viết không đúng hoặc quá {limit} chữ số", "a malformed or too long number"),
    "unexpected": ("gặp {found}, đúng ra phải là {wanted}", "found {found} instead of {wanted}"),
    "reserved-name": (
        "tên “{name}” không dùng được: tên bắt đầu bằng chữ cái, không có hai dấu _ liền nhau",
        "the name “{name}” cannot be used: names begin with a letter and hold no __",
    ),
    "forbidden": ("không được dùng {what} trong biểu thức", "{what} cannot be used"),
    "unknown-function": ("không có hàm “{name}”", "there is no function “{name}”"),
    "arity": (
        "hàm “{name}” cần {wanted} giá trị, đang có {found}",
        "“{name}” takes {wanted} arguments, not {found}",
    ),
    "ambiguous-not": (
        "viết rõ not(…) áp dụng cho phần nào: đặt cả phép so sánh trong ngoặc của not",
        "say what not(…) covers: put the whole comparison inside its brackets",
    ),
    "chained": (
        "không so sánh nối tiếp; dùng “x between a and b” hoặc “a < x and x < b”",
        "comparisons do not chain; write “x between a and b” or “a < x and x < b”",
    ),
    "duplicate": ("“{name}” xuất hiện hai lần", "“{name}” appears twice"),
    "bad-literal": ("{text} không phải {what} có thật", "{text} is not a real {what}"),
    "literal-pattern": (
        "mẫu của matches phải viết thẳng trong ngoặc kép",
        "the pattern of matches is written out in quotes",
    ),
    "pattern": ("mẫu so khớp không dùng được: {why}", "the pattern cannot be used: {why}"),
    "unknown-name": (
        "không có dữ liệu nào tên “{name}”{hint}",
        "nothing is called “{name}” here{hint}",
    ),
    "unknown-key": ("“{base}” không có mục “{name}”", "“{base}” has no “{name}”"),
    "mismatch": (
        "{operation} không áp dụng cho {left} và {right}",
        "{operation} does not apply to {left} and {right}",
    ),
    "impossible-value": (
        "“{value}” không bao giờ xảy ra; các giá trị có thể là: {values}",
        "“{value}” never occurs; the possible values are: {values}",
    ),
    "wrong-kind": ("cần {wanted}, đang có {found}", "{wanted} is needed, not {found}"),
    "variable-name": (
        "tên biến gồm chữ không dấu, số, gạch dưới và bắt đầu bằng chữ, ví dụ so_ngay",
        "a name is made of letters, digits and underscores, such as days",
    ),
    "assignment": (
        "mỗi dòng có dạng “tên = biểu thức”",
        "each line reads “name = expression”",
    ),
    "exhausted": ("tính quá lâu nên đã dừng", "it took too long and was stopped"),
    "too-large": ("giá trị tính ra quá lớn", "the value became too large"),
    "no-clock": (
        "biểu thức cần giờ hiện tại nhưng không được cung cấp",
        "it needs the current time and was given none",
    ),
    "failed": ("không tính được với dữ liệu hiện có", "it cannot be computed from these data"),
}


class ExpressionError(OfficeError):
    """An expression cannot be read, checked or computed (biểu thức sai).

    `problem` is the stable name of what is wrong, `position` counts characters from 1; a field
    that is a word of ours is the pair (vi, en).
    """

    code: ClassVar[str] = "bad-expression"
    vi: ClassVar[str] = "Biểu thức sai tại ký tự {position}: {reason}. Biểu thức: {source}"
    en: ClassVar[str] = "Bad expression at character {position}: {reason}. Expression: {source}"

    def __init__(self, problem: str, *, at: int = 0, source: str = "", **fields: Any) -> None:
        self.problem = problem
        self.position = at + 1
        super().__init__(problem=problem, position=self.position, source=source, **fields)

    def reason(self, language: str = "vi") -> str:
        """Return what is wrong, without the place."""
        column = 1 if language == "en" else 0
        words = {
            name: value[column] if isinstance(value, tuple) else value
            for name, value in self.fields.items()
        }
        return PROBLEMS[self.problem][column].format_map(words)

    def text(self, language: str = "vi") -> str:
        """Return place, reason and the expression itself in `vi` or `en`."""
        shown = self.fields["source"]
        return (self.en if language == "en" else self.vi).format(
            position=self.position,
            reason=self.reason(language),
            source=shown if len(shown) <= 200 else shown[:200] + "…",
        )

    def within(self, source: str, shift: int = 0) -> "ExpressionError":
        """Return the same error placed in `source`, `shift` characters further on."""
        fields = {k: v for k, v in self.fields.items() if k not in {"problem", "position"}}
        fields["source"] = source
        return ExpressionError(self.problem, at=self.position - 1 + shift, **fields)
