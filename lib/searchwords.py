"""What counts as a word when one searches: the same for every database, every script and every accent.

Both databases index what `normal` makes of a text, so that neither's own idea of a word matters: case and
Latin accents are gone, everything but letters and digits is a gap, and scripts that write without gaps
(Chinese, Japanese, Thai …) are cut into single letters, which a query asks for side by side. Letters beyond
ASCII are written by number, because databases know different versions of Unicode and have locales.
"""

import re
import unicodedata
from dataclasses import dataclass

#: Longer words are cut: PostgreSQL refuses a word of 2 kB, and nobody types one.
MAX_WORD = 60
MAX_QUERY = 200
MAX_ASKED = 8
EXCERPT = 220

_ACCENTS = re.compile("[\u0300-\u036f]")
_BEYOND = re.compile(r"[^a-z0-9]")
_RUN = re.compile(r"[^\W_]+")
# Thai, Lao, Burmese, Khmer; kana, Han with its extensions.
_NO_GAPS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_PIECE = re.compile(f"{_NO_GAPS.pattern}|(?:(?!{_NO_GAPS.pattern})[^\\W_])+")


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", folded)).casefold()


def _written(piece: str) -> str:
    """``оп`` → ``x00043ex00043f``: of a beginning, the beginning."""
    return piece if piece.isascii() else _BEYOND.sub(lambda letter: f"x{ord(letter[0]):06x}", piece)


def normal(text: str, at_most: int = 100_000) -> str:
    """The words of a text with single spaces between: what the databases index."""
    return " ".join(_written(piece[:MAX_WORD]) for piece in _PIECE.findall(_plain(text[:at_most])))


@dataclass(frozen=True)
class Asked:
    """One thing a query asks for: a word that may go on, or letters side by side."""

    pieces: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """The pieces as `normal` writes them."""
        return [_written(piece) for piece in self.pieces]

    @property
    def may_go_on(self) -> bool:
        """``check`` finds ``checkout``; a single letter finds only itself."""
        return len(self.pieces[-1]) > 1


def asked(query: str) -> list[Asked]:
    """What a query asks for, at most eight things; an empty list where it holds no letter or digit."""
    found = []
    for run in _RUN.findall(_plain(query[:MAX_QUERY])):
        # The second reading: what one run of letters holds of both kinds of script.
        found.append(Asked(tuple(piece[:MAX_WORD] for piece in _PIECE.findall(run))))
    return found[:MAX_ASKED]


@dataclass(frozen=True)
class Piece:
    """A piece of an excerpt; ``found`` is what the query asked for."""

    text: str
    found: bool = False


def excerpt(text: str, query: str, length: int = EXCERPT) -> list[Piece]:
    """About ``length`` characters around the first word that was asked for, with all of them marked."""
    # By place: nothing of ours makes markup of it, the page escapes every piece.
    whole = " ".join(text.split())
    spans = _spans(whole, asked(query))
    start = max(0, spans[0][0] - length // 3) if spans else 0
    if start:
        start = whole.find(" ", start) + 1 or start
        start = min(start, spans[0][0])
    end = min(len(whole), start + length)
    pieces = [Piece("… ")] if start else []
    at = start
    for left, right in spans:
        if left < at or right > end:
            continue
        pieces += [Piece(whole[at:left]), Piece(whole[left:right], found=True)]
        at = right
    pieces += [Piece(whole[at:end]), Piece(" …" if end < len(whole) else "")]
    return [piece for piece in pieces if piece.text]


def _spans(text: str, wanted: list[Asked]) -> list[tuple[int, int]]:
    found = []
    for run in _RUN.finditer(text):
        plain = _plain(run[0])
        for one in wanted:
            word = "".join(one.pieces)
            if _NO_GAPS.search(word):
                at = plain.find(word)
                # Only where folding kept every letter's place can a part be marked.
                if at >= 0 and len(plain) == len(run[0]):
                    found.append((run.start() + at, run.start() + at + len(word)))
            elif plain == word or (one.may_go_on and plain.startswith(word)):
                found.append(run.span())
    return sorted(set(found))
