"""P5, P7: a hundred clerks at once take numbers without gap, fifty hands on one step: one wins."""

import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from dying_office import BUSY, DONE, KILLED, Crowd, Death
from psycopg import sql
from story import Seeded, Story, incoming_letter, letter, open_story, registering

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
#: how a hundred fare: more than half die, in each of the three places about as many
FATES = (*[Death.NEVER] * 2, Death.TAKEN, Death.WRITTEN, Death.COMMITTED)


@pytest.fixture
def wide(story_office: Story):
    """The same installation with a connection for every thread."""
    database = Database(story_office.office.settings.database_url, pool_size=THREADS)
    yield Story(replace(story_office.office, database=database), story_office.acting)
    database.dispose()


# -- numbers ----------------------------------------------------------------------------------------


def registrations(story: Story, documents: Sequence[UUID]) -> dict[UUID, CompleteItem]:
    """What the clerk would send to register each of the documents that wait for it."""
    kind = story.kind("STTTT", "CV")
    subjects = dict(story.rows("SELECT id, subject_id FROM process_instance"))
    records = {d.id: d for d in story.all(IncomingDocument, IncomingDocument.id.in_(documents))}
    waiting = {subjects[i.instance_id]: i for i in story.items("vanthu.stttt", "register")}
    return {
        document: CompleteItem(item.id, item.version, registering(records[document], kind))
        for document, item in waiting.items()
        if document in records
    }


def numbers(story: Story, documents: Sequence[UUID]) -> dict[UUID, list[int]]:
    """The numbers under which each document stands in the register."""
    found: dict[UUID, list[int]] = {document: [] for document in documents}
    for entry in story.all(RegisterEntry, RegisterEntry.incoming_document_id.in_(documents)):
        found[entry.incoming_document_id].append(entry.number)
    return found


def take_at_once(
    story: Story, dying, documents: Sequence[UUID], fates: Sequence[Death], **how: bool
) -> dict[UUID, tuple[Death, str]]:
    """Have a process for each document try to register it; return its fate and how it ended."""
    commands = registrations(story, documents)
    assert len(commands) == len(documents)
    crowd = Crowd(
        story.login("vanthu.stttt"),
        [(commands[d], fate) for d, fate in zip(documents, fates, strict=True)],
        **how,
    )
    return dict(zip(documents, zip(fates, dying.ask(crowd), strict=True), strict=True))


def test_a_hundred_at_once_take_1_to_100_whoever_is_killed_on_the_way(
    story_office, dying, seed, tell
):
    """Processes that take their number at the same moment; some die before they can tell."""
    story, chance = story_office, random.Random(seed)
    documents = [incoming_letter(story, "register") for _ in range(TAKERS)]
    left, ends = list(documents), Counter()
    while left:
        last = len(left) < TAKERS // 10
        fates = [Death.NEVER if last else chance.choice(FATES) for _ in left]
        tried = take_at_once(story, dying, left, fates)
        ends.update(tried.values())
        taken = numbers(story, documents)
        # Whoever was told, and whoever died with only the telling left, has one number; no other.
        for document, (fate, end) in tried.items():
            assert end in ({DONE, BUSY} if fate is Death.NEVER else {KILLED, BUSY}), (fate, end)
            registered = fate in {Death.NEVER, Death.COMMITTED} and end != BUSY
            assert len(taken[document]) == registered, (fate, end)
        found = sorted(n for of_document in taken.values() for n in of_document)
        assert found == list(range(1, len(found) + 1))
        left = [document for document in documents if not taken[document]]
    assert found == list(range(1, TAKERS + 1))
    tell(", ".join(f"{fate.value} {end}: {n}" for (fate, end), n in sorted(ends.items())))
    assert all(ends[fate, KILLED] >= TAKERS // 20 for fate in set(FATES) - {Death.NEVER})
    states = {d.status for d in story.all(IncomingDocument)}
    assert states == {IncomingStatus.REGISTERED}
    assert story.broken_chains() == []


def test_the_control_counting_instead_of_locking_repeats_numbers(seeded, dying_in, tell):
    """The same crowd, but the next number is MAX + 1, and no key forbids that it comes twice."""
    with open_story(seeded) as story, dying_in(story) as dying:
        documents = [incoming_letter(story, "register") for _ in range(12)]
        opening = incoming_letter(story, "present")  # opens the series of the year
        allow_repeats(story, seeded)
        fates = [Death.NEVER] * len(documents)
        tried = take_at_once(story, dying, documents, fates, counting=True)
        assert set(tried.values()) == {(Death.NEVER, DONE)}
        found = sorted(n for [n] in numbers(story, [opening, *documents]).values())
    tell(f"the control: {found}")
    assert len(set(found)) < len(found)


def allow_repeats(story: Story, seeded: Seeded) -> None:
    name = story.office.database.url.partition("@/")[2].partition("?")[0]
    with seeded.cluster.connect(name) as administrator:
        (unique,) = administrator.execute(
            "SELECT conname FROM pg_constraint"
            " WHERE conrelid = 'register_entry'::regclass AND contype = 'u'"
        ).fetchone()
        administrator.execute(
            sql.SQL("ALTER TABLE register_entry DROP CONSTRAINT {}").format(sql.Identifier(unique))
        )


# -- steps ------------------------------------------------------------------------------------------


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
