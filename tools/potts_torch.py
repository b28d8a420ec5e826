#!/usr/bin/env python3
"""The published HAN algorithm for Potts spins (arXiv:2212.04955: an input, a hidden unit and a logit for every colour of a site, softmax) in plain PyTorch.

    python3 potts_torch.py --states 3 --size 32 --batch 256 --steps 5 --device cpu --mode published
    python3 potts_torch.py --states 3 --size 32 --batch 256 --steps 5 --device cpu --mode incremental

As han_torch.py, whose modes, blocks and output these are: `published` makes one full forward pass of a level's net for every site, `incremental` keeps hidden
pre-activations and computes only the next site's. Squares of side 2 are one spin, drawn from its exact heat bath.
"""
import sys

import torch
from torch import nn

import han_torch


class Made(nn.Module):
    """p(c_i | border, c_<i) for `m` sites given `b` border sites; a hidden layer of `q` units for every site."""

    def __init__(self, b, m, q, gen):
        super().__init__()
        n = b + m
        self.b, self.m, self.q = b, m, q
        mask1 = torch.zeros(n, n)
        mask1[:, :b] = 1
        mask1[b:, b:] = torch.tril(torch.ones(m, m), -1)
        mask2 = torch.zeros(m, n)
        mask2[:, :b] = 1
        mask2[:, b:] = torch.tril(torch.ones(m, m))
        self.register_buffer("mask1", mask1.repeat_interleave(q, 0).repeat_interleave(q, 1))
        self.register_buffer("mask2", mask2.repeat_interleave(q, 0).repeat_interleave(q, 1))
        bound = (n * q) ** -0.5

        def init(mask):
            w = (torch.rand(mask.shape, generator=gen) * 2 - 1) * bound * mask
            return w * (mask.numel() / mask.sum()).sqrt()

        self.w1 = nn.Parameter(init(self.mask1))
        self.w2 = nn.Parameter(init(self.mask2))
        self.b1 = nn.Parameter((torch.rand(n * q, generator=gen) * 2 - 1) * bound)
        self.b2 = nn.Parameter((torch.rand(m * q, generator=gen) * 2 - 1) * bound)
        self.slope = nn.Parameter(torch.full((n * q,), 0.5))

    def act(self, a, units=slice(None)):
        return torch.where(a > 0, a, self.slope[units] * a)

    def forward(self, border, x):
        """From indicators [rows, sites * q]."""
        h = nn.functional.linear(torch.cat([border, x], 1), self.mask1 * self.w1, self.b1)
        return nn.functional.linear(self.act(h), self.mask2 * self.w2, self.b2)

    def log_prob(self, border, colours):
        logits = self(one_hot(border, self.q), one_hot(colours, self.q)).view(-1, self.m, self.q)
        return torch.log_softmax(logits, 2).gather(2, colours[:, :, None]).sum((1, 2))

    @torch.no_grad()
    def sample(self, border, mode):
        n_sq, q, b, device = border.shape[0], self.q, self.b, border.device
        colours = torch.zeros(n_sq, self.m, dtype=torch.long, device=device)
        x = torch.zeros(n_sq, self.m * q, device=device)
        edge = one_hot(border, q)

        def draw(i, logits):
            colours[:, i] = torch.multinomial(torch.softmax(logits, 1), 1)[:, 0]
            x[:, i * q:(i + 1) * q] = nn.functional.one_hot(colours[:, i], q)

        if mode == "published":
            for i in range(self.m):
                draw(i, self(edge, x)[:, i * q:(i + 1) * q])
            return colours
        w1, w2 = self.mask1 * self.w1, self.mask2 * self.w2
        pre = edge @ w1[:, :b * q].T + self.b1
        logit = self.act(pre[:, :b * q], slice(0, b * q)) @ w2[:, :b * q].T + self.b2
        hidden = torch.zeros(n_sq, self.m * q, device=device)
        for i in range(self.m):
            own, unit = slice(i * q, (i + 1) * q), slice((b + i) * q, (b + i + 1) * q)
            a = pre[:, unit] + x[:, :i * q] @ w1[unit, b * q:(b + i) * q].T
            hidden[:, own] = self.act(a, unit)
            draw(i, logit[:, own] + hidden[:, :(i + 1) * q] @ w2[own, b * q:(b + i + 1) * q].T)
        return colours


def one_hot(colours, q):
    return nn.functional.one_hot(colours, q).flatten(1).float()


class Potts(han_torch.Han):
    """Networks of colours over the blocks of han_torch; energies are -1 for every bond between equal colours."""

    states = 3

    def __init__(self, size, beta, seed, device):
        nn.Module.__init__(self)
        gen = torch.Generator().manual_seed(seed)
        self.size, self.beta = size, beta
        boundary, levels = self.tables(size)
        self.boundary = torch.tensor(boundary, device=device)
        self.levels = [(name, border.to(device), own.to(device)) for name, border, own in levels]
        nets = [Made(0, len(boundary), self.states, gen)]
        nets += [Made(border.shape[1], own.shape[1], self.states, gen) for _, border, own in levels if own.shape[1] > 1]
        self.nets = nn.ModuleList(nets).to(device)

    def fields(self, edge):
        return self.beta * nn.functional.one_hot(edge, self.states).sum(1)

    def sample(self, batch, mode, tick):
        device = self.boundary.device
        spins = torch.zeros(batch, self.size**2, dtype=torch.long, device=device)
        spins[:, self.boundary] = self.nets[0].sample(torch.zeros(batch, 0, dtype=torch.long, device=device), mode)
        tick("sample_boundary")
        for k, (name, border, cross) in enumerate(self.levels):
            edge, _ = self.squares(spins, k)
            if cross.shape[1] > 1:
                x = self.nets[k + 1].sample(edge, mode)
            else:
                x = torch.multinomial(torch.softmax(self.fields(edge), 1), 1)
            spins[:, cross] = x.reshape(batch, border.shape[0], -1)
            tick(f"sample_{name}")
        return spins

    def log_prob(self, spins):
        batch = spins.shape[0]
        empty = torch.zeros(batch, 0, dtype=torch.long, device=spins.device)
        total = self.nets[0].log_prob(empty, spins[:, self.boundary])
        for k in range(len(self.levels)):
            edge, x = self.squares(spins, k)
            if x.shape[1] > 1:
                lp = self.nets[k + 1].log_prob(edge, x)
            else:
                lp = torch.log_softmax(self.fields(edge), 1).gather(1, x)[:, 0]
            total = total + lp.reshape(batch, -1).sum(1)
        return total

    def energy(self, spins):
        s = spins.reshape(-1, self.size, self.size)
        equal = sum((s == s.roll(1, 1 + axis)).float() for axis in range(2))
        return -equal.flatten(1).sum(1)


if __name__ == "__main__":
    if "--states" in sys.argv:
        at = sys.argv.index("--states")
        Potts.states = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    han_torch.main(Potts)
