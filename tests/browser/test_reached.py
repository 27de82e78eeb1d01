from datetime import timedelta

import pytest
from django.utils.timezone import now

from notifications import rules
from notifications.models import ContactMethod

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    "options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 780}}]
)
def test_looks(defaults, enter, alice, live_server, faults, picture, options):
    made = [
        ContactMethod.objects.create(user=alice, kind=kind, address=address, position=n, verified_at=at)
        for n, (kind, address, at) in enumerate(
            [
                ("email", "alice@example.com", now()),
                ("webhook", "https://hooks.example.com/alice/very/long/address/indeed", now()),
                ("sms", "+4512345678", None),
            ]
        )
    ]
    ContactMethod.objects.filter(pk=made[1].pk).update(
        trouble="The receiver answered 410: it is gone.", trouble_at=now(), secret="whsec_" + "a" * 44
    )
    rules.add(alice, urgency="high", method_id=made[0].pk, delay=timedelta(0))
    rules.add(alice, urgency="high", method_id=made[1].pk, delay=timedelta(minutes=2))
    page = enter(alice, **options)
    page.goto(live_server.url + "/notifications/contacts/")
    name = options.get("color_scheme", "") or str(options.get("viewport", {}).get("width", "light"))
    picture(page, f"reached-{name}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert faults(page) == []
