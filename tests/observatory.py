"""What the Mozilla HTTP Observatory gives for the headers of one answer.

By the scoring that MDN, which runs the observatory now, publishes in
github.com/mdn/mdn-http-observatory: `SCORE_TABLE` in src/grader/charts.js says what each result
is worth, the files of src/analyzer/tests/ how it is reached. Everybody starts with 100; points
beyond that count only for who has at least 90 without them. Written here for what our answers
may hold: where the observatory would be lenient, such as on a host that it finds in the list of
preloaded ones, this is not.
"""

import re
from collections.abc import Mapping, Sequence
from http.cookies import SimpleCookie

BASE, LEAST_FOR_EXTRAS = 100, 90
SIX_MONTHS = 15_768_000
PRIVATE = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
BROAD = {"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}
INLINE = {"'unsafe-inline'", "data:"}
SCRIPT = re.compile(r"<script\b[^>]*\bsrc=[\"']?([^\"' >]+)", re.IGNORECASE)


def score(headers: Mapping[str, str], cookies: SimpleCookie, body: str = "") -> int:
    """The points of an answer over https; `body` is its text where it is a page."""
    found = list(modifiers(headers, cookies, body).values())
    without_extras = BASE + sum(worth for worth in found if worth < 0)
    if without_extras < LEAST_FOR_EXTRAS:
        return max(0, without_extras)
    return BASE + sum(found)


def modifiers(headers: Mapping[str, str], cookies: SimpleCookie, body: str = "") -> dict[str, int]:
    """What each test adds or takes away."""
    get = {name.lower(): value for name, value in headers.items()}
    policy = directives(get.get("content-security-policy", ""))
    return {
        "content-security-policy": _policy(policy),
        "cookies": _cookies(cookies),
        "cross-origin-resource-sharing": -50
        if "access-control-allow-origin" in get and "access-control-allow-credentials" in get
        else 0,
        "cross-origin-resource-policy": {
            "same-origin": 10,
            "same-site": 10,
            "cross-origin": 0,
            "": 0,
        }.get(get.get("cross-origin-resource-policy", "").lower(), -5),
        "referrer-policy": _referrer(get.get("referrer-policy")),
        "strict-transport-security": _transport(get.get("strict-transport-security")),
        "subresource-integrity": _scripts(body),
        "x-content-type-options": 0
        if get.get("x-content-type-options", "").lower() == "nosniff"
        else -5,
        "x-frame-options": _frames(policy, get.get("x-frame-options", "")),
    }


def directives(policy: str) -> dict[str, list[str]]:
    """The directives of a content security policy with their sources; the first of a name counts."""
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), words[1:])
    return found


def _policy(policy: Mapping[str, Sequence[str]]) -> int:
    if not policy:
        return -25
    default = policy.get("default-src", ["*"])
    script, style = policy.get("script-src", default), policy.get("style-src", default)
    objects = policy.get("object-src", default)
    passive = {*policy.get("img-src", default), *policy.get("media-src", default)}
    every = {source for sources in policy.values() for source in sources}
    insecure = {source for source in every if source.startswith(("http:", "ftp:"))}
    if (BROAD | INLINE).intersection(script) or BROAD.intersection(objects):
        return -20
    if insecure - passive:
        return -20
    if "'unsafe-eval'" in {*script, *style} or insecure:
        return -10
    if (BROAD | INLINE).intersection(style):
        return 0
    return 10 if list(default) == ["'none'"] else 5


def _cookies(cookies: SimpleCookie) -> int:
    """Every cookie that is set; of sessions also that no script reads them."""
    if not cookies:
        return 0
    worst = 5
    for name, morsel in cookies.items():
        session = any(word in name.lower() for word in ("login", "sess"))
        if session and not morsel["secure"]:
            worst = min(worst, -10)  # with HSTS; without it -40
        elif not morsel["secure"]:
            worst = min(worst, -5)
        if session and not morsel["httponly"]:
            worst = min(worst, -30)
        if str(morsel["samesite"]).lower() not in ("lax", "strict"):
            worst = min(worst, -20 if morsel["samesite"] or "csrf" in name.lower() else 0)
    return worst


def _referrer(value: str | None) -> int:
    if value is None:
        return 0
    return 5 if value.lower() in PRIVATE else -5


def _transport(value: str | None) -> int:
    if value is None:
        return -20
    age = re.search(r"max-age=(\d+)", value)
    if age is None:
        return -20
    return 0 if int(age[1]) >= SIX_MONTHS else -10


def _scripts(body: str) -> int:
    """Scripts of our own origin need no hash; others would, and would lose points here."""
    elsewhere = [
        address
        for address in SCRIPT.findall(body)
        if address.startswith(("http:", "https:", "//")) or ":" in address.split("/")[0]
    ]
    return -50 if elsewhere else 0


def _frames(policy: Mapping[str, Sequence[str]], value: str) -> int:
    if "frame-ancestors" in policy and not BROAD.intersection(policy["frame-ancestors"]):
        return 5
    return 0 if value.upper() in ("DENY", "SAMEORIGIN") else -20
