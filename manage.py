#!/usr/bin/env python3
"""The one way in: makes its own environment, then does what it is told."""

import os
import sys


def main() -> None:
    """Hand over to the environment, then to the supervisor, pytest or Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"

    from config import bootstrap

    bootstrap.ensure(development=command == "test")
    # The supervisor and the test run stay small: neither of them loads Django.
    if command == "up" and not {"-h", "--help"} & set(sys.argv):
        from config import supervisor

        sys.exit(supervisor.main(sys.argv[2:]))
    if command == "test":
        from config import testrun

        sys.exit(testrun.main(sys.argv[2:]))

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
