"""Facts that go wrong, in the field's own words; a door chooses the language and the status."""

from typing import Any, ClassVar, Self


class OfficeError(Exception):
    """Something the office refuses (lỗi nghiệp vụ): a stable code, fields, words in two languages.

    Subclasses set `code` (stable, kebab-case, part of the API), `vi` and `en` (what happened and
    what to do, with `{field}` places) and may set `citation` (the legal source).
    """

    code: ClassVar[str] = "office-error"
    vi: ClassVar[str] = "Không thực hiện được yêu cầu."
    en: ClassVar[str] = "The request cannot be carried out."
    citation: ClassVar[str] = ""
    #: what a door answers by default: 403, 404, 409, 413, 422, 503, 507
    status: ClassVar[int] = 422

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.text("en"))

    def text(self, language: str = "vi") -> str:
        """Return the message in `vi` or `en`, each field in it under its name there."""
        template = self.en if language == "en" else self.vi
        named = {
            k: v.label(language) if isinstance(v, Named) else v for k, v in self.fields.items()
        }
        return template.format_map(_Shown(named))


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"«{key}»"


class Named(str):
    """A word of the code that people know under another name, in each language (tên gọi)."""

    __slots__ = ("words",)

    words: tuple[str, str]

    def __new__(cls, word: str, words: tuple[str, str] | None = None) -> Self:
        """Remember how `word` is called in Vietnamese and English."""
        made = super().__new__(cls, word)
        made.words = words or (word, word)
        return made

    def label(self, language: str = "vi") -> str:
        """Return the name in `vi` or `en`."""
        return self.words[language == "en"]


class NotFound(OfficeError):
    """The object does not exist for this officer (không tìm thấy)."""

    code = "not-found"
    status = 404
    vi = "Không tìm thấy {what}. Có thể mục này không tồn tại hoặc không thuộc phạm vi của bạn."
    en = "There is no such {what}, or it is outside your reach."


class NotAllowed(OfficeError):
    """The officer has no right to this act (không có quyền)."""

    code = "not-allowed"
    status = 403
    vi = (
        "Bạn không có quyền thực hiện việc này ({act}). Liên hệ quản trị cơ quan nếu cần được giao."
    )
    en = "You may not do this ({act}). Ask the administrator of your agency if you should."


class Stale(OfficeError):
    """Somebody changed the object in between (dữ liệu đã thay đổi); nothing was written."""

    code = "stale"
    status = 409
    vi = (
        "Mục này vừa được người khác thay đổi. Chưa có gì được ghi; hãy tải lại trang rồi làm tiếp."
    )
    en = "This was changed by somebody else meanwhile. Nothing was written; reload and try again."


class StorageFull(OfficeError):
    """The disk has no room (hết dung lượng); nothing was kept."""

    code = "storage-full"
    status = 507
    vi = "Máy chủ hết dung lượng lưu trữ nên chưa lưu được tệp. Chưa có gì thay đổi; báo quản trị."
    en = "The server's storage is full; nothing was kept. Tell the administrator."


class Unavailable(OfficeError):
    """A part the act needs is down (tạm thời không sẵn sàng); try again."""

    code = "unavailable"
    status = 503
    vi = "Hệ thống tạm thời chưa sẵn sàng ({what}). Dữ liệu đã lưu không mất; thử lại sau ít phút."
    en = "The system is temporarily unavailable ({what}). Nothing saved is lost; try again shortly."
