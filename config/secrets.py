"""The secret key: from the environment, or made once in the data directory."""

import os
import secrets
from pathlib import Path

from lib.secretfile import kept


def secret_key(data_dir: Path) -> str:
    """The instance's secret key; every signed link and session hangs on it.

    Taken from ``TOCSIN_SECRET_KEY``, else from ``secret_key`` in the data directory.
    """
    given = os.environ.get("TOCSIN_SECRET_KEY")
    return given or kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(48))
