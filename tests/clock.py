"""Seconds that pass only when a test says so."""


class Clock:
    """A steady clock; sleeping is one way to let it go on.

    Attributes:
        now: what it shows.
        slept: seconds of each sleep.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds
