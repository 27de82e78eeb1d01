"""Single values of the file: read with a sentence that names the place, and written back the same."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from lib import durations
from lib.refusal import Invalid
from lib.text import clean

Row = dict[str, Any]
# Where a row that is there keeps its key in the table; never a word of the file.
PK = "(pk)"
Reader = Callable[[Any, str], Any]


class WrongFile(Invalid):
    """Something of the file cannot be: the sentence begins with the place, ``services[2].depends_on: …``."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(f"{place}: {sentence}", code="wrong_file", field=place)


def _as_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Key:
    """A key of a row: how it is read and shown, what it is where a new row leaves it out."""

    name: str
    read: Reader
    show: Callable[[Any], Any] = _as_is
    default: Callable[[], Any] = lambda: None
    is_needed: bool = False
    column: str = ""


def text(value: Any, place: str, *, longest: int | None = None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | float) or not isinstance(value, str | int):
        raise WrongFile(place, "Write a text here; put it in quotes if it looks like something else.")
    try:
        return clean(str(value), longest)
    except Invalid as wrong:
        raise WrongFile(place, wrong.message) from wrong


def word(value: Any, place: str) -> str:
    """A text that has to say something."""
    said = text(value, place)
    if not said:
        raise WrongFile(place, "This cannot be empty.")
    return said


def number(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongFile(place, "Write a whole number here.")
    return value


def switch(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise WrongFile(place, "Write true or false here.")
    return value


def span(value: Any, place: str) -> timedelta:
    try:
        return durations.parse(text(value, place))
    except (Invalid, OverflowError) as wrong:
        raise WrongFile(place, "Write a duration here, like “15 min” or “1 h 30 min”.") from wrong


def spell(amount: timedelta | None) -> str | None:
    """The duration exactly, as `span` reads it: ``1 h 30 min``."""
    if amount is None:
        return None
    left, micro = amount.days * 86_400 + amount.seconds, amount.microseconds
    parts = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    if left or micro or not parts:
        parts.append(f"{left}.{micro:06} s" if micro else f"{left} s")
    # Nothing is "0 min", not "0 s": these are times that people wait.
    return "0 min" if parts == ["0 s"] else " ".join(parts)


def day(value: Any, place: str) -> date:
    try:
        return date.fromisoformat(text(value, place))
    except ValueError as wrong:
        raise WrongFile(place, "Write a day here, like 2026-01-31.") from wrong


def clock(value: Any, place: str) -> time:
    try:
        return time.fromisoformat(text(value, place)).replace(tzinfo=None)
    except ValueError as wrong:
        raise WrongFile(place, "Write a time of day here, like 09:00.") from wrong


def tell_clock(value: time) -> str:
    return value.isoformat("minutes" if not (value.second or value.microsecond) else "auto")


def items(value: Any, place: str, read: Reader) -> list[Any]:
    """Each item of a list, read in its own place; nothing at all is an empty list."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise WrongFile(place, "Write a list here.")
    return [read(one, f"{place}[{at}]") for at, one in enumerate(value)]


def names(value: Any, place: str) -> list[str]:
    """A list of names, each said once, whose order means nothing."""
    found = items(value, place, word)
    doubles = {one for one in found if found.count(one) > 1}
    if doubles:
        raise WrongFile(place, f"“{sorted(doubles)[0]}” stands here twice.")
    return sorted(found)


def maybe(value: Any, place: str) -> str | None:
    """A name, or null for none."""
    return text(value, place) or None


def mapping(value: Any, place: str, keys: Iterable[Key], *, is_whole: bool) -> Row:
    """A row: known keys only; a whole one has every key that is needed, and defaults for the rest."""
    if not isinstance(value, dict):
        raise WrongFile(place, "Write keys with their values here.")
    known = {key.name: key for key in keys}
    for name in value:
        if name not in known:
            raise WrongFile(f"{place}.{name}" if place else str(name), unknown(str(name), known))
    row = {name: known[name].read(said, f"{place}.{name}") for name, said in value.items()}
    return fill(row, place, known.values()) if is_whole else row


def fill(row: Row, place: str, keys: Iterable[Key]) -> Row:
    """The row with what it leaves out, in the order of the keys."""
    for key in keys:
        if key.is_needed and key.name not in row:
            raise WrongFile(place, f"The key “{key.name}” is missing.")
    return {key.name: row[key.name] if key.name in row else key.default() for key in keys}


def unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return "There is no such key." + (
        f" Did you mean “{near[0]}”?" if near else f" These are: {', '.join(known)}."
    )


def show(row: Row, keys: Iterable[Key]) -> Row:
    """The row as the file says it."""
    return {key.name: key.show(row[key.name]) for key in keys if key.name in row}


def of_column(field: Any, value: Any, place: str) -> Any:
    """A value that this column of a model takes."""
    is_text = isinstance(field, models.CharField | models.TextField)
    if value is None and not is_text:
        if field.null:
            return None
        raise WrongFile(place, "This cannot be empty.")
    said = _reader(field)(value, place)
    if field.choices and said not in (words := [str(choice) for choice, _label in field.choices]):
        raise WrongFile(place, f"Use one of {', '.join(words)}.")
    try:
        return field.clean(said, None)
    except ValidationError as wrong:
        raise WrongFile(place, " ".join(wrong.messages)) from wrong


def _reader(field: Any) -> Reader:
    if isinstance(field, models.CharField | models.TextField):
        return partial(text, longest=field.max_length)
    for kind, reader in (
        (models.BooleanField, switch),
        (models.IntegerField, number),
        (models.DurationField, span),
        (models.DateField, day),
        (models.TimeField, clock),
    ):
        if isinstance(field, kind):
            return reader
    raise TypeError(f"{field} is read by no rule of this module")


def column(model: type[models.Model], name: str, *, called: str = "") -> Key:
    """A key that is a plain column, with the column's own checks and default."""
    field: Any = model._meta.get_field(name)
    shower: Callable[[Any], Any] = _as_is
    if isinstance(field, models.DurationField):
        shower = spell
    elif isinstance(field, models.TimeField):
        shower = tell_clock
    return Key(
        name=called or name,
        read=partial(of_column, field),
        show=shower,
        default=partial(_default, field),
        is_needed=not (field.blank or field.null or field.has_default()),
        column=name,
    )


def _default(field: Any) -> Any:
    value = field.get_default()
    # A choice is a text to the file.
    return str(value) if isinstance(value, str) else value


def columns(model: type[models.Model], *wanted: str) -> tuple[Key, ...]:
    return tuple(column(model, name) for name in wanted)


def kept(row: models.Model, keys: Iterable[Key]) -> Row:
    """The row's key in the table, and its plain columns."""
    return {PK: row.pk, **plain(row, keys)}


def plain(row: models.Model, keys: Iterable[Key]) -> Row:
    """The row's plain columns, tidied as reading would tidy them."""
    found = {key.name: getattr(row, key.column) for key in keys if key.column}
    return {name: clean(value) if isinstance(value, str) else value for name, value in found.items()}


def by_column(values: Row, keys: Iterable[Key]) -> Row:
    """The plain columns of the row under the names that the model has for them."""
    return {key.column: values[key.name] for key in keys if key.column and key.name in values}
