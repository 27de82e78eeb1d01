"""The database itself keeps the timeline append-only, with two gates: redaction and purge.

`install` is idempotent and called by every migration that touches the table, because Django's SQLite
migrations rebuild a table and drop its triggers silently. `/readyz` and `verify_timeline` fail when
`missing` names one.
"""

from typing import Any

TABLE = "incidents_timelineevent"
_SEALED = (
    *("id", "incident_id", "number", "kind", "at", "recorded_at", "actor_id", "actor_kind"),
    *("actor_label", "via", "text_hash", "data_hash", "digest", "digest_version"),
)
_REFUSAL = "the timeline is append-only: correct, redact or purge instead"
NAMES = ("timeline_no_update", "timeline_no_delete")


def install(connection: Any) -> None:
    """Create the triggers; safe to call again."""
    remove(connection)
    with connection.cursor() as cursor:
        for statement in _postgresql() if connection.vendor == "postgresql" else _sqlite():
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Drop the triggers: for migrations and for the tests' flush only."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in (*NAMES, "timeline_no_truncate"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {TABLE}")
        else:
            for name in NAMES:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def missing(connection: Any) -> list[str]:
    """The names of triggers that are not there."""
    wanted = [*NAMES, "timeline_no_truncate"] if connection.vendor == "postgresql" else list(NAMES)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal "
                "AND tgenabled IN ('O', 'A')",
                [TABLE],
            )
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        there = {row[0] for row in cursor.fetchall()}
    return [name for name in wanted if name not in there]


def _same(operator: str) -> str:
    return " AND ".join(f"NEW.{column} {operator} OLD.{column}" for column in _SEALED)


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER timeline_no_update BEFORE UPDATE ON {TABLE} "
        f"WHEN NOT ({_same('IS')} AND OLD.redacted_at IS NULL AND NEW.redacted_at IS NOT NULL "
        "AND NEW.text = '' AND NEW.salt = '' AND (NEW.data = '{}' OR NEW.data IS OLD.data)) "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
        f"CREATE TRIGGER timeline_no_delete BEFORE DELETE ON {TABLE} "  # noqa: S608 - only names of ours
        "WHEN NOT EXISTS (SELECT 1 FROM incidents_purge WHERE incident_pk = OLD.incident_id AND is_open) "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    ]


def _postgresql() -> list[str]:
    return [
        # Only names of ours are put in: columns, a table, a sentence.
        f"""
        CREATE OR REPLACE FUNCTION timeline_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'UPDATE' THEN
            IF {_same("IS NOT DISTINCT FROM")} AND OLD.redacted_at IS NULL AND NEW.redacted_at IS NOT NULL
               AND NEW.text = '' AND NEW.salt = ''
               AND (NEW.data = '{{}}'::jsonb OR NEW.data IS NOT DISTINCT FROM OLD.data) THEN
              RETURN NEW;
            END IF;
          ELSIF TG_OP = 'DELETE' THEN
            IF EXISTS (SELECT 1 FROM incidents_purge WHERE incident_pk = OLD.incident_id AND is_open) THEN
              RETURN OLD;
            END IF;
          END IF;
          RAISE EXCEPTION '{_REFUSAL}';
        END $$
        """,  # noqa: S608
        f"CREATE TRIGGER timeline_no_update BEFORE UPDATE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION timeline_guard()",
        f"CREATE TRIGGER timeline_no_delete BEFORE DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION timeline_guard()",
        f"CREATE TRIGGER timeline_no_truncate BEFORE TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION timeline_guard()",
    ]
