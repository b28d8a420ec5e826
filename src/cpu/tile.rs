//! Up to [`LANES`] rows of one block with all that a forward pass leaves behind.

use super::rows::Rows;
use super::{LANES, Real};
use crate::conditional::{Encoding, Gauge, MaskedNet};
use crate::hierarchy::Level;
use crate::random::spread;
use aligned_vec::{AVec, ConstAlign, avec};

/// One value per row.
pub(crate) type Lane<R> = [R; LANES];

/// Lanes in memory. No vector of 64 bytes lies in two lines of the cache: loads of those that do take twice as long.
pub(crate) type Lanes<R> = AVec<Lane<R>, ConstAlign<64>>;

/// `count` lanes of one value.
pub(crate) fn lanes<R: Real>(count: usize, value: R) -> Lanes<R> {
    avec![[64]| [value; LANES]; count]
}

/// ln q of rows, summed site by site.
#[derive(Debug)]
pub(crate) struct LnQ<R> {
    /// Multiples of 2^-12, whose sum is exact up to 4096,
    coarse: Lane<R>,
    /// and the rests, so small that the many sites of a large block leave them their digits.
    rest: Lane<R>,
}

impl<R: Real> Default for LnQ<R> {
    fn default() -> Self {
        Self { coarse: [R::zero(); LANES], rest: [R::zero(); LANES] }
    }
}

impl<R: Real> LnQ<R> {
    /// Before the first site.
    #[inline(always)]
    pub(crate) fn start(&mut self) {
        self.coarse = [R::zero(); LANES];
        self.rest = [R::zero(); LANES];
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, lane: usize, of_site: R) {
        let coarse = (of_site * R::of(4096.0)).floor() * R::of(1.0 / 4096.0);
        self.coarse[lane] += coarse;
        self.rest[lane] += of_site - coarse;
    }

    /// After the last site. Rounds up or down: blocks that are equal would all be off by the same.
    #[inline(always)]
    pub(crate) fn complete(&mut self, rows: Rows, first_configuration: u32) {
        let (blocks, configurations) = (rows.blocks(), rows.configurations());
        for lane in 0..LANES {
            let number = spread(blocks[lane], first_configuration.wrapping_add(configurations[lane]));
            self.coarse[lane] = R::sum_up_or_down(self.coarse[lane], self.rest[lane], number);
        }
    }

    pub(crate) fn store(&self, rows: Rows, ln_q: &mut [R]) {
        ln_q[..rows.count].copy_from_slice(&self.coarse[..rows.count]);
    }
}

/// Up to [`LANES`] rows. Unused lanes repeat the last row.
#[derive(Debug)]
pub(crate) struct Tile<R> {
    pub(crate) rows: Rows,
    pub(crate) gauge: Lane<R>,
    /// Of Potts spins: the colour that the net sees as colour 0.
    pub(crate) first_colour: [i8; LANES],
    /// `[border + own]`, of Potts spins `[border + own][colours]`, after the gauge.
    pub(crate) inputs: Lanes<R>,
    /// `[depth * units]` pre-activations.
    pub(crate) hidden: Lanes<R>,
    /// `[depth * units]` activations.
    pub(crate) active: Lanes<R>,
    /// `[own]` logits, of Potts spins `[own][colours]`; after `backward_output` their gradient.
    pub(crate) logits: Lanes<R>,
    /// `[depth * units]` gradient with respect to activations; after `backward_slope` with respect to pre-activations.
    pub(crate) error: Lanes<R>,
    ln_q: LnQ<R>,
    /// Random words of the four own sites at hand.
    pub(crate) words: [[u32; LANES]; 4],
}

impl<R: Real> Tile<R> {
    pub(crate) fn new(net: &MaskedNet, rows: Rows) -> Self {
        let zeros = |count: usize| lanes(count, R::zero());
        Self {
            rows,
            gauge: [R::one(); LANES],
            first_colour: [0; LANES],
            inputs: zeros(net.input_numbers()),
            hidden: zeros(net.depth * net.units()),
            active: zeros(net.depth * net.units()),
            logits: zeros(net.logits()),
            error: zeros(net.depth * net.units()),
            ln_q: LnQ::default(),
            words: [[0; LANES]; 4],
        }
    }

    /// Before the first site.
    #[inline(always)]
    pub(crate) fn start_ln_q(&mut self) {
        self.ln_q.start();
    }

    #[inline(always)]
    pub(crate) fn add_ln_q(&mut self, lane: usize, of_site: R) {
        self.ln_q.add(lane, of_site);
    }

    /// After the last site.
    #[inline(always)]
    pub(crate) fn complete_ln_q(&mut self, first_configuration: u32) {
        self.ln_q.complete(self.rows, first_configuration);
    }

    pub(crate) fn store_ln_q(&self, rows: &mut [R]) {
        self.ln_q.store(self.rows, rows);
    }

    /// Writes ln q of tiles that fix sites together, which the first of them has, to the rows of all of them, `ln_q` being those of the level.
    pub(crate) fn store_ln_q_of_all(tiles: &[Self], ln_q: &mut [R]) {
        for tile in tiles {
            tiles[0].store_ln_q(&mut ln_q[tile.rows.first..]);
        }
    }

    /// Reads the border and fixes the gauge, unless the gauge is fixed by an own spin.
    #[inline(always)]
    pub(crate) fn load_border(&mut self, net: &MaskedNet, level: &Level, spins: &[i8]) {
        match net.encoding {
            Encoding::Sign => self.load_border_spins(net.gauge, level, spins),
            Encoding::OneHot { states } => self.load_border_colours(states, net.gauge, level, spins),
            Encoding::Shared { .. } => self.load_border_of_colour(level, spins),
        }
    }

    #[inline(always)]
    fn load_border_spins(&mut self, gauge: Gauge, level: &Level, spins: &[i8]) {
        for local in 0..level.border {
            self.inputs[local] = self.rows.spins(level, spins, local);
        }
        self.gauge = [R::one(); LANES];
        if gauge == Gauge::Border {
            self.apply_border_gauge(level.border);
        }
    }

    #[inline(always)]
    fn apply_border_gauge(&mut self, border: usize) {
        let mut sum = [R::zero(); LANES];
        for input in &self.inputs[..border] {
            for (sum, &spin) in sum.iter_mut().zip(input) {
                *sum += spin;
            }
        }
        for ((gauge, sum), &tie) in self.gauge.iter_mut().zip(sum).zip(&self.inputs[0]) {
            *gauge = if sum == R::zero() { tie } else { sum.signum() };
        }
        for input in &mut self.inputs[..border] {
            for (spin, &gauge) in input.iter_mut().zip(&self.gauge) {
                *spin = *spin * gauge;
            }
        }
    }

    /// Writes the own spins back to the configurations. Images are not written: their spins are those of their blocks.
    pub(crate) fn store_own(&self, net: &MaskedNet, level: &Level, spins: &mut [i8]) {
        match net.encoding {
            Encoding::Sign => self.store_own_spins(level, spins),
            Encoding::OneHot { states } => self.store_own_colours(states, level, spins),
            Encoding::Shared { .. } => self.store_own_of_colour(level, spins),
        }
    }

    fn store_own_spins(&self, level: &Level, spins: &mut [i8]) {
        for part in self.rows.parts().take_while(|part| part.block < level.blocks) {
            let gauge = &self.gauge[part.lanes.clone()];
            for local in level.border..level.inputs() {
                let column = &mut spins[self.rows.places(&part, level, local)];
                let input = &self.inputs[local][part.lanes.clone()];
                for (spin, (&input, &gauge)) in column.iter_mut().zip(input.iter().zip(gauge)) {
                    *spin = if input * gauge > R::zero() { 1 } else { -1 };
                }
            }
        }
    }
}
