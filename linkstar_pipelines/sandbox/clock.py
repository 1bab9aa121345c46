"""The virtual clock of the sandbox.

Here: what time it is in the world. A frozen clock moves only by the control side; a live one runs at a given speed
from where it last was, and its reading is kept in the state folder so that a restart never runs backwards.
Not here: real-time matters of the wire (token life, rate limits, link expiry), which go by the machine's clock.
"""

import json
import time
from pathlib import Path

from linkstar_pipelines.sandbox.world.instants import iso, parse

LEASE_SECONDS = 2.0
"""How far ahead (real seconds) the kept reading runs, so that a killed process cannot have answered beyond it."""


class Clock:
    """Virtual time in whole seconds; `speed` is virtual seconds per real second, 0 when frozen."""

    def __init__(self, start: int, speed: float = 0.0, state_dir: Path | None = None) -> None:
        self.speed = speed
        self._file = state_dir / "clock.json" if state_dir else None
        self._virtual = float(max(start, self._kept()))
        self._real = time.monotonic()
        self._lease_ends = 0.0

    @classmethod
    def from_text(cls, text: str, start: int, state_dir: Path | None = None) -> "Clock":
        """Make a clock from `frozen:<ISO instant>` or `live:<speed>`; a live one begins at `start`.

        Raises:
            ValueError: The text has neither form.
        """
        mode, _, value = text.partition(":")
        try:
            if mode == "frozen":
                return cls(parse(value))
            if mode == "live" and float(value) > 0:
                return cls(start, float(value), state_dir)
        except ValueError as problem:
            raise ValueError(f"clock {text!r} cannot be read: {problem}") from problem
        raise ValueError(f"clock {text!r} is neither frozen:<ISO instant> nor live:<speed above 0>")

    def now(self) -> int:
        """Return the instant that the world has reached."""
        instant = self._reading()
        if self.speed and self._file and time.monotonic() > self._lease_ends:
            self._keep(instant)
        return int(instant)

    def move_to(self, instant: int) -> None:
        """Set the clock forward.

        Raises:
            ValueError: The instant lies in the past of the clock.
        """
        if instant < self.now():
            raise ValueError(f"the clock stands at {iso(self.now())} and does not run backwards to {iso(instant)}")
        self._virtual, self._real = float(instant), time.monotonic()
        if self._file:
            self._keep(self._virtual)

    def _reading(self) -> float:
        return self._virtual + (time.monotonic() - self._real) * self.speed

    def _kept(self) -> int:
        if self._file is None or not self._file.exists():
            return 0
        return parse(json.loads(self._file.read_text())["reached"])

    def _keep(self, instant: float) -> None:
        if self._file is None:
            return
        self._lease_ends = time.monotonic() + LEASE_SECONDS / 2
        self._file.parent.mkdir(parents=True, exist_ok=True)
        spare = self._file.with_suffix(".tmp")
        spare.write_text(json.dumps({"reached": iso(int(instant + LEASE_SECONDS * self.speed) + 1)}))
        spare.replace(self._file)
