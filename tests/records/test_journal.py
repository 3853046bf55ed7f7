"""The journal shows every change to it, and blames nobody without cause."""

import threading
from dataclasses import replace
from hashlib import sha256
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from engine.database import Acting, Database
from records import row_security
from records.journal import JournalLeaf, leaf_hash, merkle_root, record
from records.seal import EpochEnded, Head, JournalSeal, begin_epoch, export_head, seal, verify

TABLES = ("journal_leaf", "journal_seal")
AGENCY = uuid4()
OFFICER = Acting(AGENCY, uuid4(), uuid4(), name="Lê Thị Bình", title="Văn thư")


def write(database: Database, count: int = 3, *, sealing: bool = True) -> list[JournalLeaf]:
    with database.transaction(OFFICER) as tx:
        lines = [
            record(tx, "view", "incoming_document", uuid4(), page=n, note="Đã xem")
            for n in range(count)
        ]
    if sealing:
        with database.transaction() as tx:
            assert seal(tx) is not None
    return lines


def check(database: Database, head: Head | None = None):
    with database.session() as session:
        return verify(session, head)


@pytest.fixture
def journal(secured):
    """Three seals over three leaves each."""
    lines = [line for _ in range(3) for line in write(secured)]
    return secured, lines


@pytest.fixture(scope="module")
def kept(database, cluster):
    """One journal for all ways to tamper with it, with a copy to restore it from."""
    name = database.url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as superuser:
        with superuser.transaction():
            for statement in row_security.statements():
                superuser.execute(statement)
        lines = [line for _ in range(3) for line in write(database)]
        superuser.execute("SET session_replication_role = replica")
        for table in TABLES:
            superuser.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")
        yield database, lines, superuser


@pytest.fixture
def lasting(kept):
    """The same, put back as it was after the test."""
    yield kept
    for table in TABLES:
        kept[2].execute(f"TRUNCATE {table}")
        kept[2].execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")


def test_an_untouched_journal_holds(journal):
    database, _ = journal
    with database.session() as session:
        head = export_head(session)
    found = check(database, Head.from_json(head.to_json()))
    assert found.holds
    assert (found.sealed, found.unsealed) == (9, 0)
    assert "toàn vẹn" in found.text()
    write(database, 2, sealing=False)
    found = check(database, head)
    assert found.holds
    assert (found.sealed, found.unsealed) == (9, 2)
    write(database, 1)
    assert check(database, head).sealed == 12


def test_a_second_of_more_leaves_than_are_read_at_a_time_holds(secured):
    """What a worker that stood still for an hour seals at once."""
    write(secured, 2_001)
    assert check(secured).sealed == 2_001


def test_what_a_leaf_says(journal):
    database, lines = journal
    with database.transaction() as tx:
        line = tx.get(JournalLeaf, lines[0].id)
        assert (line.act, line.officer_id, line.epoch) == ("view", OFFICER.officer_id, 1)
        assert line.leaf == sha256(b"\x00" + line.body).digest()
        assert "Đã xem".encode() in line.body
        assert "Văn thư".encode() in line.body


@pytest.mark.parametrize(
    ("tampering", "reason", "names_leaf"),
    [
        ("UPDATE journal_leaf SET body = replace(convert_from(body, 'UTF8'), 'view', 'skip')::bytea WHERE id = %(leaf)s", "leaf-changed", True),
        ("UPDATE journal_leaf SET body = '{}', leaf = sha256('\\x00'::bytea || '{}') WHERE id = %(leaf)s", "columns-changed", True),
        ("UPDATE journal_leaf SET officer_id = gen_random_uuid() WHERE id = %(leaf)s", "columns-changed", True),
        ("UPDATE journal_leaf SET at = at - interval '1 day' WHERE id = %(leaf)s", "columns-changed", True),
        ("UPDATE journal_leaf SET agency_id = NULL WHERE id = %(leaf)s", "columns-changed", True),
        ("DELETE FROM journal_leaf WHERE id = %(leaf)s", "leaves-missing", False),
        ("UPDATE journal_leaf SET xid = '1'::xid8 WHERE id = %(leaf)s", "leaves-added", False),
        ("INSERT INTO journal_leaf (id, at, act, object_type, body, leaf, xid) SELECT gen_random_uuid(), at, act, object_type, body, leaf, xid FROM journal_leaf WHERE id = %(leaf)s", "columns-changed", None),
        ("UPDATE journal_seal SET root = sha256('x') WHERE no = 2", "seal-changed", False),
        ("UPDATE journal_seal SET sealed_at = sealed_at - interval '1 day' WHERE no = 2", "seal-changed", False),
        ("DELETE FROM journal_seal WHERE no = 2", "chain-broken", False),
        ("UPDATE journal_leaf SET epoch = 0 WHERE id = %(leaf)s", "leaves-added", True),
    ],
)  # fmt: skip
def test_tampering_is_named(lasting, tampering, reason, names_leaf):
    database, lines, superuser = lasting
    assert check(database).holds  # control: as it was before
    victim = lines[4]  # under the second seal
    superuser.execute(tampering, {"leaf": victim.id})
    found = check(database)
    assert not found.holds
    assert found.reason == reason
    if names_leaf:
        assert found.leaf == victim.id
        assert str(victim.id) in found.text()
    if reason == "chain-broken":
        assert (found.seal, found.sealed) == (3, 3)
    elif found.seal is not None and "xid = '1'" not in tampering:
        assert (found.seal, found.sealed) == (2, 3)
    assert "can thiệp" in found.text()
    assert "tampered" in found.text("en")


def test_two_leaves_swapped(journal, superuser):
    database, lines = journal
    one, other = lines[3].id, lines[7].id
    superuser.execute(
        "UPDATE journal_leaf l SET xid = o.xid FROM journal_leaf o"
        " WHERE (l.id, o.id) IN ((%s, %s), (%s, %s))",
        [one, other, other, one],
    )
    found = check(database)
    assert (found.reason, found.seal) == ("root-differs", 2)


def test_a_leaf_rewritten_with_all_its_hashes(journal, superuser):
    database, lines = journal
    body = lines[4].body.replace(b"view", b"sign")
    superuser.execute(
        "UPDATE journal_leaf SET act = 'sign', body = %s, leaf = %s WHERE id = %s",
        [body, leaf_hash(body), lines[4].id],
    )
    found = check(database)
    assert (found.reason, found.seal) == ("root-differs", 2)


def test_a_cut_tail_is_seen_with_the_exported_head(journal, superuser):
    database, _ = journal
    with database.session() as session:
        head = export_head(session)
    superuser.execute(
        "DELETE FROM journal_leaf WHERE xid >= (SELECT xid_from FROM journal_seal WHERE no = 3)"
    )
    superuser.execute("DELETE FROM journal_seal WHERE no = 3")
    assert check(database).holds  # the rest of the chain is sound: only the head tells
    found = check(database, head)
    assert (found.reason, found.seal) == ("tail-cut", 3)
    write(database)  # a new third seal does not hide it
    assert check(database, head).reason == "tail-cut"


def test_a_chain_rebuilt_from_scratch_is_seen_with_the_exported_head(journal, superuser):
    database, lines = journal
    with database.session() as session:
        head = export_head(session)
    superuser.execute("DELETE FROM journal_leaf WHERE id = %s", [lines[0].id])
    superuser.execute("DELETE FROM journal_seal")
    with database.transaction() as tx:
        seal(tx)
    assert check(database).holds
    assert check(database, head).reason == "tail-cut"
    assert check(database, replace(head, no=1)).reason == "tail-cut"


def test_nobody_changes_a_line_by_mistake(journal, cluster):
    database, lines = journal
    statements = [
        "UPDATE journal_leaf SET act = 'x'",
        "DELETE FROM journal_leaf",
        "TRUNCATE journal_leaf",
        "DELETE FROM journal_seal",
    ]
    name = database.url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as owner:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                owner.execute(statement)
    for statement in statements:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as tx:
            tx.execute(statement)
    assert check(database).sealed == len(lines)


def test_a_leaf_stands_or_falls_with_its_transaction(secured):
    def fail() -> None:
        with secured.transaction(OFFICER) as tx:
            record(tx, "sign", "document", None)
            tx.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with secured.transaction() as tx:
        assert seal(tx) is None
    assert check(secured).unsealed == 0


def test_a_slow_writer_delays_its_seal_and_is_never_missed(secured):
    started, finish = threading.Event(), threading.Event()

    def slow() -> None:
        with secured.transaction(OFFICER) as tx:
            record(tx, "slow", "document", None)
            tx.flush()
            started.set()
            assert finish.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    assert started.wait(20)
    write(secured, 2, sealing=False)  # younger than the slow one: not sealed before it
    with secured.transaction() as tx:
        assert seal(tx) is None
    finish.set()
    thread.join()
    with secured.transaction() as tx:
        made = seal(tx)
        assert made.leaves == 3
    assert check(secured).sealed == 3


def test_parallel_writers_and_sealers_leave_no_gap(secured):
    stop = threading.Event()
    errors: list[BaseException] = []

    def sealer() -> None:
        try:
            while not stop.is_set():
                with secured.transaction() as tx:
                    seal(tx)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    def writer() -> None:
        for _ in range(15):
            write(secured, 2, sealing=False)

    sealers = [threading.Thread(target=sealer) for _ in range(2)]
    writers = [threading.Thread(target=writer) for _ in range(3)]
    for thread in [*sealers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sealers:
        thread.join()
    with secured.transaction() as tx:
        seal(tx)
    assert not errors
    found = check(secured)
    assert found.holds
    assert (found.sealed, found.unsealed) == (90, 0)


def test_a_restore_to_another_server_begins_an_epoch(journal, superuser):
    database, _ = journal
    write(database, 2, sealing=False)
    # What a restore from a dump looks like: rows with the numbers of another, older server.
    superuser.execute("UPDATE journal_leaf SET xid = (xid::text::numeric + 9000000)::text::xid8")
    superuser.execute("DELETE FROM journal_seal")
    with database.transaction() as tx:
        tx.add(_seal_of_another_server(tx))
    assert check(database).sealed == 9
    with pytest.raises(EpochEnded), database.transaction() as tx:
        seal(tx)
    owner = Database(database.url, role=None)
    with owner.transaction() as tx:
        assert begin_epoch(tx) == 2
    owner.dispose()
    found = check(database)
    assert (found.holds, found.sealed, found.unsealed) == (True, 11, 0)
    write(database, 4)
    found = check(database)
    assert (found.holds, found.sealed) == (True, 15)
    with database.transaction() as tx:
        assert [s.epoch for s in tx.scalars(sa.select(JournalSeal).order_by(JournalSeal.no))] == [
            1,
            1,
            2,
        ]


def _seal_of_another_server(tx) -> JournalSeal:
    rows = tx.execute("SELECT leaf, xid::text FROM journal_leaf ORDER BY xid, id").fetchall()
    sealed, end = rows[:9], rows[9][1]
    made = JournalSeal(
        no=1, epoch=1, xid_from="0", xid_to=end, leaves=9, previous=b"", cluster="elsewhere",
        root=merkle_root([row[0] for row in sealed]), sealed_at=tx.now,
    )  # fmt: skip
    made.hash = made.computed_hash()
    return made


def _root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + _root(leaves[:k]) + _root(leaves[k:])).digest()


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_the_root_is_that_of_the_rfc(leaves):
    assert merkle_root(leaves) == _root(leaves)
