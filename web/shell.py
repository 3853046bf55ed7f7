"""What stands around every page (khung trang): agency, officer, menu, notes, hotline."""

from typing import Any

import sqlalchemy as sa
from flask import flash, g, get_flashed_messages, request, url_for

from api.parameters import LONGEST_SEARCH
from engine.database import Acting
from processes import inbox, master, second_person
from processes.reach import own_reach
from records.authority import Act, may
from records.delegation import Choice, choices_of
from records.organization import Agency, Officer
from records.vietnamese import local_date
from web.door import language, office, own_address, system_transaction, theme
from web.tongue import _, later

#: endpoint → label, icon, the act that must be allowed
_NAV = (
    ("inbox.show", later("Hộp việc"), "inbox", Act.DRAFT_DOCUMENT),
    ("document.incoming_list", later("Văn bản đến"), "mail", Act.READ_DOCUMENT),
    ("document.outgoing_list", later("Văn bản đi"), "send", Act.READ_DOCUMENT),
    ("dossier.listing", later("Hồ sơ"), "folder", Act.READ_DOSSIER),
    ("register.books", later("Sổ đăng ký"), "book", Act.READ_REGISTER),
    ("procedure.listing", later("Quy trình"), "workflow", Act.READ_PROCESS),
    ("account.listing", later("Tài khoản"), "users", Act.MANAGE_ACCOUNTS),
    ("keys.show", later("Khóa ký số"), "verified", Act.READ_KEY_USES),
    ("journal_page.check", later("Nhật ký"), "shield", Act.READ_JOURNAL),
    ("operator.show", later("Vận hành"), "activity", Act.OPERATE),
    ("trust.show", later("Danh sách tin cậy"), "verified", Act.READ_TRUST),
)


def say(text: str, tone: str = "ok") -> None:
    """Leave a note for the next page."""
    flash(text, tone)


def home() -> str:
    """Return where an officer starts: the first page he may open."""
    entries = navigation()
    return entries[0]["href"] if entries else url_for("help.show")


def after_step(given: str) -> str:
    """Return the inbox the officer came from, opened at its first item."""
    target = own_address(given, url_for("inbox.show"))
    if not target.startswith("/inbox"):
        return target
    basket = target.partition("?")[0].split("/")[2:3]
    return url_for("inbox.show", basket=basket[0] if basket else "mine", item="first")


def home_label() -> str:
    """Return what leads home: the inbox, or the first page of a role that has none."""
    entries = navigation()
    if not entries or may(g.presence.acting, Act.DRAFT_DOCUMENT):
        return _("Về hộp việc")
    return str(entries[0]["label"])


def navigation() -> list[dict[str, Any]]:
    """Return the menu of who acts: only what he may open."""
    me = g.get("presence")
    if me is None or not me.has_position:
        return []
    here = request.endpoint or ""
    found = []
    for endpoint, label, icon, act in _NAV:
        if may(me.acting, act, None if act is Act.READ_TRUST else own_reach(me.acting)):
            current = here == endpoint or (
                here.split(".")[0] == endpoint.split(".")[0] and endpoint == g.get("nav", endpoint)
            )
            found.append(
                {"label": label, "href": url_for(endpoint), "icon": icon, "current": current}
            )
    return found


def current_shell() -> dict[str, Any]:
    """Return the frame of this request's page, read once."""
    if "shell" not in g:
        g.shell = shell()
    kept: dict[str, Any] = g.shell
    return kept


def shell() -> dict[str, Any]:
    """Return what `base.html` and `outside.html` show around the page."""
    me = g.get("presence")
    kept: dict[str, Any] = {
        "language": language(),
        "theme": theme(),
        "demo": str(office().settings.mode) == "demo",
        "here": request.full_path.rstrip("?") if request.method == "GET" else "/",
        "query": request.args.get("q", "")[:LONGEST_SEARCH],
        "longest_query": LONGEST_SEARCH,
        "notices": 0,
        "agency": {"name": "Congvan", "parent": ""},
        "officer": {"name": "", "position": ""},
        "acting": [],
        "nav": navigation(),
        "messages": [{"tone": tone, "text": text, "undo": None} for tone, text in _notes()],
        "hotline": "",
        "version": g.get("release", ""),
        "links": _links(),
    }
    if me is not None and "shell_failed" not in g:
        kept |= _about(me)
    return kept


def _notes() -> list[tuple[str, str]]:
    return [(str(pair[0]), str(pair[1])) for pair in get_flashed_messages(with_categories=True)]


def _links() -> dict[str, str]:
    """Return the addresses of the frame; the last two only for whom they open."""
    me = g.get("presence")
    reach = own_reach(me.acting) if me is not None and me.has_position else None
    finds = reach is not None and may(me.acting, Act.READ_DOCUMENT, reach)
    works = reach is not None and may(me.acting, Act.DRAFT_DOCUMENT, reach)
    return {
        "home": url_for("start.home"),
        "preferences": url_for("login.preferences"),
        "acting": url_for("login.position"),
        "password": url_for("login.password"),
        "logout": url_for("login.log_out"),
        "help": url_for("help.show"),
        "incident": url_for("help.show", _anchor="incident"),
        "access": url_for("help.accessibility"),
        "search": url_for("search.show") if finds else "",
        "notices": url_for("inbox.show", basket="overdue") if works else "",
    }


def _about(me: Any) -> dict[str, Any]:
    with system_transaction() as tx:
        agency = tx.get(Agency, me.acting.agency_id)
        parent = tx.get(Agency, agency.parent_id) if agency.parent_id else None
        choices = choices_of(tx, me.acting.officer_id, local_date(tx.now))
        for_whom = tx.get(Officer, me.acting.on_behalf_of) if me.acting.on_behalf_of else None
    late = proposed = behind = 0
    if me.has_position and _takes_part(me.acting):
        with office().database.transaction(me.acting) as tx:
            if may(me.acting, Act.DRAFT_DOCUMENT):
                late = inbox.count(tx)[1]
            if _proposes(me.acting):
                proposed = second_person.count_waiting(tx)
            if may(me.acting, Act.PUBLISH_PROCESS):
                behind = len(master.behind(tx))
    title = me.acting.title
    if for_whom is not None:
        title = _("%(title)s, thay %(name)s", title=title, name=for_whom.full_name)
    return {
        "nav": _with_masters(_with_proposals(me, proposed), behind),
        "notices": late,
        "agency": {"name": agency.name, "parent": parent.name if parent else ""},
        "officer": {"name": me.acting.name, "position": title},
        "acting": [position_entry(c, me.acting.position_id) for c in choices],
        "hotline": agency.hotline,
    }


def _takes_part(acting: Acting) -> bool:
    return may(acting, Act.DRAFT_DOCUMENT) or _proposes(acting)


def _proposes(acting: Acting) -> bool:
    """Whether the officer decides proposals, or may have made some."""
    return may(acting, Act.DECIDE_PROPOSAL) or may(acting, Act.REASSIGN_WORK, own_reach(acting))


def _with_proposals(me: Any, count: int) -> list[dict[str, Any]]:
    """Return the menu with the proposals: while some wait, and always to who sets that up."""
    menu = navigation()
    if not count and not (me.has_position and may(me.acting, Act.MANAGE_STAFF)):
        return menu
    entry = {
        "label": _("Đề nghị (%(n)s)", n=count) if count else _("Đề nghị"),
        "href": url_for("proposal.listing"),
        "icon": "user-check",
        "current": (request.endpoint or "").startswith("proposal."),
    }
    # What waits stands among the first four, which a phone shows.
    return [*menu[:1], entry, *menu[1:]] if count else [*menu, entry]


def _with_masters(menu: list[dict[str, Any]], behind: int) -> list[dict[str, Any]]:
    """Return the menu that counts, for who publishes, the procedures behind their master."""
    listing = url_for("procedure.listing")
    label = _("Quy trình (%(n)s có mẫu mới)", n=behind)
    return [{**e, "label": label} if behind and e["href"] == listing else e for e in menu]


def position_entry(choice: Choice, current: object = None) -> dict[str, Any]:
    """Return one way to act, as the menu and the choosing page show it."""
    note = ""
    if choice.delegator is not None:
        note = _("thay %(name)s", name=choice.delegator.full_name)
    words = [choice.position.title, choice.agency.short_name or choice.agency.name, note]
    return {
        "id": str(choice.position.id),
        "label": ", ".join(word for word in words if word),
        "title": choice.position.title,
        "unit": "",
        "agency": choice.agency.name,
        "note": note,
        "current": choice.position.id == current,
    }


def first_agency() -> dict[str, str]:
    """Return the agency the login page speaks for: the oldest of the installation."""
    with system_transaction() as tx:
        found = tx.scalar(
            sa.select(Agency)
            .where(Agency.is_tenant.is_(True), Agency.parent_id.is_(None))
            .order_by(Agency.id)
            .limit(1)
        )
    if found is None:
        return {"name": "Congvan", "hotline": ""}
    return {"name": found.name, "hotline": found.hotline}
