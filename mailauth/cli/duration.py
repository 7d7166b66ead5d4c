"""Durations on the command line."""

import re

import click

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)([smhd]?)")


class Duration(click.ParamType[float]):
    """A number of seconds, or a number with a unit: 60s, 5m, 1h, 2d; negative is in the past."""

    name = "DURATION"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Convert to seconds."""
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail(f"expected a duration such as 60s, 5m or 1h, got {value!r}", param, ctx)
        return float(match[1]) * _UNITS[match[2]]
