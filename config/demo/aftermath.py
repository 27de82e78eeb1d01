"""After the incident: the postmortem is written, read, published, and its actions are followed or not."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.utils.timezone import now

from accounts.actors import person
from accounts.models import User
from config.demo.plot import Plot
from config.demo.world import World
from incidents.models import Incident
from lib import durations
from postmortems import actions, publishing, reviewing, writing
from postmortems.kinds import ActionStatus, ReviewMark
from postmortems.models import ActionItem, Postmortem

# Written and published so long after the end, in days; the last ones are late.
WRITTEN_DAYS = (1, 4)
OFFICE_HOUR = 10
# How long an action item takes: two of three are done in weeks, the third in months.
RECENT = timedelta(days=80)
PATIENCE_DAYS = ((5, 25), (10, 40), (60, 110))


def write(
    world: World,
    incident: Incident,
    plot: Plot,
    dice: random.Random,
    words: Callable[[str, User], str],
) -> Iterator[datetime]:
    """From the empty document that opened by itself to the last action item."""
    if plot.lesson is None:
        return
    yield _morning(now() + timedelta(days=dice.randint(*WRITTEN_DAYS)), dice)
    postmortem = Postmortem.objects.filter(incident=incident).first()
    if postmortem is None:
        return
    author = postmortem.authors.first() or world.manager_of(incident.team.slug)
    _fill(postmortem, incident, plot, author, words)
    promised = _promise(postmortem, plot, world, author, dice)
    reader = next(user for user in world.of_team(incident.team.slug) if user != author)
    reviewing.ask(postmortem.pk, actor=person(author), user_ids=[reader.pk])
    yield _morning(now() + timedelta(days=1), dice)
    if dice.random() < 0.85:
        reviewing.mark(postmortem.pk, actor=person(reader), mark=ReviewMark.APPROVED)
    publishing.publish(postmortem.pk, actor=person(author))
    yield from _follow(promised, world, dice)


def _morning(at: datetime, dice: random.Random) -> datetime:
    return at.replace(hour=OFFICE_HOUR, minute=dice.randint(0, 59), second=0, microsecond=0)


def _fill(
    postmortem: Postmortem,
    incident: Incident,
    plot: Plot,
    author: User,
    words: Callable[[str, User], str],
) -> None:
    lesson = plot.lesson
    assert lesson is not None and incident.mitigated_at is not None
    span = durations.words(incident.mitigated_at - incident.impact_began_at)
    summary = (
        f"{plot.title}: {plot.share} % of users felt it for {span}. {words(plot.cause, author)}. {plot.fix}."
    )
    texts = {
        "summary": summary,
        "root_cause": lesson.root_cause,
        "contributing_factors": "\n".join(lesson.factors),
        "users_affected": f"~{plot.share} % of users",
        "went_well": "\n".join(lesson.well),
        "went_poorly": "\n".join(lesson.poorly),
    }
    writing.save_sections(postmortem.pk, actor=person(author), texts=texts, bases={})


def _promise(
    postmortem: Postmortem, plot: Plot, world: World, author: User, dice: random.Random
) -> list[ActionItem]:
    lesson = plot.lesson
    assert lesson is not None
    team = world.of_team(postmortem.incident.team.slug)
    return [
        actions.create(
            postmortem.pk,
            actor=person(author),
            title=title,
            owner_id=dice.choice(team).pk,
            due=(now() + timedelta(days=dice.choice([14, 21, 30, 45]))).date(),
            kind=kind,
            priority=dice.choice([1, 2, 2, 3]),
            factor=lesson.factors[0],
        )
        for title, kind in lesson.actions
    ]


def _follow(promised: list[ActionItem], world: World, dice: random.Random) -> Iterator[datetime]:
    """Most are done in time; some are forgotten for months, so that the latest of them are overdue now."""
    plan = sorted(
        (
            now() + timedelta(days=dice.randint(*dice.choice(PATIENCE_DAYS)), hours=dice.randint(0, 7)),
            action.pk,
        )
        for place, action in enumerate(promised)
        # Of the last weeks' promises every second one still waits, and is overdue by now.
        if place % 2 or now() < world.ends_at - RECENT
    )
    for when, action_id in plan:
        yield when
        action = ActionItem.objects.get(pk=action_id)
        owner = action.owner or action.created_by
        assert owner is not None
        status = ActionStatus.DROPPED if dice.random() < 0.06 else ActionStatus.DONE
        actions.update(action.pk, actor=person(owner), status=status)
