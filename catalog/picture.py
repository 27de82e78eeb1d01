"""A service between what stands on it and what it stands on, drawn as a small picture."""

from collections.abc import Collection, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.models import Service

WIDTH, ROW, NODE_W, NODE_H = 432, 40, 128, 30
COLUMNS = (0, 152, 304)
AT_MOST = 8
LETTERS = 17


def draw(service: Service, hit: Collection[int] = ()) -> SafeString:
    """Left: what depends on it. Right: what it depends on. ``hit``: ids with an open incident."""
    uppers, lowers = (
        list(service.dependents.filter(is_active=True)),
        list(service.depends_on.filter(is_active=True)),
    )
    tall = max(len(uppers[:AT_MOST]), len(lowers[:AT_MOST]), 1)
    middle = tall * ROW // 2
    left, right = _places(uppers, tall), _places(lowers, tall)
    edges = [_edge(NODE_W, y, COLUMNS[1], middle) for _one, y in left]
    edges += [_edge(COLUMNS[1] + NODE_W, middle, COLUMNS[2], y) for _one, y in right]
    nodes = [_node(one, COLUMNS[0], y, hit) for one, y in left]
    nodes += [_node(service, COLUMNS[1], middle, hit, own=True)]
    nodes += [_node(one, COLUMNS[2], y, hit) for one, y in right]
    return format_html(
        '<svg class="chart deps" viewBox="0 0 {} {}" role="img" aria-labelledby="dep-t dep-d">'
        '<title id="dep-t">{}</title><desc id="dep-d">{}</desc>{}{}</svg>',
        WIDTH,
        tall * ROW,
        _("Dependencies of %(service)s") % {"service": service.name},
        described(service, uppers, lowers, hit),
        format_html_join("", "{}", ((edge,) for edge in edges)),
        format_html_join("", "{}", ((node,) for node in nodes)),
    )


def described(
    service: Service, uppers: Sequence[Service], lowers: Sequence[Service], hit: Collection[int]
) -> str:
    """The picture in a sentence, for those who do not see it."""

    def names(some: Sequence[Service]) -> str:
        marked = (one.name + (_(" (open incident)") if one.pk in hit else "") for one in some)
        return ", ".join(marked) or _("nothing")

    return _("%(service)s is used by %(uppers)s and depends on %(lowers)s.") % {
        "service": service.name,
        "uppers": names(uppers),
        "lowers": names(lowers),
    }


def _places(some: Sequence[Service], tall: int) -> list[tuple[Service, int]]:
    shown = some[:AT_MOST]
    top = (tall - len(shown)) * ROW // 2 + ROW // 2
    return [(one, top + place * ROW) for place, one in enumerate(shown)]


def _edge(x1: int, y1: int, x2: int, y2: int) -> SafeString:
    half = (x1 + x2) // 2
    return format_html(
        '<path class="edge" d="M{} {}C{} {} {} {} {} {}"/>', x1, y1, half, y1, half, y2, x2, y2
    )


def _node(service: Service, x: int, y: int, hit: Collection[int], *, own: bool = False) -> SafeString:
    name = service.name if len(service.name) <= LETTERS else service.name[: LETTERS - 1] + "…"
    return format_html(
        '<rect class="node{}" x="{}" y="{}" width="{}" height="{}" rx="4"/>'
        '<text{} x="{}" y="{}" text-anchor="middle">{}{}</text>',
        " hit" if service.pk in hit else "",
        x + 1,
        y - NODE_H // 2,
        NODE_W - 2,
        NODE_H,
        SafeString(' class="em"') if own else "",
        x + NODE_W // 2,
        y + 4,
        "! " if service.pk in hit else "",
        name,
    )
