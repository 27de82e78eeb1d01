"""A file becomes the configuration: all of it, or nothing."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts import actors, audit
from accounts.actors import Actor
from config.ascode import document, yamltext
from config.ascode.sections import Change
from config.ascode.values import WrongFile, show


@dataclass(frozen=True)
class Outcome:
    """What a file adds and changes, and how many of its rows were so already."""

    changes: tuple[Change, ...]
    same: int

    @property
    def added(self) -> int:
        return sum(change.before is None for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.added

    def lines(self) -> list[str]:
        """The differences as people read them."""
        return [line for change in self.changes for line in tell(change)]


def configuration_file() -> Actor:
    return actors.system("configuration file")


def apply(text: str, *, actor: Actor, is_trial: bool = False) -> Outcome:
    """Add and change what the file says, in one transaction; a trial does the same and takes it back.

    So a trial finds whatever would be refused. Nothing is deleted.

    Raises:
        WrongFile: the place in the file and what is wrong with it; nothing was changed.
    """
    said = document.read(text)
    with transaction.atomic():
        found: list[Change] = []
        for section, rows in said:
            changes = section.changes(rows)
            if changes:
                section.put(changes, actor)
            found += changes
        _check(said, found)
        outcome = Outcome(tuple(found), sum(len(rows) for _section, rows in said) - len(found))
        if is_trial:
            transaction.set_rollback(True)
        elif found:
            audit.note(
                actor,
                "configuration.applied",
                "configuration file",
                before={},
                after={"differences": outcome.lines()},
            )
    return outcome


def _check(said: document.Said, found: list[Change]) -> None:
    """Read everything again: what was written has to be what the file says."""
    if not found:
        return
    for section, rows in said:
        for change in section.changes(rows):
            place = f"{change.place}.{change.changed[0]}" if change.before else change.place
            raise WrongFile(place, "This does not go together with the rest of the file.")


def tell(change: Change) -> list[str]:
    """One change: its name, and below it each value (for a change, before and after)."""
    after = show(change.values, change.section.keys)
    if change.before is None:
        told = [
            f"    {name}: {yamltext.short(value)}"
            for name, value in after.items()
            if value not in ("", None, [])
        ]
        return [f"+ {change.section.title}: {change.label}", *told]
    before = show(change.before, change.section.keys)
    told = [line for name, value in after.items() for line in _difference(name, before[name], value)]
    return [f"~ {change.section.title}: {change.label}", *told]


def _difference(name: str, before: Any, after: Any) -> list[str]:
    """Before and after on one line; of lists, only what goes and what comes."""
    if isinstance(before, list) and isinstance(after, list):
        gone = [f"      - {yamltext.short(one)}" for one in before if one not in after]
        come = [f"      + {yamltext.short(one)}" for one in after if one not in before]
        if gone or come:
            return [f"    {name}:", *gone, *come]
    return [f"    {name}: {yamltext.short(before)} → {yamltext.short(after)}"]
