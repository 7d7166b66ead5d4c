"""The style sheet: whatever is written can be read (WCAG 2.2, 1.4.3)."""

import re

import pytest

from mailauth.web.pages import StaticFiles

SHEET = StaticFiles()._contents["console.css"].decode()
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))
    for part in SHEET.split("*, ::before", 1)[0].split("@media", 1)
)
ON = [
    *((ink, paper) for ink in ("ink", "soft", "faint") for paper in ("paper", "card", "raised")),
    *((ink, paper) for ink in ("accent", "unsecure", "secure") for paper in ("paper", "card")),
    *((ink, f"{ink}-paper") for ink in ("accent", "secure", "unsecure", "warn")),
    ("on-accent", "accent"),
]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), ON)
def test_the_contrast_is_enough(scheme: dict[str, str], ink: str, paper: str) -> None:
    lighter, darker = sorted(map(luminance, (scheme[ink], scheme[paper])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2, "relative luminance")."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
