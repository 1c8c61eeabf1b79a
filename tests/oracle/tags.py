"""A plain reading of what OpenStreetMap's tags mean, way by way: nothing is taken from the package or its tables.

Where the wiki leaves a choice, it is the one that ``modes.toml`` says it takes; a change there must be made here by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Network = Literal["walk", "bike", "drive", "ambulance"]
Tags = Mapping[str, str]

KEYS = {
    "walk": ["foot", "access"],
    "bike": ["bicycle", "vehicle", "access"],
    "drive": ["motorcar", "motor_vehicle", "vehicle", "access"],
    "ambulance": ["emergency", "motorcar", "motor_vehicle", "vehicle", "access"],
}
GENERAL = {"walk": {"access"}, "bike": {"vehicle", "access"}, "drive": {"access"}, "ambulance": {"access"}}
"""Keys that close, but open nothing that the class of way leaves out."""
OPEN = ["yes", "designated", "official", "permissive", "public", "destination", "customers", "residents", "discouraged"]
SHUT = [
    "no",
    "private",
    "permit",
    "restricted",
    "military",
    "forestry",
    "agricultural",
    "delivery",
    "employees",
    "psv",
    "bus",
    "taxi",
    "hgv",
    "use_sidepath",
]
NOT_THERE = ["construction", "proposed", "planned", "disused", "abandoned", "demolished", "removed", "razed", "no"]
FOR_NOBODY = [
    "ladder",
    "via_ferrata",
    "platform",
    "busway",
    "bus_guideway",
    "raceway",
    "escape",
    "rest_area",
    "services",
]
ON_FOOT_ONLY = ["footway", "steps", "corridor", "elevator", "escalator"]
NOT_FOR_CARS = [*ON_FOOT_ONLY, "track", "pedestrian", "path", "bridleway", "cycleway", "crossing"]


def is_ferry(tags: Tags) -> bool:
    """Whether a way is a ferry, whatever else it is."""
    return "ferry" in [value.strip() for value in tags.get("route", "").split(";")]


def verdict(tags: Tags, network: Network, suffix: str = "", keys: list[str] | None = None) -> str:
    """Say ``open``, ``class``, ``shut``, ``pushed``, or nothing."""
    for key in KEYS[network] if keys is None else keys:
        values = [value.strip().lower() for value in tags.get(key + suffix, "").split(";")]
        emergency = "emergency" in values
        if any(value in OPEN for value in values) or (emergency and network == "ambulance"):
            return "class" if key in GENERAL[network] else "open"
        if "dismount" in values:
            return {"bike": "pushed", "walk": "class" if key in GENERAL[network] else "open"}.get(network, "shut")
        if emergency or any(value in SHUT for value in values):
            return "shut"
    return ""


def _class_lets(tags: Tags, network: Network) -> bool:
    is_car = network in ("drive", "ambulance")
    if is_ferry(tags):
        return not is_car
    highway, service = tags["highway"], tags.get("service")
    if highway in FOR_NOBODY or service == "private":
        return False
    if is_car:
        at_houses = ["driveway", "drive-through", "parking"] + ["emergency_access"] * (network == "drive")
        return highway not in NOT_FOR_CARS and service not in at_houses
    if highway in ("motorway", "motorway_link") or tags.get("motorroad") == "yes":
        return False
    if network == "bike":
        return highway not in ON_FOOT_ONLY
    whole = tags.get("sidewalk:both", tags.get("sidewalk"))
    sides = [tags.get(f"sidewalk:{side}", whole) for side in ("left", "right")]
    return highway != "cycleway" and sides != ["separate", "separate"]


def directions(tags: Tags, network: Network) -> tuple[bool, bool]:
    """Whether a mode may go along a way as drawn, and against it."""
    if not is_ferry(tags) and (tags.get("highway") is None or tags["highway"] in NOT_THERE):
        return False, False
    if tags.get("area") == "yes":
        return False, False
    lets = []
    for suffix in (":forward", ":backward"):
        said = verdict(tags, network, suffix) or verdict(tags, network)
        lets.append(said in ("open", "pushed") or (said in ("", "class") and _class_lets(tags, network)))
    ahead, back = _oneway(tags, network)
    return lets[0] and ahead, lets[1] and back


def _oneway(tags: Tags, network: Network) -> tuple[bool, bool]:
    words = {
        **dict.fromkeys(["yes", "true", "1", "f"], (True, False)),
        **dict.fromkeys(["-1", "reverse", "t"], (False, True)),
        **dict.fromkeys(["no", "false", "0", "alternating"], (True, True)),
        "reversible": (False, False),
    }
    own = {"walk": "foot", "bike": "bicycle", "drive": "motorcar", "ambulance": "emergency"}[network]
    car = ["motorcar", "motor_vehicle"] if network in ("drive", "ambulance") else []
    for part in dict.fromkeys([own, *car, *(["vehicle"] if network != "walk" else [])]):
        word = tags.get(f"oneway:{part}", "").lower()
        if word in words:
            return words[word]
    if network == "walk" and not is_ferry(tags):
        return {"forward": (True, False), "backward": (False, True)}.get(tags.get("conveying", ""), (True, True))
    lanes = [tags.get(key, "") for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")]
    sides = [tags.get(f"cycleway:{side}:oneway") for side in ("left", "right")]
    if network == "bike" and (any(lane.startswith("opposite") for lane in lanes) or {"-1", "no"} & set(sides)):
        return True, True
    word = tags.get("oneway", "").lower()
    if word in words:
        return words[word]
    round_about = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"
    return True, not (round_about and not is_ferry(tags))


def is_pushed(tags: Tags, network: Network) -> bool:
    """Whether a bicycle is led."""
    return verdict(tags, network) == "pushed"


def barrier_stops(tags: Tags, network: Network) -> bool:
    """Whether a node with a barrier stops a mode."""
    kind, on_wheels = tags["barrier"], network != "walk"
    solid = ["fence", "wire_fence", "wall", "city_wall", "retaining_wall", "hedge"]
    narrow = [
        "spikes",
        "step",
        "stile",
        "horse_stile",
        "kissing_gate",
        "turnstile",
        "full-height_turnstile",
        "guard_rail",
        "ditch",
    ]
    no_cars = [
        "bollard",
        "block",
        "jersey_barrier",
        "planter",
        "log",
        "debris",
        "rock",
        "chain",
        "rope",
        "cycle_barrier",
        "motorcycle_barrier",
        "bus_trap",
        "sump_buster",
        "yes",
        "wicket_gate",
        "door",
    ]
    stops = kind in solid or (on_wheels and kind in narrow) or (network in ("drive", "ambulance") and kind in no_cars)
    round_it = ["swing_gate", "lift_gate", "toll_booth", "height_restrictor", "width_restrictor", "kerb"]
    walks_past = not stops and (
        (
            network == "walk"
            and kind in [*narrow, *no_cars, *round_it]
            and kind not in ("full-height_turnstile", "wicket_gate", "door")
        )
        or (network == "bike" and kind in no_cars and kind not in ("yes", "wicket_gate", "door"))
    )
    keys = [key for key in KEYS[network] if key not in GENERAL[network]] if walks_past else None
    said = verdict(tags, network, keys=keys)
    if said in ("open", "pushed"):
        return False
    if said == "shut":
        return True
    return stops or (tags.get("locked") == "yes" and not walks_past)


def seconds(text: str | None) -> float | None:
    """Read a duration as the wiki has it; None where it is none."""
    text = (text or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text) * 60 or None
    if clock := re.fullmatch(r"(\d+):(\d\d)(?::(\d\d))?", text):
        hours, minutes, rest = (int(part or 0) for part in clock.groups())
        return float(hours * 3600 + minutes * 60 + rest) or None
    return None
