"""How conversions come about, and how the truth about them changes on later days.

Some are recorded late, for some the last touch turns out to be another visit, some are only attributed at all later on,
and on some days all conversions of one goal are cancelled later.
"""

import random
from operator import attrgetter

from sandbox.atribu.facts.events import NEVER, Conversion, Visit, Visitor
from sandbox.worlds.chance import chance, make_uuid
from sandbox.worlds.days import MINUTES_PER_DAY, midnight

CLICK_WINDOW_DAYS = 30
_LATEST_RECORD_DAYS = 45

_GOAL_WEIGHTS = {
    "payment_received": 28,
    "lead_created": 38,
    "appointment_booked": 18,
    "closed_won": 7,
    "order_placed": 9,
}
_WORTH_CENTS = {"payment_received": (1_000, 60_000), "closed_won": (50_000, 400_000), "order_placed": (2_000, 50_000)}
_PAYMENTS = (("Stripe", "USD"), ("Stripe", "USD"), ("MercadoPago", "MXN"))
_moment = attrgetter("at")
_MAX_TOUCHES = 6
_CANDIDATES = 6


def make_conversions(
    rng: random.Random, day: int, count: int, recent: list[Visit], reattributed: float
) -> list[Conversion]:
    """Make `count` conversions of `day` by people among the `recent` visits of the click window.

    `reattributed` is the share of those with a touch whose last one will be another.
    """
    cancelled_goal = rng.choice(list(_GOAL_WEIGHTS)) if chance(rng, 0.04) else None
    cancelled_on = day + rng.randrange(2, _LATEST_RECORD_DAYS)
    made = []
    for goal in rng.choices(list(_GOAL_WEIGHTS), list(_GOAL_WEIGHTS.values()), k=count):
        gone = cancelled_on if goal == cancelled_goal else NEVER
        made.append(_make_conversion(rng, day, goal, recent, cancelled_on=gone, reattributed=reattributed))
    return made


def _make_conversion(
    rng: random.Random, day: int, goal: str, recent: list[Visit], *, cancelled_on: int, reattributed: float
) -> Conversion:
    visitor = _choose_visitor(rng, recent)
    at = midnight(day) + rng.randrange(MINUTES_PER_DAY)
    oldest = at - CLICK_WINDOW_DAYS * MINUTES_PER_DAY
    own = tuple(sorted((visit for visit in visitor.trail if oldest <= visit.at <= at), key=_moment))
    touches = () if chance(rng, 0.07) else own[-_MAX_TOUCHES:]
    recorded_on = day + _lateness(rng)
    reattributed_on, later_touches = NEVER, touches
    if chance(rng, reattributed if touches else 0.3):
        other = rng.choice(recent)
        if other.at <= at:
            reattributed_on = recorded_on + rng.randrange(1, 40)
            later_touches = tuple(sorted((*touches[:-1], other), key=_moment))
    low, high = _WORTH_CENTS.get(goal, (0, 1))
    cents = rng.randrange(low, high)
    payment = rng.choice(_PAYMENTS)
    return Conversion(
        conversion_id=make_uuid(rng),
        visitor=visitor,
        at=at,
        goal=goal,
        cents=cents,
        payment=payment,
        recorded_on=recorded_on,
        touches=touches,
        reattributed_on=reattributed_on,
        later_touches=later_touches,
        cancelled_on=cancelled_on,
    )


def _choose_visitor(rng: random.Random, recent: list[Visit]) -> Visitor:
    for _ in range(_CANDIDATES):
        visitor = rng.choice(recent).visitor
        if visitor.person is not None:
            break
    return visitor


def _lateness(rng: random.Random) -> int:
    if chance(rng, 0.8):
        return 0
    return rng.randrange(1, 4) if chance(rng, 0.6) else rng.randrange(4, _LATEST_RECORD_DAYS + 1)
