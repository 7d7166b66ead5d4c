"""Charts as SVG inside the page: pygal draws them, the style sheet colours them.

Neither scripts nor styles stay in the SVG: the content security policy would refuse them, and the
page's own sheet knows light from dark. Each chart is drawn for a wide and for a narrow page.
"""

from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pygal
from markupsafe import Markup
from pygal.style import Style

_WIDE, _NARROW = 760, 360
_ROOM_FOR_LABEL = 64  # units that a label on the horizontal axis takes

_LETTERS = Style(label_font_size=12, major_label_font_size=12)

_DROPPED = {"defs", "desc", "title", "style", "script"}


class Bar(msgspec.Struct, frozen=True):
    """One bar: what it is of, and the logins in it."""

    label: str
    unsecure: int
    secure: int


def over_time(bars: tuple[Bar, ...], title: str) -> Markup:
    """Draw logins over time as upright bars: what is UNSECURE at the foot, SECURE above it."""
    return _both(bars, title, upright=True)


def by_kind(bars: tuple[Bar, ...], title: str) -> Markup:
    """Draw logins by some property as lying bars, the first on top."""
    return _both(bars, title, upright=False)


@lru_cache(maxsize=64)
def _both(bars: tuple[Bar, ...], title: str, *, upright: bool) -> Markup:
    wide = _drawn(bars, title, _WIDE, "wide", upright=upright)
    return wide + _drawn(bars, title, _NARROW, "narrow", upright=upright)


def _drawn(bars: tuple[Bar, ...], title: str, width: int, kind: str, *, upright: bool) -> Markup:
    height = 240 if upright else 28 * len(bars) + 34
    settings: dict[str, Any] = {
        "width": width,
        "height": height,
        "js": (),
        "css": (),
        "margin": 4,
        "margin_left": 4 if upright else 14,
        "truncate_label": -1,
        "style": _LETTERS,
        "spacing": 4,
        "show_legend": False,
        "max_scale": 5,
        "value_formatter": lambda value: f"{value:g}",
        "show_minor_x_labels": False,
    }
    shown = bars if upright else bars[::-1]
    if upright:
        chart = pygal.StackedBar(**settings)
        every = -(-len(bars) // max(1, width // _ROOM_FOR_LABEL))
        chart.x_labels_major = [bar.label for bar in bars[:: max(1, every)]]
    else:
        chart = pygal.HorizontalStackedBar(**settings, show_y_guides=False)
    chart.x_labels = [bar.label for bar in shown]
    chart.add("UNSECURE", [bar.unsecure for bar in shown])
    chart.add("SECURE", [bar.secure for bar in shown])
    return _cleaned(chart.render_tree(), shown, title, kind)


def _cleaned(svg: Any, bars: tuple[Bar, ...], title: str, kind: str) -> Markup:
    """Keep the shapes, the words and the classes; say in words what each bar is."""
    for series, verdict in (("serie-0", "UNSECURE"), ("serie-1", "SECURE")):
        for group in svg.iter("g"):
            if series in group.get("class", "").split() and group.find(".//rect") is not None:
                _name_bars(group, bars, verdict)
    for parent in list(svg.iter()):
        for child in list(parent):
            is_markup = child.tag in _DROPPED and not child.get("data-kept")
            if is_markup or child.tag is ET.Comment or "overlay" in child.get("class", ""):
                parent.remove(child)
    for element in svg.iter():
        element.attrib.pop("style", None)
        element.attrib.pop("data-kept", None)
    svg.attrib = {
        "viewBox": svg.get("viewBox"),
        "class": f"chart {kind}",
        "role": "img",
        "aria-label": f"{title}: {_in_words(bars)}",
    }
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704 - serialised, so escaped


def _in_words(bars: tuple[Bar, ...]) -> str:
    return "; ".join(f"{bar.label} {bar.unsecure} UNSECURE, {bar.secure} SECURE" for bar in bars)


def _name_bars(group: Any, bars: tuple[Bar, ...], verdict: str) -> None:
    rectangles = list(group.iter("rect"))
    for bar, rectangle in zip(bars, rectangles, strict=True):
        count = bar.unsecure if verdict == "UNSECURE" else bar.secure
        named = ET.SubElement(rectangle, "title", {"data-kept": "yes"})
        named.text = f"{bar.label}: {count} {verdict}"
