#!/usr/bin/env python3
"""Hierarchical autoregressive networks on the cubic lattice in plain PyTorch: han_torch.py in three dimensions.

    python3 han3d_torch.py --size 8 --batch 256 --steps 3 --device cpu --mode published

The boundary are the sites with a coordinate 0. The box inside is cut in halves, across the first of its longest axes, until single
spins are left, which are drawn from their exact heat-bath probability; a net draws each plane between two halves given the border of
their box. Flags, modes and output are those of han_torch.py.
"""
import itertools

import torch

from han_torch import Han, main


def site(place, size):
    index = 0
    for coordinate in place:
        index = index * size + coordinate % size
    return index


def border_of(origin, inside, size):
    """Sites outside a box next to a site inside, each once."""
    border = []
    for place in itertools.product(*[range(-1, length + 1) for length in inside]):
        outside = [axis for axis in range(3) if not 0 <= place[axis] < inside[axis]]
        if len(outside) == 1:
            border.append(site([o + p for o, p in zip(origin, place)], size))
    return list(dict.fromkeys(border))


class Han3d(Han):
    axes = 3

    @staticmethod
    def tables(size):
        whole = itertools.product(range(size), repeat=3)
        boundary = [site(place, size) for place in whole if 0 in place]
        origins, inside, levels = [(1, 1, 1)], [size - 1] * 3, []
        while True:
            axis = inside.index(max(inside))
            middle = inside[axis] // 2
            plane = [range(length) if along != axis else [middle] for along, length in enumerate(inside)]
            places = list(itertools.product(*plane))
            borders = [border_of(origin, inside, size) for origin in origins]
            owns = [[site([o + p for o, p in zip(origin, place)], size) for place in places] for origin in origins]
            levels.append(("x".join(map(str, inside)), torch.tensor(borders), torch.tensor(owns)))
            if max(inside) == 1:
                return boundary, levels
            step = [middle + 1 if along == axis else 0 for along in range(3)]
            origins = [half for o in origins for half in (o, tuple(a + b for a, b in zip(o, step)))]
            inside[axis] = middle


if __name__ == "__main__":
    main(Han3d)
