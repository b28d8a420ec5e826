#!/usr/bin/env python3
"""Writes tests/suite/exact_reference.csv: ln Z, U and C of the Ising torus (J = 1, H = 0) from arithmetic of many digits.

    python3 tools/exact_reference.py

Kaufman's formula (Phys. Rev. 76, 1232, 1949), differentiated by hand, in mpmath. Digits are chosen by beta: C falls as exp(-8 beta).
Sides 2 and 3 are first compared with a sum over all configurations; on side 2 every bond counts twice.
"""

import itertools
import pathlib

from mpmath import cos, coth, cosh, exp, log, mp, mpf, nstr, pi, sinh, sqrt, tanh

PAGE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "suite" / "exact_reference.csv"
SIDES = [2, 3, 4, 5, 8, 16, 32, 64, 128, 1024]
BETAS = [
    1e-6, 3e-6, 1e-5, 1e-4, 9e-4, 3e-3, 0.01, 0.02, 0.031, 0.032, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.42, 0.43, 0.44, 0.4406,
    0.44068, 0.44068679350977151, 0.4407, 0.4408, 0.442, 0.45, 0.46, 0.48, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6,
    1.72, 1.73, 1.9, 2.2, 3.0, 4.0, 5.3, 10.0, 20.0, 40.0, 63.0, 85.0,
]  # fmt: skip


def product(side, angles, factor, k):
    """ln of a product of 2cosh or 2sinh of L g_l / 2, with its first and second derivative by K."""
    total = [mpf(0)] * 3
    for angle in angles:
        s, c = sinh(2 * k), cosh(2 * k)
        x, x1, x2 = c * c / s - cos(angle), 2 * c - 2 * c / s**2, 4 * s + 4 / s + 8 / s**3
        root = sqrt(x * x - 1)
        g, g1, g2 = (side * part / 2 for part in (log(x + root), x1 / root, x2 / root - x * x1**2 / root**3))
        total = [a + b for a, b in zip(total, times(factor, g, g1, g2))]
    return total


def times(factor, g, g1, g2):
    """ln |2cosh g| or ln |2sinh g| and its derivatives."""
    t = tanh(g) if factor is cosh else coth(g)
    return log(abs(2 * factor(g))), t * g1, (1 - t * t) * g1**2 + t * g2


def kaufman(side, k):
    """ln Z of the whole lattice with its first and second derivative by K."""
    odd, even = ([pi * l / side for l in range(first, 2 * side, 2)] for first in (1, 2))
    zero = side / mpf(2) * (2 * k + log(tanh(k))), side * (1 + 1 / sinh(2 * k)), -2 * side * cosh(2 * k) / sinh(2 * k) ** 2
    terms = [product(side, odd, factor, k) for factor in (cosh, sinh)]
    for factor in (cosh, sinh):
        terms.append([a + b for a, b in zip(product(side, even, factor, k), times(factor, *zero))])
    signs = [1, 1, 1, 1 if zero[0] > 0 else -1]
    weights = [sign * exp(term[0]) for sign, term in zip(signs, terms)]
    z = sum(weights)
    first = sum(w * t[1] for w, t in zip(weights, terms)) / z
    second = sum(w * (t[1] ** 2 + t[2]) for w, t in zip(weights, terms)) / z - first**2
    n, s = mpf(side * side), sinh(2 * k)
    return log(z / 2) + n / 2 * log(2 * s), first + n * coth(2 * k), second - 2 * n / s**2


def enumerate_states(side, k):
    """The same from a sum over all configurations."""
    moments = [mpf(0)] * 3
    for spins in itertools.product((-1, 1), repeat=side * side):
        at = lambda row, column: spins[row % side * side + column % side]
        bonds = sum(at(r, c) * (at(r + 1, c) + at(r, c + 1)) for r in range(side) for c in range(side))
        moments = [moment + bonds**power * exp(k * bonds) for power, moment in enumerate(moments)]
    z, first, second = moments
    return log(z), first / z, second / z - (first / z) ** 2


def main():
    mp.dps = 60
    for side, k in itertools.product((2, 3), (mpf("0.01"), mpf("0.44"), mpf(2))):
        for found, counted in zip(kaufman(side, k), enumerate_states(side, k)):
            assert abs(found / counted - 1) < mpf("1e-40"), (side, k, found, counted)
    lines = ["size,beta,ln_z,energy_per_site,specific_heat"]
    for side, beta in itertools.product(SIDES, BETAS):
        mp.dps = 80 + int(4 * beta)
        k, n = mpf(beta), mpf(side * side)
        ln_z, first, second = kaufman(side, k)
        figures = [nstr(figure, 17) for figure in (ln_z, -first / n, k * k * second / n)]
        lines.append(",".join([str(side), repr(beta), *figures]))
    PAGE.write_text("\n".join(lines) + "\n")


main()
