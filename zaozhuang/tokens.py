"""The colours of assets/css/tokens.css as numbers, so that their contrast can be shown and tested."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings

# Text → what it may stand on.
TEXT_ON: dict[str, list[str]] = {
    "ink": ["paper", "sheet", "sunk", "accent-soft"],
    "ink-2": ["paper", "sheet", "sunk", "accent-soft"],
    "link": ["paper", "sheet", "sunk", "accent-soft"],
    "accent": ["paper", "sheet", "sunk", "accent-soft"],
    "light-red": ["paper", "sheet", "sunk"],
    "light-yellow": ["paper", "sheet", "sunk"],
    "light-green": ["paper", "sheet", "sunk"],
    "paper": ["ink"],
    "on-f-talked": ["f-talked"],
    "on-f-agreed": ["f-agreed"],
    "on-f-building": ["f-building"],
    "on-f-built": ["f-built"],
    "on-f-stopped": ["f-stopped"],
    "on-f-unknown": ["f-unknown", "hatch"],
}
# What is no text but must be seen: edges of fields and the focus (WCAG 1.4.11).
EDGE_ON: dict[str, list[str]] = {
    "field-line": ["paper", "sheet", "sunk"],
    "focus": ["paper", "sheet", "sunk"],
}
DECLARATION = re.compile(r"--([\w-]+):\s*(#[0-9a-fA-F]{6}|var\(--[\w-]+\))\s*;")


@cache
def themes() -> dict[str, dict[str, str]]:
    """`light` and `dark`: the name of each colour → `#rrggbb`. Dark keeps what it does not change."""
    path: Path = settings.BASE_DIR / "assets" / "css" / "tokens.css"
    light, dark = path.read_text(encoding="utf-8").split("prefers-color-scheme: dark", 1)
    declared = dict(DECLARATION.findall(light))
    return {
        "light": _resolved(declared),
        "dark": _resolved(declared | dict(DECLARATION.findall(dark))),
    }


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours by WCAG 2: 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _resolved(declared: dict[str, str]) -> dict[str, str]:
    def value(name: str) -> str:
        text = declared[name]
        return value(text[6:-1]) if text.startswith("var(") else text

    return {name: value(name) for name in declared}


def _luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
