"""How often a step asks the database: an ordinary one at most seven times, with one commit."""

import psycopg
import pytest
from story import Story, incoming_letter, letter

from engine import wire
from processes import work_items
from processes.work_items import CompleteItem


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """Every SQL statement sent from now on."""
    found: list[str] = []
    converse, execute = wire._converse, psycopg.Cursor.execute

    def counted(connection, parcels):
        found.extend(parcel.key[0] for parcel in parcels)
        return converse(connection, parcels)

    def otherwise(self, query, *args, **options):
        found.append(str(query))
        return execute(self, query, *args, **options)

    monkeypatch.setattr(wire, "_converse", counted)
    monkeypatch.setattr(psycopg.Cursor, "execute", otherwise)
    return found


def complete(story: Story, user: str, node: str, sent: list[str], of=None, **values) -> list[str]:
    (item,) = story.items(user, node, of)
    sent.clear()
    with story.as_(user) as tx:
        work_items.complete(tx, story.means, CompleteItem(item.id, item.version, values, {}))
    return list(sent)


def test_an_ordinary_step_takes_at_most_seven_statements_and_one_commit(story_office, sent):
    story = story_office
    here = incoming_letter(story, "process")
    report = {"outcome": "continue", "progress": 40, "opinion": "Đang xử lý"}
    for _ in range(2):  # the second finds forms, programs and the calendar in memory
        found = complete(story, "chuyenvien.stttt", "process", sent, here, **report)
    assert len(found) <= 7, "\n".join(found)
    assert found.count("COMMIT") == 1


def test_issuing_to_two_receivers_takes_at_most_ten(story_office, sent):
    story = story_office
    document = letter(story, "issue", to=("STC", "SNV"))
    found = complete(story, "vanthu.stttt", "issue", sent, document, confirm=True)
    assert len(found) <= 10, "\n".join(found)
    assert found.count("COMMIT") == 1
