"""P5, P7: a hundred clerks at once take numbers without gap, fifty hands on one step: one wins."""

import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from story import Story, incoming_letter, letter, registering

from engine.database import Database
from engine.errors import Stale
from engine.machine import NotWaiting
from processes import work_items
from processes.work_items import CompleteItem
from records.document import IncomingDocument
from records.register import RegisterEntry
from records.vocabulary import IncomingStatus
from signing.errors import KeystoreRefused

pytestmark = pytest.mark.faults

TAKERS = 100
THREADS = 20


class Interrupted(Exception):
    pass


def interrupt(now: bool) -> None:
    if now:
        raise Interrupted


@pytest.fixture
def wide(story_office: Story):
    """The same installation with a connection for every thread."""
    database = Database(story_office.office.settings.database_url, pool_size=THREADS)
    yield Story(replace(story_office.office, database=database), story_office.acting)
    database.dispose()


def test_a_hundred_registrations_at_once_take_the_numbers_1_to_100(story_office, wide):
    story = story_office
    documents = [
        incoming_letter(story, "register", code_number=str(n)) for n in range(1, TAKERS + 1)
    ]
    kind = story.kind("STTTT", "CV")
    commands = []
    for item in story.items("vanthu.stttt", "register"):
        (row,) = story.rows(
            "SELECT subject_id FROM process_instance WHERE id = %s", item.instance_id
        )
        record = story.one(IncomingDocument, IncomingDocument.id == row[0])
        commands.append(CompleteItem(item.id, item.version, registering(record, kind)))
    assert len(commands) == TAKERS
    # every tenth clerk is interrupted in the middle of the verb, after the number is taken
    acting = story.login("vanthu.stttt")

    def register(number: int) -> int | None:
        with contextlib.suppress(Interrupted), wide.office.database.transaction(acting) as tx:
            done = work_items.complete(tx, wide.means, commands[number])
            taken = done.document.arrival_number
            tx.flush()
            interrupt(number % 10 == 0)
            return taken
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        first = list(pool.map(register, range(TAKERS)))
    assert first.count(None) == TAKERS // 10
    taken = [n for n in first if n is not None]
    assert sorted(taken) == list(range(1, len(taken) + 1))
    for number in range(0, TAKERS, 10):
        with wide.office.database.transaction(acting) as tx:
            done = work_items.complete(tx, wide.means, commands[number])
            taken.append(done.document.arrival_number)
    assert sorted(taken) == list(range(1, TAKERS + 1))
    entries = story.all(RegisterEntry, RegisterEntry.incoming_document_id.in_(documents))
    assert sorted(e.number for e in entries) == list(range(1, TAKERS + 1))
    states = {d.status for d in story.all(IncomingDocument)}
    assert states == {IncomingStatus.REGISTERED}
    assert story.broken_chains() == []


def test_the_control_counting_instead_of_locking_repeats_numbers(story_office, wide):
    """Two that ask for MAX + 1 at the same time get the same answer: why the row is locked."""
    asked = "SELECT coalesce(max(number), 0) + 1 FROM register_entry"
    database = wide.office.database
    with database.transaction() as one, database.transaction() as other:
        answers = [tx.execute(asked).fetchone() for tx in (one, other)]
    assert answers[0] == answers[1]


def test_of_fifty_who_complete_one_step_at_once_one_does(story_office, wide):
    story = story_office
    document = letter(story, "approve")
    (item,) = story.items("truongphong.stttt", "approve", document)
    acting = story.login("truongphong.stttt")

    def approve(_: int) -> str:
        command = CompleteItem(item.id, item.version, {"outcome": "approve"})
        try:
            with wide.office.database.transaction(acting) as tx:
                work_items.complete(tx, wide.means, command)
        except (Stale, NotWaiting) as error:
            return str(error.status)
        return "200"

    with ThreadPoolExecutor(THREADS) as pool:
        answers = Counter(pool.map(approve, range(50)))
    assert answers == {"200": 1, "409": 49}
    assert story.standing(document) == ["check_format"]
    assert story.broken_chains() == []


def test_the_last_number_is_not_taken_twice_by_two_who_sign_and_number(story_office, wide):
    """Outgoing: the number is printed and signed in the same transaction that takes it."""
    story = story_office
    documents = [letter(story, "number", subject=f"công văn {n}") for n in range(4)]
    acting = story.login("vanthu.stttt")
    commands = []
    for document in documents:
        (item,) = story.items("vanthu.stttt", "number", document)
        commands.append(item)

    def number(index: int) -> None:
        pin = "sai" if index == 0 else story.office.settings.demo_password
        command = CompleteItem(commands[index].id, commands[index].version, {"pin": pin})
        with contextlib.suppress(KeystoreRefused), wide.office.database.transaction(acting) as tx:
            work_items.complete(tx, wide.means, command)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(number, range(4)))
    numbers = [story.outgoing(d).serial_number for d in documents]
    assert numbers[0] is None
    assert sorted(numbers[1:]) == [1, 2, 3]
