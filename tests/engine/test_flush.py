"""The one statement of a command does what a row-by-row flush would do, guards included."""

import datetime as dt
import enum
import threading
import uuid
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import orm

from engine import flush
from engine.database import Base, Database, Transaction, new_id
from engine.errors import NotFound, Stale
from engine.tables import NAMING, same


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Probe(Base):
    """A base whose tables stand in no template and no migration."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=NAMING)


class ParentColumns:
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=new_id)
    code: orm.Mapped[str] = orm.mapped_column(unique=True)
    version: orm.Mapped[int] = orm.mapped_column(default=1)
    note: orm.Mapped[str | None]
    amount: orm.Mapped[int | None]
    facts: orm.Mapped[dict[str, Any] | None]
    entries: orm.Mapped[list[Any] | None]
    tags: orm.Mapped[list[str] | None]
    ids: orm.Mapped[list[uuid.UUID] | None]
    raw: orm.Mapped[bytes | None]
    at: orm.Mapped[dt.datetime | None]
    on: orm.Mapped[dt.date | None]
    colour: orm.Mapped[Colour | None] = orm.mapped_column(sa.Enum(Colour, name="probe_colour"))
    ratio: orm.Mapped[float | None]
    flag: orm.Mapped[bool | None]


class ChildColumns:
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str] = orm.mapped_column(default="như thường")


class ProbeParent(ParentColumns, Probe):
    __tablename__ = "probe_parent"


class ProbeChild(ChildColumns, Probe):
    __tablename__ = "probe_child"
    parent_id: orm.Mapped[uuid.UUID] = orm.mapped_column(
        sa.ForeignKey("probe_parent.id"), primary_key=True
    )


class ProbeMirrorParent(ParentColumns, Probe):
    """The same table again: what the plain ORM writes."""

    __tablename__ = "probe_mirror_parent"


class ProbeMirrorChild(ChildColumns, Probe):
    __tablename__ = "probe_mirror_child"
    parent_id: orm.Mapped[uuid.UUID] = orm.mapped_column(
        sa.ForeignKey("probe_mirror_parent.id"), primary_key=True
    )


MIRROR = {ProbeParent: ProbeMirrorParent, ProbeChild: ProbeMirrorChild}
CHILDREN = sa.select(ProbeChild)
PARENTS = sa.select(ProbeParent)


@pytest.fixture(scope="module", autouse=True)
def probes(database_url: str) -> None:
    """The tables of this module, in its own database."""
    owner = Database(database_url, role=None)
    with owner.engine.begin() as connection:
        Probe.metadata.create_all(connection)
        connection.exec_driver_sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO congvan_app")
    owner.dispose()


def emptied(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute("DELETE FROM probe_child")
        tx.execute("DELETE FROM probe_mirror_child")
        tx.execute("DELETE FROM probe_parent")
        tx.execute("DELETE FROM probe_mirror_parent")


@pytest.fixture
def sent(tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `tx` sends to the server, from the moment the list is cleared."""
    texts: list[str] = []
    plain = tx.wire._send

    def send(statements: Any) -> Any:
        texts.extend(statement.text for statement in statements)
        return plain(statements)

    monkeypatch.setattr(tx.wire, "_send", send)
    return texts


# the same as row by row --------------------------------------------------------------------------

ODD = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8
) | st.sampled_from(
    ["'", '"', "%s", "%", "{}", "\\", "$1", "ề", "e\u0302\u0300", "\u202e", "😀", "NULL", ";--"]
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.sampled_from([0, 1, 1.0, 0.0, 1.5]) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "note": ODD,
    "amount": st.integers(-(2**63), 2**63 - 1),
    "facts": st.dictionaries(ODD, PLAIN, max_size=3),
    "entries": st.lists(PLAIN, max_size=3),
    "tags": st.lists(ODD, max_size=3),
    "ids": st.lists(st.uuids(), max_size=2),
    "raw": st.binary(max_size=6),
    "at": st.datetimes(timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=7))])),
    "on": st.dates(),
    "colour": st.sampled_from(Colour),
    "ratio": st.floats(allow_nan=False),
    "flag": st.booleans(),
}
SOME = st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({n: st.none() | VALUES[n] for n in names})
)
WHICH = st.integers(0, 3)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("add parent"), WHICH, SOME),
        st.tuples(st.just("change parent"), WHICH, SOME),
        st.tuples(st.just("mutate facts"), WHICH, PLAIN),
        st.tuples(st.just("delete parent"), WHICH, st.none()),
        st.tuples(st.just("replace parent"), WHICH, SOME),
        st.tuples(st.just("add child"), WHICH, WHICH),
        st.tuples(st.just("change child"), WHICH, ODD),
        st.tuples(st.just("delete child"), WHICH, st.none()),
        st.tuples(st.just("discard children"), WHICH, st.none()),
        st.tuples(st.just("flush"), st.none(), st.none()),
    ),
    max_size=14,
)


class Ours:
    """What the acts do through one `Transaction`."""

    entities = (ProbeParent, ProbeChild)

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.parents: dict[int, Any] = {}
        self.children: dict[tuple[int, int], Any] = {}

    def add(self, record: Any) -> Any:
        return self.tx.add(record)

    def delete(self, record: Any) -> None:
        self.tx.delete(record)

    def discard(self, parent: Any) -> None:
        self.tx.discard(ProbeChild, parent_id=parent.id)

    def touched(self, record: Any, name: str) -> None:
        """Changes in place are seen without a word."""

    def act(self, name: str, which: Any, given: Any, fresh: uuid.UUID) -> None:
        parent_type, child_type = self.entities
        parent = self.parents.get(which)
        children = {k: c for k, c in self.children.items() if k[0] == which}
        match name:
            case "add parent" if parent is None:
                record = parent_type(id=fresh, code=f"c{which}", **given)
                self.parents[which] = self.add(record)
            case "change parent" if parent is not None:
                for key, value in given.items():
                    setattr(parent, key, value)
            case "mutate facts" if parent is not None and parent.facts is not None:
                parent.facts["in place"] = given
                self.touched(parent, "facts")
            case "delete parent" if parent is not None:
                for key, child in children.items():
                    self.delete(child)
                    del self.children[key]
                self.delete(parent)
                del self.parents[which]
            case "replace parent" if parent is not None:
                # Another row takes its unique code.
                self.act("delete parent", which, None, fresh)
                self.act("add parent", which, given, fresh)
            case "add child" if parent is not None and (which, given) not in self.children:
                record = child_type(parent_id=parent.id, number=given)
                self.children[which, given] = self.add(record)
            case "change child" if children:
                min(children.items())[1].text = given
            case "delete child" if children:
                key, child = min(children.items(), key=lambda pair: pair[0])
                self.delete(child)
                del self.children[key]
            case "discard children" if parent is not None:
                self.flush()  # what is only added is not there to be discarded
                self.discard(parent)
                for key in children:
                    del self.children[key]
                self.flush()
            case "flush":
                self.flush()

    def flush(self) -> None:
        self.tx.flush()

    def done(self) -> None:
        """Nothing: the transaction flushes at its end."""


class RowByRow(Ours):
    """What the plain ORM does, flushed after every act."""

    entities = (ProbeMirrorParent, ProbeMirrorChild)  # type: ignore[assignment]

    def __init__(self, session: orm.Session) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.session = session

    def add(self, record: Any) -> Any:
        self.session.add(record)
        self.session.flush()
        return record

    def delete(self, record: Any) -> None:
        self.session.flush()
        self.session.delete(record)
        self.session.flush()

    def discard(self, parent: Any) -> None:
        self.session.execute(
            sa.delete(ProbeMirrorChild).where(ProbeMirrorChild.parent_id == parent.id)
        )

    def touched(self, record: Any, name: str) -> None:
        orm.attributes.flag_modified(record, name)

    def flush(self) -> None:
        self.session.flush()


def rows(session: orm.Session, entity: Any) -> list[dict[str, Any]]:
    table = entity.__table__
    order = [c for c in table.columns if c.primary_key]
    leave = {"version"}
    return [
        {k: v for k, v in row._mapping.items() if k not in leave}
        for row in session.execute(sa.select(table).order_by(*order))
    ]


@settings(max_examples=100)
@given(before=ACTS, acts=ACTS, seed=st.integers(0, 2**64 - 1))
def test_equal_to_row_by_row(database: Database, before: list, acts: list, seed: int) -> None:
    """Two commands; the second meets the rows of the first as loaded records."""
    emptied(database)
    fresh = [uuid.UUID(int=(seed << 32) + n) for n in range(len(before) + len(acts))]
    with database.transaction() as tx:
        ours = Ours(tx)
        for act, identity in zip(before, fresh, strict=False):
            ours.act(*act, identity)
    with database.transaction() as tx:
        again = Ours(tx)
        known = {r.id: r for r in tx.scalars(PARENTS)}
        held = {(r.parent_id, r.number): r for r in tx.scalars(CHILDREN)}
        again.parents = {n: known[r.id] for n, r in ours.parents.items()}
        again.children = {k: held[c.parent_id, c.number] for k, c in ours.children.items()}
        for act, identity in zip(acts, fresh[len(before) :], strict=True):
            again.act(*act, identity)
    with orm.Session(database.engine) as session:
        plain = RowByRow(session)
        for act, identity in zip([*before, *acts], fresh, strict=True):
            plain.act(*act, identity)
        session.flush()
        for entity, mirror in MIRROR.items():
            assert same(rows(session, entity), rows(session, mirror))
        session.commit()


# how many statements -----------------------------------------------------------------------------


def filled(tx: Transaction, count: int = 3) -> list[ProbeParent]:
    return [tx.add(ProbeParent(id=new_id(), code=f"p{new_id()}", amount=n)) for n in range(count)]


def test_an_ordinary_command_is_one_statement(tx: Transaction, sent: list[str]) -> None:
    one, two, three = filled(tx)
    tx.flush()
    sent.clear()
    one.note = "đổi"
    two.facts = {"a": 1}
    tx.delete(three)
    tx.discard(ProbeChild, parent_id=one.id)
    four = tx.add(ProbeParent(id=new_id(), code="four"))
    tx.add(ProbeChild(parent_id=four.id, number=1))
    tx.add(ProbeChild(parent_id=two.id, number=2))
    tx.flush()
    assert len(sent) == 1
    assert len(tx.scalars(CHILDREN)) == 2


def test_nothing_to_write_is_no_statement(tx: Transaction, sent: list[str]) -> None:
    (one,) = filled(tx, 1)
    tx.flush()
    sent.clear()
    one.note = one.note
    one.amount = 0
    tx.flush()
    assert sent == []


def test_a_row_in_the_way_goes_first_with_all_that_refers_to_it(
    tx: Transaction, sent: list[str]
) -> None:
    (old,) = filled(tx, 1)
    child = tx.add(ProbeChild(parent_id=old.id, number=1))
    tx.flush()
    sent.clear()
    tx.delete(old)
    tx.delete(child)
    tx.add(ProbeParent(id=new_id(), code=old.code))
    tx.flush()
    assert [s.split("(")[1].split(" ")[0] for s in sent] == ["DELETE", "INSERT"]


def test_the_same_shape_is_the_same_text(tx: Transaction, sent: list[str]) -> None:
    one, two, _ = filled(tx)
    tx.flush()
    sent.clear()
    one.note = "a"
    tx.flush()
    two.note = "b"
    tx.flush()
    assert len(sent) == 2
    assert len(set(sent)) == 1


def test_more_parameters_than_the_wire_counts(tx: Transaction, sent: list[str]) -> None:
    sent.clear()
    parents = filled(tx, 16_000)
    for parent in parents[:5]:
        tx.add(ProbeChild(parent_id=parent.id, number=1))
    tx.flush()
    assert flush.MAX_PARAMETERS < 16_000 * 4
    assert 2 <= len(sent) <= 4
    counts = sa.select(sa.func.count(), sa.func.sum(ProbeParent.amount))
    found = tx.one(counts.where(ProbeParent.code.startswith("p")))
    assert found == (16_000, sum(range(16_000)))


def test_the_splitting_counts_every_parameter() -> None:
    wide = tuple(flush.Column(f"c{n}", "::text") for n in range(7))
    steps = [flush.Step(flush.Insert("t", wide, 1), (1,) * 7) for _ in range(20_001)]
    groups = flush.plan(steps)
    assert all(sum(len(s.values) for s in g) <= flush.MAX_PARAMETERS for g in groups)
    assert sum(s.shape.rows for g in groups for s in g) == 20_001  # type: ignore[union-attr]


# guards ------------------------------------------------------------------------------------------


def stored(database: Database, **values: Any) -> uuid.UUID:
    with database.transaction() as tx:
        return tx.add(ProbeParent(id=new_id(), code=str(new_id()), **values)).id


def parent(database: Database, identity: uuid.UUID) -> ProbeParent:
    with database.transaction() as tx:
        return tx.get(ProbeParent, identity)


def elsewhere(database: Database, identity: uuid.UUID, **values: Any) -> None:
    with database.transaction() as tx:
        found = tx.get(ProbeParent, identity)
        for name, value in values.items():
            setattr(found, name, value)


def test_stale_version_writes_nothing_at_all(database: Database) -> None:
    one, two = stored(database, note="một"), stored(database, note="hai")
    with pytest.raises(Stale), database.transaction() as tx:  # noqa: PT012 - the end of the block writes
        first, second = tx.get(ProbeParent, one), tx.get(ProbeParent, two)
        elsewhere(database, two, note="người khác")
        first.note = second.note = "của tôi"
        added = tx.add(ProbeParent(id=new_id(), code="thừa"))
    assert parent(database, one).note == "một"
    assert parent(database, two).note == "người khác"
    with pytest.raises(NotFound), database.transaction() as tx:
        tx.get(ProbeParent, added.id)


def test_fresh_version_is_written_and_counted(database: Database) -> None:
    one = stored(database)
    elsewhere(database, one, note="a")
    elsewhere(database, one, note="b")
    assert (parent(database, one).note, parent(database, one).version) == ("b", 3)


def test_version_cannot_be_set_by_hand(database: Database) -> None:
    one = stored(database)
    elsewhere(database, one, version=77)
    assert parent(database, one).version == 1
    elsewhere(database, one, version=77, note="a")
    assert parent(database, one).version == 2


@pytest.mark.parametrize("act", ["change", "delete"])
def test_row_that_is_gone_is_stale(database: Database, act: str) -> None:
    one = stored(database)
    with pytest.raises(Stale), database.transaction() as tx:  # noqa: PT012 - the end of the block writes
        found = tx.get(ProbeParent, one)
        with database.transaction() as other:
            other.delete(other.get(ProbeParent, one))
        if act == "change":
            found.note = "x"
        else:
            tx.delete(found)


def test_row_changed_meanwhile_is_not_deleted(database: Database) -> None:
    one = stored(database)
    with pytest.raises(Stale), database.transaction() as tx:  # noqa: PT012 - the end of the block writes
        found = tx.get(ProbeParent, one)
        elsewhere(database, one, note="người khác")
        tx.delete(found)
    assert parent(database, one).note == "người khác"


def test_two_transactions_on_one_row(database: Database) -> None:
    """Both read version 1; exactly one of them writes."""
    one = stored(database)
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def change(word: str) -> None:
        try:
            with database.transaction() as tx:
                found = tx.get(ProbeParent, one)
                together.wait(10)
                found.note = word
            outcomes.append(word)
        except Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=change, args=(w,)) for w in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[1] == "stale"
    assert parent(database, one).note == min(outcomes)
    assert parent(database, one).version == 2


def test_lock_reads_the_newest_and_keeps_what_was_changed(database: Database) -> None:
    one = stored(database, note="cũ", amount=1)
    with database.transaction() as tx:
        found = tx.get(ProbeParent, one)
        found.amount = 2
        elsewhere(database, one, note="mới")
        assert tx.get(ProbeParent, one, lock=True) is found
        assert (found.note, found.amount) == ("mới", 2)
    assert (parent(database, one).note, parent(database, one).amount) == ("mới", 2)


def test_change_of_type_within_json_is_written(database: Database) -> None:
    one = stored(database, facts={"a": 1, "b": [0]}, entries=[{"x": 1}])
    elsewhere(database, one, facts={"a": True, "b": [False]}, entries=[{"x": 1.0}])
    assert same(parent(database, one).facts, {"a": True, "b": [False]})
    assert same(parent(database, one).entries, [{"x": 1.0}])


def test_change_deep_in_a_list_is_seen(database: Database) -> None:
    one = stored(database, entries=[{"x": [1]}], tags=["a"])
    with database.transaction() as tx:
        found = tx.get(ProbeParent, one)
        found.entries[0]["x"].append(2)
        found.tags.append("b")
    assert parent(database, one).entries == [{"x": [1, 2]}]
    assert parent(database, one).tags == ["a", "b"]


def test_new_record_can_be_changed_after_its_flush(database: Database) -> None:
    with database.transaction() as tx:
        new = tx.add(ProbeParent(id=new_id(), code=str(new_id())))
        tx.flush()
        new.note = "sau"
    assert parent(database, new.id).note == "sau"
    assert parent(database, new.id).version == 2


def test_new_record_deleted_before_its_flush_was_never_there(
    tx: Transaction, sent: list[str]
) -> None:
    sent.clear()
    new = tx.add(ProbeParent(id=new_id(), code="x"))
    tx.delete(new)
    tx.flush()
    assert sent == []


def test_foreign_key_and_unique_still_hold(database: Database) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation), database.transaction() as tx:
        tx.add(ProbeChild(parent_id=new_id(), number=1))
    with pytest.raises(psycopg.errors.UniqueViolation), database.transaction() as tx:  # noqa: PT012 - the end of the block writes
        tx.add(ProbeParent(id=new_id(), code="hai lần"))
        tx.add(ProbeParent(id=new_id(), code="hai lần"))


# odd values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"note": "có \x00 bên trong"}, {"facts": {"a": "\x00"}}, {"facts": {"\x00": 1}},
        {"entries": ["\x00"]}, {"tags": ["\x00"]}, {"note": "\ud800"}, {"facts": {"a": "\ud800"}},
        {"amount": 2**63}, {"facts": {"a": {1, 2}}}, {"at": dt.datetime(2026, 1, 2, 3)},  # noqa: DTZ001
        {"colour": "green"},
    ],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_stored_is_refused_and_nothing_is_written(
    database: Database, values: dict[str, Any]
) -> None:
    one = stored(database, note="như cũ")
    for act in ("add", "change"):
        with pytest.raises((ValueError, TypeError, LookupError, psycopg.Error)):  # noqa: PT012, SIM117 - as above
            with database.transaction() as tx:
                tx.add(ProbeParent(id=new_id(), code="bên cạnh"))
                if act == "add":
                    tx.add(ProbeParent(id=new_id(), code="hỏng", **values))
                for name, value in values.items() if act == "change" else ():
                    setattr(tx.get(ProbeParent, one), name, value)
    assert parent(database, one).note == "như cũ"
    with database.session() as session:
        left = session.scalar(
            sa.select(sa.func.count()).where(ProbeParent.code.in_(["bên cạnh", "hỏng"]))
        )
    assert left == 0


def test_naive_time_is_refused_with_its_reason(tx: Transaction) -> None:
    tx.add(ProbeParent(id=new_id(), code="x", at=dt.datetime(2026, 1, 2, 3)))  # noqa: DTZ001
    with pytest.raises(ValueError, match="without zone"):
        tx.flush()
    tx._new.clear()


def test_moment_is_the_same_moment_in_any_zone(database: Database) -> None:
    there = dt.datetime(2026, 1, 1, 6, tzinfo=dt.timezone(dt.timedelta(hours=7)))
    one = stored(database, at=there)
    assert parent(database, one).at == dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC)


def test_every_text_of_the_statement_names_its_types() -> None:
    """An empty list or a null would otherwise be prepared a second time as another type."""
    columns = flush.casts(ProbeParent.__table__, sa.dialects.postgresql.dialect())
    assert columns["ids"].cast == "::UUID[]"
    assert columns["facts"].cast == "::JSONB"
    assert columns["at"].cast == "::TIMESTAMP WITH TIME ZONE"
    assert columns["colour"].cast == "::probe_colour"
