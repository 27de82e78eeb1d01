"""What a new installation starts with; running it again adds what is missing and changes nothing else."""

import catalog.defaults
import incidents.defaults
import oncall.defaults
import statuspage.defaults
from accounts.models import User


def install(admin: User | None = None) -> None:
    """Install every room's defaults, lower floors first; the first schedule holds the admin."""
    incidents.defaults.install()
    catalog.defaults.install()
    oncall.defaults.install(admin)
    statuspage.defaults.install()
