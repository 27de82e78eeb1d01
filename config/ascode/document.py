"""The whole file: its sections in the order in which they are written, read, compared and exported."""

from config.ascode import catalog_rows, drill_rows, oncall_rows, severity_rows, status_rows, yamltext
from config.ascode.sections import Name, Section
from config.ascode.values import Row, WrongFile, show, unknown

# Whatever a row names stands in an earlier section, or in its own.
SECTIONS: tuple[Section, ...] = (
    severity_rows.SEVERITIES,
    catalog_rows.TEAMS,
    oncall_rows.SCHEDULES,
    oncall_rows.POLICIES,
    catalog_rows.SERVICES,
    catalog_rows.MITIGATIONS,
    status_rows.GROUPS,
    status_rows.COMPONENTS,
    drill_rows.DRILLS,
)
_HEAD = (
    "# What this Tocsin is told. `python3 manage.py apply FILE` adds and changes what a file says and\n"
    "# deletes nothing; what a file leaves out stays as it is. `--dry-run` shows the differences only.\n"
)

Said = list[tuple[Section, list[tuple[str, Row]]]]


def read(text: str) -> Said:
    """Every section of the file, its rows read and each with its place.

    Raises:
        WrongFile: what cannot be, with the place in the file.
    """
    said = yamltext.load(text)
    if said is None:
        raise WrongFile("the file", "It is empty.")
    if not isinstance(said, dict):
        raise WrongFile("the file", f"It begins with one of these keys: {', '.join(_titles())}.")
    for title in said:
        if title not in _titles():
            raise WrongFile(str(title), unknown(str(title), _titles()))
    return [(section, section.read(said[section.title])) for section in SECTIONS if section.title in said]


def _titles() -> list[str]:
    return [section.title for section in SECTIONS]


def export() -> str:
    """Everything that `read` takes, as it is now.

    Raises:
        WrongFile: two rows have one name, so a file could not tell them apart.
    """
    parts = []
    for section in SECTIONS:
        rows = section.present()
        seen: set[Name] = set()
        for row in rows:
            name = section.name_of(row)
            if name in seen:
                raise WrongFile(section.title, f"Two are called “{name[0]}”. Rename one of them first.")
            seen.add(name)
        parts.append(yamltext.dump({section.title: [show(row, section.keys) for row in rows]}))
    return "\n".join([_HEAD, *parts])
