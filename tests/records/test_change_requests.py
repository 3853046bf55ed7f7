"""Which answer belongs to which request: by time, whatever order they came in."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from exchange.clock import VIETNAM
from records.change import ChangeAnswer, ChangeKind, ChangeRequest, settle_answers
from records.transfer import Direction, StatusReceived

T0 = datetime(2026, 11, 23, 9, tzinfo=VIETNAM)


def asked(minute: int, kind: ChangeKind = ChangeKind.TAKE_BACK) -> ChangeRequest:
    return ChangeRequest(
        direction=Direction.OUT, kind=kind, reason="vì", asked_at=T0 + timedelta(minutes=minute),
        agency_id=uuid4(),
    )  # fmt: skip


def answer(minute: int, code: str, words: str = "", names: UUID | None = None) -> StatusReceived:
    return StatusReceived(
        code=code, reported_at=T0 + timedelta(minutes=minute), description=words, staff="Văn thư",
        received_at=T0, answers=names,
    )  # fmt: skip


def state(requests: list[ChangeRequest]) -> list[tuple]:
    return [(r.answer, r.answer_reason, r.answered_at) for r in requests]


def test_each_request_gets_the_answer_that_follows_it():
    requests = [asked(0), asked(10)]
    agreed = settle_answers(requests, [answer(12, "15"), answer(3, "16", "chưa")])
    assert [r.answer for r in requests] == [ChangeAnswer.REFUSED, ChangeAnswer.AGREED]
    assert requests[0].answer_reason == "chưa"
    assert agreed == [requests[1]]
    assert settle_answers(requests, [answer(12, "15"), answer(3, "16", "chưa")]) == []


def test_an_answer_whose_clock_is_behind_belongs_to_the_only_request():
    (request,) = requests = [asked(5)]
    settle_answers(requests, [answer(2, "15")])
    assert request.answer is ChangeAnswer.AGREED


def test_an_answer_that_names_a_sending_is_that_one_s_whenever_it_came():
    requests = [asked(0), asked(10)]
    for one in requests:
        one.id = uuid4()
    first, second = uuid4(), uuid4()
    carried = {first: requests[0].id, second: requests[1].id}
    late = [answer(12, "16", "chưa", names=first), answer(3, "15", names=second)]
    settle_answers(requests, [*late, answer(4, "15", names=uuid4())], carried)
    assert [r.answer for r in requests] == [ChangeAnswer.REFUSED, ChangeAnswer.AGREED]
    assert requests[0].answer_reason == "chưa"


def test_agreed_is_not_taken_back():
    (request,) = requests = [asked(0)]
    settle_answers(requests, [answer(2, "15"), answer(8, "16", "đổi ý")])
    assert request.answer is ChangeAnswer.AGREED


def test_handling_answers_nothing():
    (request,) = requests = [asked(0)]
    settle_answers(requests, [answer(2, "03"), answer(3, "06")])
    assert request.answer is ChangeAnswer.OPEN


reports = st.lists(
    st.tuples(st.integers(-5, 40), st.sampled_from(["15", "16", "03"]), st.sampled_from("ab")),
    max_size=6,
)


@given(reports, st.data())
def test_any_order_and_repetition_gives_the_same_answers(raw, data):
    moments = [0, 10, 20]
    at_once = [asked(m) for m in moments]
    settle_answers(at_once, [answer(*one) for one in raw])
    one_by_one = [asked(m) for m in moments]
    arriving = data.draw(st.permutations([*raw, *raw[:2]]))
    for count in range(len(arriving) + 1):
        settle_answers(one_by_one, [answer(*one) for one in arriving[:count]])
    assert state(one_by_one) == state(at_once)
