#!/usr/bin/env python3
"""Recomputes ln q and E of samples with numpy, from docs/FORMATS.md alone, and compares.

    python3 tools/recompute_ln_q.py RUN samples.npz

RUN is a run folder, samples.npz the output of `han-gpu sample RUN`. Shares no code with han-gpu: dense masked matrices, one
block after the other. Exits with 1 if anything differs by more than the formats promise.
"""
import json
import sys
import tomllib
from pathlib import Path

import numpy as np


def read_safetensors(path):
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + first:8 + length + last], dtype="<f4")
        tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


def blocks(size, bottom):
    """Levels as lists of (border sites, own sites); a site is row * size + column."""
    boundary = [column for column in range(size)] + [row * size for row in range(1, size)]
    levels = [[([], boundary)]]
    side = size
    while side >= bottom:
        level, half = [], side // 2
        for row in range(0, size, side):
            for column in range(0, size, side):
                def site(i, j):
                    return (row + i) % size * size + (column + j) % size
                inner = range(1, side)
                border = [site(0, j) for j in inner] + [site(i, side) for i in inner]
                border += [site(side, j) for j in inner] + [site(i, 0) for i in inner]
                own = [site(i, half) for i in inner] + [site(half, j) for j in inner if j != half]
                if side == bottom:
                    own = [site(i, j) for i in inner for j in inner]
                level.append((border, own))
        levels.append(level)
        side = half
    return levels


def ln_sigmoid(x):
    return -np.logaddexp(0.0, -x)


def ln_q_of_block(tensors, level, border, own, config):
    """ln q of the own spins given the border, [N]; border and own are [N, sites]."""
    count, sites = own.shape
    gauge = np.ones(count)
    if config["gauge"]:
        if border.shape[1]:
            total = border.sum(1)
            gauge = np.where(total == 0, border[:, 0], np.sign(total))
        else:
            gauge = own[:, 0]
    x = np.concatenate([border, own], 1) * gauge[:, None]
    active = x
    for layer in range(config["depth"]):
        weight, bias, slope = (tensors[f"level{level}.layer{layer}.{part}"] for part in ("weight", "bias", "slope"))
        hidden = active @ weight + bias
        active = np.where(hidden > 0, hidden, slope * hidden)
    logits = active @ tensors[f"level{level}.output.weight"] + tensors[f"level{level}.output.bias"]
    if config["skip"]:
        logits = logits + x @ tensors[f"level{level}.skip.weight"]
    if config["gauge"] and not border.shape[1]:
        logits[:, 0] = 0.0
    return ln_sigmoid(x[:, border.shape[1]:] * logits).sum(1)


def ln_q_of_square(border, own, config):
    """ln q of a square's interior: minus beta E of its own bonds and spins, less ln Z given the border, row by row."""
    width = border.shape[1] // 4
    coupling, field = config["beta"] * config["coupling"], config["beta"] * config["field"]
    top, right, bottom, left = (border[:, side * width:(side + 1) * width] for side in range(4))
    states = 1 - 2 * (np.arange(2**width)[:, None] >> np.arange(width) & 1)
    between = coupling * states @ states.T
    inside = coupling * (states[:, 1:] * states[:, :-1]).sum(1) + field * states.sum(1)

    def within(i):
        return inside + coupling * (np.outer(left[:, i], states[:, 0]) + np.outer(right[:, i], states[:, -1]))

    rows = coupling * top @ states.T + within(0)
    for i in range(1, width):
        rows = np.logaddexp.reduce(rows[:, :, None] + between, axis=1) + within(i)
    ln_z = np.logaddexp.reduce(rows + coupling * bottom @ states.T, axis=1)
    grid = np.zeros((len(own), width + 2, width + 2))
    grid[:, 0, 1:-1], grid[:, -1, 1:-1], grid[:, 1:-1, 0], grid[:, 1:-1, -1] = top, bottom, left, right
    grid[:, 1:-1, 1:-1] = own.reshape(-1, width, width)
    bonds = (grid[:, 1:, 1:-1] * grid[:, :-1, 1:-1]).sum((1, 2)) + (grid[:, 1:-1, 1:] * grid[:, 1:-1, :-1]).sum((1, 2))
    return coupling * bonds + field * own.sum(1) - ln_z


def main():
    run, samples = Path(sys.argv[1]), np.load(sys.argv[2])
    sections = tomllib.loads((run / "config.toml").read_text())
    config = {key: value for section in sections.values() for key, value in section.items()}
    tensors = read_safetensors(run / "checkpoint.safetensors")
    size = config["size"]
    spins = samples["spins"].reshape(-1, size * size).astype(np.float64)
    ln_q = np.zeros(len(spins))
    levels = blocks(size, config["exact_bottom"])
    for number, level in enumerate(levels):
        for border, own in level:
            if number == len(levels) - 1:
                ln_q += ln_q_of_square(spins[:, border], spins[:, own], config)
            else:
                ln_q += ln_q_of_block(tensors, number, spins[:, border], spins[:, own], config)
    square = spins.reshape(-1, size, size)
    bonds = (square * np.roll(square, 1, 1) + square * np.roll(square, 1, 2)).sum((1, 2))
    energy = -config["coupling"] * bonds - config["field"] * spins.sum(1)
    off = np.abs(ln_q - samples["ln_q"])
    allowed = 1e-4 + 1e-6 * np.abs(ln_q)
    wrong = int((off > allowed).sum()) + int((energy != samples["energy"]).sum())
    print(f"{len(spins)} samples of {run}: ln q differs by {off.max():.2e} at most (allowed {allowed.min():.1e}), "
          f"{wrong} figures wrong")
    sys.exit(1 if wrong or not len(spins) else 0)


main()
