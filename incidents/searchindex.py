"""The index that search asks: full text on PostgreSQL, an FTS5 table kept by triggers on SQLite.

Called by migrations only. Nothing but `incidents_searchtext` has to be written: both follow it.
"""

from typing import Any

TABLE = "incidents_searchtext"
#: SQLite's own words; `lib.searchwords` has done the folding already.
FTS = "incidents_searchfts"
VECTOR = "to_tsvector('simple', words)"
_INDEX = "incidents_searchtext_words"


def install(connection: Any) -> None:
    """Make the index, filled with what there is; safe to call again."""
    remove(connection)
    with connection.cursor() as cursor:
        for statement in _postgresql() if connection.vendor == "postgresql" else _sqlite():
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Take the index away."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP INDEX IF EXISTS {_INDEX}")
            return
        for moment in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS search_{moment}")
        cursor.execute(f"DROP TABLE IF EXISTS {FTS}")


def _postgresql() -> list[str]:
    return [f"CREATE INDEX {_INDEX} ON {TABLE} USING gin ({VECTOR})"]


def _sqlite() -> list[str]:
    add = f"INSERT INTO {FTS}(rowid, words) VALUES (NEW.id, NEW.words);"  # noqa: S608 - names of ours
    drop = f"INSERT INTO {FTS}({FTS}, rowid, words) VALUES ('delete', OLD.id, OLD.words);"  # noqa: S608
    return [
        f"CREATE VIRTUAL TABLE {FTS} USING fts5(words, content='{TABLE}', content_rowid='id', "
        "tokenize='unicode61 remove_diacritics 0')",
        f"INSERT INTO {FTS}({FTS}) VALUES ('rebuild')",  # noqa: S608
        f"CREATE TRIGGER search_insert AFTER INSERT ON {TABLE} BEGIN {add} END",
        f"CREATE TRIGGER search_update AFTER UPDATE OF words ON {TABLE} BEGIN {drop} {add} END",
        f"CREATE TRIGGER search_delete AFTER DELETE ON {TABLE} BEGIN {drop} END",
    ]
