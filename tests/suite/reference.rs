//! A plain reference: ln q of one configuration in f64 loops, written from docs/FORMATS.md alone. It shares no code with the
//! backends: no tiles, no lanes, no masks, no index tables. The best place to start reading what a network computes.

use crate::contract::SUBJECTS;
use crate::harness::{BETA, Case};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::Network as Architecture;
use han_gpu::lattice::LatticeKind;
use han_gpu::sample::evaluate;
use std::collections::HashMap;

/// A network and its system.
struct Network {
    case: Case,
    /// `[rows][columns]`, or one row for biases and slopes, by the names of checkpoints.
    tensors: HashMap<String, Vec<Vec<f64>>>,
}

impl Network {
    /// ln q of a configuration, `[L * L]`, +-1.
    fn ln_q(&self, spins: &[i8]) -> f64 {
        let side = self.case.size as usize;
        let at = |sites: &[[usize; 2]]| -> Vec<f64> {
            sites.iter().map(|[row, column]| f64::from(spins[row % side * side + column % side])).collect()
        };
        match (self.case.network, self.case.lattice) {
            (Architecture::Van, _) => self.ln_q_of_net(0, &[], &at(&places([0, 0], [side, side]))),
            (Architecture::Han, LatticeKind::Triangular) => self.ln_q_on_the_triangular_lattice(side, &at),
            (Architecture::Han, LatticeKind::Square) => self.ln_q_on_the_square_lattice(side, &at),
        }
    }

    fn ln_q_on_the_triangular_lattice(&self, side: usize, at: &dyn Fn(&[[usize; 2]]) -> Vec<f64>) -> f64 {
        let boundary: Vec<[usize; 2]> =
            places([0, 0], [side, side]).into_iter().filter(|[row, column]| row * column == 0).collect();
        let mut ln_q = self.ln_q_of_net(0, &[], &at(&boundary));
        // First sites inside, and how many there are along both axes.
        let (mut origins, mut inside, mut level) = (vec![[1, 1]], [side - 1, side - 1], 1);
        while inside != [1, 1] {
            let axis = usize::from(inside[0] < inside[1]);
            let middle = inside[axis] / 2;
            let mut plane = inside;
            plane[axis] = 1;
            let moved = |mut origin: [usize; 2], by: usize| {
                origin[axis] += by;
                origin
            };
            for &origin in &origins {
                let own = at(&places(moved(origin, middle), plane));
                ln_q += self.ln_q_of_net(level, &at(&hexagonal_border(side, origin, inside)), &own);
            }
            origins = origins.iter().flat_map(|&origin| [origin, moved(origin, middle + 1)]).collect();
            (inside[axis], level) = (middle, level + 1);
        }
        let (coupling, field) = (BETA * self.case.coupling, BETA * self.case.field);
        let of_spin = |&origin: &[usize; 2]| {
            let neighbours: f64 = at(&hexagonal_border(side, origin, inside)).iter().sum();
            -(-2.0 * at(&[origin])[0] * (coupling * neighbours + field)).exp().ln_1p()
        };
        ln_q + origins.iter().map(of_spin).sum::<f64>()
    }

    fn ln_q_on_the_square_lattice(&self, side: usize, at: &dyn Fn(&[[usize; 2]]) -> Vec<f64>) -> f64 {
        let boundary: Vec<[usize; 2]> =
            (0..side).map(|column| [0, column]).chain((1..side).map(|row| [row, 0])).collect();
        let mut ln_q = self.ln_q_of_net(0, &[], &at(&boundary));
        let (mut level, mut extent) = (1, side);
        while extent > self.case.exact_bottom as usize {
            for corner in corners(side, extent) {
                let own = at(&moved(corner, &cross(extent)));
                ln_q += self.ln_q_of_net(level, &at(&moved(corner, &frame(extent))), &own);
            }
            (level, extent) = (level + 1, extent / 2);
        }
        for corner in corners(side, extent) {
            let inside: Vec<[usize; 2]> =
                (1..extent).flat_map(|row| (1..extent).map(move |column| [row, column])).collect();
            ln_q += self.ln_q_of_square(&at(&moved(corner, &frame(extent))), &at(&moved(corner, &inside)));
        }
        ln_q
    }

    /// ln q of a block's own spins given its border, by the net of its level.
    fn ln_q_of_net(&self, level: usize, border: &[f64], own: &[f64]) -> f64 {
        let tensor = |part: &str| &self.tensors[&format!("level{level}.{part}")];
        let sum: f64 = border.iter().sum();
        let gauge = match (self.case.gauge, border.first()) {
            (false, _) => 1.0,
            (true, None) => own[0],
            (true, Some(first)) if sum == 0.0 => *first,
            (true, Some(_)) => sum.signum(),
        };
        let x: Vec<f64> = border.iter().chain(own).map(|spin| gauge * spin).collect();
        let mut active = x.clone();
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
            logits = affine(&x, tensor("skip.weight"), &logits);
        }
        if self.case.gauge && border.is_empty() {
            logits[0] = 0.0;
        }
        // ln sigmoid(x logit) = -ln(1 + exp(-x logit)).
        x[border.len()..].iter().zip(logits).map(|(x, logit)| -(-x * logit).exp().ln_1p()).sum()
    }

    /// ln of the Boltzmann distribution of a square's inside given its border: a transfer over rows.
    fn ln_q_of_square(&self, border: &[f64], own: &[f64]) -> f64 {
        let (coupling, field) = (BETA * self.case.coupling, BETA * self.case.field);
        let width = border.len() / 4;
        let [top, right, bottom, left] = [0, 1, 2, 3].map(|part| &border[part * width..][..width]);
        let states: Vec<Vec<f64>> = (0..1_usize << width)
            .map(|state| (0..width).map(|bit| if state >> bit & 1 == 0 { 1.0 } else { -1.0 }).collect())
            .collect();
        // Bonds along row i, those to both sides of it, and its field.
        let along = |i: usize, row: &[f64]| {
            let inner: f64 = row.windows(2).map(|pair| pair[0] * pair[1]).sum();
            let ends = left[i] * row[0] + right[i] * row[width - 1];
            coupling * (inner + ends) + field * row.iter().sum::<f64>()
        };
        let between = |above: &[f64], below: &[f64]| {
            coupling * above.iter().zip(below).map(|(a, b)| a * b).sum::<f64>()
        };
        let mut sums: Vec<f64> = states.iter().map(|row| between(top, row) + along(0, row)).collect();
        for i in 1..width {
            let next = |row: &Vec<f64>| {
                let terms = sums.iter().zip(&states).map(|(sum, above)| sum + between(above, row));
                ln_sum(terms.collect()) + along(i, row)
            };
            sums = states.iter().map(next).collect();
        }
        let ln_z = ln_sum(sums.iter().zip(&states).map(|(sum, row)| sum + between(row, bottom)).collect());
        let rows: Vec<&[f64]> = own.chunks(width).collect();
        let vertical: f64 = rows.windows(2).map(|pair| between(pair[0], pair[1])).sum();
        let horizontal: f64 = rows.iter().enumerate().map(|(i, row)| along(i, row)).sum();
        between(top, rows[0]) + vertical + between(rows[width - 1], bottom) + horizontal - ln_z
    }
}

/// Places of a rectangle, row by row.
fn places(origin: [usize; 2], [rows, columns]: [usize; 2]) -> Vec<[usize; 2]> {
    (0..rows).flat_map(|i| (0..columns).map(move |j| [origin[0] + i, origin[1] + j])).collect()
}

/// Neighbours outside of the sites of a rectangle on the triangular lattice, row by row, each site once.
fn hexagonal_border(side: usize, [row, column]: [usize; 2], [rows, columns]: [usize; 2]) -> Vec<[usize; 2]> {
    let inside = places([row, column], [rows, columns]);
    let touches = |[i, j]: [usize; 2]| {
        // From one above and to the left of a neighbour to it, in both directions.
        let near = [[i, j + 1], [i + 1, j], [i + 1, j + 1]].iter().any(|place| inside.contains(place));
        let far = |[k, l]: &[usize; 2]| [[*k, l + 1], [k + 1, *l], [k + 1, l + 1]].contains(&[i, j]);
        near || inside.iter().any(far)
    };
    let mut border: Vec<[usize; 2]> = Vec::new();
    for place in places([row - 1, column - 1], [rows + 2, columns + 2]) {
        let site = |[i, j]: [usize; 2]| [i % side, j % side];
        let is_new = !border.iter().any(|&known| site(known) == site(place));
        if !inside.contains(&place) && touches(place) && is_new {
            border.push(place);
        }
    }
    border
}

/// Corners of the squares of a level, row by row.
fn corners(side: usize, extent: usize) -> Vec<[usize; 2]> {
    let multiples = || (0..side).step_by(extent);
    multiples().flat_map(|row| multiples().map(move |column| [row, column])).collect()
}

/// Sites from a corner on.
fn moved(corner: [usize; 2], sites: &[[usize; 2]]) -> Vec<[usize; 2]> {
    sites.iter().map(|[row, column]| [corner[0] + row, corner[1] + column]).collect()
}

/// Border of a square: above, right, below, left, without corners.
fn frame(extent: usize) -> Vec<[usize; 2]> {
    let side = |place: fn(usize, usize) -> [usize; 2]| (1..extent).map(move |at| place(at, extent));
    let [above, right, below, left]: [fn(usize, usize) -> [usize; 2]; 4] =
        [|at, _| [0, at], |at, l| [at, l], |at, l| [l, at], |at, _| [at, 0]];
    side(above).chain(side(right)).chain(side(below)).chain(side(left)).collect()
}

/// Own sites of a square with a net: its middle column, then its middle row without the centre.
fn cross(extent: usize) -> Vec<[usize; 2]> {
    let half = extent / 2;
    let column = (1..extent).map(|row| [row, half]);
    column.chain((1..extent).filter(|&at| at != half).map(|column| [half, column])).collect()
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
    ];
    let triangular = Case { lattice: LatticeKind::Triangular, coupling: -1.0, ..Case::DEFAULT };
    for (number, case) in cases.into_iter().chain(SUBJECTS).chain([triangular]).enumerate() {
        let case = Case { batch: 6, ..case };
        let parameters = case.parameters(number as u32);
        let tensors = case.model().tensors().into_iter().map(|place| {
            let columns = place.shape[place.shape.len() - 1];
            let rows = parameters[place.range()].chunks(columns);
            (
                place.name.clone(),
                rows.map(|row| row.iter().map(|value| f64::from(*value)).collect()).collect(),
            )
        });
        let network = Network { case, tensors: tensors.collect() };
        let mut cpu = case.cpu::<f64>();
        cpu.write(Tensor::Parameters, &parameters).unwrap();
        let spins = crate::harness::spins(&cpu, 7 + number as u32);
        let found = evaluate(&mut cpu, BETA, &spins, |_| ()).unwrap();
        let sites = (case.size * case.size) as usize;
        for (spins, found) in spins.chunks(sites).zip(found) {
            let expected = network.ln_q(spins);
            assert!((found - expected).abs() < 1e-9 * expected.abs(), "{case:?}: {found}, {expected}");
        }
    }
}
