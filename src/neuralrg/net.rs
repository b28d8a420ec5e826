//! A net of two numbers, evaluated at z and, for an odd flow, at -z together.
//!
//! Neither here nor in couplings and blocks are closures given to `array::map` or `array::from_fn` where lanes are multiplied: these are not inlined into code for the widest vectors,
//! and on the oldest processor every multiplication with an addition is a call. And loops over units keep their index from the compiler (`black_box`), which would else take sixteen units
//! at a time, and scatter their lanes in memory one by one.

use crate::cpu::Real;
use crate::sixteen::Lanes;
use std::hint::black_box;
use std::ops::Range;

/// A number at z and at -z; of a flow that is not odd the second one plays no part.
pub(super) type Signed<R> = [Lanes<R>; 2];

/// Sizes of a net `2 -> hidden -> ... -> hidden -> 2` with ELU (D.-A. Clevert, T. Unterthiner and S. Hochreiter, ICLR 2016) after each hidden layer. The last layer has no biases:
/// its sum over both signs has hidden biases for that, as one sign alone has, and in its difference they would cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Units of a hidden layer.
    pub(super) hidden: usize,
    /// Hidden layers.
    pub(super) depth: usize,
}

impl Shape {
    /// Number of parameters: weights `[hidden][2]` and biases `[hidden]`, then weights `[hidden][hidden]` and biases `[hidden]` of every further layer, then weights `[2][hidden]`.
    pub(super) fn parameters(self) -> usize {
        self.last() + 2 * self.hidden
    }

    /// Where the weights of the last layer begin.
    #[inline(always)]
    pub(super) fn last(self) -> usize {
        self.layer(self.depth)
    }

    /// Where the weights of a layer after the first begin.
    #[inline(always)]
    fn layer(self, layer: usize) -> usize {
        3 * self.hidden + (layer - 1) * (self.hidden + 1) * self.hidden
    }

    /// Number of inputs of each layer, and where its weights and biases lie.
    pub(super) fn layers(self) -> Vec<(usize, Range<usize>)> {
        let hidden = self.hidden;
        let inner = (1..self.depth).map(|layer| (hidden, self.layer(layer)..self.layer(layer + 1)));
        let mut layers = vec![(2, 0..3 * hidden)];
        layers.extend(inner);
        layers.push((hidden, self.last()..self.parameters()));
        layers
    }
}

/// Room for the activations of one net and for their derivatives.
#[derive(Debug, Clone)]
pub(super) struct Activations<R> {
    /// `[depth][hidden]`.
    values: Vec<Signed<R>>,
    /// `[hidden]`, of the layer at hand and of the one below.
    slopes: [Vec<Signed<R>>; 2],
}

impl<R: Real> Activations<R> {
    pub(super) fn new(shape: Shape) -> Self {
        let none = [Lanes::zero(); 2];
        Self {
            values: vec![none; shape.depth * shape.hidden],
            slopes: [vec![none; shape.hidden], vec![none; shape.hidden]],
        }
    }

    /// The net's two numbers at `input` and, where `ODD`, at `-input`. They change places exactly when the input changes its sign: every sum at -z mirrors that at z.
    #[inline(always)]
    pub(super) fn forward<const ODD: bool>(
        &mut self,
        shape: Shape,
        parameters: &[R],
        input: [Lanes<R>; 2],
    ) -> [Signed<R>; 2] {
        let hidden = shape.hidden;
        let (weights, biases) = parameters[..3 * hidden].split_at(2 * hidden);
        for (unit, to) in self.values[..hidden].iter_mut().enumerate() {
            let unit = black_box(unit);
            let (weights, bias) = (&weights[2 * unit..][..2], biases[unit]);
            let odd = Lanes::zero().plus_scaled(weights[0], input[0]).plus_scaled(weights[1], input[1]);
            if ODD {
                *to = [odd.map(|odd| elu(bias + odd)), odd.map(|odd| elu(bias - odd))];
            } else {
                to[0] = odd.map(|odd| elu(bias + odd));
            }
        }
        for layer in 1..shape.depth {
            let (from, to) = self.values.split_at_mut(layer * hidden);
            let from = &from[(layer - 1) * hidden..];
            let (weights, biases) =
                parameters[shape.layer(layer)..][..(hidden + 1) * hidden].split_at(hidden * hidden);
            for (unit, to) in to[..hidden].iter_mut().enumerate() {
                let unit = black_box(unit);
                let (weights, bias) = (&weights[unit * hidden..][..hidden], biases[unit]);
                let [plus, minus] = weighted::<ODD, R>(Lanes::all(bias), weights, from);
                if ODD {
                    *to = [plus.map(elu), minus.map(elu)];
                } else {
                    to[0] = plus.map(elu);
                }
            }
        }
        let top = &self.values[(shape.depth - 1) * hidden..];
        let weights = &parameters[shape.last()..][..2 * hidden];
        let (first, second) = weights.split_at(hidden);
        [weighted::<ODD, R>(Lanes::zero(), first, top), weighted::<ODD, R>(Lanes::zero(), second, top)]
    }

    /// After [`forward`](Self::forward) with the same input: the derivative with respect to the input of a function whose derivatives with respect to the outputs are `output`. With
    /// `LEARN`, derivatives with respect to parameters are added to `gradient`, `[parameters]`, lane by lane.
    #[inline(always)]
    pub(super) fn backward<const ODD: bool, const LEARN: bool>(
        &mut self,
        shape: Shape,
        parameters: &[R],
        input: [Lanes<R>; 2],
        output: [Signed<R>; 2],
        gradient: &mut [Lanes<R>],
    ) -> [Lanes<R>; 2] {
        let hidden = shape.hidden;
        let [above, below] = &mut self.slopes;
        let top = &self.values[(shape.depth - 1) * hidden..];
        let at = shape.last();
        spread::<ODD, LEARN, R>(
            &parameters[at..],
            &output,
            top,
            above,
            &mut gradient[usize::from(LEARN) * at..],
        );
        for layer in (1..shape.depth).rev() {
            let at = shape.layer(layer);
            let from = &self.values[(layer - 1) * hidden..][..hidden];
            let gradient = &mut gradient[usize::from(LEARN) * at..];
            if LEARN {
                add_biases::<ODD, R>(above, &mut gradient[hidden * hidden..]);
            }
            spread::<ODD, LEARN, R>(&parameters[at..], above, from, below, gradient);
            std::mem::swap(above, below);
        }
        let mut slopes = [Lanes::zero(); 2];
        for (unit, &[plus, minus]) in above.iter().enumerate() {
            let odd = if ODD { plus.minus(minus) } else { plus };
            for number in 0..2 {
                let at = 2 * unit + number;
                slopes[number] = slopes[number].plus_scaled(parameters[at], odd);
                if LEARN {
                    gradient[at] = gradient[at].plus_product(odd, input[number]);
                }
            }
        }
        if LEARN {
            add_biases::<ODD, R>(above, &mut gradient[2 * hidden..]);
        }
        slopes
    }
}

/// `first + sum weights values`, for both signs where `ODD`.
#[inline(always)]
fn weighted<const ODD: bool, R: Real>(first: Lanes<R>, weights: &[R], values: &[Signed<R>]) -> Signed<R> {
    let mut sums = [first; 2];
    for (&weight, value) in weights.iter().zip(values) {
        if ODD {
            sums = [sums[0].plus_scaled(weight, value[0]), sums[1].plus_scaled(weight, value[1])];
        } else {
            sums[0] = sums[0].plus_scaled(weight, value[0]);
        }
    }
    sums
}

/// Takes derivatives through a layer: from those of its sums, `above`, to those of the sums of the layer below, whose activations are `values`, `[hidden]`.
#[inline(always)]
fn spread<const ODD: bool, const LEARN: bool, R: Real>(
    weights: &[R],
    above: &[Signed<R>],
    values: &[Signed<R>],
    below: &mut [Signed<R>],
    gradient: &mut [Lanes<R>],
) {
    let hidden = values.len();
    for (unit, (value, below)) in values.iter().zip(below).enumerate() {
        let unit = black_box(unit);
        let mut sums = [Lanes::zero(); 2];
        for (to, slope) in above.iter().enumerate() {
            let at = to * hidden + unit;
            let weight = weights[at];
            if ODD {
                sums = [sums[0].plus_scaled(weight, slope[0]), sums[1].plus_scaled(weight, slope[1])];
            } else {
                sums[0] = sums[0].plus_scaled(weight, slope[0]);
            }
            if LEARN && ODD {
                gradient[at] = gradient[at].plus_product(slope[0], value[0]).plus_product(slope[1], value[1]);
            } else if LEARN {
                gradient[at] = gradient[at].plus_product(slope[0], value[0]);
            }
        }
        if ODD {
            *below = [sums[0].with(value[0], times_elu_slope), sums[1].with(value[1], times_elu_slope)];
        } else {
            below[0] = sums[0].with(value[0], times_elu_slope);
        }
    }
}

#[inline(always)]
fn add_biases<const ODD: bool, R: Real>(slopes: &[Signed<R>], gradient: &mut [Lanes<R>]) {
    for (unit, slope) in slopes.iter().enumerate() {
        let sum = &mut gradient[black_box(unit)];
        *sum = sum.plus(if ODD { slope[0].plus(slope[1]) } else { slope[0] });
    }
}

#[inline(always)]
fn elu<R: Real>(sum: R) -> R {
    let below = sum.exp_minus_abs() - R::one();
    if sum > R::zero() { sum } else { below }
}

/// A derivative times that of ELU, which its value tells.
#[inline(always)]
fn times_elu_slope<R: Real>(slope: R, value: R) -> R {
    let below = slope * (value + R::one());
    if value > R::zero() { slope } else { below }
}
