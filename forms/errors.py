"""What may go wrong with paper: a definition that cannot be used, a submission to correct."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from engine.errors import NotFound, OfficeError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a definition: where, and the words in both languages."""

    where: str
    vi: str
    en: str

    def text(self, language: str = "vi") -> str:
        """Return place and reason."""
        return f"{self.where}: {self.en if language == 'en' else self.vi}"


class FormRefused(OfficeError):
    """A form definition cannot be used (biểu mẫu không hợp lệ); `problems` names every reason."""

    code: ClassVar[str] = "form-refused"
    vi: ClassVar[str] = "Biểu mẫu chưa dùng được, cần sửa {count} chỗ. {problems}"
    en: ClassVar[str] = "The form cannot be used; {count} things to correct. {problems}"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(count=len(self.problems))

    def text(self, language: str = "vi") -> str:
        """Return the message and every problem in `vi` or `en`."""
        listed = " ".join(f"{problem.text(language)}." for problem in self.problems)
        template = self.en if language == "en" else self.vi
        return template.format(count=len(self.problems), problems=listed)


class UnknownForm(NotFound):
    """No form has this key (không có biểu mẫu)."""

    code: ClassVar[str] = "unknown-form"
    vi: ClassVar[str] = "Không có biểu mẫu “{key}”. Kiểm tra lại khóa biểu mẫu ghi trong quy trình."
    en: ClassVar[str] = "There is no form “{key}”. Check the form key written in the process."


class FormInvalid(OfficeError):
    """What was filled in must be corrected (nội dung chưa hợp lệ); nothing was stored.

    `errors` maps each path (`subject`, `cooperating.0.deadline`) to its messages in the language
    asked for; `raw` is what was typed, without sensitive fields, to be shown again.
    """

    code: ClassVar[str] = "form-invalid"
    vi: ClassVar[str] = "Có {count} mục cần sửa; nội dung đã nhập vẫn được giữ trên trang."
    en: ClassVar[str] = "{count} fields need correcting; what was typed is kept on the page."

    def __init__(self, errors: Mapping[str, list[str]], raw: Mapping[str, Any]) -> None:
        self.errors = dict(errors)
        self.raw = dict(raw)
        super().__init__(count=len(self.errors), errors=self.errors)


class MissingChoices(OfficeError):
    """The list a field chooses from was not supplied (thiếu danh mục); a fault of the program."""

    code: ClassVar[str] = "missing-choices"
    status: ClassVar[int] = 503
    vi: ClassVar[str] = "Chưa nạp được danh mục “{source}” của biểu mẫu. Thử lại hoặc báo quản trị."
    en: ClassVar[str] = "The list “{source}” was not loaded for the form. Retry, or tell the admin."
