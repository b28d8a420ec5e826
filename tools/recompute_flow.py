#!/usr/bin/env python3
"""Recomputes ln q of fields and the energies of their spins with numpy, from docs/FORMATS.md alone, and compares.

    python3 tools/recompute_flow.py RUN fields.npz

RUN is the run folder of a flow, fields.npz the output of `han-gpu neuralrg sample RUN`. Shares no code with han-gpu: the flow goes from the field to independent numbers,
coupling by coupling. Exits with 1 if anything differs by more than the formats promise.
"""
import json
import math
import sys
import tomllib
from pathlib import Path

import numpy as np

# Corners of a patch that stay as they are, then those that move, coupling by coupling in the order of generation.
HALVES = [(0, 3, 1, 2), (1, 2, 0, 3), (0, 1, 2, 3), (2, 3, 0, 1), (0, 2, 1, 3), (1, 3, 0, 2)]
TOLERANCE = 1e-5


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


def layers_of(settings):
    """Scale and offset of every block, from the field on."""
    scales = settings.get("scales", int(math.log2(settings["size"])))
    repeat = settings["repeat"]
    layers = []
    for scale in range(scales):
        pair = {"both": [(scale, 0), (scale, 2**scale)], "disentanglers": [(0, 0), (0, 1)],
                "decimators": [(scale, 2**scale)]}[settings["parts"]]
        layers += pair * repeat
    return layers


def patches_of(size, scale, offset):
    """[patches][4] sites."""
    distance, stride = 2**scale, 2**(scale + 1)
    places = [(offset + stride * i, offset + stride * j)
              for i in range(size // stride) for j in range(size // stride)]
    corner = [(0, 0), (0, 1), (1, 0), (1, 1)]
    return np.array([[(row + distance * down) % size * size + (column + distance * right) % size
                      for down, right in corner] for row, column in places])


def elu(x):
    return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)


def net(parameters, settings, inputs):
    """[..., 2] outputs of a net for [..., 2] inputs."""
    hidden, at, width = settings["hidden"], 0, 2
    for _ in range(settings["depth"]):
        weights = parameters[at:at + hidden * width].reshape(hidden, width)
        biases = parameters[at + hidden * width:at + hidden * (width + 1)]
        inputs = elu(inputs @ weights.T + biases)
        at, width = at + hidden * (width + 1), hidden
    return inputs @ parameters[at:].reshape(2, hidden).T


def is_odd(settings):
    return settings.get("symmetry", "odd") == "odd"


def scale_and_shift(parameters, settings, passive):
    scales, constants, slopes = parameters[:2], parameters[2:4], parameters[4:8].reshape(2, 2)
    of_scale, of_shift = np.split(parameters[8:], 2)
    u, v = (net(of, settings, passive) for of in (of_scale, of_shift))
    if is_odd(settings):
        mirrored = [net(of, settings, -passive) for of in (of_scale, of_shift)]
        u, v = 0.5 * (u + mirrored[0]), 0.5 * (v - mirrored[1])
    return constants + scales * np.tanh(u), passive @ slopes.T + v


def ln_q_of_flow(settings, parameters, x):
    """ln q of fields [N][sites] by the flow alone, and their independent numbers."""
    z, ln_det = x.copy(), np.zeros(len(x))
    for block, (scale, offset) in zip(parameters, layers_of(settings), strict=True):
        patches = patches_of(settings["size"], scale, offset)
        for number in reversed(range(settings["layers"])):
            corners = list(HALVES[number % len(HALVES)])
            passive, active = patches[:, corners[:2]], patches[:, corners[2:]]
            log_scale, shift = scale_and_shift(block[number], settings, z[:, passive])
            z[:, active] = (z[:, active] - shift) * np.exp(-log_scale)
            ln_det += log_scale.sum((1, 2))
    return -0.5 * (z**2 + math.log(2 * math.pi)).sum(1) - ln_det, z


def ln_q(settings, parameters, x):
    """ln q of fields [N][sites], and their independent numbers, in a mixture those of x or -x, whichever the flow makes more easily."""
    own, z = ln_q_of_flow(settings, parameters, x)
    if is_odd(settings):
        return own, z
    image, z_image = ln_q_of_flow(settings, parameters, -x)
    return np.logaddexp(own, image) - math.log(2), np.where((own > image)[:, None], z, z_image)


def main():
    run, samples = Path(sys.argv[1]), np.load(sys.argv[2])
    settings = tomllib.loads((run / "flow.toml").read_text())
    parameters = read_safetensors(run / "flow.safetensors")["parameters"]
    x = samples["x"].astype(np.float64).reshape(len(samples["x"]), -1)
    found, z = ln_q(settings, parameters, x)
    spins = samples["spins"].astype(np.int64)
    energy = -settings["coupling"] * sum((spins * np.roll(spins, -1, axis)).sum((1, 2)) for axis in (1, 2))
    differences = {
        "ln q per site": np.abs(found - samples["ln_q"]).max() / x.shape[1],
        "energy": np.abs(energy - samples["energy"]).max(),
    }
    for name, difference in differences.items():
        print(f"{name}: differs by {difference:.2e} at most, of {len(x)} fields")
    print(f"mean of z^2: {(z**2).mean():.4f}, of independent normal numbers 1")
    sys.exit(any(difference > TOLERANCE for difference in differences.values()))


if __name__ == "__main__":
    main()
