"""A leader signs several waiting documents with one PIN: from the inbox to a result for each."""

import re

import lxml.html
import pytest
import story
from story import Story, incoming_letter, letter

from tests.web.conftest import PASSWORD


@pytest.fixture(scope="module")
def waiting(office):
    """Three letters that wait for the director's signature, and a step that is none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "PASSWORD", PASSWORD)
        told = Story(office)
        incoming_letter(told, "direct")
        (directing,) = told.items("giamdoc.stttt", "direct")
        letters = [letter(told, "sign", subject=f"ký hàng loạt {n}") for n in range(3)]
        return told, letters, directing.id


def test_a_wrong_pin_at_a_single_step_is_told_at_its_field(knock, waiting):
    told, documents, _ = waiting
    leader = knock("giamdoc.stttt")
    (item,) = told.items("giamdoc.stttt", "sign", documents[0])
    sheet = leader.sheet(leader.get(f"/work-items/{item.id}"))
    answer = leader.send(sheet.fill(outcome="sign", pin="sai-mat-khau-881"))
    assert answer.status_code == 422
    tree = lxml.html.fromstring(answer.text)
    [pin] = tree.xpath("//input[@name='pin']")
    assert pin.get("aria-invalid") == "true"
    said = [tree.get_element_by_id(one) for one in pin.get("aria-describedby").split()]
    assert any("sai mật khẩu" in one.text_content() for one in said)
    assert "sai-mat-khau-881" not in answer.text


def test_several_are_chosen_and_signed_with_one_pin(knock, waiting):
    told, documents, _ = waiting
    leader = knock("giamdoc.stttt")
    tree = lxml.html.fromstring(leader.get("/inbox/").text)
    [bulk] = tree.xpath("//form[@data-bulk]")
    assert "Ký nhiều văn bản…" in bulk.text_content()
    chosen = tree.xpath("//li[contains(., 'ký hàng loạt')]//input[@form='bulk']/@value")
    assert len(chosen) == 3
    assert len(tree.xpath("//li[@data-row]")) > 3, "what waits for no signature is in the list,"
    assert len(tree.xpath("//li//input[@form='bulk']")) == 3, "and not to be chosen"

    page = leader.post(bulk.get("action"), {"items": chosen, "act": "sign"})
    assert page.status_code == 200
    assert page.text.count("ký hàng loạt") == 3
    tree = lxml.html.fromstring(page.text)
    [kind] = {one.text_content() for one in tree.xpath("//td/span[@class='faint']")}
    assert "Công văn · " in kind
    assert all(
        re.fullmatch(r"|\d\d/\d\d/\d{4} \d\d:\d\d", one.text_content())
        for one in tree.xpath("//tbody/tr/td[2]")
    )
    assert tree.xpath("//input[@name='pin']/@type") == ["password"]
    items = tree.xpath("//input[@name='items']/@value")
    assert len(items) == 3
    [action] = tree.xpath("//form[.//input[@name='pin']]/@action")

    # no PIN, then a wrong one: nothing is signed, and what was typed does not come back
    assert leader.post(action, {"items": items, "pin": ""}).status_code == 422
    wrong = leader.post(action, {"items": items, "pin": "sai-mat-khau-881"})
    assert wrong.status_code == 422
    assert wrong.text.count("sai mật khẩu hoặc tệp khóa hỏng") == 1, "told once, at the PIN"
    assert "Chưa ký được văn bản nào." in wrong.text
    assert wrong.text.count("Chưa ký được.") == 1
    assert wrong.text.count("Chưa thử ký.") == 2, "only the first was tried"
    assert "sai-mat-khau-881" not in wrong.text
    assert all(told.outgoing(one).signed_at is None for one in documents)

    # one changed since it was shown: the others are signed, it waits with its reason
    stale = [items[0], items[1].split(":")[0] + ":99", items[2]]
    some = leader.post(action, {"items": stale, "pin": PASSWORD})
    assert some.status_code == 200
    assert "Đã ký 2 văn bản, còn 1 văn bản chưa ký." in some.text
    left = lxml.html.fromstring(some.text).xpath("//input[@name='items']/@value")
    assert left == [items[1]]

    # sending all of it again signs what is left and nothing twice
    done = leader.post(action, {"items": items, "pin": PASSWORD})
    assert done.status_code == 303
    assert "Đã ký 3 văn bản." in leader.follow(done).text
    assert all(told.outgoing(one).signed_at is not None for one in documents)
    again = leader.post("/signing/chosen", {"items": [one.split(":")[0] for one in items]})
    assert again.text.count("Bạn đã ký văn bản này.") == 3
    signed = told.value(
        "SELECT count(*) FROM file WHERE kind = 'signed' AND outgoing_document_id = ANY(%s)",
        documents,
    )
    assert signed == 3


def test_what_waits_for_something_else_is_shown_and_not_sent(knock, waiting):
    leader = knock("giamdoc.stttt")
    page = leader.post("/signing/chosen", {"items": [str(waiting[2])]})
    assert "không chờ ký ban hành" in page.text
    assert 'name="pin"' not in page.text
    assert leader.post("/signing/chosen", {"items": ["x"]}).status_code == 404
    assert knock("vanthu.stttt").post("/signing/chosen", {"items": []}).status_code == 403


def test_nothing_chosen_or_an_address_loaded_again_leads_to_the_inbox(knock):
    leader = knock("giamdoc.stttt")
    for action in ("/signing/chosen", "/signing/batch"):
        answer = leader.post(action, {"items": [], "pin": PASSWORD})
        assert "Chưa chọn văn bản nào để ký." in leader.follow(answer).text
        again = leader.get(action)
        assert (again.status_code, again.headers["Location"]) == (303, "/inbox/")
