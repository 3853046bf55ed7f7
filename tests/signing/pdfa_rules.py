"""Rules of PDF/A-2b and 3b (ISO 19005-2, 19005-3) that a further revision of a file can break.

No validator of PDF/A can be had from the package registries; veraPDF's profile names the clauses.
What makes a file PDF/A to begin with (its XMP, its output intent) is asked for, not examined.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf
from fontTools.ttLib import TTFont

HIDING = 1 | 2 | 32 | 256  # Invisible, Hidden, NoView, ToggleNoView
PRINT = 4


class Revision:
    """A file with the objects that its last revisions added to an earlier one."""

    def __init__(self, pdf: bytes, before: bytes) -> None:
        self.pdf, self.before = pdf, before
        self.document = pikepdf.open(io.BytesIO(pdf), attempt_recovery=False)
        self.earlier = pikepdf.open(io.BytesIO(before), attempt_recovery=False)

    def objects(self) -> Iterator[Any]:
        """Return every dictionary, stream or array that is reached from the trailer."""
        pending: list[Any] = [self.document.trailer]
        met: set[tuple[int, int]] = set()
        while pending:
            one = pending.pop()
            if one.objgen[0]:
                if one.objgen in met:
                    continue
                met.add(one.objgen)
            yield one
            values = one if isinstance(one, pikepdf.Array) else [one[key] for key in one]
            pending.extend(v for v in values if isinstance(v, pikepdf.Object) and holds(v))

    def dictionaries(self) -> Iterator[Any]:
        return (one for one in self.objects() if not isinstance(one, pikepdf.Array))

    def widgets(self) -> Iterator[Any]:
        for page in self.document.pages:
            yield from page.obj.get("/Annots", [])

    def streams(self) -> Iterator[Any]:
        return (one for one in self.objects() if isinstance(one, pikepdf.Stream))


def holds(value: Any) -> bool:
    return isinstance(value, pikepdf.Dictionary | pikepdf.Array | pikepdf.Stream)


def _header(file: Revision) -> bool:
    return file.pdf[:8] == file.before[:8] and file.pdf.startswith(b"%PDF-1.")


def _trailer(file: Revision) -> bool:
    kept = file.document.trailer.get("/ID", [None])[0] == file.earlier.trailer.ID[0]
    return kept and "/Encrypt" not in file.document.trailer


def _end(file: Revision) -> bool:
    tail = file.pdf[file.pdf.rfind(b"%%EOF") + 5 :]
    return b"%%EOF" in file.pdf and len(tail) <= 2 and not tail.strip(b"\r\n")


def _strings(file: Revision) -> bool:
    return all(
        len(bytes(value)) <= 32767
        for one in file.dictionaries()
        for value in (one[key] for key in one)
        if isinstance(value, pikepdf.String)
    ) and all(len(key) <= 128 for one in file.dictionaries() for key in one)


def _filters(file: Revision) -> bool:
    lost = {"/LZWDecode", "/LZW", "/Crypt"}
    used = {str(f) for one in file.streams() for f in listed(one.get("/Filter", []))}
    return not used & lost and not any("/F" in one for one in file.streams() if "/BBox" not in one)


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, pikepdf.Array) else [value]


def _colours(file: Revision) -> bool:
    """Device colours have a default that stands for them in every appearance."""
    for form in appearances(file):
        spaces = form.get("/Resources", {}).get("/ColorSpace", {})
        if not {"/DefaultGray", "/DefaultRGB"} <= set(spaces.keys()):
            return False
        if "/DeviceCMYK" in str(form.get("/Resources", {}).unparse()):
            return False
    return True


def appearances(file: Revision) -> list[Any]:
    return [w.AP.N for w in file.widgets() if "/AP" in w and isinstance(w.AP.N, pikepdf.Stream)]


def _images(file: Revision) -> bool:
    return not any(
        one.get("/Subtype") == "/Image"
        and (one.get("/Interpolate", False) or {"/Alternates", "/OPI"} & set(one.keys()))
        for one in file.streams()
    )


def _transparency(file: Revision) -> bool:
    """Transparent pictures need a blending space: the document's output intent (6.2.10)."""
    clear = any("/SMask" in one for one in file.streams() if one.get("/Subtype") == "/Image")
    intents = file.document.Root.get("/OutputIntents", [])
    return not clear or any(one.get("/S") == "/GTS_PDFA1" for one in intents)


def _forms(file: Revision) -> bool:
    return not any({"/OPI", "/PS", "/Ref"} & set(form.keys()) for form in appearances(file))


def _fonts_embedded(file: Revision) -> bool:
    return all(
        any(key in one.FontDescriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))
        for one in file.dictionaries()
        if one.get("/Type") == "/Font" and one.get("/Subtype") not in {"/Type0", "/Type3"}
    )


def _fonts_mapped(file: Revision) -> bool:
    return all(
        one.get("/CIDToGIDMap") == "/Identity" or isinstance(one.CIDToGIDMap, pikepdf.Stream)
        for one in file.dictionaries()
        if one.get("/Subtype") == "/CIDFontType2" and "/FontFile2" in one.FontDescriptor
    )


def _widths(file: Revision) -> bool:
    """The widths of the dictionary are those of the font program, to a thousandth."""
    for form in appearances(file):
        for font in form.Resources.get("/Font", {}).values():
            descendant = font.DescendantFonts[0]
            program = TTFont(io.BytesIO(descendant.FontDescriptor.FontFile2.read_bytes()))
            scale = 1000 / program["head"].unitsPerEm
            names = program.getGlyphOrder()
            told = list(descendant.W)
            for first, widths in zip(told[::2], told[1::2], strict=True):
                for offset, width in enumerate(widths):
                    real = program["hmtx"][names[int(first) + offset]][0] * scale
                    if abs(float(width) - real) > 1:
                        return False
    return True


def _notdef(file: Revision) -> bool:
    """No text shows glyph 0 (6.2.11.8), and every glyph shown has a width of its own."""
    for form in appearances(file):
        shown = {
            bytes(operand)
            for operands, operator in pikepdf.parse_content_stream(form)
            if str(operator) == "Tj"
            for operand in operands
        }
        if any(text[n : n + 2] == b"\0\0" for text in shown for n in range(0, len(text), 2)):
            return False
    return True


def _annotation_flags(file: Revision) -> bool:
    return all(
        int(one.get("/F", 0)) & PRINT and not int(one.get("/F", 0)) & HIDING
        for one in file.widgets()
    )


def _annotation_drawn(file: Revision) -> bool:
    return all(
        set(one.get("/AP", {}).keys()) == {"/N"} or not any(extent(one)) for one in file.widgets()
    )


def extent(widget: Any) -> tuple[float, float]:
    x1, y1, x2, y2 = (float(value) for value in widget.Rect)
    return x2 - x1, y2 - y1


def _annotation_kinds(file: Revision) -> bool:
    return all(one.get("/Subtype") in {"/Widget", "/Link", "/Text"} for one in file.widgets())


def _no_actions(file: Revision) -> bool:
    return not any({"/AA", "/OpenAction"} & set(one.keys()) for one in file.dictionaries())


def _form(file: Revision) -> bool:
    form = file.document.Root.get("/AcroForm", pikepdf.Dictionary())
    return not form.get("/NeedAppearances", False) and "/XFA" not in form


def _metadata(file: Revision) -> bool:
    """The XMP that calls the file PDF/A is untouched."""
    now, then = file.document.Root.get("/Metadata"), file.earlier.Root.Metadata
    return now is not None and now.read_raw_bytes() == then.read_raw_bytes()


def _intent(file: Revision) -> bool:
    now = file.document.Root.get("/OutputIntents", pikepdf.Array())
    return len(now) == len(file.earlier.Root.get("/OutputIntents", []))


def _ranges(file: Revision) -> bool:
    """The newest signature covers the whole file but for its own contents (6.4.3)."""
    signed = [one for one in file.dictionaries() if "/ByteRange" in one]
    ends = [int(one.ByteRange[2]) + int(one.ByteRange[3]) for one in signed]
    return all(int(one.ByteRange[0]) == 0 for one in signed) and max(ends) == len(file.pdf)


def _permissions(file: Revision) -> bool:
    return set(file.document.Root.get("/Perms", {}).keys()) <= {"/DocMDP", "/UR3"}


RULES: dict[str, Callable[[Revision], bool]] = {
    "6.1.2 header": _header,
    "6.1.3 trailer": _trailer,
    "6.1.3 end of file": _end,
    "6.1.7 filters": _filters,
    "6.1.12 permissions": _permissions,
    "6.1.13 limits": _strings,
    "6.2.3 output intent": _intent,
    "6.2.4.3 device colours": _colours,
    "6.2.8 images": _images,
    "6.2.9 forms": _forms,
    "6.2.10 transparency": _transparency,
    "6.2.11.3 CIDToGIDMap": _fonts_mapped,
    "6.2.11.4 embedding": _fonts_embedded,
    "6.2.11.5 widths": _widths,
    "6.2.11.8 notdef": _notdef,
    "6.3.1 kinds of annotation": _annotation_kinds,
    "6.3.2 annotation flags": _annotation_flags,
    "6.3.3 appearances": _annotation_drawn,
    "6.4.1 form": _form,
    "6.4.3 byte range": _ranges,
    "6.5.2 actions": _no_actions,
    "6.6.2 metadata": _metadata,
}


def broken_rules(pdf: bytes, before: bytes) -> list[str]:
    """Return the clauses that `pdf`, which continues the PDF/A `before`, does not keep."""
    file = Revision(pdf, before)
    return [name for name, holds_true in RULES.items() if not _kept(holds_true, file)]


def _kept(rule: Callable[[Revision], bool], file: Revision) -> bool:
    try:
        return rule(file)
    except (KeyError, AttributeError, pikepdf.PdfError):
        return False
