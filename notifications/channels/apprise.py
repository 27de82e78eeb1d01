"""Apprise: a hundred more messengers, as an extra and behind a list of allowed schemes."""

import importlib
import importlib.util
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from lib.refusal import Invalid
from notifications.channels.base import Known, Plain, Told
from notifications.errors import Passing, Permanent
from notifications.models import ContactMethod, Delivery

TIMEOUT_SECONDS = 6
LONGEST = 300


def is_installed() -> bool:
    return importlib.util.find_spec("apprise") is not None


def check(url: str) -> str:
    """The URL, when its scheme is allowed here and Apprise can read it.

    Raises:
        Invalid: with what to do instead.
    """
    scheme = urlsplit(url).scheme.lower()
    if scheme not in settings.APPRISE_SCHEMES:
        allowed = ", ".join(sorted(settings.APPRISE_SCHEMES))
        raise Invalid(
            _("These kinds of address may be used: %(names)s.") % {"names": allowed}, field="address"
        )
    if not is_installed():
        raise Invalid(
            _("Apprise is not installed. An admin starts Tocsin with TOCSIN_APPRISE=1."), field="kind"
        )
    if _service(url) is None:
        raise Invalid(
            _("Apprise cannot read this address. Compare it with Apprise's pages."), field="address"
        )
    if len(url) > LONGEST:
        raise Invalid(_("This address is longer than 300 characters."), field="address")
    return url


def shown(url: str) -> str:
    """The address without what it keeps secret, for lists and logs."""
    service = _service(url)
    return str(service.url(privacy=True))[:200] if service else f"{urlsplit(url).scheme}://…"


def _service(url: str) -> Any:
    library = importlib.import_module("apprise")
    # The same bounds as every other channel; a value in the address itself would win, so they come last.
    joint = "&" if "?" in url else "?"
    return library.Apprise.instantiate(
        f"{url}{joint}cto={TIMEOUT_SECONDS}&rto={TIMEOUT_SECONDS}&redirect=no&verify=yes",
        suppress_exceptions=True,
    )


class Apprise(Plain):
    def is_set_up(self) -> bool:
        return is_installed()

    def prepare(self, delivery: Delivery) -> Known:
        method = ContactMethod.objects.filter(pk=delivery.fact("method") or 0).first()
        return Known(secrets=(method.secret,) if method else ())

    def send(self, delivery: Delivery, known: Known) -> Told:
        url = known.secret
        if not url:
            raise Permanent("This Apprise line was removed.")
        try:
            check(url)
        except Invalid as refused:
            raise Permanent(refused.message) from refused
        try:
            sent = _service(url).send(title=delivery.subject, body=delivery.body)
        except (OSError, ValueError, TypeError) as broken:
            # Its text may hold the address, and with it the person's key.
            raise Passing(f"Apprise failed: {type(broken).__name__}.") from None
        if not sent:
            # It tells true and false and no reason; so it is tried again like what may pass.
            raise Passing("The messenger did not take it; Apprise does not say why.")
        return {"sent": True}
