//! How likely a machine finds configurations, without ln Z: pseudo-likelihoods and free energies.

use super::bits::{BLOCK, Bits};
use super::cpu::Cpu;
use super::machine::Machine;
use super::sums::Block;
use crate::cpu::Real;
use crate::cpu::vector::vectorised;
use crate::lattice::Spins;
use rayon::prelude::*;

impl<R: Real> Cpu<R> {
    /// `sum over sites of ln p(s_i | all others) / sites` of every row, from every `step`-th site (J. Besag, The Statistician 24, 179, 1975).
    pub fn pseudo_likelihood(&self, visible: &Bits, step: usize) -> Vec<f64> {
        let fields = self.fields(visible);
        let sites: Vec<usize> = (0..self.machine().lattice.sites()).step_by(step.max(1)).collect();
        let of_row = |row: usize| {
            let own: Vec<Block<R>> = fields.iter().map(|block| block[row]).collect();
            let of_site = |&site: &usize| {
                let bias = |number| self.visible_bias(number);
                let gain_of_hidden = |less, more| self.gain_of_hidden(&own, less, more);
                ln_conditional(self.machine(), visible, [row, site], bias, gain_of_hidden)
            };
            sites.iter().map(of_site).sum::<f64>() / sites.len() as f64
        };
        (0..visible.rows).into_par_iter().map(of_row).collect()
    }

    /// `sum ln(1 + exp(field))` with the weights of one visible number less and those of another more, less the same as it is.
    fn gain_of_hidden(&self, fields: &[Block<R>], less: Option<usize>, more: Option<usize>) -> f64 {
        let mut sum = 0.0;
        for (block, own) in fields.iter().enumerate() {
            let [less, more] = [less, more].map(|number| number.map(|number| self.weights_of(block, number)));
            let gains = vectorised(
                #[inline(always)]
                || {
                    let mut gains = Block::zero();
                    for lane in 0..BLOCK {
                        let less = less.map_or(R::zero(), |weights| weights[lane]);
                        let more = more.map_or(R::zero(), |weights| weights[lane]);
                        gains[lane] = (own[lane] - less + more).softplus() - own[lane].softplus();
                    }
                    gains
                },
            );
            sum += gains.iter().map(|gain| gain.widen()).sum::<f64>();
        }
        sum
    }
}

/// `ln p(s_i | all others)` at a row and a site, from biases of visible numbers and from what hidden units gain when the site has one number less and another one more.
pub(crate) fn ln_conditional(
    machine: &Machine,
    visible: &Bits,
    [row, site]: [usize; 2],
    bias: impl Fn(usize) -> f64,
    gain_of_hidden: impl Fn(Option<usize>, Option<usize>) -> f64,
) -> f64 {
    let numbers = machine.spins.numbers();
    let set = (0..numbers).map(|colour| site * numbers + colour).find(|&number| visible.get(row, number));
    // What the weight gains when the site's number is another one.
    let gain = |number: Option<usize>| {
        let bias = |number: Option<usize>| number.map_or(0.0, &bias);
        bias(number) - bias(set) + gain_of_hidden(set, number)
    };
    match machine.spins {
        Spins::Ising => {
            let other = if set.is_some() { None } else { Some(site) };
            -gain(other).softplus()
        }
        Spins::Potts { .. } => {
            let others = (0..numbers).map(|colour| Some(site * numbers + colour));
            -super::exact::ln_of_sum(others.map(|number| if number == set { 0.0 } else { gain(number) }))
        }
    }
}
