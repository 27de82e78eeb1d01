"""The app's home tab: what is open that this person may see, and who is on call."""

import json
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Service
from chatops import asking, people, telling, words
from incidents import questions, roles, room
from incidents.models import Incident
from lib.refusal import Refused
from notifications.channels.slack import escape

TOPIC = "chatops.home_opened"
#: The button of the home tab that opens the form.
DECLARE = "home_declare"
_SHOWN, _SERVICES, _LONGEST = 20, 50, 2_900


def read(payload: dict[str, Any]) -> dict[str, str] | None:
    """Who opened the home tab, and by which event; None for anything else."""
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("type") != "app_home_opened" or event.get("tab") != "home":
        return None
    found = {
        "event_id": words.slack_id(payload.get("event_id")),
        "team_id": words.slack_id(payload.get("team_id")),
        "user_id": words.slack_id(event.get("user")),
    }
    return found if all(found.values()) else None


def show(team_id: str, user_id: str) -> None:
    """Publish the tab for one person; those without an account read why it is empty.

    Raises:
        Away: Slack did not answer; worth another try.
    """
    try:
        blocks = _blocks(people.known(team_id, user_id))
    except asking.Away:
        raise
    except Refused as refusal:
        blocks = [_section(escape(refusal.message))]
    try:
        asking.ask("views.publish", user_id=user_id, view=json.dumps({"type": "home", "blocks": blocks}))
    except asking.Said as refused:
        # Another try would be refused as well.
        asking.log(refused, "views.publish")


def _blocks(user: User) -> list[dict[str, Any]]:
    declare = {
        "type": "button",
        "action_id": DECLARE,
        "style": "danger",
        "text": {"type": "plain_text", "text": _("Declare an incident")[:75]},
    }
    return [
        _header(_("Open incidents")),
        *_open(user),
        {"type": "actions", "elements": [declare]},
        _header(_("On call now")),
        _section(_on_call()),
    ]


def _open(user: User) -> list[dict[str, Any]]:
    running = Incident.objects.visible_to(user).open().select_related("severity", "service__team")
    shown = list(running.order_by("severity__rank", "-number")[:_SHOWN])
    blocks = [_section(_incident(one)) for one in shown]
    more = running.count() - len(shown)
    if more > 0:
        blocks.append(_section(_("and %(count)d more") % {"count": more}))
    return blocks or [_section(_("Nothing is open."))]


def _incident(incident: Incident) -> str:
    commander = roles.holders(incident).get("incident_commander")
    owed = next(iter(room.promises(incident)), None)
    parts = [
        _("IC %(name)s") % {"name": escape(str(commander))} if commander else _("nobody commands yet"),
        f"{escape(owed.label)} {incident.team.local(owed.due):%H:%M}" if owed else "",
    ]
    return f"{telling.head(incident)}\n{' · '.join(part for part in parts if part)}"


def _on_call() -> str:
    lines = []
    for service in Service.objects.filter(is_active=True)[:_SERVICES]:
        names = ", ".join(str(user) for user in questions.ask.on_call_now(service))
        lines.append(escape(f"{service}: {names or _('nobody')}"))
    text = ""
    for line in lines:
        if len(text) + len(line) >= _LONGEST:
            return f"{text}…"
        text += f"{line}\n"
    return text or _("nobody")


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text[:150]}}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3_000]}}
