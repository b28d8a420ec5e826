#!/usr/bin/env python3
"""Recomputes ln q and E of samples with numpy, from docs/FORMATS.md alone, and compares.

    python3 tools/recompute_ln_q.py RUN samples.npz

RUN is a run folder, samples.npz the output of `han-gpu sample RUN`. Shares no code with han-gpu: dense masked matrices, one
block after the other. Exits with 1 if anything differs by more than the formats promise.
"""
import itertools
import json
import math
import sys
import tomllib
from pathlib import Path

import numpy as np

# Steps along the bonds of a site.
STEPS = {"square": [(0, 1), (1, 0)], "triangular": [(0, 1), (1, 0), (1, 1)],
         "cubic": [(0, 0, 1), (0, 1, 0), (1, 0, 0)]}


def steps_of(config):
    """Steps to the neighbours of a site; on the complete lattice to all other sites."""
    return STEPS.get(config["lattice"]) or [(by,) for by in range(1, config["size"])]


def read_safetensors(path):
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + first:8 + length + last], dtype="<f4")
        tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


def places(origin, lengths):
    """Places of a box, in order."""
    return list(itertools.product(*(range(first, first + count) for first, count in zip(origin, lengths))))


def are_joined(a, b, steps):
    return any(tuple(np.add(a, step)) == b or tuple(np.add(b, step)) == a for step in steps)


def layers_of(origin, inside):
    """Places inside a box, layer by layer across the first of the longest axes."""
    axis = int(np.argmax(inside))
    whole = places(origin, inside)
    return [[place for place in whole if place[axis] == origin[axis] + layer] for layer in range(inside[axis])]


def has_crosses(config):
    """Whether squares are split by crosses, as runs without the key do."""
    return (config.get("cut", "crosses") == "crosses" and config.get("lattice", "square") == "square"
            and config.get("network", "han") == "han" and not config.get("exact_length", 0))


def squares(size, bottom):
    """Levels as lists of (border, own), both as places; the last level is (origin, inside) of boxes."""
    boundary = [(0, column) for column in range(size)] + [(row, 0) for row in range(1, size)]
    levels = [[([], boundary)]]
    side = size
    while side > bottom:
        level, half, inner = [], side // 2, range(1, side)
        for row, column in itertools.product(range(0, size, side), repeat=2):
            border = [(0, j) for j in inner] + [(i, side) for i in inner]
            border += [(side, j) for j in inner] + [(i, 0) for i in inner]
            own = [(i, half) for i in inner] + [(half, j) for j in inner if j != half]
            level.append([[(row + i, column + j) for i, j in part] for part in (border, own)])
        levels.append(level)
        side = half
    corners = itertools.product(range(0, size, side), repeat=2)
    return levels, [((row + 1, column + 1), (side - 1, side - 1)) for row, column in corners]


def border_of(origin, inside, size, steps):
    """Neighbours outside of the sites inside a box, in order of place, each site once."""
    sites = set(places(origin, inside))
    border, seen = [], set()
    for place in places(np.subtract(origin, 1), np.add(inside, 2)):
        near = {tuple(np.add(place, sign * np.array(step))) for step in steps for sign in (1, -1)}
        site = tuple(np.mod(place, size))
        if place not in sites and near & sites and site not in seen:
            seen.add(site)
            border.append(place)
    return border


def halves(size, bottom, length, steps):
    """As `squares`, for boxes cut in halves."""
    axes = len(steps[0])
    whole = places((0,) * axes, (size,) * axes)
    levels = [[([], [place for place in whole if 0 in place])]]
    origins, inside = [(1,) * axes], [size - 1] * axes
    last = [bottom - 1] * (axes - 1) + [max(bottom, length) - 1]
    while inside != last:
        axis = int(np.argmax(inside))
        middle = inside[axis] // 2
        plane = [1 if along == axis else count for along, count in enumerate(inside)]

        def moved(origin, by):
            return tuple(at + by if along == axis else at for along, at in enumerate(origin))

        levels.append([(border_of(o, inside, size, steps), places(moved(o, middle), plane)) for o in origins])
        origins = [half for origin in origins for half in (origin, moved(origin, middle + 1))]
        inside[axis] = middle
    return levels, [(origin, tuple(inside)) for origin in origins]


class Couplings:
    """J of every bond and H of every site, uniform or of a run's own file."""

    def __init__(self, run, config, steps):
        self.size, axes = config["size"], len(steps[0])
        whole = places((0,) * axes, (self.size,) * axes)
        ends = [(self.site(place), self.site(np.add(place, step))) for place in whole for step in steps]
        is_curie_weiss = config.get("couplings") == "cw"
        coupling = config["coupling"] / self.size if is_curie_weiss else config["coupling"]
        self.bonds = {frozenset(pair): coupling for pair in ends}
        self.fields = np.full(len(whole), config["field"])
        self.are_single = bool(config.get("couplings")) and not is_curie_weiss
        if self.are_single:
            file = np.load(run / "couplings.npz")
            self.bonds = {frozenset(pair): J for pair, J in zip(file["bonds"].tolist(), file["couplings"])}
            self.fields = file["fields"]
            self.unit = file["units"][0]

    def site(self, place):
        return int(np.ravel_multi_index(tuple(np.mod(place, self.size)), (self.size,) * len(place)))

    def of(self, a, b):
        return self.bonds[frozenset((self.site(a), self.site(b)))]

    def order(self, site_order):
        """All sites of the complete lattice in the order in which a network draws them."""
        left, order = list(range(self.size)), []
        if site_order == "index" or not self.are_single:
            return left
        squares = {pair: round(J / self.unit) ** 2 for pair, J in self.bonds.items()}
        while left:
            sums = [sum(squares.get(frozenset((a, b)), 0) for b in left if b != a) for a in left]
            order.append(left.pop(sums.index(max(sums))))
        return order

    def energy(self, spins, is_potts):
        """[N] of spins [N, sites], or of colours."""
        a, b = (spins[:, ends] for ends in np.array([sorted(pair) for pair in self.bonds]).T)
        of_bonds, of_sites = (a == b, spins == 0) if is_potts else (a * b, spins)
        return -(of_bonds @ np.array(list(self.bonds.values())) + of_sites @ self.fields)


def ln_sigmoid(x):
    return -np.logaddexp(0.0, -x)


def of_block(tensors, level, block):
    """Tensors of a level by their names, or the block's own where blocks have nets of their own."""

    def tensor(part):
        whole = tensors[f"level{level}.{part}"]
        return whole[block] if whole.ndim > (2 if part.endswith("weight") else 1) else whole

    return tensor


def ln_q_of_block(tensors, level, block, border, own, config):
    """ln q of the own spins given the border, [N]; border and own are [N, sites]."""
    if config["mixture"] and not border.shape[1]:
        plain = {**config, "mixture": False, "gauge": False}
        both = (ln_q_of_block(tensors, level, block, border, sign * own, plain) for sign in (1, -1))
        return np.logaddexp(*both) - np.log(2)
    tensor = of_block(tensors, level, block)
    count, sites = own.shape
    gauge = np.ones(count)
    if config["gauge"]:
        if border.shape[1]:
            total = border.sum(1)
            gauge = np.where(total == 0, border[:, 0], np.sign(total))
        else:
            gauge = own[:, 0]
    x = np.concatenate([border, own], 1) * gauge[:, None]
    active = x
    for layer in range(config["depth"]):
        weight, bias, slope = (tensor(f"layer{layer}.{part}") for part in ("weight", "bias", "slope"))
        hidden = active @ weight + bias
        active = np.where(hidden > 0, hidden, slope * hidden)
    logits = active @ tensor("output.weight") + tensor("output.bias")
    if config["skip"]:
        logits = logits + x @ tensor("skip.weight")
    if config["gauge"] and not border.shape[1]:
        logits[:, 0] = 0.0
    return ln_sigmoid(x[:, border.shape[1]:] * logits).sum(1)


def ln_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=2)[:, :, None]


def ln_q_of_colours(tensors, level, block, border, own, config):
    """ln q of own colours given the border, [N]; border and own are [N, sites]."""
    tensor = of_block(tensors, level, block)
    q, border, own = config["states"], border.astype(int), own.astype(int)
    count, sites = own.shape

    def moved(steps, fixes_gauge=False):
        def seen(colours):
            return (colours - steps[:, None]) % q
        x = np.eye(q)[np.concatenate([seen(border), seen(own)], 1)].reshape(count, -1)
        active = x
        for layer in range(config["depth"]):
            weight, bias, slope = (tensor(f"layer{layer}.{part}") for part in ("weight", "bias", "slope"))
            hidden = active @ weight + bias
            active = np.where(hidden > 0, hidden, slope * hidden)
        logits = active @ tensor("output.weight") + tensor("output.bias")
        if config["skip"]:
            logits = logits + x @ tensor("skip.weight")
        logits = logits.reshape(count, sites, q)
        if fixes_gauge:
            logits[:, 0] = 0.0
        return np.take_along_axis(ln_softmax(logits), seen(own)[:, :, None], 2).sum((1, 2))

    def shared():
        """One net for all colours, which sees 1 where a site has the colour and -1 elsewhere."""
        logits = []
        for colour in range(q):
            x = np.where(np.concatenate([border, own], 1) == colour, 1.0, -1.0)
            active = x
            for layer in range(config["depth"]):
                weight, bias, slope = (tensor(f"layer{layer}.{part}") for part in ("weight", "bias", "slope"))
                hidden = active @ weight + bias
                active = np.where(hidden > 0, hidden, slope * hidden)
            of_colour = active @ tensor("output.weight") + tensor("output.bias")
            logits.append(of_colour + (x @ tensor("skip.weight") if config["skip"] else 0))
        return np.take_along_axis(ln_softmax(np.stack(logits, 2)), own[:, :, None], 2).sum((1, 2))

    def all_by(steps):
        return np.full(count, steps)

    if config.get("colours") == "shared":
        return shared()

    if not config["gauge"]:
        return moved(all_by(0))
    if border.shape[1]:
        counts = np.eye(q)[border].sum(1)
        frequent = np.take_along_axis(counts, border, 1) == counts.max(1)[:, None]
        return moved(np.take_along_axis(border, frequent.argmax(1)[:, None], 1)[:, 0])
    if config["mixture"]:
        return np.logaddexp.reduce([moved(all_by(steps)) for steps in range(q)], axis=0) - np.log(q)
    return moved(own[:, 0], fixes_gauge=True)


def ln_q_of_colour_box(origin, inside, at, config, couplings, steps):
    """As ln_q_of_box, of colours."""
    q, beta = config["states"], config["beta"]
    layers = layers_of(origin, inside)
    around = set(places(np.subtract(origin, 1), np.add(inside, 2))) - set(places(origin, inside))
    sites = len(layers[0])
    states = np.arange(q**sites)[:, None] // q ** np.arange(sites) % q
    pairs = [(a, b) for a, b in itertools.combinations(range(sites), 2) if are_joined(layers[0][a], layers[0][b], steps)]

    def outer(layer):
        """What the border and the field add for every colour of every site of a layer, [N, sites, q]."""
        felt = []
        for site in layer:
            joined = [place for place in around if are_joined(site, place, steps)]
            weights = np.array([couplings.of(site, place) for place in joined])
            of_border = (np.eye(q)[at(joined).astype(int)] * weights[:, None]).sum(1)
            felt.append(beta * (of_border + couplings.fields[couplings.site(site)] * np.eye(q)[0]))
        return np.stack(felt, 1)

    def along(layer, colours):
        terms = (couplings.of(layer[a], layer[b]) * (colours[:, a] == colours[:, b]) for a, b in pairs)
        return beta * sum(terms, np.zeros(len(colours)))

    ln_p, ln_z, above = 0.0, None, None
    for number, layer in enumerate(layers):
        own, felt = at(layer).astype(int), outer(layer)
        ln_p = ln_p + np.take_along_axis(felt, own[:, :, None], 2).sum((1, 2)) + along(layer, own)
        here = felt[:, np.arange(sites), states].sum(2) + along(layer, states)
        if above is not None:
            down = beta * np.array([couplings.of(*pair) for pair in zip(layers[number - 1], layer)])
            ln_p = ln_p + (down * (own == above)).sum(1)
            across = (down * (states[:, None] == states[None])).sum(2)
            most = ln_z.max(1, keepdims=True)
            here = here + np.log(np.exp(ln_z - most) @ np.exp(across)) + most
        ln_z, above = here, own
    return ln_p - np.logaddexp.reduce(ln_z, axis=1)


def ln_q_of_box(origin, inside, at, beta, couplings, steps):
    """ln q of the inside of a box: minus beta E of its own bonds and spins, less ln Z given the border, layer by layer."""
    layers = layers_of(origin, inside)
    around = set(places(np.subtract(origin, 1), np.add(inside, 2))) - set(places(origin, inside))
    sites = len(layers[0])
    states = 1 - 2 * (np.arange(2**sites)[:, None] >> np.arange(sites) & 1)
    pairs = [(a, b) for a, b in itertools.combinations(range(sites), 2) if are_joined(layers[0][a], layers[0][b], steps)]

    def fields(layer):
        """Of the border and the field on every site of a layer, [N, sites]."""
        felt = []
        for site in layer:
            joined = [place for place in around if are_joined(site, place, steps)]
            of_border = at(joined) @ np.array([couplings.of(site, place) for place in joined])
            felt.append(beta * (of_border + couplings.fields[couplings.site(site)]))
        return np.stack(felt, 1)

    def along(layer, spins):
        terms = (couplings.of(layer[a], layer[b]) * spins[:, a] * spins[:, b] for a, b in pairs)
        return beta * sum(terms, np.zeros(len(spins)))

    own = [at(layer) for layer in layers]
    ln_p, ln_z = 0.0, 0.0
    for number, layer in enumerate(layers):
        if number:
            down = beta * np.array([couplings.of(*pair) for pair in zip(layers[number - 1], layer)])
            most = ln_z.max(1, keepdims=True)
            ln_z = np.log(np.exp(ln_z - most) @ np.exp(states * down @ states.T)) + most
            ln_p = ln_p + (own[number] * own[number - 1]) @ down
        outer = fields(layer)
        ln_z = ln_z + along(layer, states) + outer @ states.T
        ln_p = ln_p + along(layer, own[number]) + (outer * own[number]).sum(1)
    most = ln_z.max(1)
    return ln_p - np.log(np.exp(ln_z - most[:, None]).sum(1)) - most


def ln_q_of_pairs(tensors, config, couplings, spins):
    """ln q of a network of pairs; spins are [N, sites]."""
    order = couplings.order(config["site_order"])
    spins = spins[:, order]
    count, sites = spins.shape
    head, beta = config["head"], config["beta"]
    is_turned = config["gauge"] and head in ("linear", "sk0", "sk1", "sk2", "tap")
    x = spins * (spins[:, :1] if is_turned else 1)
    matrix = np.zeros((sites, sites))
    for pair, coupling in couplings.bonds.items():
        a, b = sorted(pair)
        matrix[a, b] = matrix[b, a] = coupling
    matrix = matrix[np.ix_(order, order)]
    fields = np.broadcast_to(couplings.fields, sites)[order]
    later = [slice(sum(sites - j - 1 for j in range(i)), sum(sites - j - 1 for j in range(i + 1))) for i in range(sites)]

    def tensor(part):
        return tensors[f"level0.{part}"]

    def corrections(i, f):
        """Fields that later sites make on one another: three turns of the mean-field equations."""
        among = matrix[i + 1:, i + 1:]
        y, before = np.zeros((2, count, sites - i - 1))
        for _ in range(3):
            m = np.tanh(beta * (f[:, i + 1:] + fields[i + 1:] + y))
            y, before = m @ among - beta * before * ((1 - m**2) @ among**2), m
        return y

    def behind(i, f):
        """The sum over later sites of what the fields on them become."""
        total = np.zeros(count)
        y = corrections(i, f) if head == "tap" else 0
        for sign in ("plus", "minus"):
            felt = f[:, i + 1:] + (tensor(f"{sign}.correction")[later[i]] * y if head == "tap" else 0)
            for layer in range(1 if head == "tap" else 1 + int(head[2])):
                weight, bias = (tensor(f"{sign}.layer{layer}.{part}")[later[i]] for part in ("weight", "bias"))
                value = ln_sigmoid(beta * (bias + weight * felt) if layer == 0 else bias + weight * value)
            total += value @ tensor(f"{sign}.output")[later[i]]
        return total

    def exact(i, before):
        """Sums over all spins behind, of which k are up."""
        k = np.arange(sites - i)
        ln_ways = np.array([math.lgamma(sites - i) - math.lgamma(j + 1) - math.lgamma(sites - i - j) for j in k])
        def ln_sum(spin):
            total = before[:, None] + spin + 2 * k - (sites - i - 1)
            terms = ln_ways + beta * (matrix[0, 1] * total**2 / 2 + fields[0] * total)
            return np.logaddexp.reduce(terms, axis=1)
        return ln_sum(1) - ln_sum(-1)

    ln_q = np.zeros(count)
    for i in range(sites):
        f = x[:, :i] @ matrix[:i]
        if i == 0 and is_turned:
            logit = np.zeros(count)
        elif head == "cw":
            logit = exact(i, x[:, :i].sum(1))
        elif head == "cw_infinite":
            # The spins' own sum is exact where that of products may be rounded.
            sign = np.sign(matrix[0, 1] * x[:, :i].sum(1))
            logit = beta * (tensor("sign")[i] * sign + tensor("field")[0] * f[:, i] + 2 * fields[i])
        elif head == "one_parameter":
            logit = beta * (tensor("field")[i] * f[:, i] + 2 * fields[i])
        elif head == "linear":
            weights = [tensor("weight")[later[j]][i - j - 1] for j in range(i)]
            logit = beta * (tensor("bias")[i] + x[:, :i] @ np.array(weights))
        else:
            logit = beta * (tensor("bias")[i] + tensor("field")[i] * f[:, i]) + behind(i, f)
        ln_q += ln_sigmoid(x[:, i] * logit)
    return ln_q


def main():
    run, samples = Path(sys.argv[1]), np.load(sys.argv[2])
    sections = tomllib.loads((run / "config.toml").read_text())
    config = {key: value for section in sections.values() for key, value in section.items()}
    tensors = read_safetensors(run / "checkpoint.safetensors")
    size, steps = config["size"], steps_of(config)
    lattice = samples["spins"].astype(np.float64)
    couplings = Couplings(run, config, steps)

    def at(sites):
        """Spins at places, [N, sites]."""
        columns = [lattice[(slice(None), *np.mod(place, size))] for place in sites]
        return np.stack(columns, 1) if columns else np.zeros((len(lattice), 0))

    if config["network"] == "arnn":
        levels, boxes = [], []
    elif config["network"] == "van":
        whole = places((0,) * len(steps[0]), (size,) * len(steps[0]))
        if config["lattice"] == "complete":
            whole = [whole[site] for site in couplings.order(config["site_order"])]
        levels, boxes = [[([], whole)]], []
    elif has_crosses(config):
        levels, boxes = squares(size, config["exact_bottom"])
    else:
        levels, boxes = halves(size, config["exact_bottom"], config["exact_length"], steps)
    ln_q = np.zeros(len(lattice))
    if config["network"] == "arnn":
        ln_q += ln_q_of_pairs(tensors, config, couplings, lattice)
    is_potts = config.get("model") == "potts"
    for number, level in enumerate(levels):
        for block, (border, own) in enumerate(level):
            if is_potts:
                ln_q += ln_q_of_colours(tensors, number, block, at(border), at(own), config)
            else:
                ln_q += ln_q_of_block(tensors, number, block, at(border), at(own), config)
    for origin, inside in boxes:
        if is_potts:
            ln_q += ln_q_of_colour_box(origin, inside, at, config, couplings, steps)
        else:
            ln_q += ln_q_of_box(origin, inside, at, config["beta"], couplings, steps)
    axes = tuple(range(1, lattice.ndim))
    if config["lattice"] != "complete":
        moved = [np.roll(lattice, step, axes) for step in steps]
        bonds = sum(((lattice == other) if is_potts else lattice * other).sum(axes) for other in moved)
        energy = -config["coupling"] * bonds - config["field"] * ((lattice == 0) if is_potts else lattice).sum(axes)
    if couplings.are_single or config["lattice"] == "complete":
        # Sums of rounded products: equal to as many digits as those have.
        energy = couplings.energy(lattice.reshape(len(lattice), -1), is_potts)
        energy = np.where(np.isclose(energy, samples["energy"], rtol=1e-12, atol=1e-9), samples["energy"], energy)
    off = np.abs(ln_q - samples["ln_q"])
    allowed = 1e-4 + 1e-6 * np.abs(ln_q)
    wrong = int((off > allowed).sum()) + int((energy != samples["energy"]).sum())
    print(f"{len(lattice)} samples of {run}: ln q differs by {off.max():.2e} at most (allowed {allowed.min():.1e}), "
          f"{wrong} figures wrong")
    sys.exit(1 if wrong or not len(lattice) else 0)


main()
