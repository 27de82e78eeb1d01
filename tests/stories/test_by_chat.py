"""The same SEV1 by browser alone and by chat alone: the two timelines are equal, event by event."""

import html
import json
import re
from datetime import timedelta

from django.test import Client

from accounts.actors import system
from catalog.models import Mitigation, Runbook
from incidents import lifecycle, replay, runbooks
from incidents.models import Incident, Severity
from notifications import delivery
from notifications.channels.slack import escape
from notifications.models import ChatRoom
from statuspage.models import Notice
from tests.chatops.conftest import buttons
from tests.standins.slack import TEAM
from tests.stories.conftest import MONDAY_14, to_slack_s_door, typed

#: What of an event's data both doors must say.
SAID = ("severity", "from", "to", "role", "user_name", "previous_name", "status", "deadline", "owner_name")
SAID += ("outcome", "done", "title", "users_affected", "relation", "other", "clock", "name", "corrects")
SAID += ("target_kind", "reason", "policy", "step", "users", "roles", "alone", "also_mitigates", "late")
#: The story is one only if all of this happened in it.
SAYS = {
    "opened",
    "acknowledged",
    "declared",
    "role_taken",
    "role_left",
    "role_offered",
    "role_withdrawn",
    "update_posted",
    "published",
    "paged",
}
SAYS |= {"page_asked", "task_added", "task_done", "cause_identified", "action_taken", "note_added"}
SAYS |= {
    "scope_set",
    "runbook_step",
    "mitigation_tried",
    "clock_snoozed",
    "redacted",
    "linked",
    "member_added",
}
SAYS |= {"corrected", "details_changed"}
SAYS |= {"mitigated", "reopened", "severity_changed", "resolved", "public_resolved", "postmortem_opened"}


class Browser:
    """Each says a verb as the form of the page sends it."""

    def __init__(self, house):
        self.house, self.clients = house, {}

    def _post(self, who, url, **words):
        client = self.clients.setdefault(who, Client())
        client.force_login(getattr(self.house, who))
        answer = client.post(url, words)
        assert answer.status_code == 302, (url, answer.status_code, answer.content[:2000])

    def _say(self, who, name, **words):
        self._post(who, f"/incidents/{_newest().number}/do/{name}/", **words)

    def declare(self, who, title, service, breakage, reach):
        words = {"title": title, "service": service, "impact": f"{breakage}-{reach}", "responding": "on"}
        self._post(who, "/incidents/declare/", **words)

    def take(self, who, role):
        self._say(who, "take", role=role)

    def is_refused_the_chair(self, who, role):
        return "one person may not be" in self._refused(who, "take", role=role)

    def is_kept_off(self, who, slug):
        words = {"mitigation": Mitigation.objects.get(slug=slug).pk, "by": getattr(self.house, who).pk}
        return "keyboard" in self._refused(who, "try", **words)

    def _refused(self, who, name, **words):
        answer = self.clients[who].post(f"/incidents/{_newest().number}/do/{name}/", words)
        assert answer.status_code in (409, 422), answer.status_code
        return html.unescape(answer.content.decode())

    def hints(self, who, text):
        page = self.clients[who].post(f"/incidents/{_newest().number}/lint/", {"text": text})
        return re.findall(r"<mark>(.*?)</mark>", page.content.decode())

    def sees_draft(self, who):
        page = self.clients[who].get(f"/manage/status/panel/{_newest().number}/").content.decode()
        return Notice.objects.get(incident=_newest()).draft_body in html.unescape(page)

    def sees_command(self, who, command):
        return command in html.unescape(
            self.clients[who].get(f"/incidents/{_newest().number}/").content.decode()
        )

    def leads_to_postmortem(self, who):
        page = self.clients[who].get(f"/postmortems/panel/{_newest().number}/").content.decode()
        return f"/postmortems/{_newest().postmortem.pk}/" in page

    def hand(self, who, role, whom, brief):
        self._say(who, "chair", role=role, user=getattr(self.house, whom).pk, brief=brief)

    def offer(self, who, role):
        self._say(who, "volunteer", role=role)

    def withdraw(self, who, role):
        self._say(who, "withdraw", role=role)

    def release(self, who, role):
        self._say(who, "leave", role=role)

    def acknowledge(self, who):
        self._say(who, "acknowledge")

    def severity(self, who, name, reason):
        self._say(who, "severity", severity=Severity.objects.get(name=name).pk, reason=reason)

    def update(self, who, text):
        self._say(who, "update", text=text, next_in=0)

    def note(self, who, kind, text):
        self._say(who, "note", text=text, kind=kind)

    def task(self, who, whom, text):
        self._say(who, "task", text=text, owner=getattr(self.house, whom).pk)

    def done(self, who):
        self._say(who, "task-end", task=_newest().tasks.get().pk, outcome="done")

    def give(self, who, whom):
        self._say(who, "task-give", task=_newest().tasks.get().pk, owner=getattr(self.house, whom).pk)

    def tick(self, who):
        book = runbooks.opened(_newest())[0]
        self._say(who, "step", runbook=book.runbook.pk, step=book.steps[0].block.step.key, done="1")

    def attempt(self, who, slug, outcome):
        self._say(who, "try", mitigation=Mitigation.objects.get(slug=slug).pk, by=getattr(self.house, who).pk)
        self._say(who, "outcome", attempt=_newest().attempts.get().pk, outcome=outcome)

    def snooze(self, who, minutes, reason):
        self._say(who, "snooze", clock="internal_update", minutes=minutes, reason=reason)

    def correct(self, who, kind, clock, reason):
        number = _newest().timeline.filter(kind=kind).last().number
        self._say(who, "correct", event_number=number, at=clock, reason=reason)

    def redact(self, who, text, reason):
        number = _newest().timeline.get(text=text).number
        self._say(who, "redact", event_number=number, reason=reason)

    def link(self, who, number):
        self._say(who, "link", other=f"INC-{number}", relation="related")

    def let_in(self, who, whom):
        self._say(who, "people", user=getattr(self.house, whom).pk)

    def details(self, who, title, reason):
        self._say(who, "details", title=title, provenance="reported", reason=reason)

    def scope(self, who, users, note):
        self._say(who, "scope", users_affected=users, note=note, services=[self.house.checkout.pk])

    def page(self, who, whom, reason):
        url = f"/oncall/panel/{_newest().number}/page/"
        self._post(who, url, target=getattr(self.house, whom).email, reason=reason)

    def end(self, who, verb, text):
        self._say(who, verb, text=text)

    def reopen(self, who, reason):
        self._say(who, "reopen", reason=reason)

    def publish(self, who, status, body):
        notice = Notice.objects.get(incident=_newest())
        rows = {f"component_{row.component_id}": row.status for row in notice.component_rows.all()}
        url = f"/manage/status/panel/{_newest().number}/publish/"
        self._post(who, url, title=notice.title, status=status, body=body, **rows)


class Chat:
    """Each types ``/inc …`` in the incident's channel, or fills the form in."""

    def __init__(self, house, slack):
        self.slack, self.client, self.house = slack, Client(), house

    def _send(self, door, **form):
        return to_slack_s_door(self.client, door, **form)

    def _type(self, who, text):
        return self._said(who, text)["text"]

    def _said(self, who, text):
        room = ChatRoom.objects.filter(incident=_newest()).first()
        return self._send("commands", **typed(self.slack, room, who, text))

    def declare(self, who, title, service, breakage, reach):
        self._type(who, "declare")
        view = json.loads(self.slack.of("views.open")[-1]["view"])
        assert {"title", "service", "breakage", "reach"} < {block["block_id"] for block in view["blocks"]}
        chosen = {"service": service, "breakage": breakage, "reach": reach}
        values = {name: {name: {"selected_option": {"value": one}}} for name, one in chosen.items()}
        values["title"] = {"title": {"value": title}}
        values["switches"] = {"switches": {"selected_options": [{"value": "responding"}]}}
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": f"U{who.upper()}"},
            "view": {"id": "V1", "callback_id": view["callback_id"], "state": {"values": values}},
        }
        assert self._send("interactive", payload=json.dumps(payload))["response_action"] == "update"

    def take(self, who, role):
        self._type(who, f"role take {role}")

    def is_refused_the_chair(self, who, role):
        return "one person may not be" in self._type(who, f"role take {role}")

    def is_kept_off(self, who, slug):
        return "keyboard" in self._type(who, f"mitigation try {slug}")

    def hints(self, who, text):
        return re.findall("💡 “(.*?)”", self.answer)

    def sees_draft(self, who):
        body = Notice.objects.get(incident=_newest()).draft_body
        return all(f"> {escape(line)}" in self._type(who, "draft") for line in body.splitlines())

    def sees_command(self, who, command):
        return escape(command) in json.dumps(self._said(who, "mitigation")["blocks"], ensure_ascii=False)

    def leads_to_postmortem(self, who):
        channel = self.slack.channels[ChatRoom.objects.get(incident=_newest()).channel_id]
        return channel["bookmarks"]["Postmortem"].endswith(f"/postmortems/{_newest().postmortem.pk}/")

    def hand(self, who, role, whom, brief):
        self._type(who, f"role hand {role} <@U{whom.upper()}> {brief}")

    def offer(self, who, role):
        self._type(who, f"volunteer {role}")

    def withdraw(self, who, role):
        self._type(who, f"volunteer off {role}")

    def release(self, who, role):
        self._type(who, f"role release {role}")

    def acknowledge(self, who):
        self._type(who, "ack")

    def severity(self, who, name, reason):
        self._type(who, f"sev {name.lower()} {reason}")

    def update(self, who, text):
        self.answer = self._type(who, f"update {text}")

    def note(self, who, kind, text):
        words = {"note": "note", "cause_identified": "cause", "action_taken": "did"}
        self._type(who, f"{words[kind]} {text}")

    def task(self, who, whom, text):
        self._type(who, f"task <@U{whom.upper()}> {text}")

    def done(self, who):
        self._press(who, self._show(who, "task")["Done"])

    def give(self, who, whom):
        self._type(who, f"task give {_newest().tasks.get().pk} <@U{whom.upper()}>")

    def tick(self, who):
        self._press(who, self._show(who, "runbook")["Done"])

    def attempt(self, who, slug, outcome):
        self._type(who, f"mitigation try {slug}")
        self._press(who, self._show(who, "mitigation")[outcome.capitalize()])

    def snooze(self, who, minutes, reason):
        self._type(who, f"snooze {minutes}m {reason}")

    def correct(self, who, kind, clock, reason):
        self._type(who, f"correct #{_newest().timeline.filter(kind=kind).last().number} {clock} {reason}")

    def redact(self, who, text, reason):
        self._type(who, f"redact {_newest().timeline.get(text=text).number} {reason}")

    def link(self, who, number):
        self._type(who, f"link INC-{number}")

    def let_in(self, who, whom):
        self._type(who, f"people <@U{whom.upper()}>")

    def details(self, who, title, reason):
        self._fill(who, "details", title=title, reason=reason)

    def scope(self, who, users, note):
        self._fill(who, "scope", users_affected=users, note=note)

    def _show(self, who, text):
        """The buttons of a list, by their labels."""
        return buttons(self._said(who, text))

    def _press(self, who, button):
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": f"U{who.upper()}"},
            "channel": {"id": ChatRoom.objects.get(incident=_newest()).channel_id},
            "trigger_id": self.slack.trigger(),
            "actions": [button],
        }
        self._send("interactive", payload=json.dumps(payload))

    def _fill(self, who, command, **typed):
        self._type(who, command)
        view = json.loads(self.slack.of("views.open")[-1]["view"])
        values = {name: {name: {"value": str(value)}} for name, value in typed.items()}
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": f"U{who.upper()}"},
            "view": {**view, "id": f"V{len(self.slack.calls)}", "state": {"values": values}},
        }
        assert self._send("interactive", payload=json.dumps(payload)) == {"response_action": "clear"}

    def page(self, who, whom, reason):
        self._type(who, f"page <@U{whom.upper()}> {reason}")

    def end(self, who, verb, text):
        self._type(who, f"{verb} {text}")

    def reopen(self, who, reason):
        self._type(who, f"reopen {reason}")

    def publish(self, who, status, body):
        self._type(who, f"publish {status} {body}")


def _newest():
    return Incident.objects.order_by("-number").first()


def outage(door, night, began):
    """A SEV1 of three quarters of an hour, said through one door; the incident."""

    def at(minute):
        night.go_to(began + timedelta(minutes=minute))
        while delivery.sweep():
            pass

    door.declare("alice", "Nobody can pay", "checkout", "everything", "all")
    at(1)
    door.take("ivan", "incident_commander")
    assert door.is_refused_the_chair("ivan", "technical_lead")
    assert door.is_kept_off("ivan", "rollback")
    assert door.sees_command("ivan", "kubectl rollout undo deployment/checkout")
    door.hand("ivan", "technical_lead", "alice", "Look at v42 first")
    for volunteer in ("carol", "cleo"):
        door.offer(volunteer, "comms_lead")
    door.withdraw("carol", "comms_lead")
    door.hand("ivan", "comms_lead", "cleo", "Customers first")
    at(4)
    door.update("cleo", "Auth logs show timeouts. Working on mitigation.")
    door.update("cleo", "It is probably the new build.")
    assert door.hints("cleo", "It is probably the new build.") == ["probably"]
    assert door.sees_draft("cleo")
    door.publish("cleo", "investigating", "We are looking into a problem with Shop.")
    at(6)
    door.page("ivan", "carol", "You know the connection pool")
    at(8)
    door.acknowledge("carol")
    door.task("ivan", "carol", "Roll back to v41")
    door.give("ivan", "alice")
    door.scope("cleo", 5000, "All of the EU")
    door.tick("alice")
    door.attempt("alice", "rollback", "helped")
    door.snooze("cleo", 5, "Waiting for the pods")
    at(12)
    door.note("alice", "cause_identified", "v42 holds connections forever")
    door.note("alice", "action_taken", "Rolled back to v41")
    door.done("alice")
    door.note("alice", "note", "The password is hunter2")
    door.redact("bob", "The password is hunter2", "A password was pasted")
    door.link("bob", Incident.objects.get(title="The network is slow").number)
    door.let_in("bob", "mona")
    at(15)
    door.hand("ivan", "incident_commander", "bob", "Rolled back, watch the errors")
    at(18)
    door.end("bob", "mitigate", "Errors are down to zero")
    at(20)
    door.reopen("bob", "Errors are back in one region")
    door.severity("bob", "SEV2", "Only one region now")
    at(30)
    door.update("cleo", "One region is left.")
    door.note("carol", "note", "The pool of eu-west was not restarted")
    at(36)
    door.end("bob", "mitigate", "The last region pays again")
    door.correct("bob", "mitigated", f"{began + timedelta(minutes=35):%H:%M}", "The graph says so")
    door.details("bob", "Nobody in the EU can pay", "We know the region now")
    door.publish("cleo", "monitoring", "Payments work again. We keep watching.")
    door.release("alice", "technical_lead")
    at(45)
    door.end("bob", "resolve", "v42 is taken back for good")
    door.publish("cleo", "resolved", "Everything works as before.")
    at(46)
    assert door.leads_to_postmortem("cleo")
    return _newest()


def told(incident, began):
    """Each event: when, what, by whom, with which words and facts; without its own name and numbers."""
    rows = []
    for event in incident.timeline.order_by("number"):
        facts = {name: event.get(name) for name in SAID if event.get(name) is not None}
        text = event.text.replace(incident.reference, "INC")
        rows.append((event.at - began, event.kind, str(event.actor or ""), text, facts))
    return rows


def public(incident):
    """What customers read of it."""
    (notice,) = incident.public_notices.all()
    return list(notice.updates.order_by("pk").values_list("status", "body"))


def test_a_sev1_by_chat_alone_leaves_the_timeline_that_the_browser_leaves(night, house, slack):
    Runbook.objects.create(service=house.checkout, title="Pool is full", body="- [ ] Look at the pool")
    lifecycle.open_incident(
        title="The network is slow",
        actor=system(),
        service_ids=[house.search.pk],
        severity=Severity.objects.get(rank=4),
    )
    by_browser = outage(Browser(house), night, MONDAY_14)
    first = told(by_browser, MONDAY_14)
    later = MONDAY_14 + timedelta(days=7)
    night.clock.move_to(later)
    night.settle()
    by_chat = outage(Chat(house, slack), night, later)
    second = told(by_chat, later)

    assert by_chat.pk != by_browser.pk
    for one, other in zip(first, second, strict=False):
        assert other == one
    assert len(second) == len(first)
    assert {kind for _at, kind, *_rest in second} >= SAYS
    assert public(by_chat) == public(by_browser)
    assert [status for status, _body in public(by_chat)] == ["investigating", "monitoring", "resolved"]
    assert set(by_browser.timeline.exclude(actor=None).values_list("via", flat=True)) == {"web"}
    assert set(by_chat.timeline.exclude(actor=None).values_list("via", flat=True)) == {"chat"}
    assert (by_chat.status, by_chat.severity, by_chat.has_postmortem_duty) == (
        by_browser.status,
        by_browser.severity,
        by_browser.has_postmortem_duty,
    )
    assert list(replay.check_all()) == []
