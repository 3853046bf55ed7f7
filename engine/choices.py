"""The routing variable by which an officer chooses a way (biến lựa chọn hướng đi)."""

import re
from collections.abc import Iterator
from typing import Any

from engine.diagram import CONGVAN, tag
from engine.finding import Finding, error

#: `cv_choice.<element>` is the id of the flow the officer chose, or a list of such
KEY = "cv_choice"

#: attributes that only this engine writes, into the copy of a diagram that it completes or runs
_OWN = ("choice", "choices", "kind")


def key_of(element: Any) -> str:
    """Return the name of an element within the variable: a word of the expression language."""
    identity = element if isinstance(element, str) else element.get("id")
    word = re.sub(r"[^\x00-\x7f]", lambda found: f"_{ord(found[0]):x}_", identity)
    return f"at_{re.sub(r'[^0-9A-Za-z]+', '_', word).strip('_')}"


def take_out_own(root: Any) -> Iterator[Finding]:
    """Refuse what only the engine may write into a diagram, and take it out so that it counts not.

    A step marked so would be another one to the law than to the engine, and a choice would be
    offered by no form.
    """
    for element in root.iter(tag("*")):
        for name in _OWN:
            if element.attrib.pop(f"{{{CONGVAN}}}{name}", None) is not None:
                yield error(
                    element, "own-attribute",
                    f"Thuộc tính congvan:{name} do hệ thống tự ghi khi chạy, không viết trong sơ "
                    "đồ. Bỏ thuộc tính này; để cán bộ chọn hướng đi, ghi điều kiện của từng luồng "
                    'theo lựa chọn trên biểu mẫu của bước trước cổng, ví dụ outcome = "return".',
                    f"The attribute congvan:{name} is written by the engine alone. Take it out; "
                    "for an officer to choose the way, write the condition of each flow by what "
                    'the form of the step before the gateway offers, such as outcome = "return".',
                )  # fmt: skip
