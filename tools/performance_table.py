#!/usr/bin/env python3
"""Times the networks of docs/PERFORMANCE.md on one device and prints its tables, with adapter, driver and commit.

    cargo build --release
    python3 tools/performance_table.py [--device 0] [--batch 1024] [--sizes 16,32,64,128] [--large 512,1024] \\
        [--large-batch 4] [--repeats 20] [--retune]

Steps with their phases, then every level's sampling and backward pass as shares of the limits measured in the same run, then large
lattices. What a device refuses stands in the table with the reason. tools/compare_torch.py sets PyTorch beside it.
"""

import argparse
import json
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "han-gpu"
NETWORKS = {"published": ["--preset", "published"], "default": []}
PHASES = ("sample", "reward", "backward", "optimise")


def ask(*words):
    """The JSON that han-gpu prints, or, as text, why it would not."""
    ended = subprocess.run([PROGRAM, *map(str, words), "--json"], capture_output=True, text=True)
    if ended.returncode:
        return ended.stderr.strip().splitlines()[-1]
    return json.loads(ended.stdout)


def bench(arguments, network, size, batch, repeats):
    print(f"{network}, L = {size}, batch {batch}", file=sys.stderr)
    retune = ["--retune"] if arguments.retune else []
    words = [*NETWORKS[network], "--size", size, "--batch", batch, "--device", arguments.device, "--repeats", repeats]
    return ask("bench", *words, *retune)


def plan(network, size, batch):
    return ask("plan", *NETWORKS[network], "--size", size, "--batch", batch)


def source():
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{version} at {commit}" if commit else version


def with_driver(device):
    """What `bench` calls a device, with its driver if it is an adapter."""
    for adapter in ask("devices")["adapters"]:
        if device == f"{adapter['name']} ({adapter['backend']})":
            return f"{device}, driver {adapter['driver']}"
    return device


def shares(rows, rates):
    """Milliseconds of rows of levels, and what shares of that arithmetic at the rate of a product and the limit take."""
    seconds = [row["median_s"] for row in rows]
    total = sum(seconds)
    arithmetic = sum(row["flops_per_s"] * time for row, time in zip(rows, seconds)) / rates["flops_per_s"]
    limit = sum(row["of_limit"] * time for row, time in zip(rows, seconds))
    return total * 1e3, arithmetic / total, limit / total


def digits(number):
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"


def spread(time):
    return "{} ({} to {})".format(*(digits(time[key] * 1e3) for key in ("median_s", "lower_s", "upper_s")))


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def heading(*cells):
    return "\n" + row(*cells) + "\n" + "|---" * len(cells) + "|"


def step_row(network, size, times):
    if isinstance(times, str):
        return row(network, size, "", times, *[""] * 7)
    rates = times["rates"]
    phases = []
    for phase in PHASES:
        milliseconds, _, limit = shares([row for row in times["levels"] if row["name"] == phase], rates)
        phases.append(f"{milliseconds:.3g} ({limit:.0%})")
    limits = f"{rates['flops_per_s'] / 1e9:.0f}, {rates['bytes_per_s'] / 1e9:.0f}"
    configurations = f"{times['configurations_per_s']:,.0f}"
    idle = "" if times["idle_share"] is None else f"{times['idle_share']:.1%}"
    return row(network, size, limits, spread(times["step"]), configurations, *phases, spread(times["host"]), idle)


def level_rows(network, size, times):
    if isinstance(times, str):
        return
    for level in plan(network, size, times["batch"])["levels"]:
        cells = []
        for phase in ("sample", "backward"):
            here = [row for row in times["levels"] if (row["level"], row["name"]) == (level["level"], phase)]
            cells.append("{:.3g} ({:.0%}, {:.0%})".format(*shares(here, times["rates"])) if here else "")
        yield row(network, size, level["name"], level["side"], level["squares"], *cells)


def large_row(arguments, network, size):
    batch = arguments.large_batch
    times = bench(arguments, network, size, batch, min(arguments.repeats, 5))
    if isinstance(times, str):
        return row(network, size, batch, times, "")
    memory = plan(network, size, batch)["cpu_memory_bytes" if arguments.device == "cpu" else "gpu_memory_bytes"]
    return row(network, size, batch, spread(times["step"]), f"{memory / 2**30:.1f}")


def numbers(text):
    return [int(number) for number in text.split(",") if number]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--sizes", type=numbers, default="16,32,64,128")
    parser.add_argument("--large", type=numbers, default="512,1024")
    parser.add_argument("--large-batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--retune", action="store_true")
    arguments = parser.parse_args()

    measured = [
        (network, size, bench(arguments, network, size, arguments.batch, arguments.repeats))
        for network in NETWORKS
        for size in arguments.sizes
    ]
    devices = {times["device"] for _, _, times in measured if isinstance(times, dict)}
    if not devices:
        sys.exit(f"nothing could be timed: {measured[0][2]}")
    command = shlex.join(["python3", "tools/performance_table.py", *sys.argv[1:]])
    print(f"{with_driver(devices.pop())}; {source()}; `{command}`")
    print(f"\nTraining step, batch {arguments.batch}; ms, per phase with its share of the limit.")
    print(heading("network", "L", "Gflop/s, GB/s", "step (quartiles)", "configurations/s", *PHASES, "host", "device waits"))
    for measurement in measured:
        print(step_row(*measurement))
    print("\nLevels; ms, in brackets arithmetic at the rate of a product and the limit, as shares of it.")
    print(heading("network", "L", "level", "side", "squares", "sample", "backward"))
    for measurement in measured:
        for line in level_rows(*measurement):
            print(line)
    print("\nLarge lattices; memory as `plan` says.")
    print(heading("network", "L", "batch", "step, ms", "GiB"))
    for size in arguments.large:
        for network in NETWORKS:
            print(large_row(arguments, network, size), flush=True)


if __name__ == "__main__":
    main()
