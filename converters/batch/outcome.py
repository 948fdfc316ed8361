"""What a batch came to: the results of its jobs, and the files that no job takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from converters.batch.job import Result
from converters.batch.manifest import Unpaired

STATES = ("converted", "unchanged", "failed")


class Outcome(Struct, frozen=True, kw_only=True):
    """A batch that is over. `begin` is in local time, `seconds` its wall time, `version` the converter's."""

    results: Sequence[Result]
    unpaired: Sequence[Unpaired] = ()
    strict: bool = False
    """Whether a file that no job takes is a failure."""
    begin: datetime
    seconds: float = 0.0
    version: str = ""

    @property
    def total(self) -> int:
        """All that there was to be converted."""
        return len(self.results) + len(self.unpaired)

    @property
    def failed(self) -> bool:
        return any(result.state == "failed" for result in self.results) or (self.strict and bool(self.unpaired))

    def counts(self) -> dict[str, int]:
        """How many results there are of each state, and how many files that no job takes."""
        of_states = {state: sum(result.state == state for result in self.results) for state in STATES}
        return {**of_states, "unpaired": len(self.unpaired)}

    def headline(self) -> str:
        """For example `197 of 200 converted, 3 not paired`; what there is not one of is not mentioned."""
        count = self.counts()
        others = ((count["unchanged"], "unchanged"), (count["failed"], "failed"), (count["unpaired"], "not paired"))
        counted = "".join(f", {number} {state}" for number, state in others if number)
        return f"{count['converted']} of {self.total} converted{counted}"
