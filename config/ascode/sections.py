"""A section of the file: rows of one kind, told apart by their names, each new, changed or as it was."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.actors import Actor
from accounts.models import User
from config.ascode.values import PK, Key, Row, WrongFile, fill, mapping
from lib.refusal import Refused

Name = tuple[Any, ...]


@dataclass(frozen=True)
class Change:
    """A row that the file adds or changes, and where the file says so."""

    section: "Section"
    place: str
    before: Row | None
    given: Row

    @property
    def row(self) -> Row:
        """The whole row as it shall be."""
        return {**self.before, **self.given} if self.before else self.given

    @property
    def changed(self) -> list[str]:
        return [name for name in self.given if not self.before or self.before[name] != self.given[name]]

    @property
    def values(self) -> Row:
        """What a verb has to be told: only what is different."""
        return {name: self.given[name] for name in self.changed}

    @property
    def pk(self) -> int | None:
        """The row's key in the table; None for a new one."""
        return self.before[PK] if self.before else None

    @property
    def label(self) -> str:
        return " of ".join(str(part) for part in self.section.name_of(self.row) if part is not None)

    @contextmanager
    def said_here(self) -> Iterator[None]:
        """What a verb refuses is told with the place in the file."""
        try:
            yield
        except WrongFile:
            raise
        except Refused as refusal:
            raise WrongFile(self._place_of(getattr(refusal, "field", None)), refusal.message) from refusal
        except ValidationError as wrong:
            raise WrongFile(self.place, " ".join(wrong.messages)) from wrong
        except IntegrityError as clash:
            raise WrongFile(self.place, f"“{self.label}” clashes with one that is there already.") from clash

    def _place_of(self, field: str | None) -> str:
        names = {key.column or key.name: key.name for key in self.section.keys}
        names |= {key.name: key.name for key in self.section.keys}
        return f"{self.place}.{names[field]}" if field in names else self.place


@dataclass(frozen=True)
class Section:
    """One top-level key of the file.

    ``present()`` reads what is there, ``put(changes, actor)`` says the room's verbs. Of the rows, at most
    one may have each of ``only_one`` set. A row that is found by no full name is looked for by its first
    part alone where ``may_move`` (a component that goes to another group is still the same component).
    """

    title: str
    keys: tuple[Key, ...]
    names: tuple[str, ...]
    present: Callable[[], list[Row]]
    put: Callable[[Sequence[Change], Actor], None]
    only_one: tuple[str, ...] = ()
    may_move: bool = False

    def name_of(self, row: Row) -> Name:
        return tuple(row.get(name) for name in self.names)

    def read(self, said: Any) -> list[tuple[str, Row]]:
        """The rows with their places; not yet compared with anything.

        Raises:
            WrongFile: a value out of shape, a row said twice, a flag that two rows claim.
        """
        if said is None:
            return []
        if not isinstance(said, list):
            raise WrongFile(self.title, "Write a list here.")
        rows = [
            (place := f"{self.title}[{at}]", mapping(one, place, self.keys, is_whole=False))
            for at, one in enumerate(said)
        ]
        seen: dict[Name, str] = {}
        for place, row in rows:
            if row.get(self.names[0]) in (None, ""):
                raise WrongFile(place, f"The key “{self.names[0]}” is missing.")
            first = seen.setdefault(self.name_of(row), place)
            if first != place:
                raise WrongFile(place, f"This is the same one as {first}. Say it once.")
        for flag in self.only_one:
            claims = [place for place, row in rows if row.get(flag)]
            if len(claims) > 1:
                raise WrongFile(f"{claims[1]}.{flag}", f"{claims[0]} says it already; only one can be it.")
        return rows

    def changes(self, rows: Sequence[tuple[str, Row]]) -> list[Change]:
        """What of these rows is new or different."""
        present = self.present()
        there = {self.name_of(row): row for row in present}
        named = Counter(self.name_of(row) for row in present)
        said = {self.name_of(row) for _place, row in rows}
        found = []
        for place, row in rows:
            if named[self.name_of(row)] > 1:
                raise WrongFile(place, "Two are called so. Rename one of them where it is shown.")
            before = there.get(self.name_of(row)) or self._moved(row, there, said)
            given = row if before else fill(row, place, self.keys)
            change = Change(self, place, before, given)
            if change.changed:
                found.append(change)
        return found

    def _moved(self, row: Row, there: dict[Name, Row], said: set[Name]) -> Row | None:
        first = self.name_of(row)[0]
        free = [one for name, one in there.items() if name[0] == first and name not in said]
        wanting = [name for name in said if name[0] == first and name not in there]
        return free[0] if self.may_move and len(free) == len(wanting) == 1 else None


def person(email: str, place: str, *, known: Sequence[str] = ()) -> User:
    """Whoever has the address; switched-off accounts only where they stood before (``known``)."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise WrongFile(place, f"Nobody here has the address {email}. Make the account first.")
    if not user.is_active and email not in known:
        raise WrongFile(place, f"The account of {email} is switched off.")
    return user
