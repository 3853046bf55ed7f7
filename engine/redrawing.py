"""From a normalised diagram to the one that runs (vẽ lại để chạy): the last stage before building.

What the library runs wrong or not at all is redrawn into what it runs right. Whoever asks what a
diagram says, the law for example, reads the stage before: there everything is as drawn.
"""

import copy
from typing import Any

from engine.ad_hoc import unfold_ad_hoc
from engine.event_choice import unfold_event_gateways
from engine.event_scope import Log, unfold_event_sub_processes


def redraw(normalised: Any, log: Log) -> Any:
    """Return the executable copy of a normalised diagram; every change is reported to `log`."""
    drawn = copy.deepcopy(normalised)
    unfold_ad_hoc(drawn, log)
    unfold_event_gateways(drawn, log)
    unfold_event_sub_processes(drawn, log)
    return drawn
