"""Running work carried over to another version (đợt chuyển hồ sơ): foreseen, done, returned."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.definition import Definition, program_of
from engine.errors import OfficeError
from engine.instance import ProcessInstance
from engine.moves import TARGETS
from engine.work_item import WorkItem
from forms.page import FormView, PartView
from processes import migration
from processes.foresight import Foreseen
from processes.migration import MigrateRuns, Migration, MigrationStatus, RunStatus
from processes.second_person import Proposal
from records import journal
from records.authority import Act
from records.organization import Officer
from web import fields, words
from web.door import language, office, transaction
from web.foresight import caution, counted, groups
from web.policy import needs
from web.run import called_all
from web.shell import say
from web.tongue import _

pages = Blueprint("migration", __name__)

#: before the id of a step of the old diagram, in the form's names
_STEP = "step."


def crumbs(version: Definition, here: str) -> list[dict[str, str]]:
    """Return the way to a page about a procedure."""
    return [
        {"label": _("Quy trình"), "href": url_for("procedure.listing")},
        {"label": version.name, "href": url_for("procedure.show", key=version.key)},
        {"label": here, "href": ""},
    ]


@pages.get("/procedures/<key>/<int:number>/migration")
@needs(Act.MIGRATE_PROCESS)
def preview(key: str, number: int) -> Response:
    """Show what carrying all running work over to a version would change, before it is done."""
    return _preview(key, number)


@pages.post("/procedures/<key>/<int:number>/migration")
@needs(Act.MIGRATE_PROCESS)
def migrate(key: str, number: int) -> Response:
    """Begin to carry running work over, or show the preview again with another table."""
    if request.form.get("do") == "preview":
        return _preview(key, number)
    command = MigrateRuns(key, number, request.form.get("reason", ""), _table())
    try:
        with transaction() as tx:
            made = migration.migrate(tx, office().means, command)
            identity = made.id
    except OfficeError as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        return _preview(key, number, error.text(language()), error.status)
    if isinstance(made, Proposal):
        say(_("Đã gửi đề nghị chuyển hồ sơ. Chưa hồ sơ nào được chuyển."))
        return redirect(url_for("running.show", key=key), 303)
    say(_("Đang chuyển hồ sơ. Mỗi hồ sơ được chuyển trọn vẹn hoặc giữ nguyên."))
    return redirect(url_for("migration.show", migration_id=identity), 303)


def _table() -> dict[str, str]:
    return {
        name.removeprefix(_STEP): value
        for name, value in request.form.items()
        if name.startswith(_STEP) and value
    }


def _preview(key: str, number: int, error: str = "", status: int = 200) -> Response:
    with transaction() as tx:
        version = migration.version_of(tx, key, number)
        table = _table()
        foreseen = migration.foresee(tx, office().means, key, number, table)
        shown = {
            "title": _("Chuyển hồ sơ đang chạy sang bản %(n)s", n=number),
            "crumbs": crumbs(version, _("Chuyển hồ sơ")),
            "counts_text": counted(foreseen),
            "groups": groups(tx, foreseen),
            "form": _carry_form(tx, version, foreseen, table, error),
            "action": url_for("migration.migrate", key=key, number=number),
            "empty": not foreseen,
            "caution": caution(version),
        }  # fmt: skip
        journal.record(tx, "view", "definition", version.id, key=key, number=number)
    return make_response(render_template("migration_preview.html", preview=shown), status)


def _carry_form(
    tx: Transaction,
    version: Definition,
    foreseen: Sequence[Foreseen],
    table: dict[str, str],
    error: str,
) -> FormView:
    """Return the steps to find a place for, and the reason."""
    old = dict(pair for one in foreseen for pair in one.lost)
    for identity in table:
        old.setdefault(identity, _former_name(tx, version, identity))
    nodes = program_of(tx, version.id).nodes.values()
    steps = [(n.id, n.name or n.id) for n in nodes if n.kind in TARGETS]
    parts: list[PartView] = [
        fields.choice(
            f"{_STEP}{identity}", _("Bước «%(name)s» chuyển thành", name=name), steps,
            table.get(identity, ""),
        )
        for identity, name in old.items()
    ]  # fmt: skip
    reason = fields.field(
        "textarea", "reason", _("Lý do và căn cứ"), request.form.get("reason", ""), error=error,
        required=True, max_length=1000,
    )  # fmt: skip
    return fields.form("migration", *parts, reason)


def _former_name(tx: Transaction, version: Definition, identity: str) -> str:
    """Return the words of a step of the versions whose work is carried over."""
    found = tx.scalar(
        sa.select(WorkItem.name)
        .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
        .join(Definition, Definition.id == ProcessInstance.definition_id)
        .where(Definition.key == version.key, WorkItem.node_id == identity)
        .limit(1)
    )
    return found or identity


# one migration -----------------------------------------------------------------------------------


@pages.get("/migrations/<uuid:migration_id>")
@needs(Act.MIGRATE_PROCESS)
def show(migration_id: UUID) -> Response:
    """Show how a migration went so far."""
    return _migration(migration_id)


def _migration(migration_id: UUID, error: str = "", status: int = 200) -> Response:
    with transaction() as tx:
        found = migration.outcome(tx, migration_id)
        one = found.migration
        version = tx.get(Definition, one.definition_id)
        runs_of = {
            r.id: r.subject_id
            for r in tx.scalars(
                sa.select(ProcessInstance).where(
                    ProcessInstance.id.in_([r.instance_id for r in found.refused])
                )
            )
        }
        names = called_all(tx, runs_of.values())
        reason = fields.field("textarea", "reason", _("Lý do"), request.form.get("reason", ""),
                              error=error, required=True, max_length=1000)  # fmt: skip
        returns = one.status == MigrationStatus.DONE and found.counts.get(RunStatus.CARRIED, 0)
        shown = {
            **line(tx, one),
            "title": _("Chuyển hồ sơ sang bản %(n)s", n=version.number),
            "crumbs": crumbs(version, _("Đợt chuyển hồ sơ")),
            "facts": _facts(tx, one),
            "counts": _counts(found.counts),
            "refused": [
                {
                    "name": names.get(runs_of.get(r.instance_id, r.id), ""),
                    "href": url_for("run.show", instance_id=r.instance_id),
                    "why": r.en if language() == "en" else r.vi,
                }
                for r in found.refused
            ],
            "form": fields.form("return", reason) if returns else None,
            "action": url_for("migration.give_back", migration_id=one.id),
        }
    return make_response(render_template("migration.html", migration=shown), status)


def _facts(tx: Transaction, one: Migration) -> list[dict[str, Any]]:
    found = [
        words.fact(_("Lý do"), one.reason),
        words.fact(_("Người thực hiện"), _name(tx, one.started_by)),
        words.fact(_("Bắt đầu"), words.moment(one.started_at, tx.now)),
        words.fact(_("Xong"), words.moment(one.ended_at, tx.now) or _("chưa xong")),
    ]
    if proposer := one.facts.get("proposed_name"):
        found.append(words.fact(_("Người đề nghị"), proposer))
    if why := one.facts.get("returned_reason"):
        found.append(words.fact(_("Lý do trả về"), why))
    return found


def _name(tx: Transaction, officer_id: UUID | None) -> str:
    return tx.get(Officer, officer_id).full_name if officer_id else ""


def _counts(counts: dict[str, int]) -> list[dict[str, Any]]:
    labels = {
        RunStatus.WAITING: _("chờ chuyển"),
        RunStatus.CARRIED: _("đã chuyển"),
        RunStatus.REFUSED: _("ở lại bản cũ"),
        RunStatus.RETURNED: _("đã trả về bản cũ"),
        RunStatus.STAYED: _("giữ bản mới vì đã xử lý tiếp"),
    }
    return [
        {"label": label, "count": counts[status.value]}
        for status, label in labels.items()
        if status.value in counts
    ]


def line(tx: Transaction, one: Migration) -> dict[str, Any]:
    """Return a migration for a list."""
    status = MigrationStatus(one.status)
    done = {
        MigrationStatus.RUNNING: _("đang chuyển"),
        MigrationStatus.DONE: _("đã chuyển xong"),
        MigrationStatus.RETURNING: _("đang trả về bản cũ"),
        MigrationStatus.RETURNED: _("đã trả về bản cũ"),
    }
    number = tx.get(Definition, one.definition_id).number
    return {
        "text": _("sang bản %(n)s", n=number),
        "href": url_for("migration.show", migration_id=one.id),
        "status_text": done[status],
        "status_tone": "ok" if status is MigrationStatus.DONE else "act",
        "is_working": status in {MigrationStatus.RUNNING, MigrationStatus.RETURNING},
        "reason": one.reason,
        "who": _name(tx, one.started_by),
        "when": words.moment(one.started_at, tx.now),
    }


@pages.post("/migrations/<uuid:migration_id>/return")
@needs(Act.MIGRATE_PROCESS)
def give_back(migration_id: UUID) -> Response:
    """Begin to return what has not moved since."""
    try:
        with transaction() as tx:
            migration.give_back(tx, migration_id, request.form.get("reason", ""))
    except OfficeError as error:
        if error.status in {403, 404} or error.status >= 500:
            raise
        return _migration(migration_id, error.text(language()), error.status)
    say(_("Đang trả về bản cũ những hồ sơ chưa xử lý tiếp."))
    return redirect(url_for("migration.show", migration_id=migration_id), 303)
