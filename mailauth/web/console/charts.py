"""Charts as SVG inside the page: pygal draws them, the style sheet colours them.

Neither scripts nor styles stay in the SVG: the content security policy would refuse them, and the
page's own sheet knows light from dark. To draw one takes tens of milliseconds: do it in a thread.
"""

import calendar
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pygal
from markupsafe import Markup
from pygal.style import Style

from mailauth.report.rows import Share

_UPRIGHT, _LYING = 560, 300
_ROOM_FOR_LABEL = 64  # units that a label on the horizontal axis takes

_LETTERS = Style(label_font_size=12, major_label_font_size=12)

_MONTHS = calendar.month_abbr[1:]
_DROPPED = {"defs", "desc", "title", "style", "script"}


class Bar(msgspec.Struct, frozen=True):
    """A share, and the query of the logins that it counts; `None` for one that leads nowhere."""

    share: Share
    query: str | None = None

    def href(self, verdict: str = "") -> str | None:
        """Return where its logins are, or those of them with a verdict."""
        if self.query is None:
            return None
        secure = {"SECURE": "&secure=true", "UNSECURE": "&secure=false"}.get(verdict, "")
        return f"/logins?{self.query}{secure}"


@lru_cache(maxsize=64)
def over_time(bars: tuple[Bar, ...], title: str) -> Markup:
    """Draw logins over time as upright bars: what is UNSECURE at the foot, SECURE above it."""
    return _drawn(bars, title, _UPRIGHT, "upright", upright=True)


@lru_cache(maxsize=64)
def by_kind(bars: tuple[Bar, ...], title: str) -> Markup:
    """Draw logins by some property as lying bars, the first on top."""
    return _drawn(bars, title, _LYING, "lying", upright=False)


def short(label: str) -> str:
    """Return an hour, a day or a month as it is written under a bar."""
    match len(label):
        case 16:  # 2026-11-24T09:00
            return label[11:]
        case 10:  # 2026-11-24
            return f"{int(label[8:])} {_MONTHS[int(label[5:7]) - 1]}"
        case _:  # 2026-11
            return f"{_MONTHS[int(label[5:7]) - 1]} {label[:4]}"


def _drawn(bars: tuple[Bar, ...], title: str, width: int, kind: str, *, upright: bool) -> Markup:
    height = 180 if upright else 28 * len(bars) + 12
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
        chart.x_labels_major = [short(bar.share.label) for bar in bars[:: max(1, every)]]
    else:
        chart = pygal.HorizontalStackedBar(**settings, show_y_guides=False, show_x_labels=False)
    chart.x_labels = [short(bar.share.label) if upright else bar.share.label for bar in shown]
    chart.add("UNSECURE", [bar.share.unsecure for bar in shown])
    chart.add("SECURE", [bar.share.secure for bar in shown])
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
        "role": "group",
        "aria-label": title,
    }
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704 - serialised, so escaped


def _name_bars(group: Any, bars: tuple[Bar, ...], verdict: str) -> None:
    parents = {child: parent for parent in group.iter() for child in parent}
    rectangles = list(group.iter("rect"))
    for bar, rectangle in zip(bars, rectangles, strict=True):
        count = bar.share.unsecure if verdict == "UNSECURE" else bar.share.secure
        named = ET.SubElement(rectangle, "title", {"data-kept": "yes"})
        named.text = f"{bar.share.label}: {count} {verdict}"
        href = bar.href(verdict)
        if count and href is not None:
            _link(parents[rectangle], rectangle, href)


def _link(parent: Any, rectangle: Any, href: str) -> None:
    """Let a bar lead to its logins; who has no pointer finds the same links in the numbers."""
    link = ET.Element("a", {"href": href, "tabindex": "-1", "aria-label": rectangle[-1].text})
    parent.insert(list(parent).index(rectangle), link)
    parent.remove(rectangle)
    link.append(rectangle)
