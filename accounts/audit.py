"""The audit log: every change of a setting or a right and every sign-in, with before and after."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.actors import Actor
from accounts.models import AuditEntry


def _plain(values: dict[str, Any] | None) -> dict[str, Any]:
    """What JSON can hold; everything else as its text."""
    if not values:
        return {}

    class Encoder(DjangoJSONEncoder):
        def default(self, o: Any) -> Any:
            try:
                return super().default(o)
            except TypeError:
                return str(o)

    plain: dict[str, Any] = json.loads(json.dumps(values, cls=Encoder))
    return plain


def note(
    actor: Actor,
    action: str,
    target: object,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one line of the audit log, in the transaction of the change that it tells of."""
    return AuditEntry.objects.create(
        actor=actor.user,
        actor_label=actor.label[:160],
        via=actor.via,
        action=action[:80],
        target=str(target)[:200],
        before=_plain(before),
        after=_plain(after),
    )
