"""What a line of an official text is (bố cục): chapter, article, heading, paragraph."""

import re
import unicodedata
from typing import Literal, NamedTuple

Style = Literal["chapter", "article", "provision", "heading", "paragraph"]

_CHAPTER = re.compile(
    r"(?P<label>(?:phần|chương|mục)\s+(?:[IVXLC]+|\d+|thứ\s+\w+))[.:]?(?:\s+(?P<text>.+))?",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?P<label>Điều\s+\d+[a-zđ]?\.)\s*(?P<text>.*)")
_NUMBERED = re.compile(r"(?:\d+(?:\.\d+)*\.|[IVXLC]+\.)\s+\S.*")
#: a title does not end as a sentence does
_SENTENCE_END = (".", ";", ":", ",", "/", "?", "!")


class Block(NamedTuple):
    """One paragraph and how it is set."""

    style: Style
    text: str
    label: str = ""


def structure(text: str) -> list[Block]:
    """Return the paragraphs of `text`, one a line, with the style their beginning asks for.

    An article whose words end like a sentence is a provision (`Điều 1. Ban hành …`), else its words
    are its title; a numbered line without such an end is a heading.
    """
    blocks: list[Block] = []
    for raw in unicodedata.normalize("NFC", text).splitlines():
        line = " ".join(raw.split())
        if not line:
            continue
        last = blocks[-1] if blocks else None
        if last is not None and last.style == "chapter" and not last.text and line.isupper():
            blocks[-1] = last._replace(text=line)
        else:
            blocks.append(_block(line))
    return blocks


def _block(line: str) -> Block:
    if (chapter := _CHAPTER.fullmatch(line)) and (line.isupper() or not chapter["text"]):
        return Block("chapter", chapter["text"] or "", _label(chapter["label"]))
    is_sentence = line.endswith(_SENTENCE_END)
    if article := _ARTICLE.fullmatch(line):
        style: Style = "provision" if is_sentence or len(line) > 200 else "article"
        return Block(style, article["text"], article["label"])
    if _NUMBERED.fullmatch(line) and not is_sentence and len(line) <= 120:
        return Block("heading", line)
    return Block("paragraph", line)


def _label(written: str) -> str:
    word, _, number = written.partition(" ")
    return f"{word.capitalize()} {number.upper() if number.isascii() else number.lower()}"
