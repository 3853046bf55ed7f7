"""When Python looks for garbage (thu hồi bộ nhớ): seldom, and never among what was imported."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: a command makes some thousand objects and leaves next to no cycles; Python's own numbers look
#: through them several times before it is done, a tenth of its work
_OFTEN = (5_000, 20, 50)


@contextmanager
def loading() -> Iterator[None]:
    """Import and set up in this block: what is there at its end stays for good.

    Importing leaves no garbage, and looking for it takes a fifth of the time. A collector that does
    not touch what is loaded leaves its memory shared with the processes forked later.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*_OFTEN)
        gc.enable()
