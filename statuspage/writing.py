"""Writing the public site: a complete new folder, swapped in at once, so that readers never see half of it.

`STATUS_DIR/current` is a symbolic link to one folder of `releases/`. With the app, the database and
the broker stopped, any static server goes on answering from it.
"""

import fcntl
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils.timezone import now

from statuspage import pages, reading
from statuspage.changes import site
from statuspage.models import Publication, Site

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
#: A site on which nothing happens is written again after this, so that its age stays honest.
AT_LEAST_EVERY = timedelta(seconds=60)
KEEP_RELEASES = 5
KEEP_PUBLICATIONS = 300


def sweep() -> int:
    """Publish when something changed, or when the last writing is a minute old; return how often."""
    return publish()


def owed_since() -> datetime | None:
    """Since when a change waits to be public; None when nothing is late."""
    row = Site.objects.filter(pk=1, changes__gt=F("written")).first()
    return row.changed_at if row else None


def publish(*, force: bool = False) -> int:
    """Write the site until it is up to date; return how many times it was written.

    Somebody else may be at it: then nothing is done here, because whoever holds the claim looks
    again after letting go of it.
    """
    written = 0
    while claim := _claim(force=force):
        force = False
        try:
            written += _write(claim)
        except BaseException:
            Site.objects.filter(pk=1, claim=claim).update(claimed_until=None)
            raise
    return written


def _claim(*, force: bool) -> int:
    """The number of the claim, or 0: nothing to do, or another publisher is faster."""
    row, at = site(), now()
    fresh = row.written_at is not None and row.written_at > at - AT_LEAST_EVERY
    if row.changes <= row.written and fresh and not force and (root() / "current").exists():
        return 0
    free = Site.objects.filter(Q(claimed_until=None) | Q(claimed_until__lte=at), pk=1, claim=row.claim)
    return row.claim + 1 if free.update(claim=F("claim") + 1, claimed_until=at + LEASE) else 0


def _write(claim: int) -> int:
    # The number first: what changes while the rows are read is owed another writing.
    row, started = site(), now()
    shot = reading.snapshot(started)
    files = pages.files(shot, number=row.changes, asked_by=claim)
    digest = digest_of(files)
    stamp = {"uid": row.uid, "claim": claim, "number": row.changes, "digest": digest}
    stamp |= {"written_at": started.isoformat(), "every_seconds": int(AT_LEAST_EVERY.total_seconds())}
    files["published.json"] = json.dumps(stamp).encode()
    release = root() / "releases" / f"{started:%Y%m%dT%H%M%S%f}-{claim}"
    try:
        _fill(release, files)
        is_current = _swap(release, uid=row.uid, claim=claim)
    except BaseException:
        shutil.rmtree(release, ignore_errors=True)
        raise
    if not is_current:
        shutil.rmtree(release, ignore_errors=True)
        return 0
    # Counts only for one's own claim: after the lease the site belongs to another.
    mine = Site.objects.filter(pk=1, claim=claim)
    mine.update(written=stamp["number"], written_at=started, claimed_until=None)
    Publication.objects.create(
        at=started, number=row.changes, digest=digest, files=len(files), took=now() - started
    )
    _tidy()
    return 1


def root() -> Path:
    return Path(settings.STATUS_DIR)


def digest_of(files: Mapping[str, bytes]) -> str:
    """One digest over all names and bytes."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return whole.hexdigest()


def _fill(release: Path, files: Mapping[str, bytes]) -> None:
    """Write every file; one that has not changed is linked, so that it keeps its time and its place."""
    current = root() / "current"
    current = current.resolve() if current.exists() else current
    for name, content in files.items():
        target, known = release / name, current / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if _same(known, content):
            try:
                os.link(known, target)
            except OSError:
                shutil.copy2(known, target)
        else:
            target.write_bytes(content)


def _same(known: Path, content: bytes) -> bool:
    try:
        return known.read_bytes() == content
    except OSError:
        return False


@contextmanager
def _lock() -> Iterator[None]:
    with (root() / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _swap(release: Path, *, uid: str, claim: int) -> bool:
    """Point `current` at the release, unless a later publisher was here already (a paused one woke up)."""
    with _lock():
        last = published()
        if last.get("uid") == uid and int(last.get("claim", 0)) > claim:
            logger.warning("site: claim %s came after %s and was dropped", claim, last.get("claim"))
            return False
        link = root() / ".next"
        link.unlink(missing_ok=True)
        # Relative, so that the folder can be mounted elsewhere.
        link.symlink_to(Path("releases") / release.name, target_is_directory=True)
        link.replace(root() / "current")
    return True


def published() -> dict[str, Any]:
    """What the site that is public now says of its own writing; empty when there is none."""
    try:
        stamp: dict[str, Any] = json.loads((root() / "current" / "published.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp


def _tidy() -> None:
    """Keep the last few folders: somebody may be reading from one right now."""
    current = (root() / "current").resolve()
    releases = sorted((root() / "releases").iterdir(), key=lambda path: path.name)
    for old in releases[:-KEEP_RELEASES]:
        if old != current:
            shutil.rmtree(old, ignore_errors=True)
    newest = Publication.objects.values_list("pk", flat=True)[:KEEP_PUBLICATIONS]
    if len(kept := list(newest)) == KEEP_PUBLICATIONS:
        Publication.objects.filter(pk__lt=kept[-1]).delete()
