#!/usr/bin/env python3
"""Times a training step of the published network in PyTorch and in han-gpu, in turn, and prints the ratios.

    cargo build --release
    python3 tools/compare_torch.py [--python PYTHON] [--sizes 16,32,64] [--batch 256] [--device cpu] \\
        [--torch-device cpu] [--threads 2] [--rounds 3] [--program target/release/han-gpu] [--json]
    python3 tools/compare_torch.py --lattice cubic --sizes 8
    python3 tools/compare_torch.py --states 3 --sizes 32
    python3 tools/compare_torch.py --device nvidia --torch-device cuda --batch 1024 --sizes 32,64,128

tools/han_torch.py, on the cubic lattice tools/han3d_torch.py, and for Potts spins of --states colours, with as many hidden units a site, tools/potts_torch.py are the
PyTorch side. PYTHON is an interpreter that has torch. Each round runs published, han-gpu,
incremental, han-gpu, so that what else the machine does hits all of them; figures are medians over rounds, spreads the smallest
and the largest.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "han-gpu"
TORCH = {lattice: pathlib.Path(__file__).resolve().parent / name
         for lattice, name in (("square", "han_torch.py"), ("cubic", "han3d_torch.py"))}
POTTS = pathlib.Path(__file__).resolve().parent / "potts_torch.py"
MODES = ("published", "incremental")


def output(command, threads):
    environment = os.environ | {"RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment)
    if ended.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{ended.stderr}")
    return json.loads(ended.stdout)


def devices(arguments):
    """Names of theirs and ours. On a card both must be cards: `--device 0` may be a software adapter."""
    probe = "import json, sys, torch; on_card = sys.argv[1] != 'cpu'; " \
        "print(json.dumps([torch.__version__, torch.cuda.get_device_name(sys.argv[1]) if on_card else 'CPU']))"
    version, theirs = output([arguments.python, "-c", probe, arguments.torch_device], arguments.threads)
    bench = [arguments.program, "bench", "--size", 4, "--batch", 2, "--repeats", 1, "--device", arguments.device, "--json"]
    ours = output(bench, arguments.threads)["device"]
    adapters = output([arguments.program, "devices", "--json"], arguments.threads)["adapters"]
    software = [adapter["name"] for adapter in adapters if adapter["kind"] == "software"]
    on_cpu = ours.startswith("CPU") or any(name in ours for name in software)
    if on_cpu and theirs != "CPU":
        sys.exit(f"PyTorch runs on {theirs}, han-gpu on {ours}: name the card with --device (han-gpu devices lists them)")
    return f"PyTorch {version} on {theirs}; han-gpu on {ours}"


def torch_step(arguments, size, mode):
    steps = 30 if mode == "incremental" else 10
    script = [POTTS, "--states", arguments.states] if arguments.states else [TORCH[arguments.lattice]]
    command = [arguments.python, *script, "--size", size, "--batch", arguments.batch, "--steps", steps]
    command += ["--device", arguments.torch_device, "--mode", mode, "--threads", arguments.threads]
    return output(command, arguments.threads)["step_seconds"]


def han_step(arguments, size):
    command = [arguments.program, "bench", "--preset", "published", "--size", size, "--batch", arguments.batch]
    command += ["--lattice", arguments.lattice, "--device", arguments.device, "--json"]
    if arguments.states:
        command += ["--model", "potts", "--states", arguments.states, "--width", arguments.states]
    return output(command, arguments.threads)["step"]["median_s"]


def compare(arguments, size):
    times = {name: [] for name in (*MODES, "han-gpu")}
    for _ in range(arguments.rounds):
        for mode in MODES:
            times[mode].append(torch_step(arguments, size, mode))
            times["han-gpu"].append(han_step(arguments, size))
    return times


def milliseconds(times):
    return f"{statistics.median(times) * 1e3:.2f} ({min(times) * 1e3:.2f} to {max(times) * 1e3:.2f})"


def row(size, times):
    ours = times["han-gpu"]
    # The least favourable pairing bounds the ratio from below.
    ratios = [
        f"{statistics.median(times[mode]) / statistics.median(ours):.1f} (at least {min(times[mode]) / max(ours):.1f})"
        for mode in MODES
    ]
    columns = [milliseconds(times[name]) for name in (*MODES, "han-gpu")]
    return f"| {size} | " + " | ".join(columns + ratios) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--lattice", choices=TORCH, default="square")
    parser.add_argument("--states", type=int, default=0)
    parser.add_argument("--sizes", default="16,32,64")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--torch-device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    on = devices(arguments)
    print(on, file=sys.stderr)
    table = {size: compare(arguments, size) for size in map(int, arguments.sizes.split(","))}
    if arguments.json:
        print(json.dumps({"devices": on, "seconds": table}, indent=1))
        return
    print(f"{on}; each may take {arguments.threads} threads")
    print(f"training step of the published network, batch {arguments.batch}, ms: median (smallest to largest)")
    print("| L | PyTorch published | PyTorch incremental | han-gpu | published / han-gpu | incremental / han-gpu |")
    print("|---|---|---|---|---|---|")
    for size, times in table.items():
        print(row(size, times))


if __name__ == "__main__":
    main()
