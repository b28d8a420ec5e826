#!/usr/bin/env python3
"""Trains the networks of docs/ACCURACY.md from nothing and writes its table of figures.

    cargo build --release
    python3 tools/accuracy_table.py --out runs/accuracy [--sizes 8,16,32] [--seeds 0,1,2] [--device cpu]

A network of size 64 starts from that of size 32 with the same seed, one of size 128 from that of size 64; the samples and seconds of a
row are its own. Runs that are
finished are not repeated, an interrupted one goes on, so the work can be spread over calls. Only finished runs enter the
table, which replaces what stands between the markers in docs/ACCURACY.md.
"""

import argparse
import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "han-gpu"
PAGE = ROOT / "docs" / "ACCURACY.md"
MARKERS = "<!-- table: begin -->", "<!-- table: end -->"

# Per size and beta: what differs from the defaults.
RECIPES = {
    (8, 0.44): dict(width=16, batch=512, steps=8000),
    (16, 0.44): dict(width=8, batch=512, steps=6000),
    (32, 0.44): dict(width=8, batch=512, steps=3000),
    (32, 0.3): dict(width=4, batch=256, steps=3000),
    (32, 0.6): dict(width=4, batch=256, steps=3000, objective="forward"),
    (64, 0.44): dict(width=8, batch=256, steps=5000, objective="mixed", learning_rate=0.007),
    (128, 0.44): dict(width=8, batch=128, steps=4000, objective="forward", learning_rate=0.007),
}
# A second stage from the network of the first, at a lower rate and a larger batch.
POLISH = {
    (64, 0.44): dict(width=8, batch=512, steps=1500, objective="mixed", forward_share=0.5, learning_rate=0.003),
}
# Sizes that start from the nets of half the size.
GROWN = (64, 128)
EVALUATION = dict(evaluation_samples=100_000, verification_samples=10_000)


def folder(out, size, beta, seed, stage=""):
    return out / f"L{size}-beta{beta}-seed{seed}{stage}"


def last(out, size, beta, seed):
    return folder(out, size, beta, seed, "-polished" if (size, beta) in POLISH else "")


def train(out, size, beta, seed, device):
    settings, start = RECIPES[size, beta], None
    if size in GROWN:
        train(out, size // 2, beta, seed, device)
        start = last(out, size // 2, beta, seed)
    run(folder(out, size, beta, seed), size, beta, seed, settings, start, device)
    if (size, beta) in POLISH:
        start = folder(out, size, beta, seed)
        run(last(out, size, beta, seed), size, beta, seed, POLISH[size, beta], start, device)


def run(run, size, beta, seed, settings, start, device):
    if (run / "summary.json").exists():
        return
    if (run / "config.toml").exists():
        arguments = ["--resume", run]
    else:
        arguments = ["--size", size, "--beta", beta, "--seed", seed, "--out", run, "--device", device]
        for key, value in (settings | EVALUATION).items():
            arguments += ["--set", f"{key}={value}"]
        if start:
            arguments += ["--init-from", start]
    subprocess.run([PROGRAM, "train", *map(str, arguments)], check=True)


def row(summary, settings, seed):
    forward = summary["forward"]
    samples = settings["batch"] * settings["steps"]
    return (
        f"| {summary['size']} | {summary['beta']} | {seed} | {settings['width']} | {samples / 1e6:.2f} M "
        f"| {summary['elapsed_s']:.0f} | {summary['kl']['value']:.6f}({summary['kl']['error']:.6f}) "
        f"| {summary['ess']:.5f} | {forward['ess']['value']:.5f} | {summary['ln_z_deviation']:+.1f} "
        f"| {summary['verification']['status']} |"
    )


def table(out):
    lines = [
        "| L | beta | seed | width | samples | s | KL | ESS | forward ESS | ln Z, sigma | |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (size, beta), settings in RECIPES.items():
        for path in sorted(out.glob(f"L{size}-beta{beta}-seed*/summary.json")):
            seed, stage = re.search(r"seed(\d+)-?(\w*)", path.parent.name).groups()
            stage_settings = POLISH[size, beta] if stage else settings
            lines.append(row(json.loads(path.read_text()), stage_settings, f"{seed} {stage}".strip()))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--sizes", default="8,16,32,64")
    parser.add_argument("--betas", default="0.44,0.3,0.6")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    betas = [float(beta) for beta in arguments.betas.split(",")]
    for seed in map(int, arguments.seeds.split(",")):
        for size, beta in RECIPES:
            # Away from criticality one seed shows it.
            if size in sizes and beta in betas and (beta == 0.44 or seed == 0):
                train(arguments.out, size, beta, seed, arguments.device)
    begin, end = MARKERS
    before, _, rest = PAGE.read_text().partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n{table(arguments.out)}\n{end}{after}")
    print(table(arguments.out))


if __name__ == "__main__":
    main()
