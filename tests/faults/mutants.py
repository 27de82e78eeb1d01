"""The same house with one safeguard taken out; the program has to notice (`--mutant NAME`)."""

import shutil
import tempfile
from pathlib import Path

from tests.faults.house import ROOT

DELIVERY, PAGING = "notifications/delivery.py", "oncall/paging.py"
MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    # The claim of a message no longer asks whether somebody was faster.
    "claim": [
        (
            DELIVERY,
            "seen = Delivery.objects.filter(OPEN, pk=row.pk, claims=row.claims, due_at=row.due_at)",
            "seen = Delivery.objects.filter(pk=row.pk)",
        )
    ],
    # Marked as sent when it is claimed, so that a process that dies in between loses it.
    "mark": [(DELIVERY, 'claims=F("claims") + 1, due_at=until', 'claims=F("claims") + 1, sent_at=now()')],
    # A run no longer has a key, so that news heard twice pages twice.
    "key": [
        (
            PAGING,
            "if incident.is_retrospective or PageRun.objects.filter(key=key).exists():",
            "key = f'{key}:{now().isoformat()}'\n    if incident.is_retrospective:",
        )
    ],
}


def copy(name: str) -> Path:
    """A copy of the code with the change; a change that no longer fits is an error."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-mutant-")) / "code"
    left_out = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "docs")
    shutil.copytree(ROOT, folder, ignore=left_out, symlinks=True)
    for path, old, new in MUTANTS[name]:
        text = (folder / path).read_text()
        if old not in text:
            raise SystemExit(f"The mutant {name} no longer fits {path}: {old}")
        (folder / path).write_text(text.replace(old, new, 1))
    return folder
