#!/usr/bin/env python3
"""Networks of pairs (arXiv:2302.08347) in plain PyTorch, for comparison: sampling and a training step of the heads sk0, sk1 and sk2.

    python3 arnn_torch.py --size 100 --batch 512 --head sk0 --steps 3 --threads 2 --mode kept
    python3 arnn_torch.py --size 1000 --batch 64 --head sk0 --steps 1 --threads 2 --mode published

Both modes draw site after site, as tensors over the batch and the sites behind. `kept` keeps the fields on all sites and adds the spins of each site to them; `published`
multiplies the couplings with all spins drawn so far for every site, as the first layer of the published code does. Couplings are those of Sherrington and Kirkpatrick.
Prints one JSON object: seconds of drawing a batch and of a training step (drawing, REINFORCE with the mean as baseline, Adam), each the median of --steps.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F


class Arnn(torch.nn.Module):
    def __init__(self, size, layers, beta, mode):
        super().__init__()
        self.size, self.layers, self.beta, self.mode = size, layers, beta, mode
        couplings = torch.triu(torch.randn(size, size) / size**0.5, 1)
        self.couplings = couplings + couplings.T
        # Of the sites behind site i: [2 signs, sites behind] for every layer, and what the last layer is multiplied with.
        signs = torch.tensor([1.0, -1.0])[:, None]
        behind = [self.couplings[i, i + 1:] for i in range(size)]
        first = [2 * beta * signs * j for j in behind]
        def per_site(make):
            return torch.nn.ParameterList([torch.nn.Parameter(make(i)) for i in range(size)])
        ones = [torch.ones(2, size - i - 1) for i in range(size)]
        self.weights = torch.nn.ModuleList([per_site(lambda i, k=k: (2 * beta if k == 0 else 1.0) * ones[i]) for k in range(layers)])
        self.biases = torch.nn.ModuleList([per_site(lambda i, k=k: first[i].clone() if k == 0 else -3 * ones[i]) for k in range(layers)])
        self.outputs = per_site(lambda i: -signs * ones[i])
        self.site_weights = torch.nn.Parameter(torch.full((size,), 2 * beta))
        self.site_biases = torch.nn.Parameter(torch.stack([2 * beta * j.sum() for j in behind]))

    def logit(self, i, fields):
        """From the fields [batch, sites from i on] of the spins before site i."""
        logit = self.site_biases[i] + self.site_weights[i] * fields[:, 0]
        value = fields[:, None, 1:]
        for weights, biases in zip(self.weights, self.biases):
            value = F.logsigmoid(biases[i] + weights[i] * value)
        return logit + (self.outputs[i] * value).sum((1, 2))

    def fields(self, i, spins, kept):
        if self.mode == "kept":
            return kept[:, i:]
        return spins[:, :i] @ self.couplings[:i, i:]

    def sample(self, batch):
        spins = torch.zeros(batch, self.size)
        kept = torch.zeros(batch, self.size)
        with torch.no_grad():
            for i in range(self.size):
                up = torch.rand(batch) < torch.sigmoid(self.logit(i, self.fields(i, spins, kept)))
                spins[:, i] = 2.0 * up - 1.0
                if self.mode == "kept":
                    kept[:, i + 1:] += spins[:, i:i + 1] * self.couplings[i, i + 1:]
        return spins

    def ln_q(self, spins):
        ln_q = 0.0
        kept = torch.zeros_like(spins)
        for i in range(self.size):
            ln_q = ln_q + F.logsigmoid(spins[:, i] * self.logit(i, self.fields(i, spins, kept)))
            if self.mode == "kept":
                kept = kept + spins[:, i:i + 1] * self.couplings[i]
        return ln_q

    def energy(self, spins):
        return -0.5 * ((spins @ self.couplings) * spins).sum(1)

    def step(self, batch, optimiser):
        spins = self.sample(batch)
        optimiser.zero_grad()
        ln_q = self.ln_q(spins)
        reward = (ln_q + self.beta * self.energy(spins)).detach()
        ((reward - reward.mean()) * ln_q).mean().backward()
        optimiser.step()


def seconds(work, count):
    work()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--head", choices=["sk0", "sk1", "sk2"], default="sk0")
    parser.add_argument("--beta", type=float, default=1.3)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mode", choices=["kept", "published"], default="kept")
    parser.add_argument("--sampling-only", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    net = Arnn(arguments.size, 1 + int(arguments.head[2]), arguments.beta, arguments.mode)
    told = {
        "mode": arguments.mode,
        "parameters": sum(p.numel() for p in net.parameters()),
        "sampling_seconds": seconds(lambda: net.sample(arguments.batch), arguments.steps),
    }
    if not arguments.sampling_only:
        optimiser = torch.optim.Adam(net.parameters(), 1e-3)
        told["step_seconds"] = seconds(lambda: net.step(arguments.batch, optimiser), arguments.steps)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
