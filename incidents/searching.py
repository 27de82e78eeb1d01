"""Search over titles, what was said in rooms, and postmortems: one function, the same on both databases.

What can be found is one row a text in `SearchText`, written in the transaction that writes the text. Who may
find it is asked of the incident at every search, so that making one private hides all of it from then on.
Rooms above keep their own texts here with `keep`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from accounts.models import User
from incidents import searchindex
from incidents.kinds import EventKind
from incidents.models import Incident, SearchText, TimelineEvent
from lib import searchwords
from lib.refusal import Invalid
from lib.text import clean

Kind = SearchText.Kind
AT_MOST = 50
_KEPT = 40_000  # Characters of a text that can be shown as an excerpt, and found.
# A title says most about an incident, a document more than one line of a room.
_WEIGHT = {Kind.INCIDENT: 4, Kind.POSTMORTEM: 2, Kind.UPDATE: 1, Kind.NOTE: 1}
#: Events whose words people wrote.
SAID = {
    EventKind.UPDATE_POSTED: Kind.UPDATE,
    **dict.fromkeys(
        (
            *(EventKind.NOTE_ADDED, EventKind.CAUSE_IDENTIFIED, EventKind.ACTION_TAKEN, EventKind.MITIGATED),
            *(EventKind.RESOLVED, EventKind.REOPENED, EventKind.CORRECTED, EventKind.PUBLISHED),
        ),
        Kind.NOTE,
    ),
}
#: The columns of an incident that are found.
COLUMNS = frozenset({"title", "summary", "channel_name"})


@dataclass(frozen=True)
class Hit:
    """What was found: its incident, the piece of text with the words marked, and where it stands."""

    kind: str
    incident: Incident
    row: SearchText
    pieces: list[searchwords.Piece]

    @property
    def headline(self) -> str:
        """The same as plain text."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def path(self) -> str:
        """Where it stands; for what was said, the room with its timeline open around that event."""
        if self.kind in (Kind.UPDATE, Kind.NOTE):
            return f"{self.incident.get_absolute_url()}?at={self.row.number}#e{self.row.number}"
        return self.row.path


def search(user: User, query: str, *, kinds: Sequence[str] = (), limit: int = AT_MOST) -> list[Hit]:
    """The best ``limit`` texts (at most 50) that hold every word of the query, as far as the user may see.

    A word also finds longer ones that begin with it; case and accents do not matter; words stand in one
    text. Best first, then the newest. ``kinds`` are of `SearchText.Kind`; none means all.

    Raises:
        Invalid: over 200 characters, characters that no database keeps, or an unknown kind.
    """
    asked = searchwords.asked(clean(query, searchwords.MAX_QUERY, field="q"))
    if unknown := set(kinds) - set(Kind.values):
        raise Invalid(
            _("There is no kind %(kind)s. Choose from %(kinds)s.")
            % {"kind": sorted(unknown)[0], "kinds": ", ".join(Kind.values)},
            field="kind",
        )
    if not asked:
        return []
    found = _best(user, asked, kinds or Kind.values, min(limit, AT_MOST))
    rows = SearchText.objects.select_related("incident__severity", "incident__service").in_bulk(found)
    return [
        Hit(row.kind, row.incident, row, searchwords.excerpt(row.text, query))
        for row in (rows[pk] for pk in found if pk in rows)
    ]


def _best(user: User, asked: list[searchwords.Asked], kinds: Sequence[str], limit: int) -> list[int]:
    """Ids of the best rows. Who may see them is a part of the statement: nobody's rows use up the limit."""
    seen, who = Incident.objects.visible_to(user).order_by().values("pk").query.sql_with_params()
    weight = "CASE t.kind " + "".join(f"WHEN '{kind}' THEN {by} " for kind, by in _WEIGHT.items()) + "END"
    marks = ", ".join(["%s"] * len(kinds))
    source, match, score, words = _index(asked)
    # Only names of ours are put in; words, kinds and the reader are arguments.
    statement = (
        f"SELECT t.id FROM {source} WHERE {match} AND t.kind IN ({marks}) AND t.incident_id IN ({seen}) "  # noqa: S608
        f"ORDER BY {score} * {weight} DESC, t.id DESC LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [words, *kinds, *who, limit])
        return [row[0] for row in cursor.fetchall()]


def holding(word: str, *, kinds: Sequence[str]) -> QuerySet[SearchText]:
    """Texts that hold a word, or a longer one that begins with it, by the index; lazy, to filter lists by.

    Whoever asks narrows the list by `visible_to`: these rows are no reader's own, and not to be shown.
    """
    asked = searchwords.asked(word)
    if not asked:
        return SearchText.objects.none()
    source, match, _score, words = _index(asked)
    found = RawSQL(f"SELECT t.id FROM {source} WHERE {match}", [words])  # noqa: S611, S608
    return SearchText.objects.filter(pk__in=found, kind__in=kinds)


def _index(asked: list[searchwords.Asked]) -> tuple[str, str, str, str]:
    """Of this database: the tables to search, what matches in them, how well, and what is asked."""
    if connection.vendor == "postgresql":
        vector = searchindex.VECTOR.replace("words", "t.words")
        tables = f"{searchindex.TABLE} t, to_tsquery('simple', %s) q"
        return tables, f"{vector} @@ q", f"ts_rank({vector}, q)", _tsquery(asked)
    fts = searchindex.FTS
    tables = f"{fts} JOIN {searchindex.TABLE} t ON t.id = {fts}.rowid"
    return tables, f"{fts} MATCH %s", f"-bm25({fts})", _fts5(asked)


def _tsquery(asked: list[searchwords.Asked]) -> str:
    # Pieces are letters and digits only, so that nothing needs escaping in either language.
    return " & ".join("(" + " <-> ".join(one.words) + (":*" if one.may_go_on else "") + ")" for one in asked)


def _fts5(asked: list[searchwords.Asked]) -> str:
    return " AND ".join(f'"{" ".join(one.words)}"' + (" *" if one.may_go_on else "") for one in asked)


# The writers -------------------------------------------------------------------------------------------


def keep(incident_id: int, kind: str, text: str, *, number: int = 0, path: str = "") -> None:
    """Let a text be found, in place of what stood there; an empty one is forgotten.

    ``number`` tells texts of one kind and incident apart; ``path`` is where the text stands.
    """
    words = searchwords.normal(text, _KEPT)
    if not words:
        forget(incident_id, kind, number=number)
        return
    row = SearchText(
        incident_id=incident_id, kind=kind, number=number, text=text[:_KEPT], words=words, path=path
    )
    # One statement, and safe against a second writer.
    SearchText.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["incident", "kind", "number"],
        update_fields=["text", "words", "path"],
    )


def forget(incident_id: int, kind: str, *, number: int = 0) -> None:
    """The text is found no more."""
    SearchText.objects.filter(incident=incident_id, kind=kind, number=number).delete()


def keep_incident(incident: Incident) -> None:
    """Title, summary, reference and channel of an incident."""
    words = (incident.title, incident.summary, incident.reference, incident.channel_name or "")
    keep(
        incident.pk,
        Kind.INCIDENT,
        "\n".join(word for word in words if word),
        path=incident.get_absolute_url(),
    )


def keep_event(incident: Incident, event: TimelineEvent) -> None:
    """The words of an event, if people wrote them."""
    kind = SAID.get(EventKind(event.kind))
    if kind and event.text:
        path = f"{incident.get_absolute_url()}#e{event.number}"
        keep(incident.pk, kind, event.text, number=event.number, path=path)


def forget_event(event: TimelineEvent) -> None:
    """A redacted event is not to be found by what it said."""
    SearchText.objects.filter(
        incident=event.incident_id, kind__in=(Kind.UPDATE, Kind.NOTE), number=event.number
    ).delete()
