# SPDX-License-Identifier: GPL-2.0-only
"""Tables for terminals: no word is lost where a line is too long."""

from dmafuzz.tables import columns


def test_last_column_is_wrapped() -> None:
    rows = [("a", "one two three four five"), ("", "averyveryverylongwordindeed end")]
    lines = columns(rows, width_chars=16)
    assert max(map(len, lines)) <= 16
    assert " ".join(" ".join(lines).split()) == "a one two three four five averyveryvery longwordindee d end"
    assert columns(rows) == ["a  one two three four five", "   averyveryverylongwordindeed end"]
