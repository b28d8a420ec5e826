//! Adam (D. P. Kingma and J. Ba, ICLR 2015) with decoupled weight decay (I. Loshchilov and F. Hutter, ICLR 2019).

use crate::cpu::Real;

const FIRST: f64 = 0.9;
const SECOND: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// A step of Adam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Its number, from 1 on.
    pub step: u32,
    /// The rate.
    pub rate: f64,
    /// Every parameter loses so much of itself, times the rate.
    pub decay: f64,
}

impl Rule {
    /// The rate times the correction of the mean, the share of a parameter that is left by its decay, and the correction of the mean of squares.
    pub(crate) fn factors(self) -> [f64; 3] {
        let unbiased = |kept: f64| (1.0 - kept.powf(self.step.into())).recip();
        [self.rate * unbiased(FIRST), 1.0 - self.rate * self.decay, unbiased(SECOND)]
    }
}

/// Means of gradients and of their squares.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments<R> {
    /// `[parameters]`.
    pub first: Vec<R>,
    /// `[parameters]`.
    pub second: Vec<R>,
}

impl<R: Real> Moments<R> {
    /// Before the first step.
    pub fn zeros(parameters: usize) -> Self {
        Self { first: vec![R::zero(); parameters], second: vec![R::zero(); parameters] }
    }

    /// A step against the gradient.
    pub(super) fn step(&mut self, parameters: &mut [R], gradient: &[R], rule: Rule) {
        let [rate, kept, scale] = rule.factors().map(R::of);
        let [first, second, epsilon] = [FIRST, SECOND, EPSILON].map(R::of);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, &gradient), (mean, square)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *mean = first * *mean + (R::one() - first) * gradient;
            *square = second * *square + (R::one() - second) * gradient * gradient;
            *parameter = kept * *parameter - rate * *mean / ((scale * *square).sqrt() + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_rate_against_the_sign_and_decay_shrinks() {
        let mut moments = Moments::zeros(3);
        let mut parameters = [1.0_f64, -2.0, 4.0];
        moments.step(&mut parameters, &[1e-3, -7.0, 0.0], Rule { step: 1, rate: 0.01, decay: 0.5 });
        for (found, expected) in parameters.into_iter().zip([0.995 - 0.01, -1.99 + 0.01, 3.98]) {
            assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
        }
        // After two steps with gradients 1 and 3: means (0.09 + 0.3) / 0.19 and (0.000999 + 0.009) / 0.001999.
        let mut moments = Moments::zeros(1);
        let mut parameter = [0.0];
        let rule = |step| Rule { step, rate: 0.1, decay: 0.0 };
        moments.step(&mut parameter, &[1.0], rule(1));
        moments.step(&mut parameter, &[3.0], rule(2));
        let second = 0.1 * (0.39 / 0.19) / (0.009_999_f64 / 0.001_999).sqrt();
        assert!((parameter[0] + 0.1 + second).abs() < 1e-6, "{parameter:?}, {second}");
    }
}
