"""`manage.py test`: pytest in this very process's place, so that its exit code is ours."""

import os
import sys


def main(arguments: list[str]) -> int:
    """Become pytest, in the project's folder."""
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606
