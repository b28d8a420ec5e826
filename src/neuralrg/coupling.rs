//! One affine coupling of a patch: two of its numbers are scaled and shifted by functions of the other two (L. Dinh, J. Sohl-Dickstein and S. Bengio, ICLR 2017).

use super::net::{Activations, Shape, Signed};
use crate::cpu::Real;
use crate::sixteen::Lanes;

/// The coupling `y = z exp(s) + t` of two numbers z, where `s = constant + scale tanh u` and `t = slopes p + v` for the other two, p. In an odd flow u is the mean of a net at p and -p, and
/// v half the difference of another net: s is even, and t odd, so that the whole flow is odd, and its density exactly even. In a mixture both are the nets at p. Without nets a coupling
/// is linear.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coupling<'a, R> {
    shape: Shape,
    /// Scales `[2]`, constants `[2]` and slopes `[2][2]`, then the net of u, then that of t.
    parameters: &'a [R],
}

/// Number of parameters outside of nets.
pub(super) const LINEAR: usize = 8;

/// The nets of a coupling, with their activations.
#[derive(Debug, Clone)]
pub(super) struct Nets<R> {
    scale: Activations<R>,
    shift: Activations<R>,
}

impl<R: Real> Nets<R> {
    pub(super) fn new(shape: Shape) -> Self {
        Self { scale: Activations::new(shape), shift: Activations::new(shape) }
    }
}

/// The scale and the shift by which a coupling moves its two numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Affine<R> {
    /// `tanh u`.
    tanh: [Lanes<R>; 2],
    /// s.
    pub(super) log_scale: [Lanes<R>; 2],
    /// t.
    pub(super) shift: [Lanes<R>; 2],
}

impl<'a, R: Real> Coupling<'a, R> {
    /// Number of parameters.
    pub(super) fn size(shape: Shape) -> usize {
        LINEAR + 2 * shape.parameters()
    }

    #[inline(always)]
    pub(super) fn new(shape: Shape, parameters: &'a [R]) -> Self {
        Self { shape, parameters }
    }

    #[inline(always)]
    fn nets(&self) -> [&'a [R]; 2] {
        self.parameters[LINEAR..].split_at(self.shape.parameters()).into()
    }

    /// Scales, constants, and the slopes of both shifts.
    #[inline(always)]
    fn linear(&self) -> [[R; 2]; 4] {
        let row = |row: usize| [self.parameters[2 * row], self.parameters[2 * row + 1]];
        [row(0), row(1), row(2), row(3)]
    }

    /// s and t, given the two numbers that stay as they are.
    #[inline(always)]
    pub(super) fn affine<const ODD: bool>(&self, nets: &mut Nets<R>, passive: [Lanes<R>; 2]) -> Affine<R> {
        let [of_scale, of_shift] = self.nets();
        let half = R::of(0.5);
        let u = nets.scale.forward::<ODD>(self.shape, of_scale, passive);
        let t = nets.shift.forward::<ODD>(self.shape, of_shift, passive);
        let mean = |[plus, minus]: Signed<R>| {
            if ODD { plus.with(minus, |a, b| half * (a + b)).tanh() } else { plus.tanh() }
        };
        let tanh = [mean(u[0]), mean(u[1])];
        let [scales, constants, first, second] = self.linear();
        let scaled = |number: usize| Lanes::all(constants[number]).plus_scaled(scales[number], tanh[number]);
        let shifted = |[plus, minus]: Signed<R>, slopes: [R; 2]| {
            let odd = if ODD { plus.with(minus, |a, b| half * (a - b)) } else { plus };
            odd.plus_scaled(slopes[0], passive[0]).plus_scaled(slopes[1], passive[1])
        };
        Affine {
            tanh,
            log_scale: [scaled(0), scaled(1)],
            shift: [shifted(t[0], first), shifted(t[1], second)],
        }
    }

    /// After [`affine`](Self::affine): the derivative with respect to the passive numbers of a function whose derivatives with respect to s and t are given. With `LEARN`, those with
    /// respect to parameters are added to `gradient`, `[parameters]`, lane by lane.
    #[inline(always)]
    pub(super) fn backward<const ODD: bool, const LEARN: bool>(
        &self,
        nets: &mut Nets<R>,
        affine: &Affine<R>,
        passive: [Lanes<R>; 2],
        [of_s, of_t]: [[Lanes<R>; 2]; 2],
        gradient: &mut [Lanes<R>],
    ) -> [Lanes<R>; 2] {
        let [of_scale, of_shift] = self.nets();
        let of_u = [
            of_mean::<ODD, R>(self.parameters[0], affine.tanh[0], of_s[0]),
            of_mean::<ODD, R>(self.parameters[1], affine.tanh[1], of_s[1]),
        ];
        let of_both = [of_difference::<ODD, R>(of_t[0]), of_difference::<ODD, R>(of_t[1])];
        let (linear, gradient) = gradient.split_at_mut(LINEAR * usize::from(LEARN));
        let (to_scale, to_shift) = gradient.split_at_mut(usize::from(LEARN) * self.shape.parameters());
        if LEARN {
            for number in 0..2 {
                linear[number] = linear[number].plus_product(of_s[number], affine.tanh[number]);
                linear[2 + number] = linear[2 + number].plus(of_s[number]);
                for (slope, passive) in linear[4 + 2 * number..][..2].iter_mut().zip(passive) {
                    *slope = slope.plus_product(of_t[number], passive);
                }
            }
        }
        let by_scale = nets.scale.backward::<ODD, LEARN>(self.shape, of_scale, passive, of_u, to_scale);
        let by_shift = nets.shift.backward::<ODD, LEARN>(self.shape, of_shift, passive, of_both, to_shift);
        let [.., first, second] = self.linear();
        let mut of_passive = [by_scale[0].plus(by_shift[0]), by_scale[1].plus(by_shift[1])];
        for (number, slope) in of_passive.iter_mut().enumerate() {
            *slope = slope.plus_scaled(first[number], of_t[0]).plus_scaled(second[number], of_t[1]);
        }
        of_passive
    }
}

/// Derivatives with respect to a net's numbers of a function of `scale tanh u`: u is their mean, or, where the flow is not odd, the first one.
#[inline(always)]
fn of_mean<const ODD: bool, R: Real>(scale: R, tanh: Lanes<R>, of_s: Lanes<R>) -> Signed<R> {
    let scale = if ODD { R::of(0.5) * scale } else { scale };
    [tanh.with(of_s, |tanh, s| scale * (R::one() - tanh * tanh) * s); 2]
}

/// Derivatives with respect to a net's numbers of a function of half their difference, or of the first one.
#[inline(always)]
fn of_difference<const ODD: bool, R: Real>(of_t: Lanes<R>) -> Signed<R> {
    let half = R::of(0.5);
    if ODD { [of_t.map(|t| half * t), of_t.map(|t| -half * t)] } else { [of_t; 2] }
}

/// `[exp(s), exp(-s)]`.
#[inline(always)]
pub(super) fn exponentials<R: Real>(log_scale: Lanes<R>) -> [Lanes<R>; 2] {
    let small = log_scale.map(R::exp_minus_abs);
    let large = small.map(R::recip);
    let choose = |is_up: bool| {
        let mut chosen = small;
        for lane in 0..super::LANES {
            chosen[lane] = if (log_scale[lane] > R::zero()) == is_up { large[lane] } else { small[lane] };
        }
        chosen
    };
    [choose(true), choose(false)]
}
