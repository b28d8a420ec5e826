#!/usr/bin/env python3
"""A training step of the flow of `han-gpu neuralrg train` in plain PyTorch, to compare seconds per step with.

    python3 tools/neuralrg_torch.py --size 16 --batch 512

The same blocks, couplings and nets, with the same number of parameters. Written for speed as far as PyTorch lets one: all patches of a layer are rows of the same products, both
nets of a coupling at both signs of their inputs are one batch of products, the quadratic form of the energy is one product with the inverse matrix, and the gradient is that of all
terms by autograd, which needs one pass less than the path gradient of han-gpu.
"""
import argparse
import math
import resource
import time

import torch

HALVES = [(0, 3, 1, 2), (1, 2, 0, 3), (0, 1, 2, 3), (2, 3, 0, 1), (0, 2, 1, 3), (1, 3, 0, 2)]

parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, default=16)
parser.add_argument("--temperature", type=float, default=2.269185314213022)
parser.add_argument("--layers", type=int, default=6)
parser.add_argument("--hidden", type=int, default=8)
parser.add_argument("--depth", type=int, default=1)
parser.add_argument("--repeat", type=int, default=4)
parser.add_argument("--batch", type=int, default=512)
parser.add_argument("--steps", type=int, default=10)
parser.add_argument("--rate", type=float, default=4e-3)
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
size, hidden = arguments.size, arguments.hidden
sites = size * size


def patches(scale, offset):
    distance, stride = 2**scale, 2**(scale + 1)
    starts = range(offset, offset + size, stride)
    corner = [(0, 0), (0, 1), (1, 0), (1, 1)]
    return torch.tensor([[(row + distance * down) % size * size + (column + distance * right) % size
                          for down, right in corner] for row in starts for column in starts])


class Coupling(torch.nn.Module):
    """Scales and shifts two corners of all patches by functions of the two others."""

    def __init__(self, layer, corners):
        super().__init__()
        self.passive, self.active = layer[:, corners[:2]].reshape(-1), layer[:, corners[2:]].reshape(-1)
        self.scales = torch.nn.Parameter(torch.zeros(2))
        self.constants = torch.nn.Parameter(torch.zeros(2))
        self.slopes = torch.nn.Parameter(torch.zeros(2, 2))
        widths = [2] + [hidden] * arguments.depth
        # Weights of the net of scales and of that of shifts, side by side.
        self.weights = torch.nn.ParameterList(
            torch.nn.Parameter((2 * torch.rand(2, a, b) - 1) / math.sqrt(a)) for a, b in zip(widths, widths[1:]))
        self.biases = torch.nn.ParameterList(
            torch.nn.Parameter((2 * torch.rand(2, 1, b) - 1) / math.sqrt(a)) for a, b in zip(widths, widths[1:]))
        last = (2 * torch.rand(2, hidden, 2) - 1) / math.sqrt(hidden)
        last[1] = 0.0
        self.last = torch.nn.Parameter(last)

    def forward(self, x):
        rows = len(x)
        passive = x[:, self.passive].reshape(-1, 2)
        values = torch.cat([passive, -passive]).expand(2, -1, -1)
        for weights, biases in zip(self.weights, self.biases):
            values = torch.nn.functional.elu(torch.baddbmm(biases, values, weights), inplace=True)
        values = torch.bmm(values, self.last)
        plus, minus = values[:, :len(passive)], values[:, len(passive):]
        log_scale = self.constants + self.scales * torch.tanh(0.5 * (plus[0] + minus[0]))
        shift = passive @ self.slopes.t() + 0.5 * (plus[1] - minus[1])
        moved = torch.addcmul(shift, x[:, self.active].reshape(-1, 2), log_scale.exp())
        return x.index_copy(1, self.active, moved.reshape(rows, -1)), log_scale.reshape(rows, -1).sum(1)


def inverse_matrix():
    matrix = torch.zeros(sites, sites, dtype=torch.float64)
    for row in range(size):
        for column in range(size):
            for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                matrix[row * size + column, (row + down) % size * size + (column + right) % size] += 1
    matrix = matrix / arguments.temperature + (0.1 + 4 / arguments.temperature) * torch.eye(sites, dtype=torch.float64)
    return torch.linalg.inv(matrix).float()


couplings = torch.nn.ModuleList()
for scale in reversed(range(int(math.log2(size)))):
    for _ in range(arguments.repeat):
        for offset in (2**scale, 0):
            layer = patches(scale, offset)
            couplings.extend(Coupling(layer, list(HALVES[number % 6])) for number in range(arguments.layers))
inverse = inverse_matrix()
optimiser = torch.optim.Adam(couplings.parameters(), lr=arguments.rate, foreach=True)


def step():
    z = torch.randn(arguments.batch, sites)
    x, ln_det = z, torch.zeros(arguments.batch)
    for coupling in couplings:
        x, of_coupling = coupling(x)
        ln_det = ln_det + of_coupling
    ln_q = -0.5 * (z**2 + math.log(2 * math.pi)).sum(1) - ln_det
    ln_cosh = torch.nn.functional.softplus(2 * x) - x - math.log(2)
    loss = (ln_q + 0.5 * (x * (x @ inverse)).sum(1) - ln_cosh.sum(1)).mean()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.item()


first = step()
best = float("inf")
for _ in range(3):
    start = time.perf_counter()
    for _ in range(arguments.steps):
        loss = step()
    best = min(best, (time.perf_counter() - start) / arguments.steps)
count = sum(parameter.numel() for parameter in couplings.parameters())
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{best:.4f} s a step of {arguments.batch}, {count} parameters, {arguments.threads} threads, "
      f"{memory:.0f} MiB at most; loss {first:.2f} at first, {loss:.2f} after {3 * arguments.steps} steps")
