"""From bytes to a small tree, under guard: no DOCTYPE, no entity, bounded size, depth and count.

The parser feeds a target instead of building its own tree: with `huge_tree` off libxml2 refuses
text nodes over 10 MB in a tree, while streamed base64 is decoded piece by piece without such a
limit and without holding the text.
"""

from __future__ import annotations

import binascii
import unicodedata
from collections.abc import Iterator
from typing import Any, Final, NoReturn, cast

from lxml import etree

from exchange.errors import DoctypeForbidden, MalformedXml, MessageTooLarge
from exchange.limits import Limits

NAMESPACE: Final = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
FILE_ELEMENT: Final = "ContentTransferEncoded"

_CHUNK = 65_536
_SPACE = bytes.maketrans(b"", b""), b" \t\r\n"


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
            node = next(node.all(name), None) if node is not None else None
        return node

    def get(self, *path: str) -> str:
        """Return the text of the first descendant along `path`, else ""."""
        found = self.find(*path)
        return found.text if found is not None else ""


class Base64Stream:
    """Strict base64, decoded as it arrives; `content` is None once anything is wrong with it."""

    def __init__(self) -> None:
        self._carry = b""
        self._parts: list[bytes] = []
        self._padded = False
        self._broken = False

    def feed(self, text: str) -> None:
        """Take the next piece of text; line breaks and blanks are allowed, nothing else is."""
        if self._broken:
            return
        try:
            self._decode(self._carry + text.encode("ascii").translate(*_SPACE))
        except ValueError:
            self._broken, self._parts = True, []

    def _decode(self, block: bytes) -> None:
        cut = len(block) - len(block) % 4
        if block and self._padded:
            raise ValueError("text after the padding")
        if cut:
            self._parts.append(binascii.a2b_base64(block[:cut], strict_mode=True))
            self._padded = block[:cut].endswith(b"=")
        self._carry = block[cut:]

    @property
    def content(self) -> bytes | None:
        """Return the decoded bytes, None for wrong base64."""
        return None if self._broken or self._carry else b"".join(self._parts)


class Tree:
    """What the parser saw: the root, and whether a signature was in it."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.carries_signature = False


def parse(data: bytes, limits: Limits) -> Tree:
    """Parse a message into a tree of its own namespace; other namespaces are passed over.

    Raises MessageTooLarge, DoctypeForbidden or MalformedXml.
    """
    if len(data) > limits.message:
        raise MessageTooLarge(
            what_vi="dung lượng gói tin (byte)", what_en="message bytes", limit=limits.message
        )
    target = _Target(limits)
    parser = etree.XMLParser(
        target=cast(Any, target),  # the stubs want events in bytes too; lxml 6 gives str only
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    view = memoryview(data)
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(bytes(view[start : start + _CHUNK]))
        parser.close()
    except etree.XMLSyntaxError as error:
        raise MalformedXml(line=error.lineno or 0, reason=error.msg) from error
    except LookupError as error:  # an encoding this machine does not know
        raise MalformedXml(line=1, reason=str(error)) from error
    return target.tree


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
        namespace, _, local = tag.rpartition("}")
        if local == "Signature":
            self.tree.carries_signature = True
        ours = namespace == "{" + NAMESPACE and (not self._open or self._open[-1] is not None)
        node = Node(_spelled(local)) if ours else None
        if node is not None:
            if self._open and (parent := self._open[-1]) is not None:
                parent.children.append(node)
            elif not self._open:
                self.tree.root = node
            if node.name == FILE_ELEMENT:
                node.file = Base64Stream()
        self._open.append(node)

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


def _spelled(name: str) -> str:
    """Return the double-s spelling of the wire; the correct one occurs too."""
    return f"Bussiness{name[8:]}" if name.startswith("Business") else name
