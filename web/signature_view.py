"""The checks of a file's signatures on a page (kết quả kiểm tra chữ ký số), fact by fact."""

from typing import Any

from flask import url_for

from records.content import File
from records.inspection import PDF
from records.verification import SignatureCheck
from records.vocabulary import FileKind
from signing.facts import Fact, document_facts, facts_of
from signing.report import DocumentReport, SignatureReport, Verdict
from web import words
from web.door import language
from web.paper import Papers
from web.tongue import _


def signatures(papers: Papers, file: File | None) -> list[dict[str, Any]]:
    """Return the signatures of a file in plain words, the whole document first."""
    report = papers.report(file)
    if report is None or file is None:
        return []
    if report.verdict is Verdict.UNSIGNED:
        return [_unsigned(file, report)]
    whole = {
        "verdict": report.verdict.value,
        "who": _("cả văn bản"),
        "text": f"{report.summary(language())}.",
        "step": report.next_step(language()),
        "facts": _facts(document_facts(report, language())),
    }
    return [whole, *(_signature(one) for one in report.signatures)]


def unchecked(papers: Papers, file: File | None) -> list[dict[str, Any]]:
    """Return what stands for the signatures of a PDF nobody has checked yet: it may bear some."""
    if file is None or file.media_type != PDF or file.kind is FileKind.DRAFT:
        return []
    if papers.report(file) is not None:
        return []
    text = _("Chữ ký số của tệp này đang chờ kiểm tra.")
    return [{"verdict": "unchecked", "who": file.name, "text": text, "step": "", "facts": []}]


def checks(papers: Papers, file: File | None) -> dict[str, Any] | None:
    """Return every check of a file, newest first, and where its report is had."""
    found = papers.history.get(file.id, ()) if file is not None else ()
    report = papers.report(file)
    if file is None or report is None:
        return None
    forms = {"json": _("Báo cáo JSON")}
    if report.signatures:
        forms["xml"] = _("Báo cáo ETSI (XML)")
    return {
        "downloads": [
            {"label": label, "href": url_for("file.report", file_id=file.id, form=form)}
            for form, label in forms.items()
        ],
        "history": [_check(file, one) for one in reversed(found)],
    }


def _check(file: File, check: SignatureCheck) -> dict[str, str]:
    return {
        "when": words.exact(check.checked_at),
        "at": check.checked_at.isoformat(),
        "text": check.verdict.label(language()),
        "href": url_for("file.report", file_id=file.id, form="json", check=check.id),
    }


def _unsigned(file: File, report: DocumentReport) -> dict[str, Any]:
    said = [_("Đã kiểm tra lúc %(at)s.", at=words.exact(report.checked_at))]
    if file.kind is FileKind.SCAN:
        said.append(_("Bản số hóa được đối chiếu với bản giấy."))
    return {
        "verdict": report.verdict.value,
        "who": file.name,
        "text": " ".join(said),
        "step": "",
        "facts": _facts(document_facts(report, language())),
    }


def _signature(one: SignatureReport) -> dict[str, Any]:
    name = one.subject
    if one.organization and one.organization != one.subject:
        name = f"{one.subject}, {one.organization}"
    return {
        "verdict": one.verdict.value,
        "who": name or one.field,
        "text": one.text(language()),
        "step": one.next_step(language()),
        "facts": _facts(facts_of(one, language())),
    }


def _facts(found: list[Fact]) -> list[dict[str, str | None]]:
    return [{"label": label, "value": value, "href": None} for label, value in found]
