"""The routing variable by which an officer chooses a way (biến lựa chọn hướng đi)."""

import re
from typing import Any

#: `cv_choice.<element>` is the id of the flow the officer chose, or a list of such
KEY = "cv_choice"


def key_of(element: Any) -> str:
    """Return the name of an element within the variable: a word of the expression language."""
    word = re.sub(r"[\W_]+", "_", element if isinstance(element, str) else element.get("id"))
    return f"at_{word.strip('_')}"
