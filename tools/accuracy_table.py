#!/usr/bin/env python3
"""Trains the networks of docs/ACCURACY.md from nothing and writes its table of figures.

    cargo build --release
    python3 tools/accuracy_table.py --out runs/accuracy [--sizes 8,16,32] [--seeds 0,1,2]

Networks have the preset "accurate" of their size; one of size 128 starts from that of size 64 with the same seed, and its seconds are
its own. Each is then measured with a tensor network inside its boundary. Runs that are finished are not repeated, an interrupted one
goes on, so the work can be spread over calls. Only finished runs enter the table, which replaces what stands between the markers in
docs/ACCURACY.md.
"""

import argparse
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "han-gpu"
PAGE = ROOT / "docs" / "ACCURACY.md"
MARKERS = "<!-- table: begin -->", "<!-- table: end -->"

# Size and beta of every row, and samples of the measurement with a tensor network, which takes L^4 and more.
ROWS = {
    (8, 0.44): 20_000,
    (16, 0.44): 20_000,
    (32, 0.44): 10_000,
    (32, 0.3): 4_000,
    (32, 0.42): 4_000,
    (32, 0.4406868): 4_000,
    (32, 0.47): 4_000,
    (32, 0.6): 4_000,
    (64, 0.44): 2_000,
    (128, 0.44): 500,
}
# Sizes that start from the nets of half the size.
GROWN = (128,)
EVALUATION = dict(evaluation_samples=100_000, verification_samples=10_000)


def folder(out, size, beta, seed):
    return out / f"L{size}-beta{beta}-seed{seed}"


def train(out, size, beta, seed):
    run = folder(out, size, beta, seed)
    if (run / "summary.json").exists():
        return
    if (run / "config.toml").exists():
        arguments = ["--resume", run]
    else:
        arguments = ["--preset", "accurate", "--size", size, "--beta", beta, "--seed", seed, "--out", run, "--device", "cpu"]
        for key, value in EVALUATION.items():
            arguments += ["--set", f"{key}={value}"]
        if size in GROWN:
            train(out, size // 2, beta, seed)
            arguments += ["--init-from", folder(out, size // 2, beta, seed)]
    subprocess.run([PROGRAM, "--quiet", "train", *map(str, arguments)], check=True)


def measure(out, size, beta, seed):
    """Measures a network with a tensor network inside its boundary, checked by Monte Carlo."""
    run = folder(out, size, beta, seed)
    found = run / "with-mps.json"
    if not found.exists():
        arguments = ["--count", ROWS[size, beta], "--bottom", "mps", "--verify", "--json"]
        command = [PROGRAM, "--quiet", "measure", run, *map(str, arguments)]
        found.write_text(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def estimate(found):
    """A value with its error in units of the last of two digits, as 0.0123(45)."""
    value, error = found["value"], found["error"]
    if not error:
        return f"{value:.6f}"
    digits = 1
    while error * 10**digits < 9.5 and digits < 9:
        digits += 1
    return f"{value:.{digits}f}({round(error * 10**digits)})"


def row(run, seed):
    summary, with_mps = (json.loads((run / name).read_text()) for name in ("summary.json", "with-mps.json"))
    status = " / ".join(dict.fromkeys([summary["verification"]["status"], with_mps["verification"]["status"]]))
    cells = [
        summary["size"],
        summary["beta"],
        seed,
        f"{summary['elapsed_s']:.0f}",
        estimate(summary["kl"]),
        f"{summary['ess']:.4f}",
        f"{summary['forward']['ess']['value']:.4f}",
        f"{summary['ln_z_deviation']:+.1f}",
        estimate(with_mps["kl"]),
        f"{with_mps['ess']['value']:.4f}",
        f"{with_mps['forward']['ess']['value']:.4f}",
        f"{with_mps['ln_z']['deviation']:+.1f}",
        f"{with_mps['seconds_per_effective_sample'] * 1e3:.2f}",
        status,
    ]
    return f"| {' | '.join(map(str, cells))} |"


def table(out):
    lines = [
        "| L | beta | seed | s | KL | ESS | forward ESS | ln Z, sigma | KL with MPS | ESS | forward ESS | ln Z, sigma | ms an effective sample | |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for size, beta in ROWS:
        for run in sorted(out.glob(f"L{size}-beta{beta}-seed*")):
            if (run / "with-mps.json").exists():
                lines.append(row(run, run.name.rpartition("seed")[2]))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--sizes", default="8,16,32,64")
    parser.add_argument("--seeds", default="0,1,2")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    for seed in map(int, arguments.seeds.split(",")):
        for size, beta in ROWS:
            # Away from criticality one seed shows it.
            if size in sizes and (beta == 0.44 or seed == 0):
                train(arguments.out, size, beta, seed)
                measure(arguments.out, size, beta, seed)
    begin, end = MARKERS
    before, _, rest = PAGE.read_text().partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n{table(arguments.out)}\n{end}{after}")
    print(table(arguments.out))


if __name__ == "__main__":
    main()
