"""Published diagrams: immutable versions and the pipeline that makes one (ban hành quy trình)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypedDict, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from engine import diagram, dry_run, lint, normalise, program
from engine import foreign as drawn_elsewhere
from engine.choices import take_out_own
from engine.database import Base, Query, Transaction, new_id
from engine.errors import NotFound, OfficeError
from engine.expressions import Kind
from engine.graph import Graph
from engine.path import check_paths
from engine.redrawing import redraw
from engine.release import engine_name
from engine.soundness import check_soundness
from engine.unfolding import unfold


class Definition(Base):
    """One immutable version of a process (phiên bản quy trình).

    One version is current; another may be on trial for the units in `pilot_units` (áp dụng thử).
    `xml_original` is what the author drew and the only truth; `xml_normalised` and `specs` are
    derived from it. `forms` pins each form key to the sha256 of the version it was published with.
    """

    __tablename__ = "definition"
    called = ("phiên bản quy trình", "version of a procedure")
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "key", "number"),
        sa.Index(
            "ix_definition_current", "agency_id", "key", unique=True,
            postgresql_where=sa.text("is_current"),
        ),
        sa.Index(
            "ix_definition_pilot", "agency_id", "key", unique=True,
            postgresql_where=sa.text("pilot_units IS NOT NULL"),
        ),
    )  # fmt: skip

    id: orm.Mapped[UUID] = orm.mapped_column(primary_key=True, default=new_id)
    agency_id: orm.Mapped[UUID] = orm.mapped_column(sa.ForeignKey("agency.id"))
    key: orm.Mapped[str]
    number: orm.Mapped[int]
    name: orm.Mapped[str]
    is_current: orm.Mapped[bool] = orm.mapped_column(default=True)
    pilot_units: orm.Mapped[list[UUID] | None]
    #: the version of a master diagram it was merged from
    master_id: orm.Mapped[UUID | None]
    xml_original: orm.Mapped[bytes]
    xml_normalised: orm.Mapped[bytes]
    sha256: orm.Mapped[str]
    specs: orm.Mapped[bytes]
    forms: orm.Mapped[dict[str, Any]]
    findings: orm.Mapped[list[Any]]
    reason: orm.Mapped[str]
    published_by: orm.Mapped[UUID | None]
    published_at: orm.Mapped[datetime]


class NotPublishable(OfficeError):
    """The diagram has errors and was not published (sơ đồ còn lỗi); nothing changed."""

    code = "not-publishable"
    vi = "Sơ đồ còn {count} lỗi nên chưa công bố được. Sửa các lỗi nêu dưới đây rồi thử lại."
    en = "The diagram has {count} errors and was not published. Mend them and publish again."

    def __init__(self, findings: list[lint.Finding]) -> None:
        self.findings = findings
        super().__init__(count=sum(f.is_error for f in findings))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A diagram that went through the pipeline; publishable when no finding is an error."""

    original: bytes
    normalised: bytes
    specs: bytes
    model: diagram.Model
    findings: list[lint.Finding]
    ways: Graph
    #: drawn elsewhere: completed so that it runs, not to be published as it is
    is_foreign: bool = False

    @property
    def is_publishable(self) -> bool:
        """Whether this may become a version of a procedure."""
        return not self.has_errors and not self.is_foreign

    @property
    def has_errors(self) -> bool:
        """Whether a finding forbids publishing."""
        return any(f.is_error for f in self.findings)

    def named(self, path: Iterable[str]) -> str:
        """Return a finding's path in the words of the drawing: steps and events by their names."""
        nodes = (self.model.nodes.get(one) for one in path)
        names = [n.name for n in nodes if n is not None and n.name != n.id]
        return " → ".join(name for name, _ in groupby(names))


def prepare(
    xml: bytes,
    catalogue: lint.Catalogue | None = None,
    *,
    foreign: bool = False,
    tried: bool = False,
) -> Prepared:
    """Run the publish pipeline without a database: schema, normalise, lint, build, try out.

    Raises `engine.diagram.DiagramRefused` only for a file that is not a readable diagram; all
    else is a finding. With a `catalogue` the verbs, forms, roles and variables named are checked
    as well. A `foreign` diagram is completed first, and what an office must name is a warning.
    """
    root = diagram.read(xml)
    findings = [*lint.schema_findings(root), *take_out_own(root)]
    given: set[str] = set()
    if foreign:
        diagram.main_process(root)  # refuses a file of choreographies only
        completed = drawn_elsewhere.complete(root)
        root, given = completed.root, completed.given
        findings = [*lint.as_foreign(findings, given), *completed.findings]
    model = diagram.model_of(root)
    found = lint.check(root, model, catalogue)
    normalised, rewrites = normalise.normalise(root, every_pool=foreign)
    ways = unfold(normalised)
    found += check_paths(normalised, ways)
    findings += lint.as_foreign(found, given) if foreign else found
    running, specs = normalised, b""
    if not any(f.is_error for f in findings):
        lenient = catalogue is None or foreign
        grave = lint.Severity.WARNING if lenient else lint.Severity.ERROR
        findings += check_soundness(ways, grave)
        running = redraw(normalised, rewrites)
    findings += lint.rewrite_findings(rewrites.notes)
    if not any(f.is_error for f in findings):
        try:
            specs, _ = program.build(running)
            if tried:
                findings += dry_run.check(program.restore(specs), kinds_of(catalogue))
        except diagram.DiagramRefused as error:
            findings.append(lint.parser_finding(error))
    return Prepared(xml, diagram.to_bytes(running), specs, model, findings, ways, foreign)


def kinds_of(catalogue: lint.Catalogue | None) -> Mapping[str, Kind]:
    """Return the kinds of the variables that an office declares."""
    return (catalogue.variables if catalogue is not None else None) or {}


def hold(tx: Transaction, agency_id: UUID, key: str) -> None:
    """Let one at a time change which version of a process is in use, until the commit."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", f"{agency_id}/{key}")


def publish(
    tx: Transaction,
    prepared: Prepared,
    *,
    agency_id: UUID,
    key: str,
    name: str,
    forms: Mapping[str, str],
    reason: str,
    pilot_units: list[UUID] | None = None,
    master_id: UUID | None = None,
) -> Definition:
    """Publish a new version of a process; running instances stay with theirs.

    With `pilot_units` it is on trial for these units only, in place of an earlier trial; without,
    it is current and ends a trial. It follows `master_id`, or the master of the one before it.
    Raises `NotPublishable` where the pipeline found errors.
    """
    if not prepared.is_publishable:
        raise NotPublishable(prepared.findings)
    hold(tx, agency_id, key)
    newest = tx.scalar(_NEWEST, agency_id=agency_id, key=key) or 0
    for used in tx.scalars(IN_USE, agency_id=agency_id, key=key):
        used.pilot_units = None
        if used.is_current:
            master_id = master_id or used.master_id
        if pilot_units is None:
            used.is_current = False
    tx.flush()
    return tx.add(
        Definition(
            id=new_id(),
            agency_id=agency_id,
            key=key,
            number=newest + 1,
            name=name,
            is_current=pilot_units is None,
            pilot_units=pilot_units,
            master_id=master_id,
            xml_original=prepared.original,
            xml_normalised=prepared.normalised,
            sha256=hashlib.sha256(prepared.original).hexdigest(),
            specs=prepared.specs,
            forms=dict(forms),
            findings=[f.to_json() for f in prepared.findings],
            reason=reason,
            published_by=tx.acting.officer_id,
            published_at=tx.now,
        )
    )


#: the current version and one on trial
IN_USE = Query(
    sa.select(Definition).where(
        Definition.agency_id == sa.bindparam("agency_id"),
        Definition.key == sa.bindparam("key"),
        sa.or_(Definition.is_current, Definition.pilot_units.is_not(None)),
    )
)

_NEWEST = Query(
    sa.select(sa.func.max(Definition.number)).where(
        Definition.agency_id == sa.bindparam("agency_id"), Definition.key == sa.bindparam("key")
    )
)


def definition_for(tx: Transaction, agency_id: UUID, key: str, unit_id: UUID | None) -> Definition:
    """Return the version a new instance of `unit_id` runs: the one on trial there, or the current.

    Raises `NotFound` where none was published.
    """
    used = tx.scalars(IN_USE, agency_id=agency_id, key=key)
    for found in sorted(used, key=lambda d: d.is_current):
        if found.is_current or unit_id in (found.pilot_units or ()):
            return found
    raise NotFound(what=f"quy trình {key}")


def end_trial(tx: Transaction, agency_id: UUID, key: str, *, adopt: bool) -> Definition:
    """End the trial of a version, making it current where it is adopted; raises `NotFound`."""
    hold(tx, agency_id, key)
    used = tx.scalars(IN_USE, agency_id=agency_id, key=key)
    tried = next((d for d in used if d.pilot_units is not None), None)
    if tried is None:
        raise NotFound(what=f"bản áp dụng thử của quy trình «{key}»")
    tried.pilot_units = None
    if adopt:
        for current in used:
            current.is_current = False
        tx.flush()
        tried.is_current = True
    return tried


class Version(TypedDict):
    """What ran, by its digests: what was drawn, what was made of it, and by which engine."""

    diagram: str
    normalised: str
    specs: str
    engine: str


_SPECS = Query(
    sa.select(
        Definition.specs,
        Definition.forms,
        Definition.sha256,
        sa.func.encode(sa.func.sha256(Definition.xml_normalised), "hex", type_=sa.Text()),
    ).where(Definition.id == sa.bindparam("id"))
)
_programs = program.ProgramCache()
_forms: dict[UUID, dict[str, str]] = {}
_versions: dict[UUID, Version] = {}


def program_of(tx: Transaction, definition_id: UUID) -> program.Program:
    """Return the program of a version, from the process-wide cache."""
    found = _programs.get(definition_id)
    return found or _programs.put(definition_id, _load(tx, definition_id))


def _load(tx: Transaction, definition_id: UUID) -> bytes:
    row = tx.one(_SPECS, id=definition_id)
    if row is None:
        raise NotFound(what="phiên bản quy trình")
    specs, forms, sha256, normalised = cast("tuple[bytes, dict[str, str], str, str]", row)
    _forms[definition_id] = forms
    _versions[definition_id] = {
        "diagram": sha256,
        "normalised": normalised,
        "specs": hashlib.sha256(specs).hexdigest(),
        "engine": engine_name(),
    }
    return specs


def form_of(tx: Transaction, definition_id: UUID, key: str) -> str:
    """Return the sha256 of the form version pinned for `key`, or ""."""
    if definition_id not in _forms:
        _load(tx, definition_id)
    return _forms[definition_id].get(key, "")


def version_of(tx: Transaction, definition_id: UUID) -> Version:
    """Return what an event says of the version it ran."""
    if definition_id not in _versions:
        _load(tx, definition_id)
    return _versions[definition_id]
