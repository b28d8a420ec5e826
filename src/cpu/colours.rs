//! Colours of Potts spins in tiles: inputs with a number for every colour, 1 for that of the site and 0 for all others, and logits of which
//! a softmax makes probabilities.

use super::tile::{Lane, Tile};
use super::{LANES, Real};
use crate::conditional::{Gauge, MaskedNet};
use crate::hierarchy::Level;
use crate::lattice::MAX_STATES;

/// The two numbers that turn the logits of a site into probabilities: `p_c = exp(logit_c - largest) / sum`.
pub(crate) struct Softmax<R> {
    largest: Lane<R>,
    sum: Lane<R>,
}

impl<R: Real> Softmax<R> {
    /// The softmax of the logits of a site, by colour.
    #[inline(always)]
    pub(crate) fn of(logits: &[Lane<R>]) -> Self {
        let mut largest = logits[0];
        for logit in &logits[1..] {
            for (largest, &logit) in largest.iter_mut().zip(logit) {
                *largest = if logit > *largest { logit } else { *largest };
            }
        }
        let mut softmax = Self { largest, sum: [R::zero(); LANES] };
        for logit in logits {
            for lane in 0..LANES {
                softmax.sum[lane] += softmax.weight(logit, lane);
            }
        }
        softmax
    }

    /// A probability before it is divided by the sum.
    #[inline(always)]
    fn weight(&self, logit: &Lane<R>, lane: usize) -> R {
        (logit[lane] - self.largest[lane]).exp_minus_abs()
    }

    #[inline(always)]
    pub(crate) fn probability(&self, logit: &Lane<R>, lane: usize) -> R {
        self.weight(logit, lane) / self.sum[lane]
    }

    /// ln of a probability.
    #[inline(always)]
    pub(crate) fn ln_probability(&self, logit: R, lane: usize) -> R {
        (logit - self.largest[lane]) - ln(self.sum[lane])
    }

    /// The colour at which the sum of probabilities from colour 0 on passes a number in [0, 1).
    #[inline(always)]
    pub(super) fn draw(&self, logits: &[Lane<R>], numbers: &Lane<R>) -> [i8; LANES] {
        let mut colours = [0; LANES];
        let mut sum = [R::zero(); LANES];
        for logit in &logits[..logits.len() - 1] {
            for lane in 0..LANES {
                sum[lane] += self.weight(logit, lane);
                colours[lane] += i8::from(numbers[lane] * self.sum[lane] >= sum[lane]);
            }
        }
        colours
    }
}

/// ln of a number from 1 to 32.
#[inline(always)]
fn ln<R: Real>(number: R) -> R {
    let [power, inverse] = number.power_of_two();
    power * R::of(std::f64::consts::LN_2) + (number * inverse - R::one()).ln_1p_of_unit()
}

/// Colours as seen where others count as colour 0.
#[inline(always)]
fn relative(states: u8, colours: &[i8; LANES], first: &[i8; LANES]) -> [i8; LANES] {
    let states = states as i8;
    let mut seen = [0; LANES];
    for ((seen, &colour), &first) in seen.iter_mut().zip(colours).zip(first) {
        let steps = colour - first;
        *seen = if steps < 0 { steps + states } else { steps };
    }
    seen
}

/// Writes the inputs of a site.
#[inline(always)]
fn write<R: Real>(inputs: &mut [Lane<R>], colours: &[i8; LANES]) {
    for (input, colour) in inputs.iter_mut().zip(0..) {
        for (number, &of_lane) in input.iter_mut().zip(colours) {
            *number = if of_lane == colour { R::one() } else { R::zero() };
        }
    }
}

/// The colour that most sites of a border have, in every lane; on a tie that which comes first.
#[inline(always)]
fn most_frequent(states: u8, border: usize, column: impl Fn(usize) -> [i8; LANES]) -> [i8; LANES] {
    let mut counts = [[0_i32; LANES]; MAX_STATES as usize];
    for local in 0..border {
        let colours = column(local);
        for (count, colour) in counts[..states.into()].iter_mut().zip(0..) {
            for (count, &of_lane) in count.iter_mut().zip(&colours) {
                *count += i32::from(of_lane == colour);
            }
        }
    }
    let (mut most, mut found) = ([0; LANES], [0; LANES]);
    for local in 0..border {
        for (lane, colour) in column(local).into_iter().enumerate() {
            let count = counts[colour as usize][lane];
            if count > most[lane] {
                (most[lane], found[lane]) = (count, colour);
            }
        }
    }
    found
}

impl<R: Real> Tile<R> {
    #[inline(always)]
    pub(super) fn load_border_colours(&mut self, states: u8, gauge: Gauge, level: &Level, spins: &[i8]) {
        let rows = self.rows;
        let column = |local: usize| rows.column(level, spins, local);
        self.first_colour = match gauge {
            Gauge::Border => most_frequent(states, level.border, column),
            // A mixture has no border, and turns its rows itself.
            Gauge::None | Gauge::FirstOwn | Gauge::Mixture => [0; LANES],
        };
        for (local, inputs) in self.inputs.chunks_mut(states.into()).take(level.border).enumerate() {
            write(inputs, &relative(states, &column(local), &self.first_colour));
        }
    }

    /// Draws the colours of an own site by numbers in [0, 1).
    #[inline(always)]
    pub(crate) fn draw_colours(&mut self, net: &MaskedNet, site: usize, numbers: &Lane<R>) {
        let softmax = self.softmax(net, site);
        let colours =
            softmax.draw(&self.logits[site * net.encoding.numbers()..][..net.encoding.numbers()], numbers);
        self.fix_colours(net, site, &colours, &softmax);
    }

    /// Reads the colours of an own site.
    #[inline(always)]
    pub(crate) fn read_colours(&mut self, net: &MaskedNet, site: usize, colours: &[i8; LANES]) {
        let softmax = self.softmax(net, site);
        let seen = match net.fixes_gauge(site) {
            true => *colours,
            false => relative(net.encoding.states() as u8, colours, &self.first_colour),
        };
        self.fix_colours(net, site, &seen, &softmax);
    }

    /// The softmax of the logits of a site, which are 0 where its colour fixes the gauge.
    #[inline(always)]
    fn softmax(&mut self, net: &MaskedNet, site: usize) -> Softmax<R> {
        let states = net.encoding.numbers();
        let logits = &mut self.logits[site * states..][..states];
        if net.fixes_gauge(site) {
            logits.fill([R::zero(); LANES]);
        }
        Softmax::of(logits)
    }

    /// Adds ln q of colours as the net sees them and leaves them as inputs.
    #[inline(always)]
    fn fix_colours(&mut self, net: &MaskedNet, site: usize, colours: &[i8; LANES], softmax: &Softmax<R>) {
        let states = net.encoding.numbers();
        let inputs = &mut self.inputs[(net.border + site) * states..][..states];
        write(inputs, colours);
        let mut chosen = [R::zero(); LANES];
        for (inputs, logits) in inputs.iter().zip(&self.logits[site * states..]) {
            for lane in 0..LANES {
                chosen[lane] += inputs[lane] * logits[lane];
            }
        }
        if net.fixes_gauge(site) {
            self.first_colour = *colours;
            write(inputs, &[0; LANES]);
        }
        for (lane, &logit) in chosen.iter().enumerate() {
            self.add_ln_q(lane, softmax.ln_probability(logit, lane));
        }
    }

    pub(super) fn store_own_colours(&self, states: u8, level: &Level, spins: &mut [i8]) {
        let numbers = usize::from(states);
        for part in self.rows.parts().take_while(|part| part.block < level.blocks) {
            let lanes = part.lanes.clone();
            for local in level.border..level.inputs() {
                let column = &mut spins[self.rows.places(&part, level, local)];
                column.copy_from_slice(&self.first_colour[lanes.clone()]);
                for (input, colour) in self.inputs[local * numbers..][..numbers].iter().zip(0..) {
                    for (spin, &number) in column.iter_mut().zip(&input[lanes.clone()]) {
                        *spin += if number > R::zero() { colour } else { 0 };
                    }
                }
                for spin in column {
                    *spin = if *spin >= states as i8 { *spin - states as i8 } else { *spin };
                }
            }
        }
    }
}
