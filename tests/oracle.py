"""A second telling of the journey: plain dicts and datetimes, a few lines for each rule.

The property tests hold the library to this. It shares no code with the library's state
machine, is in no hurry, and knows one contact at a time. It reads events with the attributes
`id`, `name`, `occurred_at` and `properties`, and a funnel told as a dict:

    {
        "stages": ["lead", "customer"],
        "rules": {"paid": [{"signal": "purchase"}], "rated": [{"signal": "rating", ...}]},
        "patience": {"lead": timedelta(days=30), "customer": None},
        "loyal_after": 2,
        "loyal_apart": timedelta(0),
        "apostle_after_referrals": 3,
        "unmapped": "note",
    }

A patience may be a rhythm: `{"tenths": 65, "usual": …, "at_least": …, "at_most": …}`.

A rule may have `stage` (of a reach), `property` (of a rating, refer, complain, resolve or
leave), `promoter` (of a rating), `arm` and `holdout` (of an outreach), and `when`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

RANKS = [
    "note",
    "research",
    "outreach",
    "touch",
    "reach",
    "purchase",
    "rating",
    "refer",
    "advocate",
    "complain",
    "resolve",
    "leave",
]
OPENS = {"touch", "reach", "purchase", "rating", "refer", "advocate", "complain"}
KEEPS_ALIVE = OPENS
RETURNS = {"touch", "reach", "purchase", "refer", "advocate"}

Story = dict[str, Any]


def tell(events: Iterable[Any], funnel: Story, as_of: datetime | None = None) -> Story:
    """Return the moments, the episodes and the state of one contact's events."""
    state = walked(events, funnel, as_of)
    for episode in state["episodes"]:
        del episode["purchases"]
    return state


def walked(events: Iterable[Any], funnel: Story, as_of: datetime | None = None) -> Story:
    """Return the same, and of each episode how often the contact had bought before it."""
    state = start()
    for event in in_order(events, funnel):
        if as_of is None or event["at"] <= as_of:
            step(state, event, funnel)
    if as_of is not None and state["presence"] == "active":
        deadline = deadline_of(state, funnel)
        if deadline is not None and as_of >= deadline:
            depart(state, deadline, "silence", None, funnel)
    return state


def start() -> Story:
    """Return the state of a contact of whom nothing is known."""
    return {
        "presence": "unknown",
        "stage": 0,
        "purchases": 0,
        "last_purchase": None,
        "referrals": 0,
        "apostle": False,
        "open_cases": [],
        "last_touch": None,
        "gaps": 0,
        "gaps_sum": timedelta(0),
        "moments": [],
        "episodes": [],
    }


def in_order(events: Iterable[Any], funnel: Story) -> list[Story]:
    """Return each event once, read under the funnel, in the order in which events are taken."""
    # Conflicting events may tie in all of the order; then their content decides.
    said = sorted(events, key=lambda e: (e.name, json.dumps(e.properties, sort_keys=True)))
    told = [read(event, funnel) for event in said]
    told.sort(key=lambda e: (e["at"], RANKS.index(e["signal"]), e["stage"], e["id"]))
    once: dict[str, Story] = {}
    for event in told:
        if event["id"] not in once:
            once[event["id"]] = event
    return list(once.values())


def read(event: Any, funnel: Story) -> Story:
    """Return what an event means to the funnel."""
    rule = rule_for(event, funnel)
    signal = rule["signal"]
    told = {"id": event.id, "at": event.occurred_at, "signal": signal, "stage": 0, "text": ""}
    if signal == "reach":
        told["stage"] = funnel["stages"].index(rule["stage"])
    elif signal == "rating":
        score = number(event.properties.get(rule.get("property")))
        told["promoter"] = score is not None and score >= rule.get("promoter", 9)
    elif signal == "outreach":
        arm = text(event.properties.get(rule.get("arm")))
        told["attempt"] = "holdout" not in rule or arm != rule["holdout"]
    elif signal == "purchase" and "property" in rule:
        told["value"] = worth(event.properties.get(rule["property"]))
        if told["value"] is not None and told["value"] < 0:
            told["signal"] = "note"
    elif signal in ("refer", "complain", "resolve", "leave"):
        told["text"] = text(event.properties.get(rule.get("property")))
        if signal == "leave" and told["text"] == "silence":
            told["text"] = "silence, as said"
    return told


def worth(value: Any) -> Fraction | None:
    """Return what a purchase was worth, exactly; None where nothing is said."""
    return None if value is None or str(value).strip() == "" else Fraction(str(value).strip())


def rule_for(event: Any, funnel: Story) -> Story:
    """Return the first rule of the event's name whose condition holds, else the unmapped one."""
    for rule in funnel["rules"].get(event.name, []):
        if all(
            holds(event.properties, key, wanted) for key, wanted in rule.get("when", {}).items()
        ):
            return dict(rule)
    if funnel["unmapped"] == "refuse":
        raise ValueError(f"no rule for {event.name}")
    return {"signal": funnel["unmapped"]}


def holds(properties: Any, key: str, wanted: Any) -> bool:
    """Return whether one property is the wanted value, one of several, or at least a number."""
    if key not in properties:
        return False
    value = properties[key]
    if isinstance(wanted, list):
        return value in wanted
    if isinstance(wanted, str) and wanted.startswith(">= "):
        try:
            return float(value) >= float(wanted[3:])
        except (TypeError, ValueError):
            return False
    return bool(value == wanted)


def text(value: Any) -> str:
    """Return a property as a text, where absent and blank are the empty text."""
    return "" if value is None or not str(value).strip() else str(value)


def number(value: Any) -> float | None:
    """Return a property as a number, where absent and blank are none."""
    return float(text(value)) if text(value) else None


def deadline_of(state: Story, funnel: Story) -> datetime | None:
    """Return when the contact's silence becomes a departure, if it ever does."""
    patience = funnel["patience"][funnel["stages"][state["stage"]]]
    if patience is None:
        return None
    waits = by_rhythm(patience, state) if isinstance(patience, dict) else patience
    deadline: datetime = state["last_touch"] + waits
    return deadline


def by_rhythm(rhythm: Story, state: Story) -> timedelta:
    """Return the factor times the mean of the gaps and two usual ones, within the bounds."""
    whole = (rhythm["usual"] + rhythm["usual"] + state["gaps_sum"]) // timedelta(microseconds=1)
    waits = Fraction(rhythm["tenths"], 10) * Fraction(whole, 2 + state["gaps"])
    patience = timedelta(microseconds=waits.numerator // waits.denominator)
    least, most = rhythm["at_least"], rhythm["at_most"]
    return least if patience < least else most if patience > most else patience


def step(state: Story, event: Story, funnel: Story) -> None:
    """Fold one event: silence, presence, clock, effect."""
    signal, at = event["signal"], event["at"]

    # 1. Silence.
    if state["presence"] == "active":
        deadline = deadline_of(state, funnel)
        if deadline is not None and at > deadline:
            depart(state, deadline, "silence", None, funnel)

    # 2. Presence.
    stayed = state["presence"] == "active"
    if state["presence"] == "unknown" and signal in OPENS:
        state["presence"] = "active"
        moment(state, "opening", at, event["id"])
    elif state["presence"] == "departed" and signal in RETURNS:
        state["presence"] = "active"
        episode = state["episodes"][-1]
        episode["returned_at"] = at
        episode["returned_by"] = event["id"]
        moment(state, "recidivism", at, event["id"], episode=episode["number"])

    # 3. Clock.
    if state["presence"] == "active" and signal in KEEPS_ALIVE:
        if stayed and at > state["last_touch"]:
            state["gaps"] += 1
            state["gaps_sum"] += at - state["last_touch"]
        state["last_touch"] = at

    # 4. Effect.
    effect = EFFECTS.get(signal)
    if effect is not None:
        effect(state, event, funnel)


def reach(state: Story, event: Story, funnel: Story) -> None:
    """A lower or equal stage changes nothing."""
    convert(state, event, event["stage"], funnel)


def convert(state: Story, event: Story, stage: int, funnel: Story) -> None:
    """Reach a stage, if it is higher than ever before."""
    if stage > state["stage"]:
        left, reached = funnel["stages"][state["stage"]], funnel["stages"][stage]
        state["stage"] = stage
        moment(state, "conversion", event["at"], event["id"], from_stage=left, to_stage=reached)


def purchase(state: Story, event: Story, funnel: Story) -> None:
    """Buy for the first time, or again, or too soon after the last time to count."""
    if state["purchases"] == 0:
        state["purchases"] = 1
        state["last_purchase"] = event["at"]
        convert(state, event, len(funnel["stages"]) - 1, funnel)
    elif event["at"] - state["last_purchase"] >= funnel["loyal_apart"]:
        state["purchases"] += 1
        state["last_purchase"] = event["at"]
        if state["purchases"] >= funnel["loyal_after"]:
            moment(state, "loyalist", event["at"], event["id"])


def rating(state: Story, event: Story, funnel: Story) -> None:
    """A promoter's rating is advocacy."""
    if event["promoter"]:
        advocacy(state, event, funnel)


def refer(state: Story, event: Story, funnel: Story) -> None:
    """Every referral is a moment; enough of them are advocacy."""
    moment(state, "referral", event["at"], event["id"], referred=event["text"] or None)
    state["referrals"] += 1
    enough = funnel["apostle_after_referrals"]
    if enough is not None and state["referrals"] >= enough:
        advocacy(state, event, funnel)


def advocacy(state: Story, event: Story, funnel: Story) -> None:
    """Become an apostle, if active and not one yet."""
    if state["presence"] == "active" and not state["apostle"]:
        state["apostle"] = True
        moment(state, "apostle", event["at"], event["id"])


def complain(state: Story, event: Story, funnel: Story) -> None:
    """Open a case: the named one, unless it is open, or else one of its own."""
    moment(state, "complaint", event["at"], event["id"])
    named = [case["case"] for case in state["open_cases"]]
    if not event["text"] or event["text"] not in named:
        case = {"case": event["text"] or None, "event_id": event["id"], "at": event["at"]}
        state["open_cases"].append(case)


def resolve(state: Story, event: Story, funnel: Story) -> None:
    """Close the named case, or without a name the one that has been open longest."""
    for case in state["open_cases"]:
        if not event["text"] or event["text"] == case["case"]:
            state["open_cases"].remove(case)
            return


def leave(state: Story, event: Story, funnel: Story) -> None:
    """Depart, if active."""
    if state["presence"] == "active":
        depart(state, event["at"], event["text"] or "left", event["id"], funnel)


def outreach(state: Story, event: Story, funnel: Story) -> None:
    """Count an attempt towards the open episode; a control arm is never attempted."""
    if state["presence"] == "departed" and event["attempt"]:
        episode = state["episodes"][-1]
        episode["outreaches"] += 1
        if episode["first_outreach_at"] is None:
            episode["first_outreach_at"] = event["at"]


EFFECTS = {
    "outreach": outreach,
    "reach": reach,
    "purchase": purchase,
    "rating": rating,
    "refer": refer,
    "advocate": advocacy,
    "complain": complain,
    "resolve": resolve,
    "leave": leave,
}


def depart(state: Story, at: datetime, reason: str, event_id: str | None, funnel: Story) -> None:
    """Leave: no longer active, no longer an apostle, and a new episode starts."""
    state["presence"] = "departed"
    state["apostle"] = False
    episode = {
        "number": len(state["episodes"]) + 1,
        "departed_at": at,
        "reason": reason,
        "stage": funnel["stages"][state["stage"]],
        "customer": state["purchases"] > 0,
        "purchases": state["purchases"],
        "first_outreach_at": None,
        "outreaches": 0,
        "returned_at": None,
        "returned_by": None,
    }
    state["episodes"].append(episode)
    moment(state, "depart", at, event_id, reason=reason, episode=episode["number"])


def moment(state: Story, kind: str, at: datetime, event_id: str | None, **more: Any) -> None:
    """Write one moment down."""
    blank = {"from_stage": None, "to_stage": None, "reason": None, "episode": None}
    told = {"kind": kind, "at": at, "event_id": event_id, **blank, "referred": None, **more}
    state["moments"].append(told)
