"""PDF documents of headings, paragraphs, points and tables, A4, without a library.

Libraries that write PDF bring 20 to 50 MB to every first start (`docs/decisions/0013-pdf.md`); a document of
text needs a font, a page tree and little else. Latin, Greek, Cyrillic and Armenian are set in an embedded
DejaVu Sans (`fonts/`); Chinese, Japanese and Korean in the reader's own font, which viewers have or fetch;
what neither holds, as emoji, is shown as U+FFFD. Text can be searched and copied. The order is from left to
right, and letters that join, as Arabic's, are among those not held.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_WIDTH, _HEIGHT, _MARGIN = 595, 842, 50  # Points; A4.
_BODY, _LEADING, _FOOT = 9.5, 1.4, 30
_SIZES = {1: 17.0, 2: 12.5}
_MISSING = "\ufffd"
#: Fonts that a reader brings: name, character map, ordering of the collection.
_READERS = {
    "A": ("STSong-Light", "UniGB-UCS2-H", "GB1", 2),
    "K": ("HYSMyeongJo-Medium", "UniKS-UCS2-H", "Korea1", 1),
}


@dataclass(frozen=True)
class Font:
    """What a TrueType file says: glyphs by letter, and their widths in thousandths of the size."""

    data: bytes
    glyphs: dict[int, int]
    widths: list[int]
    ascent: int
    descent: int
    box: tuple[int, ...]


@cache
def _font() -> Font:
    data = _FONT.read_bytes()
    count = struct.unpack(">H", data[4:6])[0]
    tables = {}
    for place in range(12, 12 + 16 * count, 16):
        tag, _sum, offset, length = struct.unpack(">4sLLL", data[place : place + 16])
        tables[tag.decode()] = data[offset : offset + length]
    unit = struct.unpack(">H", tables["head"][18:20])[0]
    box = struct.unpack(">4h", tables["head"][36:44])
    ascent, descent = struct.unpack(">2h", tables["hhea"][4:8])
    wide = struct.unpack(">H", tables["hhea"][34:36])[0]
    total = struct.unpack(">H", tables["maxp"][4:6])[0]
    widths = list(struct.unpack(f">{wide * 2}H", tables["hmtx"][: wide * 4])[::2])
    widths += [widths[-1]] * (total - wide)
    return Font(
        data,
        _letters(tables["cmap"]),
        [round(width * 1000 / unit) for width in widths],
        round(ascent * 1000 / unit),
        round(descent * 1000 / unit),
        tuple(round(edge * 1000 / unit) for edge in box),
    )


def _letters(cmap: bytes) -> dict[int, int]:
    """The map of format 4 (the plane that all letters here are of): letter to glyph."""
    for at in range(4, 4 + 8 * struct.unpack(">H", cmap[2:4])[0], 8):
        offset = struct.unpack(">L", cmap[at + 4 : at + 8])[0]
        if struct.unpack(">H", cmap[offset : offset + 2])[0] == 4:
            return _format4(cmap[offset:])
    raise ValueError("the font has no map of format 4")


def _format4(table: bytes) -> dict[int, int]:
    twice = struct.unpack(">H", table[6:8])[0]
    n = twice // 2

    def column(start: int, sign: str = "H") -> tuple[int, ...]:
        return struct.unpack(f">{n}{sign}", table[start : start + twice])

    ends, starts = column(14), column(16 + twice)
    deltas, jumps = column(16 + 2 * twice, "h"), column(16 + 3 * twice)
    found = {}
    for i in range(n):
        for letter in range(starts[i], min(ends[i], 0xFFFE) + 1):
            if jumps[i]:
                place = 16 + 3 * twice + 2 * i + jumps[i] + 2 * (letter - starts[i])
                glyph = struct.unpack(">H", table[place : place + 2])[0]
            else:
                glyph = letter
            if glyph:
                found[letter] = (glyph + deltas[i]) & 0xFFFF
    return found


def _face(letter: str) -> str:
    """Which font sets a letter: ours (F), or one of the reader's."""
    code = ord(letter)
    if code in _font().glyphs:
        return "F"
    if 0xAC00 <= code <= 0xD7A3:
        return "K"
    if 0x3000 <= code <= 0x30FF or 0x4E00 <= code <= 0x9FFF or 0xFF01 <= code <= 0xFF5E:
        return "A"
    return ""


def _settable(text: str) -> str:
    """The text in letters that can be set; marks that only join or vary others are left out."""
    spaced = "".join(" " if letter.isspace() else letter for letter in text)
    kept = (letter for letter in spaced if ord(letter) not in (0x200D, 0xFE0E, 0xFE0F, 0xAD))
    return "".join(letter if _face(letter) else _MISSING for letter in kept)


def _width(text: str, size: float) -> float:
    font = _font()
    return (
        sum(font.widths[font.glyphs[ord(one)]] if _face(one) == "F" else 1000 for one in text) * size / 1000
    )


def _lines(text: str, size: float, room: float) -> list[str]:
    """The text broken to lines: between words, or within one that is too long or has no gaps."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in _settable(paragraph).split(" "):
            joined = f"{line} {word}" if line else word
            if _width(joined, size) <= room:
                line = joined
                continue
            if line:
                lines.append(line)
            line = ""
            for letter in word:
                if line and _width(line + letter, size) > room:
                    lines.append(line)
                    line = ""
                line += letter
        lines.append(line)
    return lines


def _shown(text: str) -> str:
    """The operators that show a line, one for each run of letters of one font."""
    runs: list[list[str]] = []
    for letter in text:
        face = _face(letter)
        if runs and runs[-1][0] == face:
            runs[-1][1] += letter
        else:
            runs.append([face, letter])
    shown = []
    for face, run in runs:
        if face == "F":
            code = "".join(f"{_font().glyphs[ord(one)]:04X}" for one in run)
        else:
            code = run.encode("utf-16-be").hex().upper()
        shown.append(f"/{face} {{size}} Tf <{code}> Tj")
    return " ".join(shown)


@dataclass
class Paper:
    """A document that is written from top to bottom; `done` gives the file."""

    title: str
    foot: str = ""
    _pages: list[list[str]] = field(default_factory=list)
    _y: float = 0

    def heading(self, text: str, level: int = 2) -> None:
        """A heading, kept together with what follows it."""
        size = _SIZES[level]
        self._need(size * 4)
        self._y -= size * 0.8
        self._text(text, size=size, is_bold=True)
        self._y -= 3

    def paragraph(self, text: str, *, is_soft: bool = False) -> None:
        """Words; a line break stays one."""
        self._text(text, is_soft=is_soft)
        self._y -= 3

    def points(self, rows: Iterable[str]) -> None:
        """A list with dots."""
        for row in rows:
            self._text(row, indent=12, mark="•")

    def table(
        self, rows: Sequence[Sequence[str]], shares: Sequence[float], *, has_head: bool = False
    ) -> None:
        """Rows of cells; ``shares`` are the columns' parts of the width and add up to 1."""
        whole = _WIDTH - 2 * _MARGIN
        step = _BODY * _LEADING
        for place, row in enumerate(rows):
            is_head = has_head and place == 0
            cells = [_lines(cell, _BODY, whole * share - 8) for cell, share in zip(row, shares, strict=True)]
            for line in range(max(len(cell) for cell in cells)):
                self._need(step)
                x = float(_MARGIN)
                for cell, share in zip(cells, shares, strict=True):
                    if line < len(cell):
                        self._line(cell[line], x, self._y - _BODY, _BODY, is_bold=is_head)
                    x += whole * share
                self._y -= step
            self._rule()

    def done(self) -> bytes:
        """The file."""
        return _file(self)

    def _rule(self) -> None:
        self._pages[-1].append(
            f"0.8 G 0.5 w {_MARGIN} {self._y - 1:.1f} m {_WIDTH - _MARGIN} {self._y - 1:.1f} l S 0 G"
        )
        self._y -= 4

    def _text(
        self,
        text: str,
        *,
        size: float = _BODY,
        is_bold: bool = False,
        is_soft: bool = False,
        indent: float = 0,
        mark: str = "",
    ) -> None:
        for place, line in enumerate(_lines(text, size, _WIDTH - 2 * _MARGIN - indent)):
            self._need(size * _LEADING)
            if mark and not place:
                self._line(mark, _MARGIN, self._y - size, size)
            self._line(line, _MARGIN + indent, self._y - size, size, is_bold=is_bold, is_soft=is_soft)
            self._y -= size * _LEADING

    def _need(self, height: float) -> None:
        if not self._pages or self._y - height < _MARGIN:
            self._pages.append([])
            self._y = _HEIGHT - _MARGIN

    def _line(
        self, text: str, x: float, y: float, size: float, *, is_bold: bool = False, is_soft: bool = False
    ) -> None:
        if not text:
            return
        # Bold is the same font with an edge drawn: a second file would double the document.
        style = f"2 Tr {size / 30:.2f} w" if is_bold else "0 Tr"
        grey = "0.35 g" if is_soft else "0 g"
        shown = _shown(text).replace("{size}", f"{size:.1f}")
        self._pages[-1].append(f"BT {grey} {style} {x:.1f} {y:.1f} Td {shown} ET")


def _file(paper: Paper) -> bytes:
    """Objects, cross-reference table, trailer."""
    paper._need(1)
    objects: list[bytes] = [b""] * 2  # 1: catalog, 2: pages; filled in last.

    def add(body: str | bytes) -> int:
        objects.append(body.encode("latin-1") if isinstance(body, str) else body)
        return len(objects)

    fonts = f"/F {_own(add)} 0 R " + " ".join(f"/{key} {_readers(add, key)} 0 R" for key in _READERS)
    kids, total = [], len(paper._pages)
    for number, page in enumerate(paper._pages, 1):
        foot = _shown(_lines(f"{paper.foot}   {number} / {total}", 7.5, 490)[0]).replace("{size}", "7.5")
        page.append(f"BT 0.35 g 0 Tr {_MARGIN} {_FOOT} Td {foot} ET")
        content = add(_stream("\n".join(page).encode("latin-1")))
        kids.append(
            add(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH} {_HEIGHT}] /Contents {content} 0 R "
                f"/Resources << /Font << {fonts} >> >> >>"
            )
        )
    about = add(f"<< /Title <FEFF{paper.title.encode('utf-16-be').hex().upper()}> /Producer (Tocsin) >>")
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /DisplayDocTitle true >> >>"
    objects[1] = (
        f"<< /Type /Pages /Count {total} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    )
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, about)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _stream(data: bytes, more: str = "") -> bytes:
    packed = zlib.compress(data, 6)
    return (
        f"<< /Length {len(packed)} /Filter /FlateDecode {more}>>\nstream\n".encode() + packed + b"\nendstream"
    )


@cache
def _own_streams() -> tuple[bytes, bytes]:
    """The font file and the map from glyphs back to letters, packed once a process."""
    font = _font()
    pairs = [f"<{glyph:04X}> <{letter:04X}>" for letter, glyph in sorted(font.glyphs.items())]
    blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
    back = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Back def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        + "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
        + "\nendcmap CMapName currentdict /CMap defineresource pop end end"
    )
    return _stream(font.data, f"/Length1 {len(font.data)} "), _stream(back.encode())


def _own(add: Callable[[str | bytes], int]) -> int:
    font, (packed, back) = _font(), _own_streams()
    file, names = add(packed), add(back)
    box = " ".join(map(str, font.box))
    about = add(
        f"<< /Type /FontDescriptor /FontName /DejaVuSans /Flags 4 /FontBBox [{box}] /ItalicAngle 0 "
        f"/Ascent {font.ascent} /Descent {font.descent} /CapHeight 729 /StemV 80 /FontFile2 {file} 0 R >>"
    )
    widths = " ".join(map(str, font.widths))
    cid = add(
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /DejaVuSans /CIDToGIDMap /Identity "
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        f"/FontDescriptor {about} 0 R /W [0 [{widths}]] >>"
    )
    return add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /DejaVuSans /Encoding /Identity-H "
        f"/DescendantFonts [{cid} 0 R] /ToUnicode {names} 0 R >>"
    )


def _readers(add: Callable[[str | bytes], int], key: str) -> int:
    name, encoding, ordering, supplement = _READERS[key]
    about = add(
        f"<< /Type /FontDescriptor /FontName /{name} /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 "
        "/Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
    )
    cid = add(
        f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /{name} /DW 1000 /FontDescriptor {about} 0 R "
        f"/CIDSystemInfo << /Registry (Adobe) /Ordering ({ordering}) /Supplement {supplement} >> >>"
    )
    return add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /{encoding} "
        f"/DescendantFonts [{cid} 0 R] >>"
    )
