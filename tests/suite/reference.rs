//! A plain reference: ln q of one configuration in f64 loops, written from docs/FORMATS.md alone. It shares no code with the
//! backends: no tiles, no lanes, no masks, no index tables. The best place to start reading what a network computes.

use crate::contract::SUBJECTS;
use crate::harness::{BETA, Case};
use crate::reference_pairs::Pairs;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::{Colours, Network as Architecture};
use han_gpu::disorder::Disorder;
use han_gpu::hierarchy::{Cut, SiteOrder};
use han_gpu::lattice::{LatticeKind, Spins, System};
use han_gpu::sample::evaluate;
use std::collections::HashMap;
use std::ops::Range;

/// A network and its system.
struct Network {
    case: Case,
    /// `[rows][columns]`, or one row for biases and slopes, of every block that has nets of its own, by the names of checkpoints.
    tensors: HashMap<String, Vec<Vec<Vec<f64>>>>,
    /// beta J by the sites of a bond, the smaller first.
    couplings: HashMap<[usize; 2], f64>,
    /// beta H by site.
    fields: Vec<f64>,
}

impl Network {
    fn new(case: Case, tensors: HashMap<String, Vec<Vec<Vec<f64>>>>) -> Self {
        let System { lattice, interaction, weights, .. } = case.system();
        let bonds = lattice.bonds().enumerate().map(|(number, ends)| {
            let [a, b] = ends.map(|site| site as usize);
            let weight = weights.as_ref().map_or(1, |weights| weights.bonds[number]);
            ([a.min(b), a.max(b)], BETA * interaction.coupling * f64::from(weight))
        });
        let field = |site: usize| weights.as_ref().map_or(1, |weights| weights.sites[site]);
        let fields = (0..lattice.sites()).map(|site| BETA * interaction.field * f64::from(field(site)));
        Self { case, tensors, couplings: bonds.collect(), fields: fields.collect() }
    }

    /// ln q of a configuration, `[sites]`, +-1 or colours.
    fn ln_q(&self, spins: &[i8]) -> f64 {
        let side = self.case.size as usize;
        let at = |sites: &[Place]| -> Vec<f64> {
            sites.iter().map(|place| f64::from(spins[self.site(place)])).collect()
        };
        match (self.case.network, self.case.boxes_cut()) {
            (Architecture::Arnn, ..) => self.ln_q_of_pairs(&at(&self.in_order())),
            (Architecture::Van, ..) => self.ln_q_of_net([0, 0], &[], &at(&self.in_order())),
            (Architecture::Han, Cut::Crosses) => self.ln_q_by_squares(side, &at),
            (Architecture::Han, Cut::Halves) => self.ln_q_by_halves(side, &at),
        }
    }

    /// All sites in the order in which a network without a hierarchy fixes them.
    fn in_order(&self) -> Vec<Place> {
        let mut left = self.whole_lattice();
        if self.case.site_order == SiteOrder::Index {
            return left;
        }
        let mut order = Vec::new();
        while !left.is_empty() {
            let others = |place: &Place| left.iter().filter(|other| *other != place).cloned().collect();
            let strength = |place: &Place| -> f64 {
                let others: Vec<Place> = others(place);
                others.iter().map(|other| self.coupling(place, other).powi(2)).sum()
            };
            let sums: Vec<f64> = left.iter().map(strength).collect();
            let largest = sums.iter().copied().fold(0.0, f64::max);
            let next = sums.iter().position(|&sum| sum == largest).unwrap();
            order.push(left.remove(next));
        }
        order
    }

    fn ln_q_of_pairs(&self, spins: &[f64]) -> f64 {
        let order: Vec<usize> = self.in_order().iter().map(|place| self.site(place)).collect();
        let fields: Vec<f64> = order.iter().map(|&site| self.fields[site]).collect();
        let pairs = Pairs {
            head: self.case.head,
            has_gauge: self.case.gauge,
            tensor: &|name| &self.tensors[&format!("level0.{name}")][0][0],
            beta: BETA,
            coupling: &|a, b| {
                let [a, b] = [order[a], order[b]];
                self.couplings[&[a.min(b), a.max(b)]]
            },
            fields: &fields,
        };
        pairs.ln_q(spins)
    }

    fn site(&self, place: &Place) -> usize {
        let side = self.case.size as usize;
        place.iter().fold(0, |index, at| index * side + at % side)
    }

    /// beta J of the bond of two neighbours.
    fn coupling(&self, a: &Place, b: &Place) -> f64 {
        let [a, b] = [a, b].map(|place| self.site(place));
        self.couplings[&[a.min(b), a.max(b)]]
    }

    /// Steps along the bonds of a site.
    fn steps(&self) -> Vec<Place> {
        match self.case.lattice {
            LatticeKind::Square => vec![vec![0, 1], vec![1, 0]],
            LatticeKind::Triangular => vec![vec![0, 1], vec![1, 0], vec![1, 1]],
            LatticeKind::Cubic => vec![vec![0, 0, 1], vec![0, 1, 0], vec![1, 0, 0]],
            LatticeKind::Chain => vec![vec![1]],
            LatticeKind::Complete => (1..self.case.size as usize).map(|by| vec![by]).collect(),
        }
    }

    fn whole_lattice(&self) -> Vec<Place> {
        let axes = self.steps()[0].len();
        places(&vec![0; axes], &vec![self.case.size as usize; axes])
    }

    /// Boxes cut in halves.
    fn ln_q_by_halves(&self, side: usize, at: &dyn Fn(&[Place]) -> Vec<f64>) -> f64 {
        let is_boundary = |place: &Place| place.contains(&0);
        let boundary: Vec<Place> = self.whole_lattice().into_iter().filter(is_boundary).collect();
        let mut ln_q = self.ln_q_of_net([0, 0], &[], &at(&boundary));
        let axes = boundary[0].len();
        // First sites inside, and how many there are along every axis.
        let (mut origins, mut inside, mut level) = (vec![vec![1; axes]], vec![side - 1; axes], 1);
        let mut last: Vec<usize> = vec![self.case.exact_bottom as usize - 1; axes];
        last[axes - 1] = last[axes - 1].max((self.case.exact_length as usize).saturating_sub(1));
        while inside != last {
            let axis = longest(&inside);
            let middle = inside[axis] / 2;
            let mut plane = inside.clone();
            plane[axis] = 1;
            let moved = |mut origin: Place, by: usize| {
                origin[axis] += by;
                origin
            };
            for (block, origin) in origins.iter().enumerate() {
                let own = at(&places(&moved(origin.clone(), middle), &plane));
                ln_q += self.ln_q_of_net([level, block], &at(&self.border(origin, &inside)), &own);
            }
            origins = origins.into_iter().flat_map(|o| [o.clone(), moved(o, middle + 1)]).collect();
            (inside[axis], level) = (middle, level + 1);
        }
        ln_q + origins.iter().map(|origin| self.ln_q_of_box(origin, &inside, at)).sum::<f64>()
    }

    /// Neighbours outside of the sites inside a box, in order of place, each site once.
    fn border(&self, origin: &[usize], inside: &[usize]) -> Vec<Place> {
        let side = self.case.size as usize;
        let sites = places(origin, inside);
        let (from, to): (Place, Place) =
            origin.iter().zip(inside).map(|(first, count)| (first - 1, count + 2)).unzip();
        let mut border: Vec<Place> = Vec::new();
        for place in places(&from, &to) {
            let site = |place: &Place| -> Place { place.iter().map(|at| at % side).collect() };
            let is_new = !border.iter().any(|known| site(known) == site(&place));
            let touches = sites.iter().any(|site| self.are_joined(site, &place));
            if !sites.contains(&place) && touches && is_new {
                border.push(place);
            }
        }
        border
    }

    fn are_joined(&self, a: &[usize], b: &[usize]) -> bool {
        let leads = |from: &[usize], to: &[usize], step: &Place| {
            from.iter().zip(to).zip(step).all(|((from, to), step)| from + step == *to)
        };
        self.steps().iter().any(|step| leads(a, b, step) || leads(b, a, step))
    }

    /// ln of the Boltzmann distribution of the inside of a box given its border: a transfer over the layers across its longest axis.
    fn ln_q_of_box(&self, origin: &[usize], inside: &[usize], at: &dyn Fn(&[Place]) -> Vec<f64>) -> f64 {
        let axis = longest(inside);
        let border = places_around(origin, inside);
        let layer = |i: usize| {
            let (mut first, mut lengths) = (origin.to_vec(), inside.to_vec());
            (first[axis], lengths[axis]) = (origin[axis] + i, 1);
            places(&first, &lengths)
        };
        let layers: Vec<Vec<Place>> = (0..inside[axis]).map(layer).collect();
        // What every site of every layer feels of the border and of its field.
        let outer = |site: &Place| {
            let joined: Vec<Place> =
                border.iter().filter(|place| self.are_joined(site, place)).cloned().collect();
            let bonds: Vec<(f64, f64)> =
                joined.iter().map(|place| self.coupling(site, place)).zip(at(&joined)).collect();
            (bonds, self.fields[self.site(site)])
        };
        let outer: Vec<Vec<_>> = layers.iter().map(|layer| layer.iter().map(outer).collect()).collect();
        let inner: Vec<(usize, usize)> =
            pairs(layers[0].len()).filter(|&(a, b)| self.are_joined(&layers[0][a], &layers[0][b])).collect();
        // Bonds within layer i and to the border, and the field.
        let along = |i: usize, spins: &[f64]| {
            let bond = |&(a, b): &(usize, usize)| {
                self.coupling(&layers[i][a], &layers[i][b]) * self.pair(spins[a], spins[b])
            };
            let outer = outer[i].iter().zip(spins).map(|((bonds, field), spin)| {
                let bonds = bonds.iter().map(|(coupling, other)| coupling * self.pair(*spin, *other));
                bonds.sum::<f64>() + field * self.single(*spin)
            });
            inner.iter().map(bond).sum::<f64>() + outer.sum::<f64>()
        };
        // Bonds between layer i and the one before it.
        let between = |i: usize, above: &[f64], spins: &[f64]| {
            let bond =
                |j: usize| self.coupling(&layers[i - 1][j], &layers[i][j]) * self.pair(above[j], spins[j]);
            (0..spins.len()).map(bond).sum::<f64>()
        };
        let bits = layers[0].len();
        let values: Vec<f64> = match self.case.spins {
            Spins::Ising => vec![1.0, -1.0],
            Spins::Potts { states } => (0..states).map(f64::from).collect(),
        };
        let place = |digit: usize| values.len().pow(digit as u32);
        let states: Vec<Vec<f64>> = (0..place(bits))
            .map(|state| (0..bits).map(|digit| values[state / place(digit) % values.len()]).collect())
            .collect();
        let mut sums: Vec<f64> = states.iter().map(|spins| along(0, spins)).collect();
        for i in 1..layers.len() {
            let next = |spins: &Vec<f64>| {
                let terms = sums.iter().zip(&states).map(|(sum, above)| sum + between(i, above, spins));
                ln_sum(terms.collect()) + along(i, spins)
            };
            sums = states.iter().map(next).collect();
        }
        let own: Vec<Vec<f64>> = layers.iter().map(|layer| at(layer)).collect();
        let within: f64 = own.iter().enumerate().map(|(i, spins)| along(i, spins)).sum();
        let across: f64 = (1..own.len()).map(|i| between(i, &own[i - 1], &own[i])).sum();
        within + across - ln_sum(sums)
    }

    /// Squares split by crosses.
    fn ln_q_by_squares(&self, side: usize, at: &dyn Fn(&[Place]) -> Vec<f64>) -> f64 {
        let row = (0..side).map(|column| vec![0, column]);
        let boundary: Vec<Place> = row.chain((1..side).map(|row| vec![row, 0])).collect();
        let mut ln_q = self.ln_q_of_net([0, 0], &[], &at(&boundary));
        let (mut level, mut extent) = (1, side);
        while extent > self.case.exact_bottom as usize {
            for (block, corner) in corners(side, extent).into_iter().enumerate() {
                let own = at(&moved(&corner, &cross(extent)));
                ln_q += self.ln_q_of_net([level, block], &at(&moved(&corner, &frame(extent))), &own);
            }
            (level, extent) = (level + 1, extent / 2);
        }
        let inside = vec![extent - 1; 2];
        let of_square = |corner: Place| {
            let origin: Place = corner.iter().map(|at| at + 1).collect();
            self.ln_q_of_box(&origin, &inside, at)
        };
        ln_q + corners(side, extent).into_iter().map(of_square).sum::<f64>()
    }

    /// What a bond of J = 1 between spins adds to -E.
    fn pair(&self, a: f64, b: f64) -> f64 {
        match self.case.spins {
            Spins::Ising => a * b,
            Spins::Potts { .. } => f64::from(u8::from(a == b)),
        }
    }

    /// What a field H = 1 on a spin adds to -E.
    fn single(&self, spin: f64) -> f64 {
        match self.case.spins {
            Spins::Ising => spin,
            Spins::Potts { .. } => f64::from(u8::from(spin == 0.0)),
        }
    }

    /// ln q of a block's own spins given its border, by the net of its level, or by its own.
    fn ln_q_of_net(&self, block: [usize; 2], border: &[f64], own: &[f64]) -> f64 {
        if let Spins::Potts { states } = self.case.spins {
            return self.ln_q_of_colours(states.into(), block, border, own);
        }
        if !(self.case.mixture && border.is_empty()) {
            return self.ln_q_in_gauge(block, border, own, self.case.gauge);
        }
        let turned: Vec<f64> = own.iter().map(|spin| -spin).collect();
        let both = [own, &turned].map(|own| self.ln_q_in_gauge(block, border, own, false));
        ln_sum(both.to_vec()) - 2_f64.ln()
    }

    /// The same of colours.
    fn ln_q_of_colours(&self, states: usize, block: [usize; 2], border: &[f64], own: &[f64]) -> f64 {
        let colours = |spins: &[f64]| spins.iter().map(|&spin| spin as usize).collect::<Vec<_>>();
        let (border, own) = (colours(border), colours(own));
        if self.case.colours == Colours::Shared {
            return self.ln_q_of_shared(states, block, &border, &own);
        }
        let moved_by = |steps: usize, fixes_gauge: bool| {
            let seen = |colours: &[usize]| -> Vec<usize> {
                colours.iter().map(|colour| (colour + states - steps) % states).collect()
            };
            let (border, own) = (seen(&border), seen(&own));
            let all = [&border[..], &own].concat();
            let x: Vec<f64> =
                all.iter().flat_map(|&c| (0..states).map(move |k| f64::from(u8::from(c == k)))).collect();
            let mut logits = self.logits(block, &x);
            if fixes_gauge {
                logits[..states].fill(0.0);
            }
            let of_site = |(site, &colour): (usize, &usize)| {
                let logits = &logits[site * states..][..states];
                logits[colour] - ln_sum(logits.to_vec())
            };
            own.iter().enumerate().map(of_site).sum::<f64>()
        };
        let count = |colour: usize| border.iter().filter(|&&other| other == colour).count();
        match (self.case.gauge, border.is_empty()) {
            (false, _) => moved_by(0, false),
            (true, true) if self.case.mixture => {
                ln_sum((0..states).map(|steps| moved_by(steps, false)).collect()) - (states as f64).ln()
            }
            (true, true) => moved_by(own[0], true),
            (true, false) => {
                let most = (0..states).map(count).max().unwrap();
                moved_by(*border.iter().find(|&&colour| count(colour) == most).unwrap(), false)
            }
        }
    }

    /// The same where all colours have one net, which sees 1 where a site has the colour and -1 elsewhere.
    fn ln_q_of_shared(&self, states: usize, block: [usize; 2], border: &[usize], own: &[usize]) -> f64 {
        let of_colour = |colour: usize| {
            let sign = |&other: &usize| if other == colour { 1.0 } else { -1.0 };
            self.logits(block, &border.iter().chain(own).map(sign).collect::<Vec<f64>>())
        };
        let logits: Vec<Vec<f64>> = (0..states).map(of_colour).collect();
        let of_site = |(site, &colour): (usize, &usize)| {
            logits[colour][site] - ln_sum(logits.iter().map(|of_colour| of_colour[site]).collect())
        };
        own.iter().enumerate().map(of_site).sum()
    }

    fn ln_q_in_gauge(&self, block: [usize; 2], border: &[f64], own: &[f64], has_gauge: bool) -> f64 {
        let sum: f64 = border.iter().sum();
        let gauge = match (has_gauge, border.first()) {
            (false, _) => 1.0,
            (true, None) => own[0],
            (true, Some(first)) if sum == 0.0 => *first,
            (true, Some(_)) => sum.signum(),
        };
        let x: Vec<f64> = border.iter().chain(own).map(|spin| gauge * spin).collect();
        let mut logits = self.logits(block, &x);
        if has_gauge && border.is_empty() {
            logits[0] = 0.0;
        }
        // ln sigmoid(x logit) = -ln(1 + exp(-x logit)).
        x[border.len()..].iter().zip(logits).map(|(x, logit)| -(-x * logit).exp().ln_1p()).sum()
    }

    /// Logits by the net of a level, or of a block.
    fn logits(&self, [level, block]: [usize; 2], x: &[f64]) -> Vec<f64> {
        let tensor = |part: &str| {
            let of_blocks = &self.tensors[&format!("level{level}.{part}")];
            &of_blocks[block.min(of_blocks.len() - 1)]
        };
        let mut active = x.to_vec();
        for layer in 0..self.case.depth {
            let part = |name: &str| tensor(&format!("layer{layer}.{name}"));
            let z = affine(&active, part("weight"), &part("bias")[0]);
            active = z
                .iter()
                .zip(&part("slope")[0])
                .map(|(z, slope)| if *z > 0.0 { *z } else { slope * z })
                .collect();
        }
        let mut logits = affine(&active, tensor("output.weight"), &tensor("output.bias")[0]);
        if self.case.skip {
            logits = affine(x, tensor("skip.weight"), &logits);
        }
        logits
    }
}

/// Coordinates of a site.
type Place = Vec<usize>;

/// Places of a box, in order.
fn places(origin: &[usize], lengths: &[usize]) -> Vec<Place> {
    let (Some((first, origin)), Some((count, lengths))) = (origin.split_first(), lengths.split_first())
    else {
        return vec![Place::new()];
    };
    let rest = places(origin, lengths);
    let line = |at: usize| rest.iter().map(move |rest| [&[at], rest.as_slice()].concat());
    (*first..first + count).flat_map(line).collect()
}

/// Places around a box, those at its edges and corners with them.
fn places_around(origin: &[usize], lengths: &[usize]) -> Vec<Place> {
    let (from, to): (Place, Place) =
        origin.iter().zip(lengths).map(|(first, count)| (first - 1, count + 2)).unzip();
    let inside = places(origin, lengths);
    places(&from, &to).into_iter().filter(|place| !inside.contains(place)).collect()
}

/// The first of the longest axes.
fn longest(lengths: &[usize]) -> usize {
    (0..lengths.len()).rev().max_by_key(|&axis| lengths[axis]).unwrap()
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(|b| (0..b).map(move |a| (a, b)))
}

/// Corners of the squares of a level, row by row.
fn corners(side: usize, extent: usize) -> Vec<Place> {
    let multiples = || (0..side).step_by(extent);
    multiples().flat_map(|row| multiples().map(move |column| vec![row, column])).collect()
}

/// Sites from a corner on.
fn moved(corner: &[usize], sites: &[Place]) -> Vec<Place> {
    sites.iter().map(|place| place.iter().zip(corner).map(|(at, from)| from + at).collect()).collect()
}

/// Border of a square: above, right, below, left, without corners.
fn frame(extent: usize) -> Vec<Place> {
    let side = |place: fn(usize, usize) -> [usize; 2]| (1..extent).map(move |at| place(at, extent).to_vec());
    let [above, right, below, left]: [fn(usize, usize) -> [usize; 2]; 4] =
        [|at, _| [0, at], |at, l| [at, l], |at, l| [l, at], |at, _| [at, 0]];
    side(above).chain(side(right)).chain(side(below)).chain(side(left)).collect()
}

/// Own sites of a square with a net: its middle column, then its middle row without the centre.
fn cross(extent: usize) -> Vec<Place> {
    let half = extent / 2;
    let column = (1..extent).map(|row| vec![row, half]);
    column.chain((1..extent).filter(|&at| at != half).map(|column| vec![half, column])).collect()
}

/// `x weight + bias`.
fn affine(x: &[f64], weight: &[Vec<f64>], bias: &[f64]) -> Vec<f64> {
    let of_target = |(target, bias): (usize, &f64)| {
        bias + x.iter().zip(weight).map(|(x, weights)| x * weights[target]).sum::<f64>()
    };
    bias.iter().enumerate().map(of_target).collect()
}

fn ln_sum(terms: Vec<f64>) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln()
}

#[test]
fn the_f64_twin_evaluates_as_the_formats_say() {
    let cases = [
        Case::DEFAULT,
        Case { size: 16, width: 2, depth: 2, exact_bottom: 4, gauge: false, ..Case::DEFAULT },
        Case { size: 16, width: 3, depth: 3, exact_bottom: 8, ..Case::DEFAULT },
        Case { exact_bottom: 8, coupling: -0.8, field: 0.3, gauge: false, skip: false, ..Case::DEFAULT },
        Case { size: 4, exact_bottom: 4, coupling: 1.3, ..Case::DEFAULT },
        Case { exact_bottom: 4, exact_length: 8, width: 2, ..Case::DEFAULT },
        Case { size: 16, cut: Cut::Halves, exact_bottom: 8, width: 2, ..Case::DEFAULT },
        Case { cut: Cut::Halves, depth: 2, field: 0.3, gauge: false, ..Case::DEFAULT },
        Case {
            size: 16,
            exact_bottom: 8,
            exact_length: 16,
            coupling: -0.9,
            field: 0.2,
            gauge: false,
            ..Case::DEFAULT
        },
    ];
    let triangular = Case { lattice: LatticeKind::Triangular, coupling: -1.0, ..Case::DEFAULT };
    let bars = Case {
        lattice: LatticeKind::Cubic,
        coupling: 0.5,
        exact_bottom: 4,
        exact_length: 8,
        width: 1,
        ..Case::DEFAULT
    };
    let weighted = Case { disorder: Some(Disorder::Gaussian), gauge: false, field: 0.3, ..Case::DEFAULT };
    let weighted = [
        Case { size: 16, exact_bottom: 4, ..weighted },
        Case { size: 16, exact_bottom: 4, cut: Cut::Halves, ..weighted },
        Case { size: 16, exact_bottom: 4, exact_length: 8, ..weighted },
        Case { lattice: LatticeKind::Triangular, ..weighted },
    ];
    let more = weighted.into_iter().chain([triangular, bars]);
    for (number, case) in cases.into_iter().chain(SUBJECTS).chain(more).enumerate() {
        let case = Case { batch: 6, ..case };
        let parameters = case.parameters(number as u32);
        let tensors = case.model().tensors().into_iter().map(|place| {
            let columns = place.shape[place.shape.len() - 1];
            let row = |row: &[f32]| row.iter().map(|value| f64::from(*value)).collect();
            let of_block = |range: Range<usize>| parameters[range].chunks(columns).map(row).collect();
            (place.name.clone(), place.ranges().map(of_block).collect())
        });
        let network = Network::new(case, tensors.collect());
        let mut cpu = case.cpu::<f64>();
        cpu.write(Tensor::Parameters, &parameters).unwrap();
        let spins = crate::harness::spins(&cpu, 7 + number as u32);
        let found = evaluate(&mut cpu, BETA, &spins, |_| ()).unwrap();
        let sites = case.model().hierarchy.sites;
        for (spins, found) in spins.chunks(sites).zip(found) {
            let expected = network.ln_q(spins);
            assert!((found - expected).abs() < 1e-9 * expected.abs(), "{case:?}: {found}, {expected}");
        }
    }
}
