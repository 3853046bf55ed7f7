"""How much one command may do (giới hạn chạy): steps, time, instances of a loop, variables.

A diagram that exceeds one stops before anything is written: a person reads why, the machine's own
command becomes an incident that an operator sees and retries.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """The limits of this process; only the number of instances is a setting.

    `seconds` is time of one command, `variables` bytes of routing data, messages included.
    """

    instances: int = 500
    seconds: float = 5.0
    variables: int = 16_384

    @property
    def steps(self) -> int:
        """Leave room for the fan-out of the widest step."""
        return 10 * max(500, self.instances)

    @property
    def tokens(self) -> int:
        """Leave room for what a fan-out foresees; forks behind forks double it each time."""
        return 50 * max(500, self.instances)


#: what the installation allows; `office` sets it when it opens
BUDGET = Budget()
