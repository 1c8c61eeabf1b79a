"""Rules that stand in the layer of the facilities they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lifecircle.config.catalogue import Kind, load_kinds
from lifecircle.config.records import FacilityFilter
from lifecircle.config.rules import Rule
from lifecircle.config.schema import FacilityLayer, Label, Mode

OTHER_COLOUR = "#636363"


def rules_of_layers(layers: Iterable[FacilityLayer], modes: Mapping[str, Mode]) -> list[Rule]:
    """Return the rules that layers state ``within``; of two layers of a kind with the same limit the first's stands for both."""
    rules: dict[str, Rule] = {}
    for layer in layers:
        name = kind_of(layer)
        for within in layer.within:
            parts = [layer.kind.replace("_", "-"), within.limit, within.mode.replace("_", "-")]
            parts += ["from"] if within.direction == "from" else []
            parts += [within.group] if within.group else []
            identity = "-".join(part.replace("_", "-") for part in parts)
            how = modes[within.mode].label if within.mode in modes else Label(zh=within.mode)
            limit = f"{within.minutes:g}分钟" if within.minutes is not None else f"{within.metres:g}米"
            rules.setdefault(
                identity,
                Rule(
                    id=identity, label=Label(zh=f"{name.zh}{limit}（{how.zh}）", en=f"{name.en} within {within.limit} ({how.en or how.zh})"),
                    facilities=(FacilityFilter(kind=(layer.kind,)),), mode=within.mode, minutes=within.minutes, metres=within.metres,
                    direction=within.direction, group=within.group, source="本区县配置 the district's own",
                ),
            )  # fmt: skip
    return list(rules.values())


def kind_of(layer: FacilityLayer) -> Kind:
    """Return what the outputs call a layer's kind: the layer's own words, else the package's, else its id."""
    known = load_kinds().get(layer.kind)
    zh = layer.label.zh if layer.label else known.zh if known else layer.kind
    en = (layer.label.en or layer.label.zh) if layer.label else known.en if known else layer.kind
    return Kind(id=layer.kind, zh=zh, en=en, colour=layer.colour or (known.colour if known else OTHER_COLOUR))


def kinds_of(layers: Iterable[FacilityLayer]) -> dict[str, Kind]:
    """Return the kinds the package knows, with a district's own words and colours."""
    return {**load_kinds(), **{layer.kind: kind_of(layer) for layer in layers if layer.label or layer.colour}}


def dated_kinds(layers: Iterable[FacilityLayer]) -> frozenset[str]:
    """Return the kinds whose rows are records of a day or a year: by their kind, or because ``fields`` names the column that says when."""
    known = load_kinds()
    return frozenset(
        layer.kind
        for layer in layers
        if (layer.kind in known and known[layer.kind].is_dated) or {"date", "year"} & layer.fields.keys()
    )
