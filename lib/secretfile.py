"""A secret that is made once and kept in a file that only we may read."""

import os
import threading
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, make: Callable[[], str]) -> str:
    """The secret in the file; made there the first time.

    Two processes that start at once agree, because the file is written whole under another name
    and only ever linked into place once.
    """
    if not path.exists():
        part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(make())
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()
