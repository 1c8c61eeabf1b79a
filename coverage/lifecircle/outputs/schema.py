"""The keys of an indicator, told from the models that check them: what is written here is what is accepted."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from typing import Annotated, Any, get_args, get_origin

from pydantic_core import PydanticUndefined

from lifecircle.config import Entry, Target, load_measures

COMMON = ("id", "label", "statement", "levels", "targets", "assumption", "source")
WORDS = {
    "tuple": "列表 list", "dict": "{ 列 column = 值 value }", "str": "文本 text", "float": "数 number", "int": "整数 whole number",
    "bool": "true | false", "Label": '{ zh = "…", en = "…" }', "Base": "{ year = 2020, value = 0.5 }",
    "FacilityFilter": '{ kind = "…", 列 column = 值 value }', "TableFilter": '{ table = "…", 列 column = 值 value }',
}  # fmt: skip


def schema_lines(measure: str | None = None) -> list[str]:
    """Return every measure with its meaning and keys, or one of them; then what all entries share."""
    lines: list[str] = []
    for name, model in load_measures().items():
        if measure in (None, name):
            head = f'measure = "{name}"  {model.called.both}'
            lines += ["", head, *(f"  {line}" for line in _text(model)), *_keys(model)]
    lines += ["", "每个条目 every entry", *_keys(Entry, COMMON)]
    return [*lines[1:], "", "target = { kind = ... }", *(f"  {line}" for line in _text(Target)), *_keys(Target)]


def _text(model: type[Any]) -> list[str]:
    return inspect.cleandoc(model.__doc__ or "").splitlines()


def _keys(model: type[Any], only: tuple[str, ...] = ()) -> list[str]:
    meanings = _meanings(model)
    told = []
    for name, field in model.model_fields.items():
        is_common = model is not Target and name in Entry.model_fields
        if name == "measure" or (only and name not in only) or (not only and is_common):
            continue
        default = "必填 required" if field.is_required() else f"默认 default {_shown(field)}"
        told.append(f"    {field.alias or name}: {_type(field.annotation)}; {default}")
        told += [f"        {line}" for line in meanings.get(name, "").splitlines()]
    return told


def _meanings(model: type[Any]) -> dict[str, str]:
    """Return what is written below each key in the source of a model and of those it is made from."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if not each.__module__.startswith("lifecircle"):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]
        parts = body.body if isinstance(body, ast.ClassDef) else []
        for key, text in itertools.pairwise(parts):
            if not isinstance(key, ast.AnnAssign) or not isinstance(key.target, ast.Name):
                continue
            if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[key.target.id] = inspect.cleandoc(str(text.value.value))
    return found


def _shown(field: Any) -> str:
    value = field.default if field.default is not PydanticUndefined else field.default_factory()
    if value in (None, "", (), {}):
        return "无 none"
    return (
        ", ".join(map(str, value))
        if isinstance(value, tuple)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def _type(annotation: Any) -> str:
    """Return a type as a planner reads it: the values of a choice, else its name."""
    if annotation is None or annotation is type(None) or annotation is Ellipsis:
        return ""
    if get_origin(annotation) is Annotated:
        return _type(get_args(annotation)[0])
    parts = get_args(annotation)
    if parts and all(isinstance(part, str) for part in parts):
        return " | ".join(parts)
    if get_origin(annotation) is tuple:
        inner = [told for part in parts if (told := _type(part))]
        return f"列表 list [{', '.join(dict.fromkeys(inner))}]"
    named = getattr(annotation, "__name__", str(annotation))
    if named in WORDS:
        return WORDS[named]
    inner = [told for part in parts if (told := _type(part))]
    return " 或 or ".join(dict.fromkeys(inner)) if inner else named
