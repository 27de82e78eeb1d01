"""A message of a page that could not be delivered: the ladder does not wait for it."""

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from incidents import neighbours, timeline
from notifications.models import Delivery, Word
from oncall import paging
from oncall.models import Page, PageRun

Run = PageRun.Status


@transaction.atomic
def message_failed(delivery_id: int) -> bool:
    """A message could not be delivered: when none of its rung's can, the next rung is asked at once."""
    failed = Delivery.objects.filter(pk=delivery_id, word=Word.PAGE).first()
    if failed is None:
        return False
    if failed.bundle_key:
        pages = Page.objects.filter(bundle=failed.bundle_key, run__status=Run.RUNNING)
    else:
        pages = Page.objects.filter(pk=int(failed.about.removeprefix("page:")))
    # Lock order is by incident, lowest first, as for everybody who takes more than one.
    found = list(pages.select_related("user", "run").order_by("run__incident", "pk"))
    hurried = [_page_failed(page, failed) for page in found]
    return any(hurried)


def _page_failed(page: Page, failed: Delivery) -> bool:
    run, incident = page.run, timeline.lock(page.run.incident_id)
    neighbours.page_failed(
        incident.pk,
        text=_("The page to %(name)s by %(channel)s failed.")
        % {"name": page.user, "channel": str(failed.get_channel_display())},
        policy=run.policy_name,
        step=page.step,
    )
    run.refresh_from_db()
    abouts = {about for one in run.pages.filter(rung=page.rung) for about in (one.about, f"page:{one.pk}")}
    alive = Delivery.objects.filter(about__in=abouts, word=Word.PAGE, failed_at=None, cancelled_at=None)
    if alive.exists() or page.rung != run.position - 1:
        return False
    moved = PageRun.objects.filter(pk=run.pk, status=Run.RUNNING, position=run.position, next_at__gt=now())
    if not moved.update(next_at=now()):
        return False
    paging.climb_all(run.pk)
    return True
