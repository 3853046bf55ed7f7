"""A large message costs little memory, and one that is too large is not read at all."""

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.edxml import Limits, read
from exchange.errors import MessageTooLarge

ROOT = Path(__file__).parents[2]
PDF64 = "JVBERi0xLjcKJSVFT0YK"
SIZE = 50_000_000

# Most memory of a process of its own beyond what it has with all loaded, in bytes.
MEASURE = """
import sys, base64
from pathlib import Path
from lxml import etree
from exchange.edxml import read
from exchange.errors import ExchangeError

def most():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

def from_file(path):
    with path.open("rb") as file:
        return read(file)

def from_bytes(path):
    return read(path.read_bytes())

def whole(path):  # how it is done where nobody thinks of it: the control
    tree = etree.fromstring(path.read_bytes(), etree.XMLParser(huge_tree=True))
    return base64.b64decode(tree.findtext(".//{*}ContentTransferEncoded"))

way = globals()[sys.argv[1]]
before = most()
try:
    kept = way(Path(sys.argv[2]))
    size = len(kept) if isinstance(kept, bytes) else len(kept.attachments[0].content)
except ExchangeError as error:
    size = error.code
print(size, most() - before)
"""


def measured(way: str, path: Path) -> tuple[str, int]:
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, way, str(path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    size, most = told.stdout.split()
    return size, int(most)


@pytest.fixture(scope="module")
def packets(document, tmp_path_factory):
    """Messages of one file of 50 MB that nothing shrinks: as it is, and in a ZIP."""
    import zipfile

    content = os.urandom(SIZE)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("x", content)
    folder = tmp_path_factory.mktemp("large")
    head, tail = document(("application/pdf", "application/zip"), (".pdf", ".xlsx")).split(
        PDF64.encode()
    )
    for name, sent in (("raw", content), ("zip", packed.getvalue())):
        (folder / name).write_bytes(head + base64.b64encode(sent) + tail)
    return folder


@pytest.mark.parametrize("kind", ["raw", "zip"])
@pytest.mark.parametrize(("way", "times"), [("from_file", 2), ("from_bytes", 3)])
def test_a_file_of_50_mb_costs_at_most_three_times_its_size(packets, kind, way, times):
    size, most = measured(way, packets / kind)
    assert size == str(SIZE)
    assert most <= times * SIZE


def test_the_measure_sees_who_holds_it_all(packets):
    size, most = measured("whole", packets / "raw")
    assert size == str(SIZE)
    assert most > 3 * SIZE


def test_two_gigabytes_are_refused_by_their_size(document, tmp_path):
    path = tmp_path / "2GB.edxml"
    with path.open("wb") as file:
        file.write(document())
        file.truncate(2_000_000_000)
    code, most = measured("from_file", path)
    assert code == "message-too-large"
    assert most < 5_000_000


class Endless(io.RawIOBase):
    """What a pipe gives: no size, no way back, base64 without end."""

    def __init__(self, head: bytes) -> None:
        self.given = 0
        self._head = io.BytesIO(head)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.given += size
        return self._head.read(size) or b"QUJD" * (size // 4)


def test_what_never_ends_is_read_to_the_limit_and_no_further(document):
    endless = Endless(document().partition(PDF64.encode())[0])
    with pytest.raises(MessageTooLarge) as caught:
        read(endless, Limits(message=9_000_000))
    assert "9000000" in caught.value.text("vi")
    assert endless.given < 9_200_000


def test_a_file_and_its_bytes_say_the_same(document):
    data = document()
    by_file, by_bytes = read(io.BytesIO(data)), read(data)
    assert by_file == by_bytes
    assert by_file.original.sha256 == by_bytes.original.sha256
    assert (by_file.original.size, by_file.original.data) == (len(data), None)
