"""What may not stand in any file of ours."""

import re
import unicodedata

import house_files
import pytest

#: written in pieces, so that this file does not hold what it looks for
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.~])/" + r"(work|root|home)/\w",
    "a reminder": r"\b(TO" + r"DO|FIX" + r"ME)\b",
    "a private key": "-----BEGIN [A-Z ]*" + "PRIVATE KEY",
    "a cloud key": r"\b(AKIA|ASIA)" + r"[0-9A-Z]{16}\b",
    "a token of a forge": r"\b(ghp|gho|ghs|github_pat|glpat|pypi)" + r"[-_][A-Za-z0-9_-]{20,}",
    "a chat token": r"\bxox[abp]-" + r"[0-9A-Za-z-]{10,}",
    "an index of packages": r"(index" + r"-url|trusted" + r"-host)\b",
    "a relative past": r"(<<<<<<<|>>>>>>>) ",
}
#: where a word is meant
MEANT = {
    ("a path of one machine", "tools/prepare-machine"),
    ("an index of packages", "tests/office/test_house_rules.py"),
    ("an index of packages", "CONTRIBUTING.md"),  # the option that keeps it out of the lock files
}


def found_in(text: str, kind: str) -> str | None:
    match = re.search(FORBIDDEN[kind], text)
    return text[max(0, match.start() - 30) : match.end() + 30] if match else None


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_nothing_forbidden_is_written(kind: str):
    found = {
        str(path): words
        for path, text in house_files.texts().items()
        if (kind, str(path)) not in MEANT and (words := found_in(text, kind))
    }
    assert not found


def test_what_is_forbidden_would_be_found():
    samples = {
        "a path of one machine": "see " + "/wo" + "rk/main/x",
        "a reminder": "# TO" + "DO later",
        "a private key": "-----BEGIN EC " + "PRIVATE KEY-----",
        "a cloud key": "AKI" + "A" + "ABCDEFGHIJKLMNOP",
        "a token of a forge": "gh" + "p_" + "a" * 36,
        "a chat token": "xox" + "b-123456789012",
        "an index of packages": "--index" + "-url x",
        "a relative past": "<<<<" + "<<< HEAD",
    }
    assert samples.keys() == FORBIDDEN.keys()
    assert all(found_in(text, kind) for kind, text in samples.items())


def test_what_lies_outside_is_read_by_tests_that_can_do_without():
    outside = re.compile(r"\.\./" + r"shared|[\"']shared[\"']|shared/(spec|design|data|prototypes)")
    for path, text in house_files.texts().items():
        if outside.search(text):
            assert path.parts[0] == "tests", path
            assert "skip" in text, f"{path} must skip where the file is missing"


def test_text_is_in_one_form():
    """Vietnamese is Unicode in NFC (TCVN 6909:2001); decomposed text is written as escapes."""
    for path, text in house_files.texts().items():
        assert unicodedata.is_normalized("NFC", text), path
        assert "\r" not in text, path
