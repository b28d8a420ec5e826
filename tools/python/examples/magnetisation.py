"""Draws |m|(beta) of the square Ising model: networks beside Monte Carlo, and the infinite lattice."""

import argparse

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy

import han_gpu


def spontaneous(beta):
    """The magnetisation per site of the infinite lattice (C. N. Yang, 1952)."""
    return numpy.maximum(0, 1 - numpy.sinh(2 * beta) ** -4.0) ** (1 / 8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=16, help="side of the lattice")
    parser.add_argument("--steps", type=int, default=1000, help="training steps at every temperature")
    parser.add_argument("--points", type=int, default=9, help="temperatures")
    parser.add_argument("--count", type=int, default=50_000, help="samples at every temperature")
    parser.add_argument("--out", default="magnetisation.png", help="the figure")
    arguments = parser.parse_args()

    betas = numpy.linspace(0.3, 0.6, arguments.points)
    values, errors, chains = [], [], []
    for beta in betas:
        run = han_gpu.train(size=arguments.size, beta=beta, steps=arguments.steps, progress=False)
        of_network = run.measure(arguments.count, progress=False)["abs_magnetisation"]
        of_chains = han_gpu.monte_carlo(size=arguments.size, beta=beta, sweeps=2000, progress=False)
        values.append(of_network["value"])
        errors.append(of_network["error"])
        chains.append(of_chains["abs_magnetisation"]["value"])
        print(f"beta {beta:.4f}  |m| {values[-1]:.5f} +- {errors[-1]:.5f}  Monte Carlo {chains[-1]:.5f}")

    curve = numpy.linspace(betas[0], betas[-1], 400)
    figure, axes = plt.subplots(figsize=(6, 4))
    axes.plot(curve, spontaneous(curve), color="grey", label="infinite lattice")
    axes.plot(betas, chains, "s", markerfacecolor="none", label="Monte Carlo")
    axes.errorbar(betas, values, errors, fmt=".", label=f"networks, L = {arguments.size}")
    axes.set(xlabel=r"$\beta$", ylabel=r"$|m|$")
    axes.legend()
    figure.savefig(arguments.out, dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
