"""What is put into parameters: what nobody types by mistake, and values near what is right."""

from urllib.parse import quote_from_bytes

# As bytes: some of it is no text.
WRONG: list[bytes] = [
    # NUL and other control characters, and what ends a header.
    b"\0", b"a\0b", b"%00", b"\x01\x1b[31m", b"a\r\nSet-Cookie: x=1", b"\x7f\x80", b"\t \n",
    # Numbers: beyond 32, 64 and all bits, none at all, written in other digits.
    b"2147483648", b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616",
    b"9" * 40, b"9" * 400, b"-1", b"0", b"1.5", b"1e999", b"1e-999", b"1_000", b"0x10", b"+1", b"01",
    b"NaN", b"sNaN", b"Infinity", b"-Infinity", "１２".encode(), "٣".encode(), "½".encode(),
    # Days that are none, and those at the ends of the calendar.
    b"2023-02-30", b"2023-13-01", b"0000-00-00", b"0001-01-01", b"9999-12-31", b"10000-01-01",
    b"2023-2-1", b"2023-W01-1", "２０２３-01-01".encode(), b"yesterday", b"2023", b"2023-02", b"24:61",
    # Signs that mean something to SQL, LIKE, shells, templates, formats and paths.
    b"%", b"_", b"\\", b"%s %d %(x)s", b"'", b"\"", b"' OR 1=1 --", b"; DROP TABLE x", b"{{7*7}}",
    b"${7*7}", b"{0.__class__}", b"../../etc/passwd", b"..%2f..", b"//evil.example", b"\\\\evil.example",
    b"/\\evil.example", b"https://evil.example/", b"javascript:alert(1)", b"<script>alert(1)</script>",
    b"=1+1", b"[]", b"{}", b"null", b"None", b"true", b"undefined", b"*", b"?", b"#", b"&", b"(((((", b"[a-",
    # What is no UTF-8, or a letter in a form nobody expects.
    b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", "🔋👨‍👩‍👧".encode(), "\u202eabc".encode(),
    "\u200f\u200e\u2066".encode(), "\u2028\u2029".encode(), "\ufeff".encode(), "İıſ".encode(),
    "e\u0301".encode(), ("e" + "\u0301" * 500).encode(), "\ufffe\uffff".encode(), "ﷺ".encode() * 50,
    # Empty, blank and long.
    b"", b" ", "\u3000".encode(), b"a" * 300, "字".encode() * 300, b"a," * 500, b"-" * 100, b"." * 50,
]  # fmt: skip

# Right somewhere, so that what is wrong beside it is reached.
RIGHT: list[bytes] = [
    b"1", b"2", b"tengzhou", b"zaozhuang", b"building", b"signed", b"M1", b"stated", b"manufacturing",
    b"codes", b"name", b"-due", b"stage", b"yes", b"red", b"2023-01-31", b"2023-03", b"lithium",
    "锂".encode(), b"dianjieye", b"True", b"False", b"1,2", b"projects", b"project", b"district", b"source",
    b"districts", b"id", b"target", b"/projects/", b"json", b"yaml", b"en", b"zh-hans",
]  # fmt: skip


def encoded(value: bytes) -> str:
    """The value as it stands in an address or a form, whatever its bytes are."""
    return quote_from_bytes(value, safe="")
