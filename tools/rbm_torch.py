#!/usr/bin/env python3
"""Contrastive divergence of a restricted Boltzmann machine in plain PyTorch, to compare steps per second with.

    python3 rbm_torch.py --size 10 --hidden 100 --batch 100 --steps 3000

A step is that of the public codes: probabilities of hidden units given the data, a draw of them, visible units and hidden probabilities given that, and the difference of
both products for weights and biases. Written for speed: without autograd, products into buffers that are made once, weights moved in place, data drawn before.
"""
import argparse
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, default=10)
parser.add_argument("--hidden", type=int, default=100)
parser.add_argument("--batch", type=int, default=100)
parser.add_argument("--steps", type=int, default=3000)
parser.add_argument("--rate", type=float, default=0.001)
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
torch.set_grad_enabled(False)

visible, hidden, batch = arguments.size**2, arguments.hidden, arguments.batch
weights = 0.01 * torch.randn(visible, hidden)
of_visible, of_hidden = torch.zeros(visible), torch.zeros(hidden)
data = torch.bernoulli(torch.full((16, batch, visible), 0.5))
fields_hidden, fields_visible = torch.empty(batch, hidden), torch.empty(batch, visible)
units, numbers = torch.empty(batch, hidden), torch.empty(batch, visible)
rate = arguments.rate / batch


def step(v0):
    h0 = torch.addmm(of_hidden, v0, weights, out=fields_hidden).sigmoid()
    torch.bernoulli(h0, out=units)
    v1 = torch.bernoulli(torch.addmm(of_visible, units, weights.t(), out=fields_visible).sigmoid_(), out=numbers)
    h1 = torch.addmm(of_hidden, v1, weights, out=fields_hidden).sigmoid_()
    weights.addmm_(v0.t(), h0, alpha=rate)
    weights.addmm_(v1.t(), h1, alpha=-rate)
    of_visible.add_((v0 - v1).sum(0), alpha=rate)
    of_hidden.add_((h0 - h1).sum(0), alpha=rate)


for number in range(10):
    step(data[number % 16])
best = float("inf")
for _ in range(3):
    start = time.perf_counter()
    for number in range(arguments.steps):
        step(data[number % 16])
    best = min(best, time.perf_counter() - start)
print(f"{1e6 * best / arguments.steps:.1f} us a step, {arguments.steps / best:.0f} steps/s, {arguments.threads} threads")
