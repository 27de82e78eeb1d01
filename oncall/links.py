"""The one-tap link of a page: signed, for one person and one page, for half a day."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from lib import signing
from lib.refusal import Missing
from oncall.models import Page
from oncall.storm_models import Bundle

_PURPOSE = "oncall.acknowledge"
_BUNDLE = "oncall.bundle"
LASTS = timedelta(hours=12)


def acknowledge_url(page: Page) -> str:
    """Opening it shows one button; only pressing that acknowledges (mail scanners open links)."""
    token = signing.sign([page.pk, page.user_id], purpose=_PURPOSE)
    return settings.BASE_URL + reverse("oncall:one_tap", args=[token])


def read(token: str) -> Page:
    """The page of a link.

    Raises:
        Invalid: altered or expired.
        Missing: the page is gone, or the person is.
    """
    page_id, user_id = signing.unsign(token, purpose=_PURPOSE, max_age=LASTS)
    page = (
        Page.objects.filter(pk=page_id, user=user_id, user__is_active=True)
        .select_related(
            "user", "run__incident__service__team", "run__incident__severity", "run__acknowledged_by"
        )
        .first()
    )
    if page is None:
        raise Missing(_("This page is gone. Sign in to see what is open."))
    return page


def bundle_url(bundle: Bundle) -> str:
    """The same for all the pages of a bundle."""
    token = signing.sign([bundle.pk, bundle.user_id], purpose=_BUNDLE)
    return settings.BASE_URL + reverse("oncall:bundle_tap", args=[token])


def read_bundle(token: str) -> Bundle:
    """The bundle of a link.

    Raises:
        Invalid: altered or expired.
        Missing: it is gone, or the person is.
    """
    bundle_id, user_id = signing.unsign(token, purpose=_BUNDLE, max_age=LASTS)
    rows = Bundle.objects.filter(pk=bundle_id, user=user_id, user__is_active=True)
    bundle = rows.select_related("user").first()
    if bundle is None:
        raise Missing(_("This page is gone. Sign in to see what is open."))
    return bundle
