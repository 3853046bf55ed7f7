"""Versions of the list of trust: who may change it, what each change does, and what checks use."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from list_server import list_server
from small_authority import SmallAuthority
from story import Story, letter

from engine.errors import NotAllowed, Stale
from processes import revocation_lists, second_person, trust
from processes.outgoing.paper import current_paper
from processes.second_person import Proposal, ReasonMissing
from processes.trust import (
    CertificateRefused,
    FingerprintDiffers,
    NewAnchor,
)
from processes.trust_rules import (
    ChangeRefused,
    Rules,
    fingerprint,
)
from processes.verify import examine_pdf
from records.authority import Act
from records.document import OutgoingDocument
from records.journal import JournalLeaf
from records.trust import TrustVersion, newest, versions
from records.vocabulary import Authenticity
from signing.policy import policy_text
from signing.report import DocumentReport
from signing.trust import AnchorRole

OPERATOR = "vanhanh"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def sealed(story_office: Story) -> bytes:
    document = letter(story_office, "issue", subject="kiểm tra danh sách tin cậy")
    with story_office.office.database.transaction() as tx:
        paper = current_paper(tx, tx.get(OutgoingDocument, document))
        return story_office.means.content.read(paper.file.sha256)


@pytest.fixture
def now(story_office: Story):
    return story_office.office.database.clock()


@pytest.fixture
def authority(now) -> SmallAuthority:
    return SmallAuthority("CA mới", now)


def in_force(story: Story) -> Rules:
    with story.office.database.transaction() as tx:
        return Rules.of(newest(tx))


def new_anchor(authority: SmallAuthority, **changes) -> NewAnchor:
    now = authority.now
    anchor = NewAnchor(
        "CA mới", AnchorRole.SIGNER, authority.der, fingerprint(authority.der), now - DAY, now + DAY
    )
    return replace(anchor, **changes)


def examined(story: Story, pdf: bytes) -> tuple[Authenticity, DocumentReport]:
    found = examine_pdf(story.means, pdf, story.office.database.clock())
    return found.authenticity, DocumentReport.from_json(found.report)


def test_the_folder_is_the_first_version_and_a_report_names_it(story_office, sealed):
    verdict, report = examined(story_office, sealed)
    assert verdict is Authenticity.VALID
    first = in_force(story_office)
    assert (report.trust_version, report.policy_version) == ("1", "1")
    assert {one.added_by for one in first.trust.anchors} == {"demo"}
    with story_office.office.database.transaction() as tx:
        (version,) = versions(tx)
        assert (version.number, version.changed_by) == (1, None)
        assert version.change == {"what": "import"}


def test_a_root_withdrawn_is_trusted_no_longer_and_stays_in_the_list(story_office, sealed, now):
    story = story_office
    before = in_force(story).trust.anchors
    anchor = next(one for one in before if one.role is AnchorRole.SIGNER)
    digest = fingerprint(anchor.certificate)
    with story.as_(OPERATOR) as tx:
        made = trust.withdraw_anchor(
            tx, digest, AnchorRole.SIGNER, now - timedelta(seconds=1), "lộ khóa"
        )
    verdict, report = examined(story, sealed)
    assert verdict is not Authenticity.VALID
    assert report.trust_version == str(made.number)
    after = in_force(story).trust.anchors[before.index(anchor)]
    assert after == replace(anchor, valid_until=now - timedelta(seconds=1))
    # trusted again: a new entry beside the old one, each with who answers for it
    with story.as_(OPERATOR) as tx:
        trust.add_anchor(
            tx,
            NewAnchor(anchor.name, anchor.role, anchor.certificate, digest, now, now + DAY),
            "đã khắc phục",
        )
    assert examined(story, sealed)[0] is Authenticity.VALID
    assert len(in_force(story).trust.anchors) == len(before) + 1
    with pytest.raises(ChangeRefused), story.as_(OPERATOR) as tx:
        trust.withdraw_anchor(tx, "0" * 64, AnchorRole.SIGNER, now, "không có")


def test_a_change_is_kept_with_who_when_and_why(story_office, authority):
    story = story_office
    with story.as_(OPERATOR) as tx:
        made = trust.add_anchor(
            tx, new_anchor(authority, policies=("1.3.6.1.4.1.9.1",)), " văn bản số 12 "
        )
        who = tx.acting
    found = in_force(story).trust.anchors[-1]
    assert (found.added_by, found.reason) == (who.name, "văn bản số 12")
    assert found.policies == {"1.3.6.1.4.1.9.1"}
    version = story.one(TrustVersion, TrustVersion.id == made.id)
    assert (version.changed_by, version.changed_name) == (who.officer_id, who.name)
    assert (version.reason, version.change["what"]) == ("văn bản số 12", "add_anchor")
    leaf = story.one(JournalLeaf, JournalLeaf.object_id == made.id)
    assert leaf.act == "change_trust"
    assert fingerprint(authority.der).encode() in leaf.body


def test_nobody_rewrites_a_version(story_office):
    for statement in ("UPDATE trust_version SET reason = ''", "DELETE FROM trust_version"):
        with pytest.raises(psycopg.Error), story_office.office.database.transaction() as tx:
            tx.execute(statement)


@pytest.mark.parametrize("user", ["quantri.stttt", "vanthu.stttt", "chanvp"])
def test_only_the_operator_changes_it(story_office, authority, user):
    for change in (
        lambda tx: trust.add_anchor(tx, new_anchor(authority), "x"),
        lambda tx: trust.set_addresses(tx, [], [], "x"),
        lambda tx: trust.set_policy(tx, policy_text(), "x"),
    ):
        with pytest.raises(NotAllowed), story_office.as_(user) as tx:
            change(tx)


def test_what_is_no_authority_or_was_not_compared_is_refused(story_office, authority):
    leaf = authority.issue("A").public_bytes(Encoding.PEM)
    refused = [
        (CertificateRefused, new_anchor(authority, file=b"junk")),
        (CertificateRefused, new_anchor(authority, file=leaf)),
        (FingerprintDiffers, new_anchor(authority, fingerprint="")),
        (FingerprintDiffers, new_anchor(authority, fingerprint="ab" * 32)),
        (ChangeRefused, new_anchor(authority, name=" ")),
        (ChangeRefused, new_anchor(authority, policies=("x",))),
        (ChangeRefused, new_anchor(authority, valid_until=authority.now - 9 * DAY)),
    ]
    before = in_force(story_office)
    for error, new in refused:
        with pytest.raises(error), story_office.as_(OPERATOR) as tx:
            trust.add_anchor(tx, new, "thử")
    with pytest.raises(ReasonMissing), story_office.as_(OPERATOR) as tx:
        trust.add_anchor(tx, new_anchor(authority), " ")
    with story_office.as_(OPERATOR) as tx:
        shown = ":".join(fingerprint(authority.der).upper()[i : i + 2] for i in range(0, 64, 2))
        trust.add_anchor(tx, new_anchor(authority, fingerprint=shown), "thử")
    with pytest.raises(ChangeRefused), story_office.as_(OPERATOR) as tx:
        trust.add_anchor(tx, new_anchor(authority), "hai lần")
    assert len(in_force(story_office).trust.anchors) == len(before.trust.anchors) + 1


def test_two_who_change_at_once_do_not_overwrite_each_other(story_office):
    with story_office.as_(OPERATOR) as tx:
        read = newest(tx)
        trust.set_policy(tx, policy_text(), "một")
    order = {"what": "set_policy", "text": policy_text()}
    with pytest.raises(Stale), story_office.as_(OPERATOR) as tx:
        trust._carried_out(tx, read, order, "hai")


def test_addresses_and_lists_are_checked(story_office, authority):
    story = story_office
    allowed = [*in_force(story).sources.allowed, "http://crl.example.vn/"]
    for wrong, networks in ((["ftp://x/"], []), (["http://a@b/"], []), ([], ["10.0.0.0/99"])):
        with pytest.raises(ChangeRefused), story.as_(OPERATOR) as tx:
            trust.set_addresses(tx, wrong, networks, "thử")
    with story.as_(OPERATOR) as tx:
        trust.set_addresses(tx, allowed, ["10.20.0.0/16"], "thử")
    with story.as_(OPERATOR) as tx:
        trust.add_issuer(tx, authority.der, "thử")
    digest = fingerprint(authority.der)
    for url, of in (("http://elsewhere.vn/a.crl", digest), ("http://crl.example.vn/a", "0" * 64)):
        with pytest.raises(ChangeRefused), story.as_(OPERATOR) as tx:
            trust.add_list(tx, url, of, "thử")
    with story.as_(OPERATOR) as tx:
        trust.add_list(tx, "http://crl.example.vn/a.crl", digest, "thử")
    sources = in_force(story).sources
    assert [one.url for one in sources.lists] == ["http://crl.example.vn/a.crl"]
    assert sources.networks == ("10.20.0.0/16",)
    with pytest.raises(ChangeRefused), story.as_(OPERATOR) as tx:  # its list would be cut off
        trust.set_addresses(tx, [], [], "thử")


def test_the_policy_decides_which_signatures_a_document_must_bear(story_office, sealed):
    story = story_office
    # another roles' word of the law: a copy's signature too
    strict = policy_text().replace('roles = ["approve", "seal"]', 'roles = ["approve", "copy"]')
    for wrong in ("", "[[required]]", policy_text().replace('kind = "outgoing"', 'kind = "x"')):
        with pytest.raises(ChangeRefused), story.as_(OPERATOR) as tx:
            trust.set_policy(tx, wrong, "thử")
    with story.as_(OPERATOR) as tx:
        trust.set_policy(tx, strict.replace("\n", "\r\n"), "thử")
    verdict, report = examined(story, sealed)
    assert verdict is Authenticity.INVALID
    assert [role.value for role in report.missing_roles] == ["copy"]
    with story.as_(OPERATOR) as tx:
        trust.set_policy(tx, policy_text(), "trả lại")
    assert examined(story, sealed)[0] is Authenticity.VALID


def test_where_the_agency_asks_for_it_a_second_person_agrees(story_office, authority):
    story = story_office
    agency = story.login(OPERATOR).agency_id
    admin = admin_of(story, agency)
    with story.as_(admin) as tx:
        second_person.want(tx, [Act.MANAGE_TRUST])
    before = in_force(story).trust.version
    with story.as_(OPERATOR) as tx:
        proposed = trust.add_anchor(tx, new_anchor(authority), "hai người")
    assert isinstance(proposed, Proposal)
    assert in_force(story).trust.version == before
    with pytest.raises(NotAllowed), story.as_(OPERATOR) as tx:
        second_person.agree(tx, story.means, proposed.id)
    with story.as_(admin) as tx:
        second_person.agree(tx, story.means, proposed.id, "đã đối chiếu")
    after = in_force(story).trust
    assert after.version == before + 1
    assert after.anchors[-1].added_by == story.login(OPERATOR).name
    # what was proposed for a list that is another by now is not carried out
    other = SmallAuthority("CA khác", authority.now)
    with story.as_(OPERATOR) as tx:
        first = trust.add_anchor(tx, new_anchor(other), "một")
        second = trust.add_issuer(tx, SmallAuthority("CA ba", authority.now).der, "hai")
    with story.as_(admin) as tx:
        second_person.agree(tx, story.means, first.id)
    with pytest.raises(Stale), story.as_(admin) as tx:
        second_person.agree(tx, story.means, second.id)
    with story.as_(admin) as tx:
        second_person.refuse(tx, second.id, "lập lại")
        second_person.want(tx, [])


def admin_of(story: Story, agency: UUID) -> str:
    for name in ("quantri.stttt", "quantri.ubnd"):
        if story.login(name).agency_id == agency:
            return name
    raise AssertionError(agency)


def test_lists_are_fetched_by_the_worker_and_used_without_asking(story_office, authority, now):
    story = story_office
    with list_server() as server:
        crl = authority.revoke(made=now - DAY / 4)
        server.pages["/a.crl"] = crl
        allowed = [*in_force(story).sources.allowed, f"{server.url}/"]
        with story.as_(OPERATOR) as tx:
            trust.set_addresses(tx, allowed, [], "thử")
        with story.as_(OPERATOR) as tx:
            trust.add_issuer(tx, authority.der, "thử")
        with story.as_(OPERATOR) as tx:
            trust.add_list(tx, f"{server.url}/a.crl", fingerprint(authority.der), "thử")
        with story.office.database.transaction() as tx:
            revocation_lists.post_refresh(tx)
            revocation_lists.post_refresh(tx)
        story.work(poll=False)
        assert server.requests == {"/a.crl": 1}
        known = story.means.signing.known()
        assert crl in known.revocation().usable(AnchorRole.SIGNER)
        assert crl in known.revocation().usable(AnchorRole.TSA)
        stale = [one.wanted.url for one in revocation_lists.troubled(known, now + 2 * DAY)]
        assert f"{server.url}/a.crl" in stale
        gone = [one.wanted.url for one in revocation_lists.troubled(known, now)]
        assert gone == ["http://crl.example.vn/a.crl"]
        with story.office.database.transaction() as tx:
            revocation_lists.post_refresh(tx)
        story.work(poll=False)
        assert server.requests == {"/a.crl": 1}
