"""No page of the documentation leads nowhere, or names what has no place in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Package indexes are the reader's own choice, and no machine is like another.
FORBIDDEN = re.compile(
    r"py" + r"pi\.org|pythonhosted|registry\.npmjs|crates\.io"
    r"|/root/|/home/\w|/Users/\w|/wor[k]/|(?<![\w.])/tmp/|\bfixme\b|\btodo\b",
    re.IGNORECASE,
)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def _headings(page: Path) -> set[str]:
    """The anchors of a page, as the usual viewers make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_there_are_pages():
    assert len(PAGES) > 20


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in _headings(target), f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_page_names_a_package_index_or_a_machine(page):
    assert not FORBIDDEN.findall(page.read_text(encoding="utf-8"))


def test_every_page_is_reached_from_the_readme():
    seen, queue = set(), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = LINK.findall(page.read_text(encoding="utf-8"))
        queue += [(page.parent / link.partition("#")[0]).resolve() for link in links if "://" not in link]

    assert not [_name(page) for page in PAGES if page not in seen]
