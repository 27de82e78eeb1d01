"""Every measure says in its docstring what it is: from, to, unit, what is left out, and the source."""

import inspect
import re

import pytest

from detection import noise
from incidents import keeping
from metrics import frequency, measures
from oncall import loads
from postmortems import completing

SAYS = ("From", "To", "Unit", "Left out", "Source")
OF_INCIDENTS = [
    one for name, one in inspect.getmembers(measures, inspect.isfunction) if name.startswith("time_")
]
REPORTS = [
    frequency.count,
    noise.during,
    keeping.updates,
    completing.documents,
    completing.actions,
    loads.load,
]


@pytest.mark.parametrize("one", [*OF_INCIDENTS, *REPORTS], ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_a_measure_says_from_where_to_where_in_what_without_what_by_whom(one):
    text = inspect.getdoc(one) or ""
    said = dict(re.findall(r"^(From|To|Unit|Left out|Source): (\S.*)$", text, re.MULTILINE))
    assert tuple(said) == SAYS


def test_every_measure_has_a_function_of_its_own():
    assert len(OF_INCIDENTS) == len(measures.Measure)
