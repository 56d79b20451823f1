"""Days and minutes of made-up worlds: days are ordinals (`date.toordinal`), minutes count from 1970 in UTC."""

import random
from datetime import date

MINUTES_PER_DAY = 1_440
_EPOCH = date(1970, 1, 1).toordinal()
_SATURDAY = 5
_WEEKEND_ACTIVITY = 0.4


def midnight(day: int) -> int:
    """Give the minute at which a day begins."""
    return (day - _EPOCH) * MINUTES_PER_DAY


def day_at(minute: int) -> int:
    """Give the day in which a minute lies."""
    return minute // MINUTES_PER_DAY + _EPOCH


def activity_on(rng: random.Random, day: int) -> float:
    """Draw how busy a day is: about 1 on a weekday, less on a weekend."""
    usual = _WEEKEND_ACTIVITY if date.fromordinal(day).weekday() >= _SATURDAY else 1.0
    return usual * rng.uniform(0.8, 1.2)
