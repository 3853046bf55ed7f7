"""A page of a form drawn, posted and drawn again, as a browser without JavaScript does it."""

from datetime import date
from decimal import Decimal

import pytest

from forms import (
    FormInvalid,
    Upload,
    check_form,
    edit_rows,
    from_post,
    load_form,
    validate,
    view_form,
)
from forms.page import FieldView, GroupView, RowsView, Shown

CHOICES = {"units": {"u1": "Phòng CNTT", "u2": "Văn phòng"}, "officers": {"o1": "Vũ Bình"}}


class Posted(dict):
    """What every web framework gives."""

    def getlist(self, key):
        return self.get(key, [])


def inputs(parts):
    for part in parts:
        if isinstance(part, FieldView):
            yield part.name, part
        elif isinstance(part, GroupView):
            yield from inputs(part.parts)
        elif isinstance(part, RowsView):
            yield part.name, part
            for row in part.rows:
                yield from inputs(row.parts)


def page(form, **more):
    view = view_form(form, choices=CHOICES, **more)
    return view, dict(inputs(view.parts))


def test_an_empty_page():
    view, found = page(load_form("incoming-direct"))
    assert view.title == "Cho ý kiến chỉ đạo (bút phê)"
    assert view.errors == ()
    assert found["outcome"].options[0].selected
    assert found["outcome"].required
    assert found["lead_unit"].options[0].label == "Phòng CNTT"
    assert found["deadline"].input_mode == "numeric"
    assert found["deadline"].id == "f-deadline"
    assert found["reason"].hidden
    assert not found["opinion"].hidden
    assert found["cooperating"].add == "add:cooperating"
    assert found["cooperating"].rows == ()


def test_in_english():
    view, found = page(load_form("incoming-direct"), language="en")
    assert view.title == "Direct"
    assert found["outcome"].options[1].label == "Return to the clerk"
    assert found["lead_unit"].label == "Lead unit"


def test_simple_conditions_are_told_to_the_page():
    _, found = page(load_form("incoming-direct"))
    assert found["reason"].shown == Shown("outcome", ("return",), negated=False)
    assert found["opinion"].shown == Shown("outcome", ("return",), negated=True)
    _, processing = page(load_form("incoming-process"))
    assert processing["no_reply_reason"].shown is None
    assert found["lead_unit"].hide.startswith("=outcome")


def test_posted_and_shown_again_as_it_was_typed():
    form = load_form("incoming-direct")
    posted = Posted(
        {
            "csrf_token": ["t"],
            "outcome": ["direct"],
            "reason": [""],
            "opinion": ["  Giải quyết trước hạn "],
            "lead_unit": ["u1"],
            "lead_officer": [""],
            "deadline": ["31/02/2026"],
            "cooperating.0.unit": ["u2"],
            "cooperating.0.deadline": ["1/12/2026"],
            "cooperating.1.unit": [""],
            "cooperating.1.deadline": [""],
            "cooperating.4.unit": ["u2"],
            "cooperating.4.deadline": ["xx"],
            "informed": ["u1", "u2"],
        }
    )
    raw = from_post(form, posted)
    assert len(raw["cooperating"]) == 2
    with pytest.raises(FormInvalid) as caught:
        validate(form, raw, choices=CHOICES)
    assert set(caught.value.errors) == {"deadline", "cooperating.1.deadline"}
    view, found = page(form, raw=caught.value.raw, errors=caught.value.errors)
    assert found["deadline"].value == "31/02/2026"
    assert "ngày có thật" in found["deadline"].errors[0]
    assert found["opinion"].value == "  Giải quyết trước hạn "
    assert found["cooperating.1.deadline"].value == "xx"
    assert found["cooperating.0.unit"].options[1].selected
    assert [option.selected for option in found["informed"].options] == [True, True]
    assert [link for link, _ in view.errors] == ["f-deadline", "f-cooperating-1-deadline"]
    raw["deadline"] = "28/02/2026"
    raw["cooperating"][1]["deadline"] = "1/2/2026"
    assert validate(form, raw, choices=CHOICES).data["cooperating"][1] == {
        "unit": "u2",
        "deadline": date(2026, 2, 1),
    }


def test_a_name_the_form_does_not_know_is_refused():
    form = load_form("incoming-follow-up")
    raw = from_post(form, Posted({"text": ["x"], "is_admin": ["1"]}))
    with pytest.raises(FormInvalid) as caught:
        validate(form, raw)
    assert list(caught.value.errors) == ["is_admin"]
    view, _ = page(form, raw=raw, errors=caught.value.errors)
    assert view.errors[0][0] == ""
    assert from_post(form, Posted({"version": ["3"]}), ignore=("version",)) == {}


def test_ticks_are_always_answered():
    form = load_form("outgoing-issue")
    assert from_post(form, Posted())["confirm"] is False
    assert from_post(form, Posted({"confirm": ["true"]}))["confirm"] is True


def test_read_only_inputs_cannot_be_posted():
    form = load_form("outgoing-number")
    posted = Posted({"proposed_number": ["999"], "issued_on": ["01/01/2020"], "pin": ["1"]})
    raw = from_post(form, posted)
    assert raw == {"pin": "1"}
    server = {"proposed_number": "188", "issued_on": date(2026, 11, 22)}
    _, found = page(form, server_values=server)
    assert (found["proposed_number"].value, found["proposed_number"].readonly) == ("188", True)
    assert found["issued_on"].value == "22/11/2026"
    assert validate(form, raw, server_values=server).data["proposed_number"] == "188"


def test_rows_are_added_and_removed_without_javascript():
    form = load_form("incoming-direct")
    raw = {"cooperating": [{"unit": "u1"}, {"unit": "u2"}], "opinion": "x"}
    added = edit_rows(form, raw, "add:cooperating")
    assert added["cooperating"] == [{"unit": "u1"}, {"unit": "u2"}, {}]
    _, found = page(form, raw=added)
    assert len(found["cooperating"].rows) == 3
    assert found["cooperating"].rows[1].remove == "remove:cooperating.1"
    removed = edit_rows(form, raw, "remove:cooperating.0")
    assert removed == {"cooperating": [{"unit": "u2"}], "opinion": "x"}
    assert raw["cooperating"] == [{"unit": "u1"}, {"unit": "u2"}]
    for command in ("add:opinion", "remove:cooperating", "drop:cooperating.0", "add:x" * 99, ""):
        assert edit_rows(form, raw, command) in (None, raw)


def test_uploaded_files_by_reference():
    form = load_form("incoming-cooperate")
    posted = Posted({"opinion": ["Nhất trí"], "files": ["old"]})
    raw = from_post(form, posted, uploaded={"files": ["new"]})
    assert raw["files"] == ["old", "new"]
    uploads = {"old": Upload("a.pdf", 1), "new": Upload("b.docx", 2)}
    assert validate(form, raw, uploads=uploads).data["files"] == ["old", "new"]
    _, found = page(form, raw=raw, uploads=uploads)
    assert found["files"].files == (("old", "a.pdf"), ("new", "b.docx"))
    assert found["files"].max_bytes == 50 * 1024 * 1024


def test_a_passphrase_is_never_written_into_a_page():
    _, found = page(load_form("outgoing-sign"), raw={"outcome": "sign", "pin": "s3cret"})
    assert found["pin"].sensitive
    assert "s3cret" not in repr(found)


def test_a_draft_is_shown_as_an_official_types():
    form = check_form(
        {
            "id": "x",
            "components": [
                {"type": "datetime", "key": "on", "dateLabel": "Ngày"},
                {"type": "number", "key": "rate", "label": "Tỷ lệ", "decimalDigits": 1},
                {
                    "type": "group",
                    "label": "Nơi gửi",
                    "path": "sender",
                    "components": [{"type": "textfield", "key": "name", "label": "Tên"}],
                },
            ],
        }
    )
    draft = {"on": date(2026, 2, 1), "rate": Decimal("12.5"), "sender": {"name": "UBND"}}
    _, found = page(form, initial=draft)
    assert found["on"].value == "01/02/2026"
    assert found["rate"].value == "12,5"
    assert found["sender.name"].value == "UBND"
    posted = Posted({name: [part.value] for name, part in found.items()})
    assert validate(form, from_post(form, posted)).data == draft
