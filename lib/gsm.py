"""The alphabet of text messages (GSM 03.38): one character outside of it makes every message cost thrice."""

import unicodedata

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these takes the place of two.
_EXTENDED = "^{}\\[~]|€"
_PLAIN = str.maketrans(
    {
        "·": "-",
        "…": "...",
        "–": "-",
        "—": "-",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "→": ">",
        "\u00a0": " ",
    }
)


def plain(text: str) -> str:
    """The text in that alphabet where that can be read as well; scripts that it has not are left alone."""
    found = []
    for char in text.translate(_PLAIN):
        if char in _BASIC or char in _EXTENDED:
            found.append(char)
            continue
        bare = unicodedata.normalize("NFKD", char)
        letters = "".join(part for part in bare if not unicodedata.combining(part))
        found.append(letters if letters and all(part in _BASIC for part in letters) else char)
    return "".join(found)


def length(text: str) -> int:
    """How many places it takes of the 160 of one message."""
    return sum(2 if char in _EXTENDED else 1 for char in text)


def cut(text: str, room: int) -> str:
    """At most ``room`` places, with dots where something is missing."""
    if length(text) <= room:
        return text
    while text and length(text) > room - 3:
        text = text[:-1]
    return text.rstrip() + "..."
