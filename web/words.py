"""How pages say when and how much (ngày giờ, thời hạn, dung lượng), in the reader's language."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import nh3
from flask import Flask
from flask_babel import Babel
from markdown_it import MarkdownIt
from markupsafe import Markup

from engine.database import Transaction
from records.vietnamese import VIETNAM, date_words, day_text, local_date, time_words
from records.working_time import WorkingCalendar, due_text, working_time_between
from web.door import language, office
from web.tongue import _, ngettext

babel = Babel()
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_TAGS = {"p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "code", "br", "a"}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

Due = dict[str, str]


def init_words(app: Flask) -> None:
    """Choose the language of each request and give the templates their filter."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    app.config["BABEL_DEFAULT_LOCALE"] = "vi"
    babel.init_app(app, locale_selector=language)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.filters["markdown"] = markdown


def markdown(text: str) -> Markup:
    """Return a form's note as safe HTML."""
    return Markup(nh3.clean(_MARKDOWN.render(text), tags=_TAGS))  # noqa: S704 - cleaned


def day(value: date | None) -> str:
    """Return "05/02/2026", empty without a day."""
    if value is None:
        return ""
    return day_text(value) if language() == "vi" else f"{value.day} {_month(value)} {value.year}"


def long_day(value: date | None) -> str:
    """Return "ngày 05 tháng 02 năm 2026", empty without a day."""
    if value is None:
        return ""
    return date_words(value) if language() == "vi" else day(value)


def moment(value: datetime | None, now: datetime) -> str:
    """Return "hôm nay, 9 giờ 40", "14/12, 15 giờ 05" or with the year when it is another."""
    if value is None:
        return ""
    local, today = value.astimezone(VIETNAM), local_date(now)
    english = language() == "en"
    clock = f"{local:%H:%M}" if english else time_words(value)
    if local.date() == today:
        return _("hôm nay, %(time)s", time=clock)
    short = f"{local.day:02d}/{local.month:02d}"
    if english:
        short = f"{local.day} {_month(local)}"
    if local.year != today.year:
        short = day(local.date())
    return f"{short}, {clock}"


def exact(value: datetime | None) -> str:
    """Return "15/12/2020 15:10:02" in Vietnam, as in logs."""
    return "" if value is None else f"{value.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"


def iso(value: datetime | None) -> str:
    """Return a moment as `<time datetime>` has it."""
    return "" if value is None else value.astimezone(VIETNAM).isoformat(timespec="minutes")


def _month(value: date) -> str:
    return _MONTHS[value.month - 1]


def due(value: datetime | None, now: datetime, calendar: WorkingCalendar) -> Due | None:
    """Return the time left in words and whether it is late or soon over (a working day or less)."""
    if value is None:
        return None
    state = "ok"
    if value < now:
        state = "late"
    elif value - now < timedelta(days=14) and (
        working_time_between(now, value, calendar) <= calendar.day_length
    ):
        state = "soon"
    return {"text": due_text(value, now, calendar, language()), "state": state}


def calendar_of(tx: Transaction, agency_id: UUID | None) -> WorkingCalendar:
    """Return the working calendar of an agency, as the desk knows it."""
    return office().means.desk.calendar(tx, agency_id) if agency_id else WorkingCalendar()


def size(count: int) -> str:
    """Return "84 KB" or "1,2 MB"."""
    if count < 1 << 20:
        return f"{max(1, round(count / 1024))} KB"
    text = f"{count / (1 << 20):.1f}"
    return f"{text if language() == 'en' else text.replace('.', ',')} MB"


def number(count: int) -> str:
    """Return "1.852", or "1,852" in English."""
    text = f"{count:,}"
    return text if language() == "en" else text.replace(",", ".")


def documents(count: int) -> str:
    """Return "23 văn bản"."""
    return ngettext("%(n)s văn bản", "%(n)s văn bản", count, n=number(count))


def fact(label: str, value: Any, href: str | None = None) -> dict[str, Any]:
    """Return one line of a list of facts."""
    return {"label": label, "value": value, "href": href}
