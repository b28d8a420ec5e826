//! ln Z by annealed importance sampling (R. M. Neal, Stat. Comput. 11, 125, 2001; R. Salakhutdinov and I. Murray, ICML 2008).

use super::bits::Bits;
use super::cpu::{Cpu, Draw};
use super::exact;
use super::machine::{Machine, Parameters};
use crate::cpu::Real;
use crate::estimate::Estimate;
use crate::lattice::Spins;

/// Chains.
const CHAINS: usize = 512;
/// Temperatures that they go through.
pub const TEMPERATURES: u32 = 2000;

impl<R: Real> Cpu<R> {
    /// ln Z with its error, from chains that go from independent spins to the machine.
    ///
    /// The independent spins have biases `b + W / 2`: hidden units near inverse temperature 0 are up half of the time, and add the half of their weights. A machine that favours
    /// neither phase has biases `b` that do, and chains that began with these would all end in one phase.
    /// Weights of the chains average to `Z / Z_0`; the error is that of their mean, carried over to its logarithm. It knows nothing of states that no chain has seen.
    pub fn annealed_ln_z(&self, seed: u32, mut observe: impl FnMut(u32)) -> Estimate {
        let machine = *self.machine();
        let base = self.mean_biases();
        let mut visible = Bits::zeros(CHAINS, machine.visible());
        let mut hidden = Bits::zeros(CHAINS, machine.hidden);
        let draw = |step: u32, stage: u32| Draw { seed, step, stage, first: 0 };
        // Without hidden units to go by, at inverse temperature 0.
        self.draw_visible(&hidden, R::zero(), Some(&base), draw(0, 0), &mut visible);
        let mut ln_w = vec![0.0; CHAINS];
        for step in 1..=TEMPERATURES {
            let [before, now] = [step - 1, step].map(|step| f64::from(step) / f64::from(TEMPERATURES));
            for (beta, sign) in [(before, -1.0), (now, 1.0)] {
                let ln_weights = self.ln_weights(&visible, beta, &base);
                ln_w.iter_mut().zip(ln_weights).for_each(|(ln_w, ln_weight)| *ln_w += sign * ln_weight);
            }
            let scale = R::of(now);
            self.draw_hidden(&visible, scale, draw(step, 0), &mut hidden);
            self.draw_visible(&hidden, scale, Some(&base), draw(step, 1), &mut visible);
            observe(step);
        }
        let start = ln_z_of_base(&machine, &base);
        mean_of_weights(&ln_w, start)
    }

    /// `[visible]`: biases of visible numbers while every hidden unit is up half of the time.
    fn mean_biases(&self) -> Vec<f64> {
        let Parameters { weights, visible, .. } = self.parameters();
        let rows = weights.chunks_exact(self.machine().hidden);
        let half = |row: &[f32]| 0.5 * row.iter().copied().map(f64::from).sum::<f64>();
        visible.iter().zip(rows).map(|(&bias, row)| f64::from(bias) + half(row)).collect()
    }
}

/// ln Z of independent spins with biases, and of hidden units with none.
fn ln_z_of_base(machine: &Machine, base: &[f64]) -> f64 {
    let of_sites: f64 = match machine.spins {
        Spins::Ising => base.iter().map(|&bias| bias.softplus()).sum(),
        Spins::Potts { states } => {
            base.chunks(states.into()).map(|biases| exact::ln_of_sum(biases.iter().copied())).sum()
        }
    };
    of_sites + machine.hidden as f64 * std::f64::consts::LN_2
}

/// `start + ln` of the mean of weights, with its error.
fn mean_of_weights(ln_w: &[f64], start: f64) -> Estimate {
    let count = ln_w.len() as f64;
    let ln_sum = exact::ln_of_sum(ln_w.iter().copied());
    let shares: Vec<f64> = ln_w.iter().map(|ln_w| (ln_w - ln_sum).exp()).collect();
    let variance: f64 = shares.iter().map(|share| (share * count - 1.0).powi(2)).sum::<f64>() / (count - 1.0);
    Estimate { value: start + ln_sum - count.ln(), error: (variance / count).sqrt() }
}
