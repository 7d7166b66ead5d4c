"""RESULTS.md as `scripts/bench --write` keeps it."""

from tools.bench.results import table, with_section


def test_a_section_takes_the_place_of_the_one_of_its_name_and_leaves_the_others() -> None:
    """What one benchmark has measured does not go when another one is run."""
    text = with_section(with_section("", "logins", "old"), "mailbox", "kept")
    text = with_section(text, "logins", "new\n")
    assert text.endswith("## logins\n\nnew\n\n## mailbox\n\nkept\n")
    assert text.startswith("# ")
    assert with_section(text, "logins", "new") == text


def test_a_table_has_a_line_for_each_row() -> None:
    """Numbers stand to the right of the first column."""
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"
