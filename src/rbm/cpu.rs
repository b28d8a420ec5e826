//! The machine on the CPU, generic over f32 and f64: blocks of 32 units side by side, for all rows of a batch.

use super::bits::{BLOCK, Bits};
use super::machine::{Machine, Parameters};
use super::sums::{Block, Tables};
use crate::cpu::Real;
use crate::cpu::vector::vectorised;
use crate::lattice::Spins;
use crate::random::philox_lanes;
use rayon::prelude::*;

/// Sets the numbers of machines apart from those of networks of the same seed.
const TAG: u32 = 0x5eb0_17a2;
/// Additions of blocks below which threads cost more than they save.
const FEW: usize = 1 << 10;

/// Parameters and what a step needs beside them.
#[derive(Debug)]
pub struct Cpu<R> {
    machine: Machine,
    /// `[blocks of hidden units][visible]`; lanes beyond the last hidden unit are 0.
    weights: Vec<Block<R>>,
    /// `[blocks of visible numbers]`.
    visible: Vec<Block<R>>,
    /// `[blocks of hidden units]`.
    hidden: Vec<Block<R>>,
}

/// Where random numbers come from.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// The run's seed.
    pub seed: u32,
    /// The training step, or the number of a sweep.
    pub step: u32,
    /// The half step.
    pub stage: u32,
    /// The first row's configuration.
    pub first: u32,
}

impl Draw {
    /// The half step after this one.
    pub(crate) fn next_stage(self) -> Self {
        Self { stage: self.stage.wrapping_add(1), ..self }
    }
}

/// Probabilities of hidden units, `[blocks of hidden units]`, each with `[rows]`.
pub type Probabilities<R> = Vec<Vec<Block<R>>>;

/// One side of the gradient: visible numbers, as rows, and probabilities of hidden units given them.
#[derive(Debug, Clone, Copy)]
pub struct Statistics<'a, R> {
    /// `[visible][rows]`.
    pub visible: &'a Bits,
    /// See [`Probabilities`].
    pub hidden: &'a [Vec<Block<R>>],
}

impl<R: Real> Cpu<R> {
    /// A machine with these parameters.
    pub fn new(machine: Machine, parameters: &Parameters) -> Self {
        let blocks = |values: &[f32]| -> Vec<Block<R>> { values.chunks(BLOCK).map(padded).collect() };
        let of_block = |block: usize| {
            let rows = parameters.weights.chunks_exact(machine.hidden);
            rows.map(move |row| padded(&row[block * BLOCK..machine.hidden.min((block + 1) * BLOCK)]))
        };
        Self {
            machine,
            weights: (0..machine.hidden.div_ceil(BLOCK)).flat_map(of_block).collect(),
            visible: blocks(&parameters.visible),
            hidden: blocks(&parameters.hidden),
        }
    }

    /// The machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Its parameters in the precision of files.
    pub fn parameters(&self) -> Parameters {
        let (visible, hidden) = (self.machine.visible(), self.machine.hidden);
        let single = |value: R| value.widen() as f32;
        let flat = |blocks: &[Block<R>], count: usize| -> Vec<f32> {
            blocks.iter().flat_map(|block| block.0).take(count).map(single).collect()
        };
        let weight = |at: usize| {
            let (number, unit) = (at / hidden, at % hidden);
            single(self.weights[unit / BLOCK * visible + number][unit % BLOCK])
        };
        Parameters {
            weights: (0..visible * hidden).map(weight).collect(),
            visible: flat(&self.visible, visible),
            hidden: flat(&self.hidden, hidden),
        }
    }

    /// `c + v W` of every row, `[blocks of hidden units][rows]`; lanes beyond the last hidden unit are 0.
    pub(super) fn fields(&self, visible: &Bits) -> Vec<Vec<Block<R>>> {
        self.for_hidden(visible, R::one(), |_, sums| sums)
    }

    /// Bias of a visible number.
    pub(super) fn visible_bias(&self, number: usize) -> f64 {
        self.visible[number / BLOCK][number % BLOCK].widen()
    }

    /// Weights of a visible number and a block of hidden units.
    pub(super) fn weights_of(&self, block: usize, number: usize) -> &Block<R> {
        &self.weights[block * self.machine.visible() + number]
    }

    /// `c + v W` of every row, times `scale`, and what is made of it, block by block: `[blocks of hidden units]`, each with `[rows]`.
    fn for_hidden<T: Send>(
        &self,
        visible: &Bits,
        scale: R,
        make: impl Fn(usize, Vec<Block<R>>) -> T + Sync,
    ) -> Vec<T> {
        let (count, numbers) = (self.hidden.len(), self.machine.visible());
        let of_block = |block: usize| {
            let weights = &self.weights[block * numbers..][..numbers];
            let units = self.machine.hidden - block * BLOCK;
            let mut sums = vec![self.hidden[block]; visible.rows];
            vectorised(
                #[inline(always)]
                || {
                    let mut tables = Tables::new();
                    for (source, vectors) in weights.chunks(BLOCK).enumerate() {
                        tables.add_set(&mut sums, visible.block(source), vectors, units);
                    }
                    scale_all(&mut sums, scale);
                },
            );
            make(block, sums)
        };
        for_blocks(count, count * visible.words.len(), of_block)
    }

    /// Draws hidden units given visible ones at an inverse temperature, and gives their probabilities.
    pub fn draw_hidden(&self, visible: &Bits, scale: R, draw: Draw, hidden: &mut Bits) -> Probabilities<R> {
        let parts = self.for_hidden(visible, scale, |block, mut sums| {
            let mut words = vec![0; sums.len()];
            let units = self.machine.hidden - block * BLOCK;
            vectorised(
                #[inline(always)]
                || draw_block(&mut sums, &mut words, draw, block, units),
            );
            (words, sums)
        });
        let blocks = hidden.words.chunks_exact_mut(visible.rows).zip(parts);
        let keep = |(to, (words, probabilities)): (&mut [u32], (Vec<u32>, _))| {
            to.copy_from_slice(&words);
            probabilities
        };
        blocks.map(keep).collect()
    }

    /// Probabilities of hidden units given visible ones.
    pub fn hidden_probabilities(&self, visible: &Bits) -> Probabilities<R> {
        self.for_hidden(visible, R::one(), |block, mut sums| {
            let units = self.machine.hidden - block * BLOCK;
            vectorised(
                #[inline(always)]
                || to_probabilities(&mut sums, units),
            );
            sums
        })
    }

    /// `b v + sum ln(1 + exp(c + v W))` of every row at inverse temperature `scale`, where `base`, `[visible]`, takes the place of b with the rest of the weight.
    pub fn ln_weights(&self, visible: &Bits, scale: f64, base: &[f64]) -> Vec<f64> {
        let bias = |number: usize| {
            scale * self.visible[number / BLOCK][number % BLOCK].widen() + (1.0 - scale) * base[number]
        };
        let biases: Vec<f64> = (0..self.machine.visible()).map(bias).collect();
        let of_blocks = self.for_hidden(visible, R::of(scale), |block, sums| {
            let units = BLOCK.min(self.machine.hidden - block * BLOCK);
            let of_row =
                |sums: &Block<R>| sums[..units].iter().map(|&field| field.softplus().widen()).sum::<f64>();
            sums.iter().map(of_row).collect::<Vec<f64>>()
        });
        let of_row = |row: usize| {
            let of_hidden: f64 = of_blocks.iter().map(|rows| rows[row]).sum();
            let set = (0..biases.len()).filter(|&number| visible.get(row, number));
            of_hidden + set.map(|number| biases[number]).sum::<f64>()
        };
        (0..visible.rows).into_par_iter().map(of_row).collect()
    }

    /// `scale (b + W h) + (1 - scale) base` of every row, `[blocks of visible numbers][rows]`, and what is made of it.
    fn for_visible<T: Send>(
        &self,
        hidden: &Bits,
        scale: R,
        base: Option<&[f64]>,
        make: impl Fn(usize, Vec<Block<R>>) -> T + Sync,
    ) -> Vec<T> {
        let (count, numbers) = (self.visible.len(), self.machine.visible());
        let of_block = |block: usize| {
            let targets = block * BLOCK..numbers.min((block + 1) * BLOCK);
            let mut sums = vec![self.visible[block]; hidden.rows];
            vectorised(
                #[inline(always)]
                || {
                    let mut tables = Tables::new();
                    for source in 0..self.hidden.len() {
                        let weights = &self.weights[source * numbers..][targets.clone()];
                        let units = BLOCK.min(self.machine.hidden - source * BLOCK);
                        tables.add_set(
                            &mut sums,
                            hidden.block(source),
                            &turned(weights)[..units],
                            targets.len(),
                        );
                    }
                    scale_all(&mut sums, scale);
                },
            );
            if let Some(base) = base {
                let rest = Block::from_fn(|lane| {
                    base.get(block * BLOCK + lane).map_or(R::zero(), |&base| (R::one() - scale) * R::of(base))
                });
                for sums in &mut sums {
                    sums.iter_mut().zip(rest.0).for_each(|(sum, rest)| *sum += rest);
                }
            }
            make(block, sums)
        };
        for_blocks(count, count * hidden.words.len(), of_block)
    }

    /// Draws visible numbers given hidden units at an inverse temperature, with `base` for the rest of their biases.
    pub fn draw_visible(
        &self,
        hidden: &Bits,
        scale: R,
        base: Option<&[f64]>,
        draw: Draw,
        visible: &mut Bits,
    ) {
        if let Spins::Potts { states } = self.machine.spins {
            let fields = self.for_visible(hidden, scale, base, |_, sums| sums);
            return draw_colours(states.into(), &fields, draw, visible);
        }
        let parts = self.for_visible(hidden, scale, base, |block, mut sums| {
            let mut words = vec![0; sums.len()];
            let units = self.machine.visible() - block * BLOCK;
            vectorised(
                #[inline(always)]
                || draw_block(&mut sums, &mut words, draw, block, units),
            );
            words
        });
        for (to, words) in visible.words.chunks_exact_mut(hidden.rows).zip(parts) {
            to.copy_from_slice(&words);
        }
    }

    /// Moves parameters by `rate` along the gradient of the likelihood in units from which their means in the data are taken (J. Melchior, A. Fischer and L. Wiskott, JMLR 17, 1,
    /// 2016): so neither side of a unit, 0 or 1, is preferred, and weights do not have to follow biases. Weights lose `rate decay` of themselves.
    ///
    /// With `D = <v h>_data - <v h>_model`, `Dv` and `Dh` for units alone, and means m of visible numbers and l of hidden units, `dW = D - m Dh - Dv l`,
    /// `db = Dv - dW l` and `dc = Dh - m dW`.
    pub fn learn(&mut self, data: Statistics<'_, R>, model: Statistics<'_, R>, rate: f64, decay: f64) {
        let rows = data.visible.units;
        let (share, rate, kept) = (R::of(1.0 / rows as f64), R::of(rate), R::of(1.0 - rate * decay));
        let means = data.visible.means::<R>();
        let gains: Vec<R> =
            means.iter().zip(model.visible.means::<R>()).map(|(&data, model)| data - model).collect();
        let numbers = self.machine.visible();
        let of_block = |(block, (weights, bias)): (usize, (&mut [Block<R>], &mut Block<R>))| {
            let units = self.machine.hidden - block * BLOCK;
            let [of_data, of_model] = [data, model].map(|side| &side.hidden[block][..]);
            let mut sums = [data, model].map(|_| vec![Block::zero(); numbers]);
            vectorised(
                #[inline(always)]
                || {
                    let mut tables = Tables::new();
                    for ((side, of_side), sums) in
                        [(data, of_data), (model, of_model)].into_iter().zip(&mut sums)
                    {
                        for (source, vectors) in of_side.chunks(BLOCK).enumerate() {
                            tables.add_set(sums, side.visible.block(source), vectors, units);
                        }
                    }
                    let [steps, of_model_sums] = &mut sums;
                    let [mean, of_model] = [of_data, of_model].map(|rows| mean_of(rows, share));
                    let mut moved = Block::from_fn(|lane| mean[lane] - of_model[lane]);
                    let gained = moved;
                    for ((step, model), (&visible, &gain)) in
                        steps.iter_mut().zip(of_model_sums).zip(means.iter().zip(&gains))
                    {
                        for lane in 0..BLOCK {
                            let plain = share * (step[lane] - model[lane]);
                            step[lane] = plain - visible * gained[lane] - gain * mean[lane];
                            moved[lane] = moved[lane] - visible * step[lane];
                        }
                    }
                    for lane in 0..BLOCK {
                        bias[lane] += rate * moved[lane];
                    }
                    // The room of the steps becomes that of their products with the means of hidden units.
                    for (weights, step) in weights.iter_mut().zip(steps.iter_mut()) {
                        for lane in 0..BLOCK {
                            weights[lane] = kept * weights[lane] + rate * step[lane];
                            step[lane] = step[lane] * mean[lane];
                        }
                    }
                },
            );
            let [products, _] = sums;
            products
        };
        let blocks = self.weights.len() / numbers;
        let products: Vec<Vec<Block<R>>> = match 2 * blocks * numbers * rows.div_ceil(BLOCK) < FEW {
            true => {
                self.weights.chunks_mut(numbers).zip(&mut self.hidden).enumerate().map(of_block).collect()
            }
            false => {
                self.weights.par_chunks_mut(numbers).zip(&mut self.hidden).enumerate().map(of_block).collect()
            }
        };
        for (number, gain) in gains.into_iter().enumerate() {
            let mut of_hidden = Block::zero();
            for of_block in &products {
                for lane in 0..BLOCK {
                    of_hidden[lane] += of_block[number][lane];
                }
            }
            self.visible[number / BLOCK][number % BLOCK] += rate * (gain - sum_of(&of_hidden));
        }
    }
}

/// The mean of rows, of which each counts as `share`.
#[inline(always)]
fn mean_of<R: Real>(rows: &[Block<R>], share: R) -> Block<R> {
    let mut mean = Block::zero();
    for row in rows {
        for lane in 0..BLOCK {
            mean[lane] += share * row[lane];
        }
    }
    mean
}

/// The sum of lanes, by halves.
#[inline(always)]
fn sum_of<R: Real>(lanes: &Block<R>) -> R {
    let half: [R; 16] = std::array::from_fn(|lane| lanes[lane] + lanes[lane + 16]);
    let quarter: [R; 8] = std::array::from_fn(|lane| half[lane] + half[lane + 8]);
    let eighth: [R; 4] = std::array::from_fn(|lane| quarter[lane] + quarter[lane + 4]);
    (eighth[0] + eighth[2]) + (eighth[1] + eighth[3])
}

/// What is made of blocks, in order; side by side where that is worth it.
fn for_blocks<T: Send>(count: usize, additions: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    match additions < FEW {
        true => (0..count).map(make).collect(),
        false => (0..count).into_par_iter().map(&make).collect(),
    }
}

/// Values and zeros behind them.
fn padded<R: Real>(values: &[f32]) -> Block<R> {
    Block::from_fn(|lane| values.get(lane).map_or(R::zero(), |&value| R::of(value.into())))
}

/// Columns as vectors, and zeros behind them.
#[inline(always)]
fn turned<R: Real>(vectors: &[Block<R>]) -> [Block<R>; BLOCK] {
    let mut block = [Block::zero(); BLOCK];
    for (lane, vector) in vectors.iter().enumerate() {
        for (column, &value) in block.iter_mut().zip(&vector.0) {
            column[lane] = value;
        }
    }
    block
}

#[inline(always)]
fn scale_all<R: Real>(blocks: &mut [Block<R>], scale: R) {
    if scale != R::one() {
        blocks.iter_mut().flat_map(|block| &mut block.0).for_each(|value| *value = *value * scale);
    }
}

/// `1 / (1 + exp(-x))`; 0 for lanes beyond the last of `units`.
#[inline(always)]
fn to_probabilities<R: Real>(fields: &mut [Block<R>], units: usize) {
    for fields in fields {
        for (lane, field) in fields.iter_mut().enumerate() {
            let e = field.exp_minus_abs();
            let above = if *field < R::zero() { e } else { R::one() };
            *field = if lane < units { above / (R::one() + e) } else { R::zero() };
        }
    }
}

/// Draws units of a block by heat baths; fields become probabilities.
#[inline(always)]
fn draw_block<R: Real>(fields: &mut [Block<R>], words: &mut [u32], draw: Draw, block: usize, units: usize) {
    to_probabilities(fields, units);
    let rows = (0..).step_by(PAIR).zip(fields.chunks(PAIR)).zip(words.chunks_mut(PAIR));
    for ((row, fields), words) in rows {
        let numbers: [Block<R>; PAIR] = numbers(draw, row, block);
        for ((fields, numbers), word) in fields.iter().zip(&numbers).zip(words) {
            let mut set = [0; BLOCK];
            for lane in 0..BLOCK {
                set[lane] = if numbers[lane] < fields[lane] { 1_u32 << lane } else { 0 };
            }
            *word = set.iter().fold(0, |word, bit| word | bit);
        }
    }
}

/// Rows whose numbers are drawn together: as many as keep the processor's multipliers busy.
const PAIR: usize = 2;

/// Numbers in [0, 1) of the units of a block in neighbouring rows: that of unit u is word u / 8 of the counter of u % 8.
#[inline(always)]
fn numbers<R: Real>(draw: Draw, row: u32, block: usize) -> [Block<R>; PAIR] {
    const OF_ROW: usize = BLOCK / 4;
    const COUNTERS: usize = PAIR * OF_ROW;
    let counters = [
        std::array::from_fn(|lane| draw.first.wrapping_add(row + (lane / OF_ROW) as u32)),
        std::array::from_fn(|lane| (block * OF_ROW + lane % OF_ROW) as u32),
        [draw.stage; COUNTERS],
        [TAG; COUNTERS],
    ];
    let words = philox_lanes([draw.seed, draw.step], counters);
    let mut numbers = [Block::zero(); PAIR];
    for (of_row, numbers) in numbers.iter_mut().enumerate() {
        for (numbers, words) in numbers.chunks_exact_mut(OF_ROW).zip(&words) {
            for (number, &word) in numbers.iter_mut().zip(&words[of_row * OF_ROW..][..OF_ROW]) {
                *number = R::of_integer((word >> 8) as i32) * R::of(1.0 / 16_777_216.0);
            }
        }
    }
    numbers
}

/// Draws the colour of every site by its fields, `[blocks of visible numbers][rows]`.
fn draw_colours<R: Real>(states: usize, fields: &[Vec<Block<R>>], draw: Draw, visible: &mut Bits) {
    visible.words.fill(0);
    let sites = visible.units / states;
    (0..visible.rows).for_each(|row| {
        for first in (0..sites).step_by(BLOCK) {
            let [numbers, _]: [Block<R>; PAIR] = numbers(draw, row as u32, first / BLOCK);
            for (site, number) in (first..sites).zip(numbers.0) {
                let at = |colour: usize| site * states + colour;
                let field = |colour: usize| fields[at(colour) / BLOCK][row][at(colour) % BLOCK];
                let colour = colour_at(states, field, number);
                visible.set(row, at(colour));
            }
        }
    });
}

/// The colour at which the sum of probabilities from colour 0 on passes a number in [0, 1).
fn colour_at<R: Real>(states: usize, field: impl Fn(usize) -> R, number: R) -> usize {
    let largest = (0..states).map(&field).fold(R::neg_infinity(), R::max);
    let weight = |colour: usize| (field(colour) - largest).exp_minus_abs();
    let mut left = number * (0..states).map(weight).sum::<R>();
    let found = (0..states).position(|colour| {
        left = left - weight(colour);
        left < R::zero()
    });
    found.unwrap_or(states - 1)
}
