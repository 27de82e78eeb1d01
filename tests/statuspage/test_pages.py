"""The style that travels with the site is whole: a rule that was cut off takes all after it along."""

import re
from pathlib import Path

from statuspage import pages
from tests.statuspage.sample import snapshot

CSS = Path(pages.__file__).parent / "assets" / "status.css"


def test_every_brace_of_the_style_is_closed():
    text = re.sub(r"/\*.*?\*/", "", CSS.read_text(), flags=re.S)
    depth = 0
    for char in text:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0


def test_every_class_of_the_public_pages_has_a_rule():
    html = b"".join(
        body for name, body in pages.files(snapshot(), number=1).items() if name.endswith(".html")
    )
    used = {cls for names in re.findall(rb'class="([^"]+)"', html) for cls in names.decode().split()}
    known = set(re.findall(r"\.([a-z][a-z0-9]*)", CSS.read_text()))
    # "comp" words without a look of their own.
    assert used - known <= {"nm", "stack", "days"}
    assert {"soft", "small", "hide"} <= known


def test_the_words_of_the_page_are_few_bytes_for_a_phone():
    made = pages.files(snapshot(), number=1)
    assert sum(len(made[name]) for name in ("index.html", "status.css", "status.js", "icons.svg")) < 40_000
