//! Draws and weighs the insides of boxes given their borders, row by row, each spin given those before it and the environment below.

use super::environment::{Around, Bonds, Step, Tensors, site_weights, to_border};
use super::factors::{BoxFactors, between};
use crate::conditional::Model;
use crate::cpu::vector::vectorised;
use crate::hierarchy::{Layers, Level};
use crate::lattice::System;
use crate::random::SpinKey;
use crate::sixteen::{LANES, Lanes};
use rayon::prelude::*;

/// The least probability of a spin, where an environment that lost small weights gives none.
const LEAST: f64 = 1e-9;
/// Largest environments of all rows of a box that a thread keeps, in numbers; of larger boxes it makes those of a part of the rows at a time, once more.
const KEPT: usize = 1 << 24;

/// The source of spins of boxes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// Random numbers of a seed and a step; the first row's configuration has this number.
    Drawn { seed: u32, step: u32, first_configuration: u32 },
    /// They are there already.
    Given,
}

impl Source {
    /// That of rows further on.
    fn after(self, rows: u32) -> Self {
        match self {
            Self::Drawn { seed, step, first_configuration } => {
                Self::Drawn { seed, step, first_configuration: first_configuration.wrapping_add(rows) }
            }
            Self::Given => Self::Given,
        }
    }
}

/// The insides of the boxes of a level, at one temperature.
#[derive(Debug)]
pub(crate) struct BoxSampler {
    level: Level,
    /// The level's number, which tells its random numbers from those of other levels.
    number: u32,
    layers: Layers,
    /// `[4]`: border sites above, below, left and right of the box, by local index.
    faces: [Vec<u32>; 4],
    /// `[blocks]`, or one for all.
    factors: Vec<BoxFactors>,
    bond_dimension: usize,
}

/// Room for a thread.
struct Work {
    step: Step,
    /// `[rows][numbers of a row]` of the rows that are kept.
    environments: Vec<Lanes<f64>>,
    /// Environments of the last rows of all parts.
    part_ends: Vec<Lanes<f64>>,
    /// `[columns + 1][spin left][states]`: what the sites from one on sum to.
    rights: Vec<Vec<Lanes<f64>>>,
}

impl BoxSampler {
    /// The boxes of a level, which has a number among those of its network.
    pub(crate) fn new(
        level: Level,
        number: usize,
        system: &System,
        beta: f64,
        bond_dimension: usize,
    ) -> Self {
        let layers = Layers::of(&level.extent);
        let mut faces = layers.faces(&level.neighbours).into_iter();
        let faces = std::array::from_fn(|_| faces.next().unwrap_or_default());
        let blocks = if level.is_weighted() { level.blocks } else { 1 };
        let factors = (0..blocks).map(|block| BoxFactors::new(&level, block, system, beta)).collect();
        Self { level, number: number as u32, layers, faces, factors, bond_dimension }
    }

    /// The boxes of a model's level that matrix product states draw.
    pub(crate) fn of_model(model: &Model, level: usize, beta: f64) -> Self {
        let geometry = model.hierarchy.levels[level].clone();
        Self::new(geometry, level, &model.system, beta, model.options.bond_dimension)
    }

    /// Fills the insides of all boxes of configurations, `[rows][sites]`, or takes them as they are: `[rows][blocks]` ln q of the insides given the borders.
    pub(crate) fn fill(&self, spins: &mut [i8], sites: usize, source: Source) -> Vec<f64> {
        let blocks = self.level.blocks;
        let mut ln_q = vec![0.0; spins.len() / sites * blocks];
        let groups = spins.par_chunks_mut(LANES * sites).zip(ln_q.par_chunks_mut(LANES * blocks)).enumerate();
        groups.for_each_init(
            || self.work(),
            |work, (group, (spins, ln_q))| {
                for block in 0..blocks {
                    let found =
                        self.fill_block(work, block, spins, sites, source.after((group * LANES) as u32));
                    for (ln_q, found) in ln_q.chunks_mut(blocks).zip(found.iter()) {
                        ln_q[block] = *found;
                    }
                }
            },
        );
        ln_q
    }

    /// As [`BoxSampler::fill`]; adds the sums over all boxes to `[rows]` ln q.
    pub(super) fn fill_and_add(&self, spins: &mut [i8], sites: usize, source: Source, ln_q: &mut [f64]) {
        let of_boxes = self.fill(spins, sites, source);
        for (ln_q, of_boxes) in ln_q.iter_mut().zip(of_boxes.chunks(self.level.blocks)) {
            *ln_q += of_boxes.iter().sum::<f64>();
        }
    }

    fn work(&self) -> Work {
        let step = Step::new(self.layers.bits, self.bond_dimension);
        let dimensions = &step.bonds().dimensions;
        let rights = dimensions.iter().map(|states| vec![Lanes::zero(); 2 * states]).collect();
        Work { step, environments: Vec::new(), part_ends: Vec::new(), rights }
    }

    /// Rows whose environments are kept together.
    fn rows_kept(&self, of_row: usize) -> usize {
        let rows = self.layers.layers;
        if rows * of_row * LANES <= KEPT { rows } else { rows.isqrt() + 1 }
    }

    /// One block of up to 16 configurations; lanes behind the last configuration repeat it.
    fn fill_block(
        &self,
        work: &mut Work,
        block: usize,
        spins: &mut [i8],
        sites: usize,
        source: Source,
    ) -> Lanes<f64> {
        let places = self.level.block_sites(block).to_vec();
        let count = spins.len() / sites;
        let read = |spins: &[i8], local: u32| {
            let mut values = Lanes::zero();
            for lane in 0..LANES {
                let row = lane.min(count - 1);
                values[lane] = f64::from(spins[row * sites + places[local as usize] as usize]);
            }
            values
        };
        let [above, below, left, right] = [0, 1, 2, 3]
            .map(|face: usize| self.faces[face].iter().map(|&local| read(spins, local)).collect());
        let around = Around { above, below, left, right };
        let factors = &self.factors[if self.factors.len() > 1 { block } else { 0 }];
        let (rows, columns) = (self.layers.layers, self.layers.bits);
        let size = work.step.bonds().size();
        let kept = self.rows_kept(size);
        let parts = rows.div_ceil(kept);
        work.environments.resize(kept * size, Lanes::zero());
        work.part_ends.resize(parts * size, Lanes::zero());
        self.make_part_ends(work, factors, &around, kept);
        let mut ln_q = Lanes::zero();
        let mut upper = around.above.clone();
        for part in 0..parts {
            self.make_part(work, factors, &around, part, kept);
            for row in part * kept..((part + 1) * kept).min(rows) {
                let inside = (self.level.border + row * columns) as u32;
                let mut line: Vec<Lanes<f64>> = match source {
                    Source::Given => (0..columns as u32).map(|site| read(spins, inside + site)).collect(),
                    Source::Drawn { seed, step, first_configuration } => {
                        let key = SpinKey {
                            seed,
                            step,
                            configuration: first_configuration,
                            level: self.number,
                            block: block as u32,
                        };
                        (0..columns).map(|site| numbers(&key, row * columns + site)).collect()
                    }
                };
                let is_drawn = matches!(source, Source::Drawn { .. });
                let weights = site_weights(factors, self.layers, row, &around);
                let tensors = &work.environments[(row - part * kept) * size..][..size];
                let vertical = &factors.vertical[row * columns..][..columns];
                let horizontal = &factors.horizontal[row * (columns + 1)..][..columns];
                let line_factors = Line { vertical, horizontal, weights: &weights, upper: &upper };
                let found = vectorised(
                    #[inline(always)]
                    || line_factors.walk(work.step.bonds(), tensors, &mut work.rights, &mut line, is_drawn),
                );
                ln_q = ln_q.plus(found);
                for (site, values) in line.iter().enumerate().filter(|_| is_drawn) {
                    let place = places[inside as usize + site] as usize;
                    (0..count).for_each(|lane| spins[lane * sites + place] = values[lane] as i8);
                }
                upper = line;
            }
        }
        ln_q
    }

    /// The environments of the last rows of all parts.
    fn make_part_ends(&self, work: &mut Work, factors: &BoxFactors, around: &Around, kept: usize) {
        let (rows, size) = (self.layers.layers, work.step.bonds().size());
        let Work { step, environments, part_ends, .. } = work;
        let (one, two) = (size, 2 * size);
        environments.resize(two.max(environments.len()), Lanes::zero());
        vectorised(
            #[inline(always)]
            || {
                let (mut from, mut to) = environments[..two].split_at_mut(one);
                step.last(factors, self.layers, around, from);
                // Up to the end of the first part, from which the rest of it follows.
                for row in (kept.min(rows) - 1..rows).rev() {
                    if (row + 1) % kept == 0 || row + 1 == rows {
                        part_ends[row / kept * size..][..size].copy_from_slice(from);
                    }
                    if row >= kept {
                        step.above(factors, (self.layers, row), around, from, to);
                        std::mem::swap(&mut from, &mut to);
                    }
                }
            },
        );
    }

    /// The environments of all rows of a part.
    fn make_part(&self, work: &mut Work, factors: &BoxFactors, around: &Around, part: usize, kept: usize) {
        let (rows, size) = (self.layers.layers, work.step.bonds().size());
        let Work { step, environments, part_ends, .. } = work;
        let last = ((part + 1) * kept).min(rows) - 1;
        let first = part * kept;
        environments[(last - first) * size..][..size].copy_from_slice(&part_ends[part * size..][..size]);
        vectorised(
            #[inline(always)]
            || {
                for row in (first + 1..=last).rev() {
                    let (to, from) = environments[(row - 1 - first) * size..][..2 * size].split_at_mut(size);
                    step.above(factors, (self.layers, row), around, from, to);
                }
            },
        );
    }
}

/// Random numbers of a site in all lanes, of which the first is the key's.
fn numbers(key: &SpinKey, site: usize) -> Lanes<f64> {
    let mut numbers = Lanes::zero();
    for lane in 0..LANES {
        let configuration = key.configuration.wrapping_add(lane as u32);
        numbers[lane] = f64::from(SpinKey { configuration, ..*key }.uniform(site as u32));
    }
    numbers
}

/// All that a row's spins depend on, beside the environment below.
struct Line<'a> {
    /// `[columns]`: bonds to the spins above, and to the left.
    vertical: &'a [[f64; 2]],
    horizontal: &'a [[f64; 2]],
    weights: &'a [[Lanes<f64>; 2]],
    /// `[columns]`: the spins above.
    upper: &'a [Lanes<f64>],
}

impl Line<'_> {
    /// Puts spins, +-1, where random numbers were, or takes the spins that are there; ln q of them.
    #[inline(always)]
    fn walk(
        &self,
        bonds: &Bonds,
        tensors: &Tensors,
        rights: &mut [Vec<Lanes<f64>>],
        line: &mut [Lanes<f64>],
        is_drawn: bool,
    ) -> Lanes<f64> {
        let columns = self.vertical.len();
        self.sum_from_the_right(bonds, tensors, rights);
        let mut ln_q = Lanes::zero();
        let mut left = vec![Lanes::all(1.0)];
        for site in 0..columns {
            let (matrices, [rows, next]) = bonds.matrices(tensors, site);
            let right = &rights[site + 1];
            let moved = matrices.map(|matrix| {
                let mut moved = vec![Lanes::zero(); next];
                for row in 0..rows {
                    for (moved, &entry) in moved.iter_mut().zip(&matrix[row * next..]) {
                        *moved = moved.plus_product(left[row], entry);
                    }
                }
                moved
            });
            let before = if site == 0 { Lanes::zero() } else { line[site - 1] };
            let mut shares = [0, 1].map(|spin| {
                let mut sum = Lanes::zero();
                for (&left, &right) in moved[spin].iter().zip(&right[spin * next..]) {
                    sum = sum.plus_product(left, right);
                }
                let own =
                    self.weights[site][spin].times(to_border(self.vertical[site], spin, self.upper[site]));
                let own = own.times(sum);
                if site == 0 { own } else { own.times(to_border(self.horizontal[site], spin, before)) }
            });
            let ups = up_shares(&mut shares);
            let mut factor = Lanes::zero();
            let mut is_up = [false; LANES];
            for lane in 0..LANES {
                is_up[lane] = if is_drawn { line[site][lane] < ups[lane] } else { line[site][lane] > 0.0 };
                line[site][lane] = if is_up[lane] { 1.0 } else { -1.0 };
                let share = if is_up[lane] { ups[lane] } else { 1.0 - ups[lane] };
                ln_q[lane] += share.ln();
                let weight: f64 =
                    (0..next).map(|state| moved[usize::from(is_up[lane])][state][lane].abs()).sum();
                factor[lane] = if weight > 0.0 { 1.0 / weight } else { 1.0 };
            }
            left = moved[0].clone();
            for (state, left) in left.iter_mut().enumerate() {
                for lane in 0..LANES {
                    left[lane] = moved[usize::from(is_up[lane])][state][lane] * factor[lane];
                }
            }
        }
        ln_q
    }

    /// `[bond][spin of the site right of it][states]`: sums over the sites right of a bond, by the spin left of it.
    #[inline(always)]
    fn sum_from_the_right(&self, bonds: &Bonds, tensors: &Tensors, rights: &mut [Vec<Lanes<f64>>]) {
        let columns = self.vertical.len();
        rights[columns].fill(Lanes::all(1.0));
        for site in (1..columns).rev() {
            let (matrices, [rows, next]) = bonds.matrices(tensors, site);
            let (into, beyond) = rights.split_at_mut(site + 1);
            let (into, beyond) = (&mut into[site], &beyond[0]);
            into.fill(Lanes::zero());
            for (spin, matrix) in matrices.into_iter().enumerate() {
                let own =
                    self.weights[site][spin].times(to_border(self.vertical[site], spin, self.upper[site]));
                let sides = [0, 1].map(|left| between(self.horizontal[site], left, spin));
                for row in 0..rows {
                    let mut sum = Lanes::zero();
                    for (&entry, &beyond) in matrix[row * next..][..next].iter().zip(&beyond[spin * next..]) {
                        sum = sum.plus_product(entry, beyond);
                    }
                    let sum = sum.times(own);
                    for (left, side) in sides.into_iter().enumerate() {
                        into[left * rows + row] = into[left * rows + row].plus_scaled(side, sum);
                    }
                }
            }
            normalise(into);
        }
    }
}

/// Divides by the largest size.
#[inline(always)]
fn normalise(values: &mut [Lanes<f64>]) {
    let mut largest = Lanes::zero();
    for value in values.iter() {
        largest = largest.with(*value, |largest, value| f64::max(largest, value.abs()));
    }
    for value in values {
        *value = value.with(largest, |value, largest| if largest > 0.0 { value / largest } else { value });
    }
}

/// The probability of a spin up, of the weights of both spins: weights below zero, which only an environment that lost small ones has, count as nearly none.
#[inline(always)]
fn up_shares(shares: &mut [Lanes<f64>; 2]) -> Lanes<f64> {
    shares[0].with(shares[1], |down, up| {
        let [down, up] = [down.max(0.0), up.max(0.0)];
        let share = up / (down + up);
        if share.is_nan() { 0.5 } else { share.clamp(LEAST, 1.0 - LEAST) }
    })
}
