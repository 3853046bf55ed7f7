"""No, unless the table says yes; never across agencies."""

import uuid
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.database import SYSTEM, Acting
from engine.errors import NotAllowed
from records.authority import RULES, Act, Facts, authorize, may
from records.organization import SIGNATORY, Role, group_keys

A, B = uuid.UUID(int=1), uuid.UUID(int=2)
UNIT, PERSON, OTHER = uuid.UUID(int=3), uuid.UUID(int=4), uuid.UUID(int=5)

roles = st.frozensets(st.sampled_from([*map(str, Role), SIGNATORY, "king"]))
actings = st.builds(
    Acting,
    agency_id=st.sampled_from([A, B]),
    officer_id=st.sampled_from([PERSON, OTHER]),
    unit_id=st.sampled_from([None, UNIT]),
    roles=roles,
    on_behalf_of=st.sampled_from([None, OTHER]),
)
acts = st.sampled_from(list(Act))
groups = st.frozensets(
    st.sampled_from(
        [f"officer:{PERSON}", f"officer:{OTHER}", f"unit:{UNIT}", f"role:clerk@{A}", "machine"]
    )
)
READING = {a for a in Act if a.value.startswith("read_")} | {Act.EXPORT_EVIDENCE}


def person(*held: str, agency: uuid.UUID = A) -> Acting:
    return Acting(agency, PERSON, roles=frozenset(held), unit_id=UNIT)


@given(actings, acts, groups)
def test_the_agency_is_never_crossed(acting, act, given_to):
    other = B if acting.agency_id == A else A
    assert not may(acting, act, Facts(other, given_to))


@given(acts, groups)
def test_the_machine_does_not_cross_it_either(act, given_to):
    assert not may(Acting(agency_id=A), act, Facts(B, given_to))


def test_the_boundary_is_what_stops_them():
    clerk = person("clerk", "officer")
    assert may(clerk, Act.READ_DOCUMENT, Facts(A))
    assert not may(clerk, Act.READ_DOCUMENT, Facts(B))


@given(actings, groups)
def test_what_the_table_does_not_name_is_refused(acting, given_to):
    class Foreign(StrEnum):
        ERASE = "erase_document"

    assert not may(acting, Foreign.ERASE, Facts(acting.agency_id, given_to))


@given(acts, st.sampled_from([A, B]), groups)
def test_without_a_role_nothing_but_what_was_handed_over_is_seen(act, agency, given_to):
    nobody = Acting(agency, PERSON)
    assert may(nobody, act, Facts(agency, given_to)) is (
        act is Act.READ_WORK_ITEM and f"officer:{PERSON}" in given_to
    )


@given(acts, groups)
def test_an_auditor_reads_and_writes_nothing(act, given_to):
    allowed = may(person("auditor"), act, Facts(A, given_to))
    assert not allowed or act in READING
    assert may(person("auditor"), Act.READ_JOURNAL, Facts(A))
    assert may(person("auditor"), Act.READ_DOCUMENT, Facts(A))


@given(acts, groups)
def test_an_operator_sees_no_content(act, given_to):
    facts = Facts(A, given_to - {f"officer:{PERSON}", f"unit:{UNIT}"})
    without_content = {Act.OPERATE, Act.READ_TRUST, Act.MANAGE_TRUST}
    assert may(person("system_operator"), act, facts) is (act in without_content)
    assert may(person("system_operator"), Act.OPERATE, Facts(None))


@given(actings, acts)
def test_what_has_no_agency_is_the_operators(acting, act):
    operator = {"system_operator"}
    holders = {
        Act.OPERATE: operator,
        Act.MANAGE_TRUST: operator,
        # whoever answers for an agency's signatures may see by what they are checked
        Act.READ_TRUST: operator | {"agency_admin", "auditor"},
    }
    allowed = may(acting, act, Facts(None))
    assert allowed is bool(holders.get(act, set()) & acting.roles)


@given(acts, groups)
def test_an_administrator_reads_no_document(act, given_to):
    free = given_to - {f"officer:{PERSON}", f"unit:{UNIT}"}
    if may(person("agency_admin"), act, Facts(A, free)):
        assert act not in {
            Act.READ_DOCUMENT,
            Act.READ_DOSSIER,
            Act.READ_HISTORY,
            Act.READ_WORK_ITEM,
        }


def test_only_a_clerk_in_person_sets_the_seal():
    assert may(person("clerk"), Act.SEAL_DOCUMENT)
    for other in ("leader", "officer", "unit_head", "agency_admin", "auditor", SIGNATORY):
        assert not may(person(other), Act.SEAL_DOCUMENT)
    assert not may(Acting(agency_id=A), Act.SEAL_DOCUMENT)
    assert not may(SYSTEM, Act.SEAL_DOCUMENT)


def test_an_officer_sees_what_was_given_to_him_or_his_unit():
    officer = person("officer")
    for group in group_keys(officer):
        assert may(officer, Act.READ_DOCUMENT, Facts(A, frozenset({group})))
        assert may(officer, Act.COMPLETE_WORK_ITEM, Facts(A, frozenset({group})))
    assert not may(officer, Act.READ_DOCUMENT, Facts(A))
    assert not may(officer, Act.READ_DOCUMENT, Facts(A, frozenset({f"officer:{OTHER}"})))
    assert not may(person("leader"), Act.COMPLETE_WORK_ITEM, Facts(A, frozenset({"machine"})))
    assert may(Acting(agency_id=A), Act.COMPLETE_WORK_ITEM, Facts(A, frozenset({"machine"})))


def test_who_stands_in_does_not_pass_it_on():
    stand_in = Acting(A, PERSON, roles=frozenset({"leader", "officer"}), on_behalf_of=OTHER)
    assert not may(stand_in, Act.DELEGATE)
    assert may(person("leader", "officer"), Act.DELEGATE)
    assert not may(stand_in, Act.SIGN_DOCUMENT)


def test_the_system_founds_and_does_nothing_else():
    allowed = {act for act in Act if may(SYSTEM, act)}
    assert allowed == {
        Act.MANAGE_ACCOUNTS, Act.CHANGE_ACCOUNT, Act.MANAGE_STAFF, Act.MANAGE_CALENDAR,
    }  # fmt: skip


def test_an_administrator_changes_accounts_that_open_nothing_beyond_his_agency():
    admin = person("agency_admin")
    for held in (set(), {(A, "leader")}, {(A, "clerk"), (A, "agency_admin")}):
        assert may(admin, Act.CHANGE_ACCOUNT, Facts(A, held=frozenset(held)))
        assert not may(person("leader"), Act.CHANGE_ACCOUNT, Facts(A, held=frozenset(held)))
    for held in ({(A, "system_operator")}, {(A, "clerk"), (B, "clerk")}, {(B, "officer")}):
        assert not may(admin, Act.CHANGE_ACCOUNT, Facts(A, held=frozenset(held)))
    assert not may(admin, Act.CHANGE_ACCOUNT), "who does not say whose account it is"
    assert not may(admin, Act.CHANGE_ACCOUNT, Facts(A))


def test_every_act_has_a_rule_and_words():
    assert set(RULES) == set(Act)
    assert all(act.vi and act.en for act in Act)
    for act in Act:  # and somebody may do it: a rule that nobody passes would hide a mistake
        everyone = frozenset({*map(str, Role), SIGNATORY})
        known = Facts(A, frozenset({f"officer:{PERSON}"}), held=frozenset())
        assert may(Acting(A, PERSON, roles=everyone), act, known)


def test_the_refusal_names_the_act_in_both_languages():
    with pytest.raises(NotAllowed) as caught:
        authorize(person("officer"), Act.SEAL_DOCUMENT)
    assert "ký số của cơ quan" in caught.value.text("vi")
    assert "set the agency's seal" in caught.value.text("en")
    assert caught.value.status == 403
    authorize(person("clerk"), Act.SEAL_DOCUMENT)
