"""Several documents signed over the API with one PIN: an outcome for each, and going on."""

import pytest
import story
from story import Story, letter

from tests.api.conftest import PASSWORD

NOBODY_S = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def letters(office):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "PASSWORD", PASSWORD)
        told = Story(office)
        return [letter(told, "sign", subject=f"ký qua API {n}") for n in range(2)]


def test_each_has_its_outcome_and_the_same_request_goes_on(login, letters):
    director = login("giamdoc.stttt")
    waiting = [one for one in director.inbox() if one["node"] == "sign"]
    assert {one["document"]["id"] for one in waiting} == {str(one) for one in letters}
    items = [{"id": one["id"], "version": one["version"]} for one in waiting]
    batch = {"items": [*items, {"id": NOBODY_S, "version": 1}], "pin": "sai-881"}

    wrong = director.post("signing/batches", batch)
    assert wrong.status_code == 200
    assert [(one["outcome"], one["code"]) for one in wrong.json["items"]] == [
        ("refused", "keystore-refused"),
        ("not_tried", "keystore-refused"),
        ("not_tried", "keystore-refused"),
    ]
    assert wrong.json["left"] == 3
    assert "sai-881" not in wrong.text

    done = director.post("signing/batches", {**batch, "pin": PASSWORD}).json
    assert [one["outcome"] for one in done["items"]] == ["signed", "signed", "refused"]
    assert done["items"][2]["code"] == "not-found"
    again = director.post("signing/batches", {**batch, "pin": PASSWORD}).json
    assert [one["outcome"] for one in again["items"]] == ["already", "already", "refused"]


@pytest.mark.parametrize(
    "body", [{}, {"items": [], "pin": "x"}, {"items": [{"id": NOBODY_S, "version": 1}], "pin": ""}]
)
def test_a_batch_of_nothing_or_without_pin_is_no_request(login, body):
    assert login("giamdoc.stttt").post("signing/batches", body).status_code == 422


@pytest.mark.parametrize("version", [-1, 0, 2**63, 10**30, 1.5, True, "1"])
def test_a_version_no_step_can_have_is_told_at_its_place(login, version):
    body = {"items": [{"id": NOBODY_S, "version": version}], "pin": "sai-881"}
    answer = login("giamdoc.stttt").post("signing/batches", body)
    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert error["pointer"] == "/items/0/version"
    assert error["detail"].startswith(("Phải từ 1 đến", "Phải là số nguyên"))
