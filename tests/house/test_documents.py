"""What the documents say is true: links lead somewhere, names exist, nothing is left out."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import flask
import house_files
import orjson
import pytest

from api.application import init_api
from office import demo
from office.cli import main
from office.settings import SETTINGS

ROOT = house_files.ROOT
DOCS = ROOT / "docs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OPERATIONS = sorted(DOCS.glob("operations.*.md"))
ROLES = ("officer", "leader", "admin", "auditor")
LANGUAGES = ("vi", "en")


def read(path: Path | str) -> str:
    return (ROOT / path).read_text("utf-8")


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def links(text: str) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", without_code(text))
    return [link for link in found if not re.match(r"[a-z]+:|#", link)]


@pytest.mark.parametrize("page", house_files.pages(), ids=str)
def test_every_link_leads_somewhere(page: Path):
    for link in links(read(page)):
        target = (ROOT / page).parent / link.partition("#")[0]
        assert target.exists(), link
        assert target.resolve().is_relative_to(ROOT), link


def test_links_are_seen():
    text = "[a](x.md#part) ![b](y.png) `[c](z)` [d](https://e.vn) [f](#g)"
    assert links(text) == ["x.md#part", "y.png"]


# the README ----------------------------------------------------------------------------------------


def test_the_readme_gives_the_two_commands_and_they_are_make_targets():
    blocks = re.findall(r"```sh\n(.*?)```", read("README.md"), re.DOTALL)
    assert [block.split("#")[0].strip() for block in blocks[:2]] == ["make run", "make test"]
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", read("README.md"), re.MULTILINE))
    assert {a or b for a, b in named} <= targets
    assert len(read("README.md").splitlines()) <= 160


def test_the_readme_maps_every_folder_in_one_line_each():
    mapped = re.findall(r"^\| `([\w.]+)/` \| (.+) \|$", read("README.md"), re.MULTILINE)
    folders = {p.parts[0] for p in house_files.tracked() if len(p.parts) > 1}
    assert sorted(name for name, _ in mapped) == sorted(folders - {".ci"})


def test_the_readme_lists_the_accounts_of_the_demonstration():
    listed = set(re.findall(r"^\| `([\w.]+)` \|", read("README.md"), re.MULTILINE))
    assert listed == {person.username for _, person in demo.accounts()}


def test_the_readme_opens_four_doors():
    for role in ROLES:
        for language in LANGUAGES:
            assert f"(docs/guides/{role}.{language}.md)" in read("README.md")


@pytest.mark.parametrize("role", ROLES)
def test_guides_say_the_same_in_both_languages(role: str):
    headings = [
        len(re.findall(r"^## ", read(f"docs/guides/{role}.{language}.md"), re.MULTILINE))
        for language in LANGUAGES
    ]
    assert headings[0] == headings[1] > 0


def routes() -> set[str]:
    """Addresses of the pages, as the code of the doors gives them."""
    code = "\n".join(read(p) for p in house_files.code() if p.parts[0] in {"web", "office"})
    return set(re.findall(r"""pages\.(?:get|post|route)\(\s*"(/[^"]*)\"""", code)) | {
        "/healthz", "/readyz", "/version",
    }  # fmt: skip


def test_the_addresses_that_are_announced_exist():
    """What the terminal and the documents send a person to is a page."""
    shown = set(re.findall(r"\{settings\.url\}(/[\w/-]+)", read("office/start.py"))) - {
        "/invitations/"
    }
    for page in ("docs/api.md", *map(str, (p.relative_to(ROOT) for p in OPERATIONS))):
        shown |= set(re.findall(r"`(/[a-z][\w-]*)`", read(page)))
    assert shown
    assert shown <= routes()


# settings and commands -----------------------------------------------------------------------------


def environment_read() -> set[str]:
    """Names of the environment variables that the rooms read."""
    beside = {"tests", "benchmarks", "tools", "alembic"}
    # the system's, and those of a request
    others = {
        "PATH", "PATH_INFO", "REMOTE_ADDR", "REQUEST_METHOD", "HTTP_HOST",
        "HTTP_X_FORWARDED_FOR", "HTTP_CONTENT_ENCODING",
    }  # fmt: skip
    reads = re.compile(
        r"""(?:environ(?:\.get\(|\[)|getenv\(|env\.\w+\()\s*["']([A-Z][A-Z_]+)["']"""
    )
    return {
        name
        for path in house_files.code()
        if path.parts[0] not in beside
        for name in reads.findall(read(path))
    } - others


def test_the_guides_of_operation_exist_in_both_languages():
    assert [p.name for p in OPERATIONS] == ["operations.en.md", "operations.vi.md"]


@pytest.mark.parametrize("guide", OPERATIONS, ids=lambda p: p.name)
def test_every_setting_is_documented_and_no_other(guide: Path):
    known = {setting.name for setting in SETTINGS} | environment_read()
    assert len(known) >= 10
    text = guide.read_text("utf-8")
    assert not {name for name in known if f"`{name}`" not in text}
    named = set(re.findall(r"\b(?:CONGVAN|CELERY|DATABASE)_[A-Z_]+\b", text))
    assert named <= known


@pytest.mark.parametrize("guide", OPERATIONS, ids=lambda p: p.name)
def test_the_table_of_settings_gives_the_defaults(guide: Path):
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", guide.read_text("utf-8"), re.MULTILINE))
    for setting in SETTINGS:
        shown = rows[setting.name].strip("`")
        assert shown == str(setting.default) or (
            setting.default == "" and shown in {"trống", "empty"}
        )


def commands(group: click.Group, before: str = "congvan") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield f"{before} {name}", command
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


@pytest.mark.parametrize("guide", OPERATIONS, ids=lambda p: p.name)
def test_every_command_and_option_is_documented(guide: Path):
    rows = dict(
        re.findall(r"^\| `(congvan [^`]+)` \| (.*) \|$", guide.read_text("utf-8"), re.MULTILINE)
    )
    known = dict(commands(main))
    assert rows.keys() == known.keys()
    for name, command in known.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.prompt:
                option = parameter.opts[0]
                assert f"`{option}`" in rows[name] or f"{name} {option}" in guide.read_text(
                    "utf-8"
                ), f"{name} {option}"


@pytest.mark.parametrize("page", house_files.pages(), ids=str)
def test_no_page_names_a_command_that_is_not_there(page: Path):
    known = {name for name, _ in commands(main)}
    for called in re.findall(
        r"(?:`|^|bin/)congvan ((?:[a-z][a-z-]*)(?: read| write| conformance)?)",
        read(page),
        re.MULTILINE,
    ):
        assert f"congvan {called}" in known, called


# decisions, glossary, changelog, notices -------------------------------------------------------------


def plain(requirement: str) -> str:
    return re.split(r"[\[<>=~; ]", requirement)[0]


def test_every_direct_dependency_has_its_reason_and_no_other():
    wanted = [*PROJECT["dependencies"]]
    for extra in PROJECT["optional-dependencies"].values():
        wanted += extra
    (page,) = (DOCS / "decisions").glob("*-dependencies.md")
    given = dict(re.findall(r"^\| `([\w.-]+)` \| (.+) \|$", page.read_text("utf-8"), re.MULTILINE))
    assert sorted(given) == sorted(plain(one) for one in wanted)
    assert all(len(reason.split()) >= 1 for reason in given.values())


def test_every_decision_is_dated_listed_and_one_page():
    listed = read("docs/decisions/README.md")
    pages = [p for p in (DOCS / "decisions").glob("*.md") if p.name != "README.md"]
    assert len(pages) > 10
    for page in pages:
        date = re.match(r"\d{4}-\d\d-\d\d", page.name)
        assert date, page.name
        text = page.read_text("utf-8")
        assert f"({page.name})" in listed, page.name
        assert f"\n{date.group()}\n" in text, page.name
        assert "**Decided.**" in text, page.name
        assert len(text.splitlines()) <= 90, page.name


def names_of_the_code() -> set[str]:
    found: set[str] = set()
    for path in house_files.code():
        if path.parts[0] in {"tests", "benchmarks", "tools", "alembic"}:
            continue
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return found


def test_every_term_of_the_glossary_exists_in_the_code():
    rows = re.findall(
        r"^\| (`[^|]+`) \| ([^|]+) \| ([^|]+) \|", read("docs/glossary.md"), re.MULTILINE
    )
    terms = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    assert len(terms) > 50
    assert sorted(terms) == sorted(set(terms))
    missing = set(terms) - names_of_the_code()
    assert not missing
    assert all(vietnamese.strip() and meaning.strip() for _, vietnamese, meaning in rows)


def test_a_term_that_is_not_there_would_be_missed():
    known = names_of_the_code()
    assert "WorkItem" in known
    assert "DocumentService" not in known


def test_the_newest_entry_of_the_changelog_is_this_version():
    newest = re.search(r"^## (\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)
    assert newest
    assert newest.group(1) == PROJECT["version"]


def test_notices_name_what_is_not_under_a_plain_licence():
    notice = read("NOTICE").lower()
    manifest = orjson.loads((ROOT / "web/static/vendor/manifest.json").read_bytes())
    for package in manifest["packages"]:
        if package["licence"] not in {"MIT", "BSD-2-Clause", "BSD-3-Clause", "0BSD"}:
            name = package["name"].split("/")[-1].removesuffix("-editor").removesuffix("-viewer")
            assert name.lower() in notice, package
    for word in (
        "spiffworkflow",
        "psycopg",
        "lgpl-3",
        "watermark",
        "tinos",
        "be vietnam pro",
        "axe-core",
    ):
        assert word in notice, word
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in read("LICENSE")


# the API ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contract() -> dict[str, dict[str, object]]:
    """Paths of the published contract, each with its methods."""
    app = flask.Flask("contract")
    init_api(app)
    paths: dict[str, dict[str, object]] = orjson.loads(app.extensions["congvan.contract"])["paths"]
    return paths


def test_the_page_of_the_api_lists_every_address_and_no_other(contract):
    known = {
        f"{method.upper()} {path}"
        for path, methods in contract.items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"}
    }
    listed = re.findall(r"^\| `([A-Z]+ /[^`]+)` \| .+ \|$", read("docs/api.md"), re.MULTILINE)
    assert sorted(listed) == sorted(known)


def test_what_the_page_of_the_api_calls_is_there(contract):
    text = read("docs/api.md")
    called = set(re.findall(r"`(?:GET|POST|DELETE) (/api/v1/[^`?]+)`", text))
    assert called
    assert called <= contract.keys()
