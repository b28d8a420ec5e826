//! Draws and weighs the insides of boxes given their borders, row by row, each spin given those before it and the environment below.

use super::environment::{Around, Step, site_weights};
use super::factors::BoxFactors;
use super::line::Line;
use crate::conditional::Model;
use crate::cpu::vector::vectorised;
use crate::hierarchy::{Layers, Level};
use crate::lattice::System;
use crate::random::SpinKey;
use crate::sixteen::{LANES, Lanes};
use rayon::prelude::*;

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
        let group = Group { places: self.level.block_sites(block).to_vec(), count: spins.len() / sites };
        let around = self.around(&group, spins);
        let factors = &self.factors[if self.factors.len() > 1 { block } else { 0 }];
        let (rows, size) = (self.layers.layers, work.step.bonds().size());
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
                let mut line = self.line(&group, spins, source, (block, row));
                let weights = site_weights(factors, self.layers, row, &around);
                let is_drawn = matches!(source, Source::Drawn { .. });
                let of_row = Line::new(factors, self.layers, row, &weights, &upper);
                let Work { step, environments, rights, .. } = &mut *work;
                let tensors = &environments[(row - part * kept) * size..][..size];
                let found = vectorised(
                    #[inline(always)]
                    || of_row.walk(step.bonds(), tensors, rights, &mut line, is_drawn),
                );
                ln_q = ln_q.plus(found);
                if is_drawn {
                    let first = self.level.border + row * self.layers.bits;
                    line.iter()
                        .enumerate()
                        .for_each(|(site, values)| group.write(spins, first + site, values));
                }
                upper = line;
            }
        }
        ln_q
    }

    /// The spins around a block.
    fn around(&self, group: &Group, spins: &[i8]) -> Around {
        let [above, below, left, right] = [0, 1, 2, 3].map(|face: usize| {
            self.faces[face].iter().map(|&local| group.read(spins, local as usize)).collect()
        });
        Around { above, below, left, right }
    }

    /// The spins of a row of a block, or random numbers that they are drawn by.
    fn line(
        &self,
        group: &Group,
        spins: &[i8],
        source: Source,
        (block, row): (usize, usize),
    ) -> Vec<Lanes<f64>> {
        let columns = self.layers.bits;
        match source {
            Source::Given => {
                let first = self.level.border + row * columns;
                (0..columns).map(|site| group.read(spins, first + site)).collect()
            }
            Source::Drawn { seed, step, first_configuration } => {
                let block = block as u32;
                let key =
                    SpinKey { seed, step, configuration: first_configuration, level: self.number, block };
                (0..columns).map(|site| numbers(&key, row * columns + site)).collect()
            }
        }
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

/// A block of up to 16 configurations.
struct Group {
    /// Sites of the block's inputs and own spins.
    places: Vec<u32>,
    /// Configurations.
    count: usize,
}

impl Group {
    /// A spin of the block in all lanes.
    fn read(&self, spins: &[i8], local: usize) -> Lanes<f64> {
        let (sites, place) = (spins.len() / self.count, self.places[local] as usize);
        let mut values = Lanes::zero();
        for lane in 0..LANES {
            values[lane] = f64::from(spins[lane.min(self.count - 1) * sites + place]);
        }
        values
    }

    /// Writes a spin of the block in all configurations.
    fn write(&self, spins: &mut [i8], local: usize, values: &Lanes<f64>) {
        let (sites, place) = (spins.len() / self.count, self.places[local] as usize);
        (0..self.count).for_each(|lane| spins[lane * sites + place] = values[lane] as i8);
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
