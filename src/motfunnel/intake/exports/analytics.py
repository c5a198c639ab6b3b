"""The exports of programs that record what people do: Mixpanel, Amplitude, Segment and the like.

Their rows are events already. Those that say who somebody is become traits and merges.

Sources of the shapes: the public documents of Mixpanel (raw data export, identity merge), Amplitude
(export API), Segment and RudderStack (common fields of the spec: identify, track, page, alias),
PostHog (batch export of events, alias), Matomo (the reporting API's Live.getLastVisitsDetails), and
Google Analytics (BigQuery export schema).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from motfunnel.intake.exports.shape import Cells, as_object, flat, says, without

_SHOWN: Final = re.compile(r"Icon|Pretty|SVG|Flag|^visitIp$|^icon|^userId$")
_VALUES: Final = ("string_value", "int_value", "float_value", "double_value")


def mixpanel(cells: Mapping[str, Any]) -> list[Cells]:
    """An event of Mixpanel; ``$identify``, ``$create_alias`` and ``$merge`` say who is who."""
    lifted = as_object(cells.get("properties"))
    row = flat(cells, "properties", lifted, "event")
    name, contact = cells.get("event"), lifted.get("distinct_id")
    if name == "$identify":
        contact = lifted.get("$identified_id") or contact
        keys = [lifted.get("$anon_id") or lifted.get("$anon_distinct_id")]
        return [row | {"distinct_id": contact} | says({}, keys, is_known=False)]
    if name == "$create_alias":
        return [row | says(None, [lifted.get("alias")], is_known=True)]
    if name == "$merge":
        ids = lifted.get("$distinct_ids")
        first, *others = ids if isinstance(ids, list) and ids else [contact]
        return [row | {"distinct_id": contact or first} | says(None, others, is_known=True)]
    return [row]


def posthog(cells: Mapping[str, Any]) -> list[Cells]:
    """An event of PostHog; ``$identify``, ``$set`` and ``$create_alias`` say who is who."""
    lifted = as_object(cells.get("properties"))
    row = flat(cells, "properties", lifted, "event", "distinct_id", "timestamp", "uuid")
    name = cells.get("event")
    if name in ("$identify", "$set"):
        keys = [lifted.get("$anon_distinct_id")] if name == "$identify" else []
        return [row | says(_set_of(lifted), keys, is_known=False)]
    if name in ("$create_alias", "$merge_dangerously"):
        return [row | says(None, [lifted.get("alias")], is_known=True)]
    return [row]


def amplitude(cells: Mapping[str, Any]) -> list[Cells]:
    """An event of Amplitude; ``$identify`` says what is known of somebody, and of which device."""
    lifted = as_object(cells.get("event_properties"))
    row = flat(cells, "event_properties", lifted, "event_type", "event_time", "uuid")
    user, device = cells.get("user_id"), cells.get("device_id")
    row["user_id"] = user or device
    if cells.get("event_type") != "$identify":
        return [row]
    said = as_object(cells.get("user_properties"))
    traits = _set_of(said) | {key: one for key, one in said.items() if not key.startswith("$")}
    return [row | says(traits, [device] if user else [], is_known=False)]


def segment(cells: Mapping[str, Any]) -> list[Cells]:
    """A call of Segment or RudderStack; ``identify`` and ``alias`` say who is who."""
    kind, said = cells.get("type", "track"), cells.get("properties")
    if kind not in ("track", "page", "screen"):
        said = cells.get("traits") or as_object(cells.get("context")).get("traits")
    lifted = as_object(said)
    row = flat(without(cells, "traits"), "properties", lifted, "timestamp", "messageId")
    user, anonymous = cells.get("userId"), cells.get("anonymousId")
    row |= {
        "userId": user or anonymous,
        "event": cells.get("event") if kind == "track" else kind,
    }
    if kind == "identify":
        row |= says(lifted, [anonymous] if user else [], is_known=False)
    elif kind == "alias":
        row |= says(None, [cells.get("previousId")], is_known=True)
    return [row]


def ga4(cells: Mapping[str, Any]) -> list[Cells]:
    """An event of Google Analytics 4."""
    lifted = _keyed(cells.get("event_params"))
    row = flat(cells, "event_params", lifted, "event_name", "event_timestamp")
    return [
        row
        | {
            "user_properties": _keyed(cells.get("user_properties")) or None,
            "user_pseudo_id": cells.get("user_id") or cells.get("user_pseudo_id"),
        }
    ]


def matomo(cells: Mapping[str, Any]) -> list[Cells]:
    """A visit of Matomo, as ``Live.getLastVisitsDetails`` gives it: its actions are the events.

    What is only to be shown (icons, flags, pretty texts) is left out, and so is the address.
    """
    visit = {key: cell for key, cell in cells.items() if _is_said(key, cell)}
    visit["visitorId"] = cells.get("userId") or cells.get("visitorId")
    actions = cells.get("actionDetails")
    return [
        visit | _action(as_object(one), cells, number)
        for number, one in enumerate(actions if isinstance(actions, list) else (), 1)
    ]


def _action(action: Cells, visit: Mapping[str, Any], number: int) -> Cells:
    """An action: a goal and an event have names of their own."""
    kind = action.get("type")
    named = {"event": "eventAction", "goal": "goalName"}.get(str(kind), "type")
    return {key: cell for key, cell in action.items() if _is_said(key, cell)} | {
        "kind": kind,
        "type": action.get(named) or kind,
        "timestamp": action.get("timestamp") or visit.get("serverTimestamp"),
        "id": f"{visit.get('idVisit')}-{number}",
    }


def _is_said(key: str, cell: object) -> bool:
    """Whether a key of Matomo's says something, and is not only to be shown."""
    return not (cell == "" or isinstance(cell, list | dict) or _SHOWN.search(key))


def _set_of(said: Mapping[str, Any]) -> Cells:
    """What is set; of what is to be set only once, too, as it is not known what was set before."""
    once = as_object(said.get("$set_once")) | as_object(said.get("$setOnce"))
    return once | as_object(said.get("$set"))


def _keyed(pairs: object) -> Cells:
    """What lies in a list of keys and values, each with a type of its own."""
    row: Cells = {}
    for pair in pairs if isinstance(pairs, list) else ():
        each = as_object(pair)
        value = as_object(each.get("value"))
        if isinstance(each.get("key"), str):
            found = (value[kind] for kind in _VALUES if value.get(kind) is not None)
            row[each["key"]] = next(found, None)
    return row
