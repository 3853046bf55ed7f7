"""The checks of a file's signatures on a page (kết quả kiểm tra chữ ký số), fact by fact."""

from typing import Any

from flask import url_for

from records.content import File
from records.inspection import PDF
from records.verification import SignatureCheck
from records.vocabulary import FileKind
from signing.facts import Fact, document_facts, facts_of
from signing.report import DocumentReport, Reason, SignatureReport, Verdict
from signing.wording import REASONS, ROLES, judged, said
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
        "text": _why(report.verdict, report.reason, _missing(report)),
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
        "text": " ".join(filter(None, (_as_whom(one), _why(one.verdict, one.reason), _then(one)))),
        "step": one.next_step(language()),
        "facts": _facts(facts_of(one, language())),
    }


def _as_whom(one: SignatureReport) -> str:
    """Return in which role it was signed and when, as the signature itself states."""
    parts = [said(ROLES[one.role], language())] if one.role else []
    if one.claimed_at is not None:
        parts.append(_("ký lúc %(at)s", at=words.exact(one.claimed_at)))
    return _sentence(", ".join(parts))


def _why(verdict: Verdict, reason: Reason, detail: str = "") -> str:
    """Return what speaks against it: the verdict itself stands in the heading, once."""
    if verdict is Verdict.VALID or reason not in REASONS:
        return ""
    return _sentence(said(REASONS[reason], language()) + detail)


def _missing(report: DocumentReport) -> str:
    names = ", ".join(said(ROLES[role], language()) for role in report.missing_roles)
    return f": {names}" if names and report.reason is Reason.MISSING_ROLE else ""


def _then(one: SignatureReport) -> str:
    """Return what held at the proven time, where now tells another."""
    if one.proven_at is None or one.verdict_at_signing is one.verdict:
        return ""
    told = judged(one.verdict_at_signing, one.reason_at_signing, language())
    return _sentence(
        _("tại thời điểm được chứng minh %(at)s: %(verdict)s",
          at=words.exact(one.proven_at), verdict=told[:1].lower() + told[1:])
    )  # fmt: skip


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _facts(found: list[Fact]) -> list[dict[str, str | None]]:
    return [{"label": label, "value": value, "href": None} for label, value in found]
