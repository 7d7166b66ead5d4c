"""The tree holds to the rules of its layout, and the layout is looked at rightly."""

from pathlib import Path

import pytest

from tools.layout import circles, layout, written


def test_the_tree_holds_to_its_rules() -> None:
    found = layout()
    assert not found.broken, "\n".join(written(found))


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [["a", "b"]]),
        (
            {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"e"}, "e": {"d"}},
            [["a", "b", "c"], ["d", "e"]],
        ),
    ],
)
def test_circles_are_found(arrows: dict[str, set[str]], expected: list[list[str]]) -> None:
    assert circles(arrows) == expected


def test_what_breaks_a_rule_is_named(tmp_path: Path) -> None:
    """Too many modules in a folder, a loose one, a silent package, and a circle."""
    home = tmp_path / "mailauth"
    (home / "imap").mkdir(parents=True)
    (home / "pop3").mkdir()
    (home / "__init__.py").write_text('"""A server."""\n')
    (home / "loose.py").write_text("from mailauth.pop3.m1 import x\n")
    (home / "imap" / "__init__.py").write_text('"""IMAP."""\n')
    (home / "pop3" / "__init__.py").write_text("")
    for number in range(25):
        (home / "pop3" / f"m{number}.py").write_text("")
    (home / "pop3" / "m1.py").write_text("def f():\n    from mailauth import loose\n")
    assert layout(tmp_path).broken == [
        "mailauth/pop3: 26 modules, more than 25",
        "loose at the root: mailauth/loose.py",
        "does not say what lives in it: mailauth/pop3/__init__.py",
        "in a circle: mailauth.loose, mailauth.pop3.m1",
        "rooms in a circle: loose, pop3",
    ]
