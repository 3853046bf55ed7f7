import io
import os
import select
import zipfile

import pytest

from records.conversion import (
    ConversionFailed,
    ConversionUnavailable,
    convert_to_pdf,
    cut_outside_links,
    find_office,
)
from records.file_error import FileTypeRefused
from records.inspection import PDF, count_pages, inspect

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
RELS = (
    f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/officeDocument"'
    ' Target="word/document.xml"/></Relationships>'
)
LINKS = (
    f'<Relationships xmlns="{PACKAGE}">'
    f'<Relationship Id="a" Type="{OFFICE}/attachedTemplate" TargetMode="External"'
    ' Target="http://192.0.2.1/t.dotm"/>'
    f'<Relationship Id="b" Type="{OFFICE}/hyperlink" TargetMode="External"'
    ' Target="https://thainguyen.gov.vn"/>'
    f'<Relationship Id="c" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
DOCUMENT = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    "<w:p><w:r><w:t>Ủy ban nhân dân tỉnh Thái Nguyên</w:t></w:r></w:p></w:body></w:document>"
)


def word(document: str = DOCUMENT) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("[Content_Types].xml", TYPES)
        made.writestr("_rels/.rels", RELS)
        made.writestr("word/_rels/document.xml.rels", LINKS)
        made.writestr("word/document.xml", document)
    return out.getvalue()


def script(tmp_path, body: str) -> str:
    """A program of ours in the place of LibreOffice."""
    path = tmp_path / "soffice"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_links_to_the_outside_are_cut_but_not_hyperlinks():
    with zipfile.ZipFile(io.BytesIO(cut_outside_links(word()))) as made:
        links = made.read("word/_rels/document.xml.rels").decode()
        assert made.read("word/document.xml").decode() == DOCUMENT
    assert "attachedTemplate" not in links
    assert "192.0.2.1" not in links
    assert "thainguyen.gov.vn" in links
    assert "styles.xml" in links


def test_without_the_program_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_office() is None
    with pytest.raises(ConversionUnavailable) as refused:
        convert_to_pdf(word())
    assert "LibreOffice" in refused.value.text()


def test_what_is_no_document_never_reaches_the_program(tmp_path):
    with pytest.raises(FileTypeRefused):
        convert_to_pdf(b"MZ\x00\x00", office=script(tmp_path, "exit 0"))


def test_a_program_that_fails_or_makes_nothing_is_a_fact(tmp_path):
    with pytest.raises(ConversionFailed, match="77"):
        convert_to_pdf(word(), office=script(tmp_path, "exit 77"))
    with pytest.raises(ConversionFailed):
        convert_to_pdf(word(), office=script(tmp_path, "exit 0"))


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path):
    trace = tmp_path / "child"
    office = script(tmp_path, f"sleep 300 & echo $! > {trace}; wait")
    with pytest.raises(ConversionFailed, match="giây"):
        convert_to_pdf(word(), office=office, timeout=0.5)
    try:
        child = os.pidfd_open(int(trace.read_text()))
    except ProcessLookupError:
        return
    ended = select.poll()
    ended.register(child, select.POLLIN)
    assert ended.poll(5_000)  # milliseconds
    os.close(child)


@pytest.mark.soffice
def test_a_word_file_becomes_a_pdf():
    if find_office() is None:
        pytest.skip("LibreOffice is not installed (apt-get install libreoffice-writer-nogui)")
    made = io.BytesIO(convert_to_pdf(word()))
    assert inspect(made) == PDF
    assert count_pages(made) == 1
