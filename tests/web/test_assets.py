"""The look: vendored files are what the manifest says, pages hold the strict policy, nothing is fetched from afar."""

import hashlib
import json
import re
import runpy
from pathlib import Path

import pytest
from jinja2 import Environment
from lxml import etree, html

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "web/static"
VENDOR = STATIC / "vendor"
TEMPLATES = ROOT / "web/templates"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
OURS = sorted([*STATIC.glob("css/*.css"), *STATIC.glob("js/*.js")])
#: every licence that may stand in the house; bpmn.io is MIT and its mark stays visible
LICENCES = {
    "MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "0BSD", "OFL-1.1",
    "SEE LICENSE IN LICENSE", "(MPL-2.0 OR Apache-2.0)", "CC0",
}  # fmt: skip
SAMPLES = runpy.run_path(str(Path(__file__).parent / "page_samples.py"))
GALLERY = runpy.run_path(str(ROOT / "tools/gallery.py"))
PAGES = SAMPLES["pages"]()
CSP_EVENT = re.compile(r"^on[a-z]+$")


@pytest.fixture(scope="module")
def jinja() -> Environment:
    return GALLERY["environment"]()


def page(jinja: Environment, name: str) -> html.HtmlElement:
    template, context = PAGES[name]
    return html.document_fromstring(jinja.get_template(template).render(context))


def having(tree: html.HtmlElement, name: str, inside: str = "") -> list[html.HtmlElement]:
    """Return the elements of a class, or what `inside` (an XPath step) finds in them."""
    return tree.xpath(f"//*[contains(concat(' ', @class, ' '), ' {name} ')]{inside}")


def problems_of(files: dict[str, str], folder: Path) -> list[str]:
    """Return what differs between a manifest's hashes and the files that lie there."""
    there = {str(f.relative_to(folder)): f for f in folder.rglob("*") if f.is_file()}
    there.pop("manifest.json", None)
    wrong = [f"{name} is listed and missing" for name in files.keys() - there.keys()]
    wrong += [f"{name} is there and not listed" for name in there.keys() - files.keys()]
    for name in files.keys() & there.keys():
        if hashlib.sha256(there[name].read_bytes()).hexdigest() != files[name]:
            wrong.append(f"{name} is not the file that was listed")
    return sorted(wrong)


def test_vendored_files_are_the_listed_ones() -> None:
    files = dict(MANIFEST["licences"])
    for asset in MANIFEST["assets"]:
        files |= asset["files"]
    assert problems_of(files, VENDOR) == []


def test_a_changed_a_missing_and_an_added_file_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "b.js").write_text("1")
    good = hashlib.sha256(b"1").hexdigest()
    found = problems_of({"a.js": hashlib.sha256(b"2").hexdigest(), "c.js": good}, tmp_path)
    assert found == [
        "a.js is not the file that was listed",
        "b.js is there and not listed",
        "c.js is listed and missing",
    ]


def test_every_vendored_package_has_a_licence_we_may_ship_and_its_text() -> None:
    texts = (VENDOR / "THIRD_PARTY_LICENSES.txt").read_text("utf-8")
    for package in MANIFEST["packages"]:
        assert package["licence"] in LICENCES, package
        assert f"{package['name']} {package['version']} ({package['licence']})" in texts
    named = {name for asset in MANIFEST["assets"] for name in asset["packages"]}
    assert named == {f"{p['name']}@{p['version']}" for p in MANIFEST["packages"]}


def test_the_manifest_names_the_versions_of_the_lock() -> None:
    lock = json.loads((ROOT / "tools/vendor/package-lock.json").read_text("utf-8"))
    locked = {
        (name.rpartition("node_modules/")[2], entry["version"])
        for name, entry in lock["packages"].items()
        if name
    }
    assert {(p["name"], p["version"]) for p in MANIFEST["packages"]} <= locked


def test_the_lock_carries_hashes_and_no_address() -> None:
    text = (ROOT / "tools/vendor/package-lock.json").read_text("utf-8")
    assert "://" not in text
    assert '"resolved"' not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in entry for name, entry in packages.items() if name)
    wanted = json.loads((ROOT / "tools/vendor/package.json").read_text("utf-8"))
    exact = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(re.fullmatch(r"[0-9.]+", version) for version in exact.values())


def test_no_source_map_is_shipped_and_the_whole_stays_small() -> None:
    files = [f for f in VENDOR.rglob("*") if f.is_file()]
    assert not [f for f in files if f.suffix == ".map"]
    assert not [
        f for f in files if f.suffix in {".js", ".css"} and b"sourceMappingURL=" in f.read_bytes()
    ]
    assert sum(f.stat().st_size for f in files) < 10_500_000


def test_the_mark_of_bpmn_io_is_never_hidden_by_us() -> None:
    for file in STATIC.glob("css/*.css"):
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", file.read_text("utf-8")):
            if "powered-by" in selector:
                assert not re.search(r"display:\s*none|visibility|opacity", body), selector
    assert "bjs-powered-by" in (VENDOR / "designer/designer.js").read_text("utf-8")
    assert "fjs-powered-by" in (VENDOR / "formeditor/formeditor.js").read_text("utf-8")


@pytest.mark.parametrize("file", OURS, ids=lambda f: f.name)
def test_our_own_files_name_no_other_host(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text, re.IGNORECASE)
    assert "@import" not in text
    assert not re.search(r"\beval\(|new Function|innerHTML|document\.write|\.style\.", text)


def test_both_ways_to_dark_hold_the_same_values() -> None:
    text = (STATIC / "css/tokens.css").read_text("utf-8")
    blocks = re.findall(
        r":root(?::not\(\[data-theme=\"light\"\]\)|\[data-theme=\"dark\"\]) \{([^}]*)\}", text
    )
    by_system, by_choice = (
        dict(re.findall(r"(--[\w-]+|color-scheme): ([^;]+);", b)) for b in blocks
    )
    assert by_system == by_choice
    light = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", text.partition("@media")[0]))
    assert light.keys() <= by_choice.keys()


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT_PAIRS = [
    *((t, g) for t in ("text", "text2", "text3", "link", "seal", "warn") for g in ("bg", "surface", "raised", "hover")),
    ("text2", "subtle"), ("text3", "subtle"), ("text2", "action-soft"), ("on-action", "action"), ("on-action", "action-hover"),
    ("seal", "seal-soft"), ("on-seal", "seal-solid"), ("warn", "warn-soft"), ("ok", "ok-soft"), ("undet", "undet-soft"),
    ("on-secret", "secret"), ("bar-text", "bar"), ("bar-text2", "bar"), ("bar-text", "bar-hover"), ("ink", "paper"),
]  # fmt: skip
EDGE_PAIRS = [
    ("line-strong", "surface"),
    ("line-strong", "bg"),
    ("focus", "surface"),
    ("focus", "bg"),
    ("action", "surface"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_edges_keep_their_contrast(theme: str) -> None:
    text = (STATIC / "css/tokens.css").read_text("utf-8")
    block = (
        text.partition("@media")[0]
        if theme == "light"
        else text.rpartition('[data-theme="dark"]')[2]
    )
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for front, back in TEXT_PAIRS:
        assert contrast(colours[front], colours[back]) >= 4.5, (front, back)
    for front, back in EDGE_PAIRS:
        assert contrast(colours[front], colours[back]) >= 3, (front, back)


def test_a_pale_pair_would_be_noticed() -> None:
    assert contrast("#777777", "#888888") < 3
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.html")), ids=lambda f: f.name)
def test_templates_hold_no_inline_style_or_script(file: Path) -> None:
    source = re.sub(r"\{#.*?#\}", "", file.read_text("utf-8"), flags=re.DOTALL)
    assert not re.search(r"<style|\sstyle\s*=|javascript:", source, re.IGNORECASE)
    assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=", source, re.IGNORECASE)
    for script in re.findall(r"<script\b[^>]*>", source):
        assert "src=" in script
    assert not re.search(
        r"(?:https?:)?//[a-z0-9-]+\.[a-z]", source.replace("http://www.w3.org/2000/svg", "")
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_page_renders_and_holds_the_strict_policy(jinja: Environment, name: str) -> None:
    tree = page(jinja, name)
    for element in tree.iter(etree.Element):
        assert "style" not in element.attrib, etree.tostring(element)[:120]
        assert not [a for a in element.attrib if CSP_EVENT.match(a)]
        if element.tag == "script":
            assert element.get("src", "").startswith("/static/")
            assert not (element.text or "").strip()
        assert element.tag != "style"
    assert tree.get("lang") == "vi"
    assert len(tree.xpath("//main[@id='main']")) == 1
    assert tree.xpath("//h1"), "a page has a heading"


@pytest.mark.parametrize("name", PAGES)
def test_forms_carry_their_token_and_ids_are_unique(jinja: Environment, name: str) -> None:
    tree = page(jinja, name)
    for form in tree.iter("form"):
        if form.get("method", "get").lower() == "post":
            assert form.xpath(".//input[@name='csrf_token']"), form.get("action")
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
    for label in tree.iter("label"):
        target = label.get("for")
        assert target is None or target in ids, target
    for link in having(tree, "errsum", "//a"):
        assert link.get("href", "")[1:] in ids
    for field in tree.xpath("//*[@aria-describedby]"):
        assert set(field.get("aria-describedby").split()) <= set(ids)


@pytest.mark.parametrize("name", PAGES)
def test_named_icons_and_files_exist(jinja: Environment, name: str) -> None:
    sprite = etree.parse(str(VENDOR / "icons/icons.svg"))
    known = set(sprite.xpath("//@id"))
    tree = page(jinja, name)
    for use in tree.xpath("//*[local-name()='use']/@href"):
        path, _, icon = use.partition("#")
        assert path == "/static/vendor/icons/icons.svg"
        assert icon in known
    addresses = tree.xpath(
        "//script/@src | //link/@href | //@data-module | //@data-worker | //@data-style"
    )
    for address in addresses:
        assert (STATIC / address.removeprefix("/static/")).is_file(), address


def test_errors_are_told_at_the_top_and_beside_the_field(jinja: Environment) -> None:
    tree = page(jinja, "directive")
    assert tree.findtext(".//title").strip().startswith("Lỗi:")
    assert having(tree, "errsum", "//*[@role='alert']")
    wrong = tree.get_element_by_id("f-rows-1-due")
    assert wrong.get("aria-invalid") == "true"
    told = tree.get_element_by_id(wrong.get("aria-describedby"))
    assert "ngày có thật" in told.text_content()
    assert wrong.get("value") == "31/02/2020"
    calm = page(jinja, "inbox")
    assert not calm.findtext(".//title").startswith("Lỗi")
    assert not having(calm, "errsum")


def test_what_was_typed_is_escaped(jinja: Environment) -> None:
    template, context = PAGES["inbox"]
    evil = '"><script>alert(1)</script>'
    context = {**context, "item": {**context["item"], "subject": evil, "reference": evil}}
    text = jinja.get_template(template).render(context)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_scripts_may_be_missing(jinja: Environment) -> None:
    """Rows, conditional fields, the paper and the drawing have a way without scripts."""
    tree = page(jinja, "directive")
    add = tree.xpath("//button[@data-add-row]")[0]
    assert (add.get("type"), add.get("name"), add.get("value")) == (
        "submit",
        "row_command",
        "add:rows",
    )
    assert [b.get("value") for b in tree.xpath("//button[@data-remove-row]")] == [
        "remove:rows.0",
        "remove:rows.1",
    ]
    assert tree.xpath("//*[@data-hide and @hidden]")
    assert any("noscript.css" in h for h in tree.xpath("//noscript//link/@href"))
    assert having(page(jinja, "inbox"), "pdf-fallback", "//a")
    assert having(page(jinja, "designer"), "bpmn")
    replay = page(jinja, "replay")
    assert len(having(replay, "ev", "//a[@href]")) == 14
    assert having(replay, "player", "//button[@type='submit']")


def test_the_sprite_holds_only_icons_someone_names() -> None:
    """Names come from templates or, for navigation, baskets and channels, from `icons.json`'s list of duties."""
    listed = set(json.loads((ROOT / "tools/vendor/icons.json").read_text("utf-8")))
    sprite = etree.parse(str(VENDOR / "icons/icons.svg"))
    assert set(sprite.xpath("//@id")) == listed
