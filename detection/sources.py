"""Sources: made with a key that is shown once, found by it in constant time, switched off, re-keyed."""

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.models import Role
from catalog.models import Service
from detection import matching
from detection.formats import generic
from detection.kinds import RECEIVED, SourceKind
from detection.models import Payload, RoutingRule, Source
from detection.signals import Malformed
from incidents.models import Severity
from lib import text
from lib.refusal import Forbidden, Invalid, Missing, Refused

INTERNAL_NAME = "Checks and heartbeats"
# PagerDuty's own keys have 32 characters, and some clients insist on that.
_KEY_BYTES = 16
_CACHE_FOR = 5.0
_CACHE_SIZE = 10_000
_SEEN_EVERY = timedelta(seconds=10)
_KEEP = timedelta(days=7)
_KEY_IN_BODY = re.compile(rb'("(?:routing_key|service_key)"\s*:\s*)"[^"]*"')
_KEPT_BYTES = 64 * 1024
_KEPT_ROWS = 100_000
_cache: dict[str, tuple[float, Source | None]] = {}


def digest(key: str) -> str:
    # 128 random bits need no slow hash.
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def may_configure(actor: Actor) -> None:
    """Sources, their rules and keys, checks and heartbeats are configuration: for admins.

    Raises:
        Forbidden: anybody else asked.
    """
    if not actor.is_at_least(Role.ADMIN):
        raise Forbidden(_("This is set by admins. Ask one of them."))


def may_operate(actor: Actor) -> None:
    """Silences, test alerts and ending an alert by hand are for responders: they are the ones who are woken.

    Raises:
        Forbidden: a viewer asked.
    """
    if not actor.is_at_least(Role.RESPONDER):
        raise Forbidden(_("This needs the role responder. Ask an admin to change yours."))


@transaction.atomic
def create(
    *, actor: Actor, name: str, kind: str, service: Service | None = None, options: Any = None
) -> tuple[Source, str]:
    """A new source and its key, which nobody can show again.

    Raises:
        Invalid: no name or a taken one, a kind without a receiver, a mapping out of shape.
    """
    may_configure(actor)
    label = text.clean(name, 100, field="name")
    if not label:
        raise Invalid(_("Give the source a name that says who speaks."), field="name")
    if kind not in RECEIVED:
        known = ", ".join(RECEIVED)
        raise Invalid(_("This version listens to: %(known)s.") % {"known": known}, field="kind")
    key = secrets.token_hex(_KEY_BYTES)
    source = Source(name=label, kind=kind, service=service, options=_options(options), prefix=key[:6])
    source.digest = digest(key)
    try:
        with transaction.atomic():
            source.save()
    except IntegrityError as taken:
        raise Invalid(_("There is a source of that name already."), field="name") from taken
    audit.note(
        actor, "source created", str(source), after={"kind": kind, "service": service and service.slug}
    )
    return source, key


def _options(options: Any) -> dict[str, Any]:
    given = options or {}
    if not isinstance(given, dict):
        raise Invalid(_("Options are an object."), field="options")
    if "mapping" not in given:
        return {}
    try:
        return {"mapping": generic.check_mapping(given["mapping"])}
    except Malformed as bad:
        raise Invalid(f"{bad}.", field="options") from bad


@transaction.atomic
def change(
    source_id: int,
    *,
    actor: Actor,
    name: str | None = None,
    service: Service | None = None,
    is_active: bool | None = None,
    keep_service: bool = False,
) -> Source:
    """Rename, reroute, switch on or off. ``keep_service`` leaves the service as it is."""
    may_configure(actor)
    source = _own(source_id)
    before = {"name": source.name, "service": source.service_id, "is_active": source.is_active}
    if name is not None:
        source.name = text.clean(name, 100, field="name") or source.name
    if not keep_service:
        source.service = service
    if is_active is not None:
        source.is_active = is_active
    if Source.objects.filter(name=source.name).exclude(pk=source.pk).exists():
        raise Invalid(_("There is a source of that name already."), field="name")
    source.save(update_fields=["name", "service", "is_active"])
    after = {"name": source.name, "service": source.service_id, "is_active": source.is_active}
    audit.note(actor, "source changed", str(source), before=before, after=after)
    transaction.on_commit(forget)
    return source


@transaction.atomic
def add_rule(
    source_id: int,
    *,
    actor: Actor,
    matchers: list[dict[str, str]],
    service: Service,
    severity: Severity | None = None,
    auto_declare: bool = False,
) -> RoutingRule:
    """A rule after the ones there are; the first that matches decides."""
    may_configure(actor)
    source = _own(source_id)
    last = source.rules.order_by("-position").values_list("position", flat=True).first() or 0
    rule = RoutingRule.objects.create(
        source=source,
        position=last + 10,
        matchers=matching.check(matchers),
        service=service,
        severity=severity,
        auto_declare=auto_declare,
    )
    audit.note(actor, "routing rule added", str(source), after={"rule": str(rule)})
    transaction.on_commit(forget)
    return rule


@transaction.atomic
def remove_rule(source_id: int, rule_id: int, *, actor: Actor) -> None:
    may_configure(actor)
    source = _own(source_id)
    for rule in source.rules.filter(pk=rule_id):
        audit.note(actor, "routing rule removed", str(source), before={"rule": str(rule)})
        rule.delete()
    transaction.on_commit(forget)


@transaction.atomic
def renew_key(source_id: int, *, actor: Actor) -> tuple[Source, str]:
    """A new key; the old one stops working at once."""
    may_configure(actor)
    source, key = _own(source_id), secrets.token_hex(_KEY_BYTES)
    source.digest, source.prefix = digest(key), key[:6]
    source.save(update_fields=["digest", "prefix"])
    audit.note(actor, "source key renewed", str(source))
    transaction.on_commit(forget)
    return source, key


def _own(source_id: int) -> Source:
    source = Source.objects.select_for_update().filter(pk=source_id).first()
    if source is None:
        raise Missing(_("There is no such source."))
    if source.is_internal:
        raise Refused("internal_source", _("Tocsin's own source stays as it is."))
    return source


def find(key: str) -> Source | None:
    """The listening source with this key, else None; read from a cache of a few seconds.

    Looking up by SHA-256 tells an attacker's clock nothing about the key.
    """
    wanted = digest(key)
    tick = time.monotonic()
    kept = _cache.get(wanted)
    if kept and kept[0] > tick:
        return kept[1]
    source = Source.objects.select_related("service__team").filter(digest=wanted, is_active=True).first()
    if source is not None:
        source.kept = {}
        # Only hits are kept: guesses would push real keys out.
        if len(_cache) >= _CACHE_SIZE:
            _cache.clear()
        _cache[wanted] = (tick + _CACHE_FOR, source)
    return source


def forget() -> None:
    """Empty the cache of keys of this process."""
    _cache.clear()


def internal() -> Source:
    """Tocsin's own source, for what it looks after itself."""
    source, _made = Source.objects.get_or_create(kind=SourceKind.INTERNAL, defaults={"name": INTERNAL_NAME})
    return source


def seen(source: Source) -> None:
    """Note that the source spoke, at most every ten seconds, so that its row stays cool."""
    moment = now()
    if source.last_seen_at and moment - source.last_seen_at < _SEEN_EVERY:
        return
    stale = Q(last_seen_at=None) | Q(last_seen_at__lt=moment - _SEEN_EVERY)
    Source.objects.filter(stale, pk=source.pk).update(last_seen_at=moment)
    source.last_seen_at = moment


@dataclass(frozen=True)
class Heard:
    """A body as it came, and what we answered."""

    path: str
    body: bytes
    status: int = 202
    answer: str = ""


def keep_payload(source: Source, heard: Heard) -> None:
    """Keep a body for the people who set the source up."""
    payload_of(source, heard).save(force_insert=True)


def payload_of(source: Source, heard: Heard) -> Payload:
    """The body as it is kept: the start of it where it is long."""
    # PagerDuty's clients write the key into the body; we keep only its hash, here as well.
    body = _KEY_IN_BODY.sub(rb'\1"..."', heard.body)
    readable = body[:_KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return Payload(
        source_id=source.pk,
        path=heard.path[:60],
        body=readable,
        status=heard.status,
        answer=heard.answer[:500],
        received_at=now(),
    )


def forget_payloads(limit: int = 2000) -> int:
    """Delete bodies older than a week, and the oldest above a number; return how many."""
    newest = Payload.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    old = Payload.objects.filter(Q(received_at__lt=now() - _KEEP) | Q(pk__lte=newest - _KEPT_ROWS))
    batch = list(old.order_by("pk").values_list("pk", flat=True)[:limit])
    return Payload.objects.filter(pk__in=batch).delete()[0] if batch else 0


def address(source: Source, key: str) -> str:
    """Where this source has to send to."""
    if source.kind == SourceKind.PAGERDUTY:
        return f"{settings.BASE_URL}/v2/enqueue"
    return f"{settings.BASE_URL}/in/{key}/{source.kind}"
