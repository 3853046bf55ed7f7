"""Small forms of our own pages (bộ lọc, ô nhập): the same view as the procedures' forms."""

from collections.abc import Iterable

from forms.page import FieldView, FormView, OptionView, PartView
from web.tongue import _


def field(
    kind: str,
    name: str,
    label: str,
    value: str = "",
    *,
    error: str = "",
    hint: str = "",
    required: bool = False,
    max_length: int | None = None,
) -> FieldView:
    """Return one input."""
    return FieldView(
        name,
        f"f-{name}",
        kind,
        label,
        value=value,
        hint=hint,
        required=required,
        max_length=max_length,
        errors=(error,) if error else (),
        input_mode="numeric" if kind in {"date", "number"} else "",
    )


def choice(
    name: str,
    label: str,
    options: Iterable[tuple[str, str]],
    chosen: str = "",
    *,
    error: str = "",
    required: bool = False,
) -> FieldView:
    """Return a list to choose one from; the first option stands for no choice."""
    shown = tuple(OptionView(value, text, value == chosen) for value, text in options)
    errors = (error,) if error else ()
    return FieldView(
        name, f"f-{name}", "select", label, options=shown, errors=errors, required=required
    )


def old_encoding() -> str:
    """Return what is said beside text in TCVN3 or VNI."""
    return _("Gõ bằng bảng mã cũ (TCVN3 hoặc VNI). Chuyển sang Unicode rồi gõ lại.")


def form(key: str, *parts: PartView) -> FormView:
    """Return the view of a form made of these parts, its errors gathered for the summary."""
    errors = tuple(
        (part.id, message)
        for part in parts
        if isinstance(part, FieldView)
        for message in part.errors
    )
    return FormView(key, "", parts, errors)
