"""From bytes to a small tree, under guard: no DOCTYPE, no entity, bounded size, depth and count.

The parser feeds a target instead of building its own tree: with `huge_tree` off libxml2 refuses
text nodes over 10 MB in a tree, while streamed base64 is decoded piece by piece without such a
limit and without holding the text.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any, BinaryIO, Final, NoReturn, cast

from lxml import etree

from exchange.base64_stream import Base64Stream
from exchange.edxml_names import KNOWN, SIGNATURES
from exchange.errors import DoctypeForbidden, MalformedXml, MessageTooLarge
from exchange.limits import Limits

NAMESPACE: Final = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
FILE_ELEMENT: Final = "ContentTransferEncoded"

_OURS = "{" + NAMESPACE + "}"
_CHUNK = 65_536
#: how many unknown elements are named, and with how many characters
_NOTED, _NOTE_LENGTH = 50, 100


class Node:
    """One element of the edXML namespace: local name, text and children in order."""

    __slots__ = ("children", "file", "name", "pieces")

    def __init__(self, name: str) -> None:
        self.name = name
        self.pieces: list[str] = []
        self.children: list[Node] = []
        #: set on the element that carries a file
        self.file: Base64Stream | None = None

    @property
    def text(self) -> str:
        """Return the text, NFC, without surrounding white space."""
        return unicodedata.normalize("NFC", "".join(self.pieces)).strip()

    def all(self, name: str) -> Iterator[Node]:
        """Iterate over the children of this name."""
        return (child for child in self.children if child.name == name)

    def find(self, *path: str) -> Node | None:
        """Return the first descendant along `path`."""
        node: Node | None = self
        for name in path:
            if node is None:
                return None
            for child in node.children:
                if child.name == name:
                    node = child
                    break
            else:
                return None
        return node

    def get(self, *path: str) -> str:
        """Return the text of the first descendant along `path`, else ""."""
        found = self.find(*path)
        return found.text if found is not None else ""


class Tree:
    """What the parser saw; to be closed, since a large file waits on the disk to be taken out."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.carries_signature = False
        #: paths of the elements nobody here knows, each once, in order
        self.unknown: dict[str, None] = {}
        #: SHA-256 in hex and length of the message
        self.sha256 = ""
        self.size = 0
        self.files: list[Base64Stream] = []

    def close(self) -> None:
        """Give up what waits on the disk."""
        for file in self.files:
            file.close()


def parse(source: bytes | BinaryIO, limits: Limits) -> Tree:
    """Parse a message into a tree of its own namespace; other namespaces are passed over.

    A file is read piece by piece and no further than the limit. Raises MessageTooLarge,
    DoctypeForbidden or MalformedXml.
    """
    target = _Target(limits)
    try:
        target.tree.sha256 = _feed(target, source, limits)
    except BaseException:
        target.tree.close()
        raise
    return target.tree


def _feed(target: _Target, source: bytes | BinaryIO, limits: Limits) -> str:
    """Send a message through the parser; return its SHA-256."""
    parser = etree.XMLParser(
        target=cast(Any, target),  # the stubs want events in bytes too; lxml 6 gives str only
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    digest = sha256()
    try:
        for piece in _pieces(source, limits):
            digest.update(piece)
            target.tree.size += len(piece)
            parser.feed(piece)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise MalformedXml(line=error.lineno or 0, reason=error.msg) from error
    except LookupError as error:  # an encoding this machine does not know
        raise MalformedXml(line=1, reason=str(error)) from error
    return digest.hexdigest()


def _pieces(source: bytes | BinaryIO, limits: Limits) -> Iterator[bytes]:
    if isinstance(source, bytes):
        check_size(len(source), limits)
        view = memoryview(source)
        for start in range(0, len(source), _CHUNK):
            yield bytes(view[start : start + _CHUNK])
        return
    if source.seekable():
        check_size(source.seek(0, io.SEEK_END), limits)
        source.seek(0)
    size = 0
    while piece := source.read(_CHUNK):
        size += len(piece)
        check_size(size, limits)
        yield piece


def check_size(size: int, limits: Limits) -> None:
    """Refuse a message by its size in bytes; raises MessageTooLarge."""
    if size > limits.message:
        raise MessageTooLarge(
            what_vi="dung lượng gói tin (byte)", what_en="message bytes", limit=limits.message
        )


class _Target:
    """Receives the parser's events; raising here stops it."""

    def __init__(self, limits: Limits) -> None:
        self.tree = Tree()
        self._limits = limits
        self._open: list[Node | None] = []  # None: an element we pass over
        self._elements = 0
        self._text = 0

    def start(self, tag: str, _attributes: object) -> None:
        self._elements += 1
        if self._elements > self._limits.elements:
            self._refuse("số phần tử", "elements", self._limits.elements)
        if len(self._open) >= self._limits.depth:
            self._refuse("số tầng lồng nhau", "nesting levels", self._limits.depth)
        name, known = element_name(tag)
        if name == "Signature":
            self.tree.carries_signature = True
        signs = name in SIGNATURES
        if not known and not signs:
            self._note(name)
        above = self._open[-1] if self._open else None
        ours = tag.startswith(_OURS) and not signs and (above is not None or not self._open)
        node = Node(name) if ours else None
        if node is not None:
            if above is not None:
                above.children.append(node)
            else:
                self.tree.root = node
            if node.name == FILE_ELEMENT:
                node.file = Base64Stream()
                self.tree.files.append(node.file)
                if len(self.tree.files) > self._limits.attachments:
                    self._refuse("số tệp đính kèm", "attachments", self._limits.attachments)
        self._open.append(node)

    def _note(self, name: str) -> None:
        """Note an element we do not know; what stands below a foreign one needs no note."""
        if len(self.tree.unknown) < _NOTED and self._open and (above := self._open[-1]) is not None:
            self.tree.unknown.setdefault(f"{above.name}.{name}"[:_NOTE_LENGTH])

    def end(self, _tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        node = self._open[-1] if self._open else None
        if node is None:
            return
        if node.file is not None:
            node.file.feed(text)
            return
        self._text += len(text)
        if self._text > self._limits.text:
            self._refuse("phần chữ (ký tự)", "characters of text", self._limits.text)
        node.pieces.append(text)

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> NoReturn:
        raise DoctypeForbidden

    def comment(self, _text: str) -> None:
        pass

    def pi(self, _target: str, _data: str | None = None) -> None:
        pass

    def close(self) -> None:
        pass

    @staticmethod
    def _refuse(what_vi: str, what_en: str, limit: int) -> NoReturn:
        raise MessageTooLarge(what_vi=what_vi, what_en=what_en, limit=limit)


@lru_cache(512)
def element_name(tag: str) -> tuple[str, bool]:
    """Return the local name, in the double-s spelling of the wire, and whether it says something.

    The correct spelling occurs too.
    """
    name = tag.rpartition("}")[2]
    if name.startswith("Business"):
        name = f"Bussiness{name[8:]}"
    return name, tag.startswith(_OURS) and name in KNOWN
