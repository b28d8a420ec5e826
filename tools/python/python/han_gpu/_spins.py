"""Configurations that a user gives, as the library takes them."""

from __future__ import annotations

from typing import Any, Sequence

import numpy

from ._errors import SettingError

#: Kinds of numpy's types that hold spins, by whether they are colours.
_KINDS = {False: "ifb", True: "ifu"}


def flat_spins(spins: Any, shape: Sequence[int], colours: int) -> numpy.ndarray:
    """Spins as int8, [N * sites]; `colours` is 0 for spins of +-1.

    Takes [N, *shape], or one configuration of that shape.
    """
    array = numpy.asarray(spins)
    wanted = ", ".join(map(str, shape))
    if array.shape != tuple(shape) and array.shape[1:] != tuple(shape):
        raise SettingError(
            f"spins have shape {list(array.shape)}; they must be [N, {wanted}], or [{wanted}] for one configuration"
        )
    if array.dtype.kind not in _KINDS[colours > 0]:
        raise SettingError(f"spins are of type {array.dtype}, {_way_out(array.dtype, colours)}")
    if array.dtype.kind == "b":
        array = 2 * array.astype(numpy.int8) - 1
    if colours:
        wrong = ~((array >= 0) & (array < colours))
        if array.dtype.kind == "f":
            wrong |= array != numpy.floor(array)
        values = f"colours from 0 to {colours - 1}"
    else:
        wrong = numpy.abs(array) != 1
        values = "+1 or -1"
    if wrong.any():
        raise SettingError(f"one of the spins is {array[wrong][0]}; they must be {values}")
    return numpy.ascontiguousarray(array, dtype=numpy.int8).reshape(-1)


def _way_out(dtype: numpy.dtype, colours: int) -> str:
    if colours:
        return "which holds no colours; write x.astype(numpy.int8)"
    if dtype.kind == "u":
        return "which has no -1; for an x of 0 and 1 write 2 * x.astype(numpy.int8) - 1"
    return "which holds no spins; write x.astype(numpy.int8)"
