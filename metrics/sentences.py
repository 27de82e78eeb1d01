"""What a figure allows one to say, in a sentence that promises no more than the numbers do."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.figures import FEWEST, Change

# A change beyond this is told as a multiple: "400 % longer" says less than "5 times as long".
MULTIPLE_FROM = 2.0


def headline(change: Change) -> str:
    """``38 % shorter``, ``cannot tell``: the verdict in two words."""
    if not change.is_real or change.ratio is None:
        return _("cannot tell")
    if change.ratio >= MULTIPLE_FROM:
        return _("%(times).1f times as long") % {"times": change.ratio + 1}
    if change.ratio > 0:
        return _("%(share)s %% longer") % {"share": share(change.ratio)}
    return _("%(share)s %% shorter") % {"share": share(change.ratio)}


def honest(change: Change) -> str:
    """The sentence below the headline: an interval where the change is real, the noise where it is not."""
    if not change.is_known:
        return _too_few(change)
    assert change.ratio is not None and change.noise is not None
    if change.is_real:
        return _interval(change)
    count = change.smaller_side
    # Rounded apart, so that the sentence never says that 45 % is less than 45 %.
    return ngettext(
        "Cannot tell: with %(count)d incident a change under %(noise)s %% is noise; this one is %(seen)s %%.",
        "Cannot tell: with %(count)d incidents a change under %(noise)s %% is noise;"
        " this one is %(seen)s %%.",
        count,
    ) % {"count": count, "noise": share(change.noise, up=True), "seen": share(change.ratio)}


def _too_few(change: Change) -> str:
    if change.count < FEWEST:
        return ngettext(
            "Cannot tell: %(count)d incident is too few to compare.",
            "Cannot tell: %(count)d incidents are too few to compare.",
            change.count,
        ) % {"count": change.count}
    return ngettext(
        "Cannot tell: the period before had %(count)d incident, too few to compare.",
        "Cannot tell: the period before had %(count)d incidents, too few to compare.",
        change.count_before,
    ) % {"count": change.count_before}


def _interval(change: Change) -> str:
    assert change.low is not None and change.high is not None
    near, far = sorted((change.low, change.high), key=abs)
    if abs(far) >= MULTIPLE_FROM and far > 0:
        return _("Real: between %(near).1f and %(far).1f times as long, 19 times in 20.") % {
            "near": near + 1,
            "far": far + 1,
        }
    words = {"near": share(near), "far": share(far)}
    if far > 0:
        return _("Real: between %(near)s and %(far)s %% longer, 19 times in 20.") % words
    return _("Real: between %(near)s and %(far)s %% shorter, 19 times in 20.") % words


def share(ratio: float, *, up: bool = False) -> int:
    """A ratio as whole per cent without sign; ``up`` rounds away from nothing."""
    per_cent = abs(ratio) * 100
    whole = int(per_cent)
    return whole + 1 if up and per_cent > whole else round(per_cent) if not up else whole
