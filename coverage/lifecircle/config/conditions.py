"""What an attribute must be: one of some values, a number within bounds, or a text that has words in it.

The same conditions choose the rows of a layer (``where``), the facilities of a rule and the records of an indicator.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from lifecircle.problems import nearest_name

AttributeValue = str | int | float | bool


def as_tuple(value: Any) -> Any:
    """One value where a list may stand."""
    return (value,) if isinstance(value, (str, int, float, bool, dict)) else value


class Bounds(BaseModel):
    """A range that a number must lie in, ends included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: float = float("-inf")
    at_most: float = float("inf")

    @model_validator(mode="after")
    def _ends_in_order(self) -> Bounds:
        if not self.at_least <= self.at_most:
            raise ValueError(
                f"at_least {self.at_least:g} 大于 is above at_most {self.at_most:g}: 没有一个数满足 no number is both"
            )
        return self


_Texts = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]


class Words(BaseModel):
    """What a text must hold: every key that stands must be met, by any of its texts.

    Texts are compared half-width and without outer blanks, as equal values are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    contains: _Texts | None = None
    starts: _Texts | None = None
    ends: _Texts | None = None
    not_: Annotated[tuple[AttributeValue, ...], BeforeValidator(as_tuple), Field(min_length=1)] | None = Field(
        default=None, alias="not"
    )
    """The cell is none of these; an empty cell is none of them either."""


Condition = Bounds | Words | tuple[AttributeValue, ...]
"""Within bounds, with words in it, or one of these values."""

BOUND_KEYS = ("at_least", "at_most")
WORD_KEYS = ("contains", "starts", "ends", "not")
_VALUES: TypeAdapter[tuple[AttributeValue, ...]] = TypeAdapter(tuple[AttributeValue, ...])
FORMS = (
    '一个值 a value ("乡镇卫生院", 3, true)、几个值 a list ["甲", "乙"]、数的范围 numbers { at_least = 1, at_most = 9 }'
    '，或文字 or words { contains = "卫生院" }, { starts = "医疗" }, { ends = "院" }, { not = "诊所" }'
)


def as_conditions(values: Any) -> dict[str, Condition]:
    """Return attribute to condition; see :data:`FORMS`.

    Raises
    ------
    ValueError
        Where a value is none of these: one message, which says what can be written.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{values!r}: 须写成 write {{ 列名 column = 条件 condition }}; 条件 a condition is {FORMS}")
    faults, conditions = [], {}
    for key, value in values.items():
        try:
            conditions[key] = _as_condition(value)
        except ValueError as error:
            faults.append(f"{key} = {_shown(value)}: {_first_words(error)}")
    if faults:
        raise ValueError(f"{'; '.join(faults)}; 条件可写 a condition is {FORMS}")
    return conditions


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _first_words(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    detail = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in detail["loc"] if isinstance(part, str) and part in BOUND_KEYS + WORD_KEYS)
    said = str(detail["msg"]).removeprefix("Value error, ")
    return f"{place}: {said}" if place else said


def _as_condition(value: Any) -> Condition:
    if isinstance(value, (Bounds, Words)):
        return value
    if isinstance(value, dict):
        return _as_terms(value)
    values = as_tuple(value)
    if not isinstance(values, (list, tuple)) or not values:
        raise ValueError("不是条件 is no condition" if values else "空的列表选不中任何行 an empty list selects nothing")
    if not all(isinstance(one, (str, int, float, bool)) for one in values):
        raise ValueError("列表里只能是文字、数、true/false a list holds texts, numbers, true or false")
    return _VALUES.validate_python(tuple(values))


def _as_terms(terms: dict[str, Any]) -> Bounds | Words:
    # A model that was written out again says None where nothing stood, and not_ for not.
    value = {"not" if key == "not_" else key: one for key, one in terms.items() if one is not None}
    if not value:
        raise ValueError("没有写条件 no condition stands in it")
    known = (*BOUND_KEYS, *WORD_KEYS)
    for key in value:
        if key not in known:
            raise ValueError(f'没有 "{key}" there is no "{key}"; {nearest_name(str(key), list(known))}')
    bounds = [key for key in value if key in BOUND_KEYS]
    if bounds and len(bounds) < len(value):
        raise ValueError("数与文字不能同写 bounds of a number and words of a text cannot stand together")
    if not bounds:
        return Words.model_validate(value)
    if any(isinstance(value[key], bool) or not isinstance(value[key], (int, float)) for key in bounds):
        raise ValueError("at_least, at_most 须是数 are numbers")
    return Bounds.model_validate(value)


Conditions = Annotated[dict[str, Condition], BeforeValidator(as_conditions)]


def describe_condition(condition: Condition) -> str:
    """Return a condition in words, to stand behind its attribute: ``= 甲/乙``, ``>= 1``, ``含 contains 卫生院``."""
    if isinstance(condition, tuple):
        return f"= {'/'.join(map(str, condition))}"
    if isinstance(condition, Bounds):
        ends = ((">=", condition.at_least), ("<=", condition.at_most))
        return ", ".join(f"{sign} {end:g}" for sign, end in ends if abs(end) != float("inf"))
    named = (("含 contains", condition.contains), ("始于 starts", condition.starts), ("止于 ends", condition.ends))
    said = [
        f"{word} {'/'.join(map(str, texts))}"
        for word, texts in (*named, ("非 not", condition.not_))
        if texts is not None
    ]
    return ", ".join(said)
