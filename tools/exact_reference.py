#!/usr/bin/env python3
"""Writes two tables of ln Z, U and C of Ising tori from arithmetic of many digits, with mpmath and numpy.

    python3 tools/exact_reference.py

tests/suite/exact_reference.csv: square lattices at J = 1, H = 0.
Kaufman's formula (Phys. Rev. 76, 1232, 1949), differentiated by hand, in mpmath. Digits are chosen by beta: C falls as exp(-8 beta).
Sides 2 and 3 are first compared with a sum over all configurations; on side 2 every bond counts twice.

tests/suite/exact_small_reference.csv: square and triangular lattices up to side 10 with field and frustration.
Products of transfer matrices, applied to all first rows that are not translations of each other, of integers of any length.
Sides 2 and 3 are first compared with a sum over all configurations. The rows of side 10 take minutes.
"""

import itertools
import pathlib

import numpy as np
from mpmath import cos, coth, cosh, exp, log, mp, mpf, nstr, pi, sinh, sqrt, tanh

PAGE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "suite" / "exact_reference.csv"
SMALL_PAGE = PAGE.with_name("exact_small_reference.csv")
SIDES = [2, 3, 4, 5, 8, 16, 32, 64, 128, 1024]
BETAS = [
    1e-6, 3e-6, 1e-5, 1e-4, 9e-4, 3e-3, 0.01, 0.02, 0.031, 0.032, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.42, 0.43, 0.44, 0.4406,
    0.44068, 0.44068679350977151, 0.4407, 0.4408, 0.442, 0.45, 0.46, 0.48, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6,
    1.72, 1.73, 1.9, 2.2, 3.0, 4.0, 5.3, 10.0, 20.0, 40.0, 63.0, 85.0,
]  # fmt: skip

# Lattice, side, 1000 J, 1000 H, beta.
SMALL = [
    ("square", 2, 1000, 300, 0.2), ("square", 5, -1000, 0, 5.0), ("square", 7, -1000, 300, 2.0), ("square", 8, 1000, 200, 0.4),
    ("square", 8, 1000, 50, 0.6), ("square", 8, -1000, 500, 0.7), ("square", 8, 500, 300, 12.0), ("square", 8, -300, 1, 2e-5),
    ("square", 9, -1000, 0, 0.5), ("square", 10, 1000, 100, 0.42),
    ("triangular", 2, 1000, 300, 0.2), ("triangular", 3, -1000, 400, 1.5), ("triangular", 6, -1000, 300, 20.0),
    ("triangular", 7, -1000, 0, 3.0), ("triangular", 8, -1000, 0, 1.0), ("triangular", 8, -1000, 0, 2.0),
    ("triangular", 8, 1000, 0, 0.27465307216702745), ("triangular", 8, -1000, 600, 1e-5), ("triangular", 10, -1000, 500, 0.8),
]  # fmt: skip
# Binary digits behind the point.
DIGITS = 512


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


class Transfer:
    """Sums of exp(-beta E), of it times -E and of it times E^2, E in thousandths, as integers over 2^DIGITS."""

    def __init__(self, lattice, side, coupling, field, beta):
        self.triangular, self.side, self.coupling, self.field, self.beta = lattice == "triangular", side, coupling, field, beta

    def spins(self, rows, column):
        return 2 * (rows >> column % self.side & 1) - 1

    def times(self, sums, bonds, spins):
        """Sums with the energy of further bonds and spins, given by arrays of integers."""
        gain = self.coupling * bonds + self.field * spins
        weights = {g: int(exp(mpf(self.beta) * int(g) / 1000) * mpf(2) ** DIGITS) for g in np.unique(gain)}
        weight = np.vectorize(weights.get, otypes=[object])(gain)
        gain = gain.astype(object)
        z, first, second = sums
        moved = (z, first + gain * z, second + gain * (2 * first + gain * z))
        return [weight * part >> DIGITS for part in moved]

    def column(self, sums, column):
        """One spin more: arrays are [first row, corner, row], with the old spin above the last new one as corner."""
        side, rows = self.side, np.arange(1 << self.side)
        new = self.spins(rows, column)
        bonds = (new * self.spins(rows, column - 1) if column else 0) + (new * self.spins(rows, 0) if column == side - 1 else 0)
        results = [[], []]
        for bit, up in enumerate((-1, 1)):
            old = rows & ~(1 << column) | bit << column
            corners = self.spins(old, side - 1)[None] if column == 0 else np.array([[-1], [1]])
            corners = corners if self.triangular else np.array([[0]])
            moved = self.times([part[:, :, old] for part in sums], bonds + new * (up + corners), new + 0 * corners)
            results[bit] = [part.sum(axis=1) for part in moved]
        if self.triangular:
            return [np.stack(parts, axis=1) for parts in zip(*results)]
        return [(down + up)[:, None] for down, up in zip(*results)]

    def solve(self):
        """ln Z, U / N and C / N."""
        side, rows = self.side, np.arange(1 << self.side)
        turned = lambda row, by: (row << by | row >> side - by) & (1 << side) - 1
        least = np.array([min(turned(row, by) for by in range(side)) for row in range(1 << side)])
        first, images = np.unique(least, return_counts=True)
        z = (images[:, None] * (first[:, None] == rows)).astype(object) * (1 << DIGITS)
        inside = sum(self.spins(first, c) * self.spins(first, c + 1) for c in range(side))
        up = sum(self.spins(first, c) for c in range(side))
        sums = [part[:, None] for part in self.times((z, 0 * z, 0 * z), inside[:, None], up[:, None])]
        for _ in range(side - 1):
            for column in range(side):
                sums = self.column(sums, column)
            sums = [part.sum(axis=1, keepdims=True) for part in sums]
        across = sum(
            self.spins(rows, c)[None] * (self.spins(first, c) + self.triangular * self.spins(first, c + 1))[:, None]
            for c in range(side)
        )
        z, first, second = (int(part.sum()) for part in self.times([part[:, 0] for part in sums], across, 0 * across))
        return self.figures(mpf(z) / 2**DIGITS, mpf(first) / z, mpf(second) / z)

    def figures(self, z, first, second):
        n = mpf(self.side**2)
        return log(z), -first / 1000 / n, mpf(self.beta) ** 2 * (second - first**2) / mpf(10) ** 6 / n

    def enumerated(self):
        """The same from a sum over all configurations."""
        side, moments = self.side, [mpf(0)] * 3
        steps = [(0, 1), (1, 0), (1, 1)][: 3 if self.triangular else 2]
        for spins in itertools.product((-1, 1), repeat=side * side):
            at = lambda row, column: spins[row % side * side + column % side]
            bonds = sum(at(r, c) * at(r + d, c + e) for r in range(side) for c in range(side) for d, e in steps)
            gain = self.coupling * bonds + self.field * sum(spins)
            moments = [m + gain**power * exp(mpf(self.beta) * gain / 1000) for power, m in enumerate(moments)]
        return self.figures(moments[0], moments[1] / moments[0], moments[2] / moments[0])


def write_small():
    mp.dps = 150
    for lattice, side in itertools.product(("square", "triangular"), (2, 3)):
        for arguments in ((1000, 0, 0.4), (-1000, 300, 2.0)):
            transfer = Transfer(lattice, side, *arguments)
            for found, counted in zip(transfer.solve(), transfer.enumerated()):
                assert abs(found / counted - 1) < mpf("1e-100"), (lattice, side, arguments, found, counted)
    lines = ["lattice,size,coupling,field,beta,ln_z,energy_per_site,specific_heat"]
    for lattice, side, coupling, field, beta in SMALL:
        figures = [nstr(figure, 17) for figure in Transfer(lattice, side, coupling, field, beta).solve()]
        lines.append(",".join([lattice, str(side), repr(coupling / 1000), repr(field / 1000), repr(beta), *figures]))
        print(lines[-1], flush=True)
    SMALL_PAGE.write_text("\n".join(lines) + "\n")


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
    write_small()


main()
