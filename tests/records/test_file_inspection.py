import contextlib
import io
import struct
import zipfile
import zlib

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.errors import OfficeError
from records import inspection
from records.file_error import (
    ArchiveTooLarge,
    DamagedFile,
    DamagedPdf,
    EmptyFile,
    EncryptedPdf,
    FileTypeRefused,
    ImageTooLarge,
    MacrosRefused,
    PdfEndMismatch,
    TooManyPages,
    UnsafeXml,
)
from records.inspection import DOCX, JPEG, ODT, PDF, PNG, TIFF, XLSX, XML, Limits

# Pillow warns of damage in side data of pictures that it reads nevertheless
pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = Limits(unpacked_bytes=100_000, entries=20, pixels=10_000, pages=3)


def inspect(content: bytes, limits: Limits = SMALL) -> str:
    return inspection.inspect(io.BytesIO(content), limits)


def pdf(pages=1, **saving) -> bytes:
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        out = io.BytesIO()
        document.save(out, **saving)
        return out.getvalue()


def archive(entries: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return out.getvalue()


def docx(**more: bytes) -> bytes:
    entries = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}
    return archive(entries | {name.replace("__", "/"): content for name, content in more.items()})


def image(kind: str, size=(10, 10)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (pdf(), PDF),
        (docx(), DOCX),
        (archive({"[Content_Types].xml": b"<T/>", "xl/workbook.xml": b"<w/>"}), XLSX),
        (archive({"mimetype": ODT.encode(), "content.xml": b"<o/>"}), ODT),
        (image("PNG"), PNG),
        (image("JPEG"), JPEG),
        (image("TIFF"), TIFF),
        (b"<?xml version='1.0'?><edXML/>", XML),
    ],
)
def test_each_allowed_type_is_recognised(content, expected):
    assert inspect(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"MZ" + bytes(60),
        b"<html>%PDF-1.7</html>",
        b"\xd0\xcf\x11\xe0 old word",
        b"GIF89a",
        b"plain text",
        archive({"readme.txt": b"x"}),
        archive({"mimetype": b"application/epub+zip", "content.xml": b""}),
    ],
)
def test_other_types_are_refused_whatever_their_name(content):
    with pytest.raises(FileTypeRefused):
        inspect(content)


def test_an_empty_file_is_named_as_such():
    with pytest.raises(EmptyFile):
        inspect(b"")


# -- PDF ------------------------------------------------------------------------------------------


def test_an_encrypted_pdf_is_refused_with_and_without_password():
    for user in ("bí mật", ""):
        locked = pdf(encryption=pikepdf.Encryption(owner="chủ", user=user))
        with pytest.raises(EncryptedPdf) as refused:
            inspect(locked)
        assert "đề nghị nơi gửi" in refused.value.text()


def test_a_pdf_cut_anywhere_is_refused():
    whole = pdf(2)
    assert inspect(whole) == PDF
    for end in range(5, len(whole) - 2, 13):
        with pytest.raises(DamagedPdf):
            inspect(whole[:end])


def test_a_second_file_behind_the_pdf_is_refused():
    for behind in (archive({"a": b"b"}), b"<script>alert(1)</script>", b"x" * 5000):
        with pytest.raises(PdfEndMismatch) as refused:
            inspect(pdf() + behind)
        assert "dở dang" not in refused.value.text()
    assert inspect(pdf() + b"\r\n\x00") == PDF


def test_pages_are_counted_to_the_limit():
    assert inspection.count_pages(io.BytesIO(pdf(3)), SMALL) == 3
    with pytest.raises(TooManyPages):
        inspect(pdf(4))


# -- archives -------------------------------------------------------------------------------------


def test_a_bomb_is_refused_before_it_unpacks():
    assert inspect(docx(word__a=bytes(99_000))) == DOCX
    with pytest.raises(ArchiveTooLarge):
        inspect(docx(word__a=bytes(101_000)))


def test_a_header_that_lies_about_the_size_does_not_help():
    bomb = bytearray(docx(word__a=bytes(5_000_000)))
    real = struct.pack("<I", 5_000_000)
    assert bomb.count(real) >= 1
    lying = bytes(bomb).replace(real, struct.pack("<I", 10))
    with pytest.raises((ArchiveTooLarge, DamagedFile)):
        inspect(lying)


def test_too_many_entries_are_refused():
    names = {f"word__{i}": b"" for i in range(18)}
    assert inspect(docx(**names)) == DOCX
    with pytest.raises(ArchiveTooLarge):
        inspect(docx(**names, word__last=b""))


def test_one_layer_of_nesting_is_allowed():
    sheet = archive({"[Content_Types].xml": b"<T/>", "xl/workbook.xml": b"<w/>"})
    assert inspect(docx(word__embeddings__a=sheet)) == DOCX
    with pytest.raises(ArchiveTooLarge):
        inspect(docx(word__embeddings__a=docx(word__embeddings__b=sheet)))


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "word/../../x", "C:/x", "..\\x"])
def test_names_that_climb_out_are_refused(name):
    entries = {"[Content_Types].xml": b"<T/>", "word/document.xml": b"<d/>", name: b"x"}
    with pytest.raises(DamagedFile):
        inspect(archive(entries))


def test_macros_are_refused():
    with pytest.raises(MacrosRefused):
        inspect(docx(**{"word__vbaProject.bin": b"x"}))


@pytest.mark.parametrize("code", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_doctype_in_a_part_is_refused(code):
    part = ("<?xml version='1.0'?>" + " " * 70_000 + "<!DOCTYPE a><a/>").encode(code)
    with pytest.raises(UnsafeXml):
        inspect(docx(**{"word__styles.xml": part}), Limits())


def test_a_doctype_across_two_chunks_is_refused():
    for shift in range(12):
        text = b"<?xml version='1.0'?>" + b" " * ((1 << 16) - 21 - shift) + b"<!DOCTYPE a><a/>"
        with pytest.raises(UnsafeXml):
            inspect(text, Limits())


# -- pictures -------------------------------------------------------------------------------------


def test_a_flood_of_pixels_is_refused_without_unpacking_it():
    assert inspect(image("PNG", (100, 100))) == PNG
    with pytest.raises(ImageTooLarge):
        inspect(image("PNG", (101, 100)))
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    flood = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")
    with pytest.raises(ImageTooLarge):
        inspect(flood, Limits())


def test_a_cut_picture_is_refused():
    for kind in ("PNG", "JPEG", "TIFF"):
        whole = image(kind, (60, 60))
        with pytest.raises(DamagedFile):
            inspect(whole[: len(whole) // 2])


# -- anything -------------------------------------------------------------------------------------

SEEDS = [pdf(), docx(), image("PNG"), image("JPEG"), image("TIFF"), b"<?xml version='1.0'?><a/>"]


@settings(max_examples=200)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=12),
    st.none() | st.integers(0, 5000),
)
def test_whatever_the_bytes_the_answer_is_a_type_or_a_fact(seed, flips, cut):
    content = bytearray(seed)
    for place, value in flips:
        content[place % len(content)] = value
    with contextlib.suppress(OfficeError):
        assert inspect(bytes(content[:cut])) in {*inspection.DOCUMENTS, XML}


@given(st.sampled_from([magic for magic, _ in inspection.MAGIC]), st.binary(max_size=200))
def test_a_magic_number_alone_proves_nothing(magic, rest):
    try:
        found = inspect(magic + rest)
    except OfficeError:
        return
    assert found == XML
    assert (magic + rest).rstrip().endswith(b">")
