"""Markdown of people, as safe HTML: no raw HTML, only safe links, bounded in size and depth."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# A postmortem of 60 pages; beyond it the text is shown plainly instead of parsed.
MAX_CHARS = 200_000
_TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "s", "code", "pre",
    "blockquote", "a", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
# More brackets than any person writes; each costs the link parser a look at all that follows.
_MAX_BRACKETS = 3_000


def _parser(*off: str) -> MarkdownIt:
    options = {"html": False, "breaks": True, "maxNesting": 20}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).disable(["image", *off])


_usual = _parser()
_without_links = _parser("link", "reference")


def render(text: str | None) -> SafeString:
    """HTML that may stand in a page; a heading of the text never outranks the page's own."""
    source = (text or "").replace("\x00", "")
    if len(source) > MAX_CHARS:
        source = source[:MAX_CHARS] + "\n\n… (shortened)"
    parser = _usual if source.count("[") <= _MAX_BRACKETS else _without_links
    tokens = parser.parse(source)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            # A page has one h1, and its sections are h2.
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    html = parser.renderer.render(tokens, parser.options, {})
    tidy = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(tidy)  # noqa: S308 - nh3 cleaned it on the line above
