#!/usr/bin/env python3
"""Prints the Markdown of what tools/on_gpu.sh measured, from its raw outputs; what is missing stands there with the reason.

    tar -xzf raw.tar.gz -C raw
    python3 tools/on_gpu_summary.py raw [--failures test-failures.txt]
"""

import argparse
import collections
import json
import pathlib
import re

from compare_torch import MODES, row as torch_row
from performance_table import PHASES, heading, row, spread, step_row

PARTS = {
    "facts": "Facts",
    "suite": "Test suite",
    "steps": "Training steps",
    "torch": "Against PyTorch",
    "variants": "Kernel shapes",
    "f16": "16-bit storage",
}
# A shape must be so much faster than every other to be worth having.
WORTH = 0.1

Piece = collections.namedtuple("Piece", "part name state seconds command")


class Raw:
    """The folder of raw outputs."""

    def __init__(self, folder):
        self.folder = folder
        lines = self.text("pieces.tsv").splitlines()
        self.pieces = [Piece(*line.split("\t", 4)) for line in lines]

    def text(self, name):
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""

    def facts(self):
        return dict(line.split(": ", 1) for line in self.text("facts.txt").splitlines())

    def of_part(self, part, prefix=""):
        return [piece for piece in self.pieces if piece.part == part and piece.name.startswith(prefix)]

    def answer(self, piece):
        """The JSON that a piece printed, or, as text, why there is none."""
        if piece.state == "ok":
            try:
                return json.loads(self.text(f"{piece.name}.out"))
            except ValueError:
                return "what it printed is no JSON"
        return self.reason(piece)

    def reason(self, piece):
        if piece.state == "not run":
            return "not run: the time of its part was over"
        if piece.state == "cut":
            return f"cut off after {piece.seconds} s"
        lines = [line.strip() for line in self.text(f"{piece.name}.err").splitlines() if line.strip()]
        return lines[-1] if lines else "it failed without a message"


def share_of_limit(times):
    """Share of a step's kernels that the device's rates account for."""
    total = sum(level["median_s"] for level in times["levels"])
    return sum(level["of_limit"] * level["median_s"] for level in times["levels"]) / total


def network_and_size(piece):
    _, network, size = piece.name.split("-")
    return network, int(size)


def in_order(pieces):
    return sorted(pieces, key=lambda piece: (network_and_size(piece)[0] != "published", network_and_size(piece)))


# --- Parts ---


def facts(raw):
    known = raw.facts()
    yield heading("fact", "value")
    for name in ("device", "commit", "version", "date", "system", "processors"):
        yield row(name, known.get(name, "unknown"))
    yield row("command", f"`{known.get('command', 'unknown')}`")
    for adapter in adapters(raw):
        if adapter["name"] in known.get("device", ""):
            for name, value in adapter.items():
                yield row(f"adapter: {name}", value if not isinstance(value, list) else ", ".join(map(str, value)))
    for line in raw.text("facts-nvidia-smi.out").splitlines():
        yield row("nvidia-smi", line)


def adapters(raw):
    found = [raw.answer(piece) for piece in raw.of_part("facts", "facts-devices")]
    return [adapter for answer in found if isinstance(answer, dict) for adapter in answer["adapters"]]


class Suite:
    """Tests by what became of them."""

    def __init__(self, raw):
        modules = raw.text("suite-modules.txt").split()
        skipped = raw.text("suite-skipped.txt").split()
        listed = re.findall(r"^(\S+): test$", raw.text("suite-list.out"), re.M)
        wanted = [test for test in listed if test.split("::")[0] in modules]
        self.chosen = [test for test in wanted if not any(name in test for name in skipped)]
        self.left_out = [test for test in listed if test not in set(self.chosen)]
        self.results = {}
        for piece in raw.of_part("suite", "suite-"):
            ended = re.findall(r"^test (\S+) \.\.\. (ok|FAILED|ignored)", raw.text(f"{piece.name}.out"), re.M)
            self.results.update(ended)

    def count(self, result):
        return sum(1 for found in self.results.values() if found == result)

    def not_run(self):
        return [test for test in self.chosen if test not in self.results]


def suite(raw):
    tests = Suite(raw)
    if not tests.chosen:
        return
    missing = tests.not_run()
    counts = (len(tests.chosen), tests.count("ok"), tests.count("FAILED"), len(missing), len(tests.left_out))
    yield "\n{} tests were chosen: {} passed, {} failed, and {} did not run to their end; {} were left out.".format(*counts)
    modules = sorted({test.split("::")[0] for test in tests.left_out})
    yield f"Left out are tests that read the sources or that no card takes part in, of the modules {', '.join(modules)}."
    yield heading("module", "tests", "passed", "failed", "not run", "seconds")
    for piece in raw.of_part("suite", "suite-"):
        module = piece.name.removeprefix("suite-")
        of_module = [test for test in tests.chosen if test.startswith(f"{module}::")]
        if of_module:
            ended = [tests.results.get(test) for test in of_module]
            yield row(module, len(ended), ended.count("ok"), ended.count("FAILED"), ended.count(None), piece.seconds)
    failed = [test for test, result in tests.results.items() if result == "FAILED"]
    if failed:
        yield "\nFailed, with their messages in test-failures.txt: " + ", ".join(f"`{test}`" for test in failed) + "."
    if missing:
        yield "\nNot run to their end are these tests."
        by_module = collections.defaultdict(list)
        for test in missing:
            module, name = test.split("::", 1)
            by_module[module].append(f"`{name}`")
        yield heading("module", "tests")
        for module, names in by_module.items():
            yield row(module, ", ".join(names))


def failures(raw):
    """What failed tests say; of a module that was cut off only their names are known."""
    for piece in raw.of_part("suite", "suite-"):
        text = raw.text(f"{piece.name}.out")
        if re.search(r"\.\.\. FAILED$", text, re.M):
            messages = text.split("\nfailures:\n")
            yield f"{piece.name.removeprefix('suite-')}:"
            yield messages[1] if len(messages) > 1 else "The module was cut off before it said why.\n" + text
        elif piece.state == "failed":
            yield f"{piece.name.removeprefix('suite-')}:\n{text}{raw.text(piece.name + '.err')}"


def steps(raw):
    yield from step_table(raw, raw.of_part("steps", "steps-"))
    yield from large_table(raw, raw.of_part("steps", "large-"))


def step_table(raw, pieces):
    if not pieces:
        return
    answers = [(network_and_size(piece), raw.answer(piece)) for piece in in_order(pieces)]
    batches = {times["batch"] for _, times in answers if isinstance(times, dict)}
    batch = ", ".join(map(str, batches)) or "unknown"
    yield f"\nTraining step, batch {batch}; ms, per phase with its share of the limit."
    yield heading("network", "L", "Gflop/s, GB/s", "step (quartiles)", "configurations/s", *PHASES, "host", "device waits")
    for (network, size), times in answers:
        yield step_row(network, size, times)
    yield heading("network", "L", "kernels together, ms", "their share of the limit", "configurations at a time")
    for (network, size), times in answers:
        if isinstance(times, dict):
            busy = sum(level["median_s"] for level in times["levels"]) * 1e3
            yield row(network, size, f"{busy:.3g}", f"{share_of_limit(times):.0%}", times["chunk"])


def large_table(raw, pieces):
    if not pieces:
        return
    yield "\nLarge lattices, with the largest batch tried that fits half of the adapter's memory."
    yield heading("network", "L", "batch", "step, ms (quartiles)", "kernels' share of the limit", "device waits")
    for piece in in_order(pieces):
        network, size = network_and_size(piece)
        times = raw.answer(piece)
        if isinstance(times, str):
            yield row(network, size, "", times, "", "")
            continue
        idle = "" if times["idle_share"] is None else f"{times['idle_share']:.1%}"
        yield row(network, size, times["batch"], spread(times["step"]), f"{share_of_limit(times):.0%}", idle)


def torch(raw):
    table, on, batch = {}, "", ""
    for piece in raw.of_part("torch", "torch-"):
        answer = raw.answer(piece)
        if isinstance(answer, dict):
            on = answer["devices"]
            batch = re.search(r"--batch (\d+)", piece.command)[1]
            for size, times in answer["seconds"].items():
                here = table.setdefault(int(size), {name: [] for name in (*MODES, "han-gpu")})
                for name in here:
                    here[name] += times[name]
    if table:
        yield f"\n{on}."
        yield f"Training step of the published network, batch {batch}, ms: median (smallest to largest)."
        yield heading("L", *(f"PyTorch {mode}" for mode in MODES), "han-gpu", *(f"{mode} / han-gpu" for mode in MODES))
        for size, times in sorted(table.items()):
            yield torch_row(size, times)


def variants(raw):
    groups, batch = {}, None
    for piece in in_order(raw.of_part("variants", "variants-")):
        answer = raw.answer(piece)
        if isinstance(answer, dict):
            batch = answer["batch"]
            for variant in answer["variants"]:
                key = (*network_and_size(piece), variant["level"], variant["kernel"])
                groups.setdefault(key, []).append(variant)
    if groups:
        yield from level_table(groups, batch)
        yield from shape_table(groups)


def timed(shapes):
    return sorted((shape for shape in shapes if shape["seconds"]), key=lambda shape: shape["seconds"])


def level_table(groups, batch):
    yield f"\nShapes timed against each other, batch {batch}; the shortest of some runs, ms."
    yield heading("network", "L", "level", "kernel", "rows", "timed", "by default", "ms", "fastest", "ms", "default / fastest")
    for (network, size, level, kernel), shapes in groups.items():
        ranked = timed(shapes)
        if not ranked:
            yield row(network, size, level, kernel, shapes[0]["rows"], f"0 of {len(shapes)}", *["not timed"] * 4, "")
            continue
        expected = next(shape for shape in shapes if shape["expected"])
        cells = ["not timed"] * 2 if not expected["seconds"] else [expected["shape"], f"{expected['seconds'] * 1e3:.4g}"]
        ratio = f"{expected['seconds'] / ranked[0]['seconds']:.2f}" if expected["seconds"] else ""
        fastest = [ranked[0]["shape"], f"{ranked[0]['seconds'] * 1e3:.4g}"]
        yield row(network, size, level, kernel, shapes[0]["rows"], f"{len(ranked)} of {len(shapes)}", *cells, *fastest, ratio)


def shape_table(groups):
    """Where each shape wins, over all levels on which it was timed against another."""
    leads = collections.defaultdict(list)
    for (network, _, _, kernel), shapes in groups.items():
        ranked = timed(shapes)
        for shape in ranked if len(ranked) > 1 else []:
            best_other = next(other for other in ranked if other is not shape)
            leads[network, kernel, shape["shape"]].append(best_other["seconds"] / shape["seconds"] - 1)
    if not leads:
        return
    yield f"\nWhere each shape is faster than every other; \"by a tenth\" means by {WORTH:.0%} or more."
    yield heading("network", "kernel", "shape", "levels", "fastest on", "by a tenth on", "largest lead")
    never = []
    for (network, kernel, shape), of_shape in sorted(leads.items()):
        wins = sum(lead > 0 for lead in of_shape)
        clear = sum(lead >= WORTH for lead in of_shape)
        largest = f"{max(of_shape):.0%}" if wins else "none"
        yield row(network, kernel, shape, len(of_shape), wins, clear, largest)
        if not clear:
            never.append(f"{kernel} by \"{shape}\" ({network})")
    if never:
        yield "\nThese never win by a tenth on the levels timed here: " + "; ".join(never) + "."


def f16(raw):
    yield from storage_times(raw)
    yield from storage_accuracy(raw)


def storage_times(raw):
    times = {}
    for piece in raw.of_part("f16", "storage-"):
        storage, size = network_and_size(piece)
        times.setdefault(size, {})[storage] = raw.answer(piece)
    if not times:
        return
    batches = {answer["batch"] for pair in times.values() for answer in pair.values() if isinstance(answer, dict)}
    yield f"\nTraining step of the default network by storage, batch {', '.join(map(str, batches)) or 'unknown'}, ms."
    yield heading("L", "f32", "f16", "f32 / f16")
    for size, pair in times.items():
        cells = [spread(answer["step"]) if isinstance(answer, dict) else answer for answer in map(pair.get, ("f32", "f16")) if answer]
        whole = [answer for answer in pair.values() if isinstance(answer, dict)]
        ratio = f"{pair['f32']['step']['median_s'] / pair['f16']['step']['median_s']:.2f}" if len(whole) == 2 else ""
        yield row(size, *cells, *[""] * (2 - len(cells)), ratio)


def storage_accuracy(raw):
    pieces = raw.of_part("f16", "kl-")
    if not pieces:
        return
    yield "\nA short training of the default network with either storage, from the same seed; KL in nats."
    yield heading("storage", "L", "steps", "KL", "ESS", "seconds of training")
    kl = []
    for piece in pieces:
        storage, summary = piece.name.removeprefix("kl-"), raw.answer(piece)
        if isinstance(summary, str):
            yield row(storage, "", "", summary, "", "")
            continue
        kl.append(summary["kl"])
        value = "{value:.5f} +- {error:.5f}".format(**summary["kl"])
        yield row(storage, summary["size"], summary["steps"], value, f"{ess(summary):.4f}", f"{summary['elapsed_s']:.1f}")
    if len(kl) == 2:
        error = sum(estimate["error"] ** 2 for estimate in kl) ** 0.5
        yield f"\nThe difference in KL, f16 less f32, is {kl[1]['value'] - kl[0]['value']:+.5f} +- {error:.5f} nats."


def ess(summary):
    return summary["ess"]["value"] if isinstance(summary["ess"], dict) else summary["ess"]


# --- All of it ---


def missing(raw, part):
    """Whole sentences on what a part lacks."""
    skipped = raw.text(f"{part}.skipped").strip()
    if skipped:
        yield skipped
        return
    pieces = raw.of_part(part)
    if not pieces:
        yield "This part was not begun."
        return
    budget = raw.text(f"{part}.budget").strip()
    for piece in pieces:
        if piece.state == "failed" and part == "suite" and re.search(r"\.\.\. FAILED$", raw.text(f"{piece.name}.out"), re.M):
            yield f"`{piece.name}` has tests that failed."
        elif piece.state == "failed":
            yield f"`{piece.name}` failed: {raw.reason(piece)}"
        elif piece.state == "cut":
            yield f"`{piece.name}` was cut off after {piece.seconds} s (the share of its part is {budget} s)."
    late = [f"`{piece.name}`" for piece in pieces if piece.state == "not run"]
    if late:
        yield f"Not run, because the time of the part (its share is {budget} s) was over: {', '.join(late)}."


def summary(raw):
    known = raw.facts()
    yield f"# On {known.get('device', 'no device')}, at commit {known.get('commit', 'unknown')}"
    makers = {"facts": facts, "suite": suite, "steps": steps, "torch": torch, "variants": variants, "f16": f16}
    software = [adapter for adapter in adapters(raw) if adapter["kind"] == "software" and adapter["name"] in known.get("device", "")]
    if software:
        yield "\nThis adapter runs shaders on the CPU: its times say nothing about a graphics card."
    yield "\n## What is missing"
    if no_device := raw.text("no-device").strip():
        yield f"\nEverything is missing. {no_device}"
        return
    reasons = [(name, reason) for part, name in PARTS.items() for reason in missing(raw, part)]
    yield from (["", *(f"- {name}: {reason}" for name, reason in reasons)] if reasons else ["\nNothing is missing."])
    for part, name in PARTS.items():
        yield f"\n## {name}"
        lines = list(makers[part](raw)) if raw.of_part(part) else []
        yield from lines or ["\nThere is nothing; \"What is missing\" says why."]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--failures", type=pathlib.Path, help="where messages of failed tests go, if there are any")
    arguments = parser.parse_args()
    raw = Raw(arguments.folder)
    messages = "\n".join(failures(raw))
    if arguments.failures and messages:
        arguments.failures.write_text(messages + "\n")
    print("\n".join(summary(raw)))


if __name__ == "__main__":
    main()
