"""The five figures over one selection: exact, or from the rollups where there are very many incidents."""

from metrics import failures, rolled, summary
from metrics import selection as selections
from metrics.measures import SPANS, Measure
from metrics.selection import Selection
from metrics.summary import Figure


def summarise(selection: Selection) -> dict[Measure, Figure]:
    """All five over one selection; exact below `rollups.FROM` incidents."""
    known = rolled.answers(selection)
    found = {which: rolled.whole(rolled.by_month(which, selection)) for which in Measure if which in known}
    if not known:
        facts = list(selections.read(selections.incidents(selection)))
        found = {which: summary.of(which, facts, selection.basis) for which in SPANS}
    if Measure.MTBF not in known:
        gaps = failures.read(selection)
        found[Measure.MTBF] = summary.between_failures(gaps, selection.since, selection.until)
    return found
