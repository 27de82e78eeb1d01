"""A command as somebody typed it."""

from dataclasses import dataclass

from accounts.actors import Actor, person
from accounts.models import User
from chatops import people, words
from chatops.places import Place, meant
from incidents.models import Incident
from lib.text import clean

MAX_TEXT = 4_000


@dataclass(frozen=True)
class Asked:
    """One command as it was typed: by whom, where, about which incident, with which words."""

    user: User
    team_id: str
    place: Place
    name: str = "/inc"
    words: str = ""
    number: int | None = None
    trigger_id: str = ""

    @property
    def actor(self) -> Actor:
        return person(self.user, "chat")

    @property
    def incident(self) -> Incident:
        """Raises Missing or Refused when it is not clear which."""
        return meant(self.user, self.place, self.number, command=self.name)

    @property
    def text(self) -> str:
        """The words without Slack's marks. Raises Invalid when they are too long or cannot be kept."""
        names = people.names_in(self.team_id, self.words)
        return clean(words.plain(self.words, names), MAX_TEXT, field="text")
