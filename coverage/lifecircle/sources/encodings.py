"""In which encoding a file's text is, by evidence: what reads as the words of a table, and not what happens to decode.

Every pair of high bytes is a character in several encodings at once. What tells them apart is which characters come out: GB 2312 and
Big5 both list the common ones first (3,755 simplified, 5,401 traditional), so that text in its own encoding consists of these, and text
in another's is scattered over rare ones, kana, symbols and unassigned places. The column names that the configuration asks for decide
where they are found in one reading only.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lifecircle.problems import Problems, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable

BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
CHINESE = frozenset({"gb2312", "gbk", "gb18030", "936", "cp936", "hz", "euc-cn", "euccn", "gb_2312-80"})
NUMBERED = {"65001": "utf-8", "88591": "latin-1", "8859_1": "latin-1", "950": "big5hkscs"}
CANDIDATES = ("gb18030", "big5hkscs", "cp1252")
"""After UTF-8: mainland, Taiwan and Hong Kong, western Europe."""
SHOWN = {"big5hkscs": "big5", "cp1252": "windows-1252"}
"""What people call them; either may be written as ``encoding``."""
LIKELY = 0.75  # a score from which text is believed to be in an encoding
UNLIKELY = 0.5  # and one under which it is not
CLEARLY = 0.12  # by so much the best reading must be better than the next
MOST_READ = 400_000  # bytes with high ones looked at
COMMON = frozenset(
    "村社区街道镇乡县市省卫生院站室医疗服务中心小学校幼儿园养老健身公园广场东西南北大新上下名称编码代类型别年份人口地址坐标经纬度床位面积长备注"
    "國區鄉鎮縣衛醫療務學園養廣場東類別號編碼經緯積數備註點線開關業體產電車書長門樓層戶總設歲員處護館園橋龍灣島興華國"
    "一二三四五六七八九十甲乙丙丁山水河海湖江林田石金木土石橋桥路巷里家和平安民文化体育活动办公机关单住户数总级设备是否有无开放日期的"
)
"""Words of tables, places and facilities in both scripts: what names and headers are made of."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's text, the encoding it is in, and how far that is to be believed (0-1; 1 where there is nothing to tell apart)."""

    text: str
    encoding: str
    score: float
    is_wanted: bool
    """Whether it holds every column name that is asked for."""


def codec_of(name: str) -> str | None:
    """Return Python's name of an encoding as people and .cpg files write it (``936``, ``GBK``, ``65001``, ``Big5``); None where unknown."""
    name = name.replace("\x00", "")
    plain = name.strip().lower().removeprefix("oem ").removeprefix("ansi ").removeprefix("windows-").removeprefix("cp")
    if plain in CHINESE:
        return "gb18030"
    if plain in ("big5", "big-5", "950", "big5-hkscs", "big5hkscs"):
        return "big5hkscs"
    for candidate in (NUMBERED.get(plain, ""), name.strip(), f"cp{plain}"):
        try:
            if candidate:
                return codecs.lookup(candidate).name
        except (LookupError, ValueError):
            continue
    return None


def shown(encoding: str) -> str:
    """Return an encoding's everyday name."""
    return SHOWN.get(encoding, encoding)


def decode_text(
    content: bytes, stated: str | None, wanted: Iterable[str], file: str, problems: Problems, *, key: str = "encoding"
) -> str:
    """Return a text file's text: by its byte order mark, as UTF-8, else in the encoding that evidence speaks for.

    Parameters
    ----------
    stated
        The encoding that the configuration gives.
    wanted
        Column names that must be in it.

    Raises
    ------
    UnreadableError
        Where it is in no encoding, in several at once, or where two readings are as likely.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decode(content, name)
    wide = _wide(content)
    if wide:
        _say_taken(file, wide, "没有字节序标记 without a byte order mark", key, problems)
        return _decode(content, wide)
    return _decode(content, choose(content, stated, wanted, file, problems, key=key))


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(_fault(content, error, encoding)) from error


def _wide(content: bytes) -> str:
    """Return UTF-16 where every other byte of the beginning is empty, as it is of plain letters, digits and commas."""
    head = content[:4000]
    if len(head) < 8 or b"\x00" not in head:
        return ""
    even, odd = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
    return "utf-16-le" if odd > 0.3 and even < 0.02 else "utf-16-be" if even > 0.3 and odd < 0.02 else ""


def choose(
    content: bytes, stated: str | None, wanted: Iterable[str], file: str, problems: Problems, *, key: str = "encoding",
    source: str = "",
) -> str:  # fmt: skip
    """Return the encoding of bytes without a byte order mark, one row a line; what was taken by evidence is told.

    Parameters
    ----------
    stated
        What the configuration, or with ``source`` the file's own label (.cpg), says.
    """
    names = [name for name in wanted if not name.isascii()]
    first = codec_of(stated) if stated and stated.strip() else None
    if stated and stated.strip() and first is None and not source:
        raise UnreadableError(f'不认识的编码 unknown encoding "{stated}"; 如 such as "utf-8", "gb18030", "big5"')
    if content.isascii():
        return first or "utf-8"
    lines = _telling_lines(content)
    if _is_utf8(content):
        return _stated_or_utf8(lines, stated, first, file, names, problems, key=key, source=source)
    _refuse_mixed(lines, content)
    own = read_as(lines, first, names) if first is not None else None
    readings = [one for one in (read_as(lines, codec, names) for codec in CANDIDATES) if one is not None]
    if first is not None and not source:
        _check_stated(content, first, own, readings, file, problems, key=key)
        return first
    if own is None and not [one for one in readings if one.score >= UNLIKELY]:
        _refuse_all(content)
    best = _best(readings, own, lines)
    if first is not None and best.encoding != first:
        _say_taken(file, best.encoding, f"{source} 写的是 says {str(stated).strip()}", key, problems)
    elif first is None:
        _say_taken(file, best.encoding, "不是 not UTF-8", key, problems)
    return best.encoding


def _telling_lines(content: bytes) -> list[bytes]:
    """Return the distinct lines that have high bytes, up to a size."""
    found: dict[bytes, None] = {}
    size = 0
    for line in content.splitlines():
        if not line.isascii() and line not in found:
            found[line] = None
            size += len(line)
            if size > MOST_READ:
                break
    return list(found)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _stated_or_utf8(
    lines: list[bytes], stated: str | None, first: str | None, file: str, names: list[str], problems: Problems, *, key: str,
    source: str,
) -> str:  # fmt: skip
    """Return the encoding of text that is UTF-8 to the letter: that, unless another is stated and what it reads makes sense."""
    if first is None or first.startswith("utf"):
        return "utf-8"
    own, plain = read_as(lines, first, names), read_as(lines, "utf-8", names)
    if plain is not None and (own is None or plain.score >= own.score or (plain.is_wanted and not own.is_wanted)):
        _say_taken(file, "utf-8", f"{source or key} 写的是 says {str(stated).strip()}", key, problems)
        return "utf-8"
    return first


def _check_stated(
    content: bytes, first: str, own: Reading | None, readings: list[Reading], file: str, problems: Problems, *, key: str
) -> None:
    """Refuse an encoding that the configuration states and the bytes are not in; warn of one that makes no sense of them."""
    likely = max(readings, key=lambda one: (one.is_wanted, one.score), default=None)
    if own is None:
        try:
            content.decode(first)
        except UnicodeDecodeError as error:
            hint = (
                f'; 看来是 looks like {key} = "{shown(likely.encoding)}"' if likely and likely.score >= LIKELY else ""
            )
            raise UnreadableError(_fault(content, error, first) + hint) from error
    elif likely is not None and own.score < UNLIKELY and likely.score >= max(LIKELY, own.score + CLEARLY):
        problems.add(
            "text-encoding", "warning", file, f"按所写的 read as {shown(first)} 多为不通的字 gives hardly any common characters: {_sample(own.text)}",
            field=key, expected=f"{shown(likely.encoding)}: {_sample(likely.text)}", mend=f'若是 if it is: set {key} = "{shown(likely.encoding)}"',
        )  # fmt: skip


def _refuse_all(content: bytes) -> None:
    """Refuse bytes that make sense in no encoding, where they stop to in the one that gets the farthest."""
    faults: list[tuple[UnicodeDecodeError, str]] = []
    for codec in ("utf-8", "gb18030"):
        try:
            content.decode(codec)
        except UnicodeDecodeError as error:
            faults.append((error, codec))
    if faults:
        farthest, codec = max(faults, key=lambda one: one[0].start)
        raise UnreadableError(_fault(content, farthest, codec)) from farthest


def _best(readings: list[Reading], own: Reading | None, lines: list[bytes]) -> Reading:
    """Return the reading that evidence speaks for.

    Raises
    ------
    UnreadableError
        Where there is none, or two that speak as well for themselves.
    """
    if own is not None and own.encoding not in [one.encoding for one in readings]:
        readings = [own, *readings]
    holding = [one for one in readings if one.is_wanted]
    ranked = sorted(holding if len(holding) == 1 else readings, key=lambda one: -one.score)
    if not ranked:
        raise UnreadableError(
            f'文字不在 text is in none of UTF-8, {", ".join(map(shown, CANDIDATES))}; 写明 set encoding = "...", 或另存为 or save it as UTF-8'
        )
    best = ranked[0]
    rivals = [one for one in ranked[1:] if one.score > best.score - CLEARLY and one.text != best.text]
    if best.score < UNLIKELY or rivals:
        seen = "; ".join(f"{shown(one.encoding)}: {_sample(one.text)}" for one in ranked[:3])
        raise UnreadableError(
            f'文字的编码不止一种可能 the text reads in several encodings ({len(lines)} 行 lines): {seen}; 写明 set encoding = "{shown(best.encoding)}"'
        )
    return best


def _say_taken(file: str, encoding: str, why: str, key: str, problems: Problems) -> None:
    problems.add(
        "text-encoding", "warning", file, f"{why}, 按 {shown(encoding)} 读取 read as {shown(encoding)}", field=key, expected="UTF-8",
        mend=f'写明 state it: {key} = "{shown(encoding)}", 或另存为 or save it as UTF-8',
    )  # fmt: skip


def _refuse_mixed(lines: list[bytes], content: bytes) -> None:
    """Refuse text of which some lines are UTF-8 and others are not.

    A line of another encoding is UTF-8 by luck, but then its characters are no common Chinese ones.
    """
    plain, other = [], []
    for line in lines:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            other.append((line, error.start))
            continue
        if sum(unicodedata.east_asian_width(char) == "W" for char in text) >= 2 and _score(text) >= LIKELY:
            plain.append(line)
    if plain and other:
        line, at = other[0]
        number = _line_of(content, line)
        raise UnreadableError(
            f"同一文件中有多种编码 several encodings in one file: 第 {number} 行 line {number} (字节 bytes {_bytes(line, at)}, 位置 at "
            f"{content.index(line) + at}) 不是 is not UTF-8, 第 {_line_of(content, plain[0])} 行 line {_line_of(content, plain[0])} 是 is; "
            "统一另存为 UTF-8 save all of it as UTF-8"
        )


def _line_of(content: bytes, line: bytes) -> int:
    return content[: content.index(line)].count(b"\n") + 1


def _bytes(line: bytes, at: int) -> str:
    return line[at : at + 4].hex(" ")


def _fault(content: bytes, error: UnicodeDecodeError, encoding: str) -> str:
    number = content[: error.start].count(b"\n") + 1
    return (
        f"第 {number} 行不是 {shown(encoding)} line {number} is not in it (字节 bytes {content[error.start : error.start + 4].hex(' ')}, "
        f"位置 at {error.start}); 另存为 UTF-8 save as UTF-8, 或写明 or set encoding"
    )


def read_as(lines: list[bytes], encoding: str, names: list[str]) -> Reading | None:
    """Return lines as text in an encoding and how much sense they make; None where they are not in it."""
    try:
        text = b"\n".join(lines).decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    return Reading(text, encoding, _score(text, encoding), bool(names) and all(name in text for name in names))


def _score(text: str, encoding: str = "utf-8") -> float:
    """Return how common the characters of a text beyond ASCII are: 1 for words of tables, 0 for what no table holds."""
    counted = Counter(char for char in text if char > "\x7f")
    total = sum(counted.values())
    if not total:
        return 1.0
    whole = sum(_weight(char, encoding) * count for char, count in counted.items())
    for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if _is_latin(char):
            # Letters with accents stand in words of plain letters, and not in strings of their own.
            is_word = (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())
            whole += 0.95 if is_word else 0.1
        elif char > "\x7f" and "a" <= before <= "z":
            whole -= 0.7 * _weight(char, encoding)  # no Chinese character ends a word of small letters
    return whole / total


def _is_latin(char: str) -> bool:
    return "\xc0" <= char <= "\u024f"


@cache
def _weight(char: str, encoding: str) -> float:
    """Return how likely a character is in a Chinese table that was written in an encoding, 0-1."""
    if char in COMMON:
        return 1.0
    code = ord(char)
    if 0x4E00 <= code <= 0x9FFF:
        return _commonness(char, encoding)
    if code in range(0x3000, 0x3018) or code in range(0xFF00, 0xFF5F) or char in "—…·“”‘’°′″№、。℃±²³㎡":
        return 0.7
    return 0.0


def _commonness(char: str, encoding: str) -> float:
    """Return 0.9 for what GB 2312 lists first, or Big5 for text that is not in a mainland encoding; less for the rest."""
    simplified, traditional = _first_byte(char, "gb2312"), _first_byte(char, "big5")
    is_simplified, is_traditional = 0xB0 <= simplified <= 0xD7, 0xA4 <= traditional <= 0xC6
    if encoding == "gb18030":
        return 0.9 if is_simplified else 0.5 if is_traditional else 0.2
    if encoding == "big5hkscs":
        return 0.7 if is_traditional else 0.1  # 5,401 characters: half of what any two bytes make
    return 0.9 if is_simplified or is_traditional else 0.25


def _first_byte(char: str, encoding: str) -> int:
    try:
        return char.encode(encoding)[0]
    except UnicodeEncodeError:
        return 0


def _sample(text: str) -> str:
    """Return a few words beyond ASCII of a text, for a message."""
    words = [word for word in text.replace(",", " ").replace("\t", " ").split() if not word.isascii()]
    return " ".join(dict.fromkeys(words[:40]))[:40]
