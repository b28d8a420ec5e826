"""Whole numbers that a user gives."""

from __future__ import annotations

from typing import Any

from ._errors import SettingError

#: Seeds and numbers of configurations have 32 bits.
MOST = 2**32 - 1


def whole(name: str, value: Any, least: int = 0, most: int = MOST) -> int:
    """A whole number in a range, of any type, also one such as 1e5."""
    try:
        number = int(value)
        is_good = number == value and least <= number <= most
    except (TypeError, ValueError, OverflowError):
        is_good = False
    if not is_good:
        raise SettingError(f"{name} = {value!r} is not possible: it must be a whole number from {least} to {most}")
    return number
