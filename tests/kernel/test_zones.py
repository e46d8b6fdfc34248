"""A zone is one that is the same on every machine."""

import pytest

from kernel.zones import is_zone


@pytest.mark.parametrize("name", ["Europe/Amsterdam", "Asia/Kathmandu", "UTC", "Etc/GMT-2"])
def test_the_database_of_zones_says_what_a_zone_is(name: str) -> None:
    """Half hours, quarters, and zones that never change their clocks."""
    assert is_zone(name)


@pytest.mark.parametrize(
    "name",
    ["", "Europe/Nowhere", "CEST", "../etc/passwd", "/etc/localtime", "Europe", "x" * 300, "\x00"],
)
def test_what_is_no_zone_is_refused_whatever_it_is(name: str) -> None:
    """A folder, a path, a name that is too long for a file."""
    assert not is_zone(name)


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "right/UTC", "posix/UTC"])
def test_a_file_beside_the_zones_is_none(name: str) -> None:
    """With the machine's own zone, answers would depend on the machine."""
    assert not is_zone(name)
