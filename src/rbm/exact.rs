//! ln Z of machines with few units on one side: the sum over that side, the other one summed out.

use super::machine::{Machine, Parameters};
use crate::cpu::Real;
use crate::lattice::Spins;
use rayon::prelude::*;

/// Most states of a side that are summed.
const MOST_STATES: u64 = 1 << 20;
/// States of a part of the sum.
const PART: u64 = 1 << 10;

/// ln Z, where one side has at most 2^20 states.
pub fn ln_z(machine: &Machine, parameters: &Parameters) -> Option<f64> {
    match sides(machine, MOST_STATES) {
        [Some(hidden), visible] if visible.is_none_or(|visible| hidden <= visible) => {
            Some(ln_sum(hidden, |state| of_hidden(machine, parameters, state)))
        }
        [_, Some(visible)] => {
            Some(ln_sum(visible, |state| parameters.ln_weight(machine, &configuration(machine, state))))
        }
        [_, None] => None,
    }
}

/// Whether one side has at most so many states.
pub(super) fn has_few_states(machine: &Machine, most: u64) -> bool {
    sides(machine, most).iter().any(Option::is_some)
}

/// States of the hidden and of the visible side, where they are at most so many.
fn sides(machine: &Machine, most: u64) -> [Option<u64>; 2] {
    let states = |of_unit: usize, units: usize| {
        (of_unit as u64).checked_pow(u32::try_from(units).ok()?).filter(|&states| states <= most)
    };
    [states(2, machine.hidden), states(machine.spins.states(), machine.lattice.sites())]
}

/// The configuration of a number whose digits are the states of the sites, the first site's last.
pub(super) fn configuration(machine: &Machine, number: u64) -> Vec<i8> {
    let states = machine.spins.states() as u64;
    let digits =
        std::iter::successors(Some(number), |rest| Some(rest / states)).map(|rest| (rest % states) as i8);
    let spin = |digit: i8| match machine.spins {
        Spins::Ising => 2 * digit - 1,
        Spins::Potts { .. } => digit,
    };
    digits.map(spin).take(machine.lattice.sites()).collect()
}

/// ln of the weight of hidden units, the bits of a number, with the visible ones summed out.
fn of_hidden(machine: &Machine, parameters: &Parameters, state: u64) -> f64 {
    let is_set = |unit: &usize| state >> unit & 1 == 1;
    let units: Vec<usize> = (0..machine.hidden).filter(is_set).collect();
    let of_units: f64 = units.iter().map(|&unit| f64::from(parameters.hidden[unit])).sum();
    let field = |number: usize| {
        let weights = &parameters.weights[number * machine.hidden..];
        f64::from(parameters.visible[number])
            + units.iter().map(|&unit| f64::from(weights[unit])).sum::<f64>()
    };
    let numbers = machine.spins.numbers();
    let of_site = |site: usize| match numbers {
        1 => field(site).softplus(),
        _ => ln_of_sum((0..numbers).map(|colour| field(site * numbers + colour))),
    };
    of_units + (0..machine.lattice.sites()).map(of_site).sum::<f64>()
}

/// ln of the sum of exponentials, in a fixed order.
fn ln_sum(states: u64, ln_weight: impl Fn(u64) -> f64 + Sync) -> f64 {
    let parts: Vec<f64> = (0..states.div_ceil(PART))
        .into_par_iter()
        .map(|part| ln_of_sum((part * PART..states.min((part + 1) * PART)).map(&ln_weight)))
        .collect();
    ln_of_sum(parts)
}

/// ln of a sum of exponentials.
pub(super) fn ln_of_sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut most, mut sum) = (f64::NEG_INFINITY, 0.0);
    for value in values {
        if value > most {
            sum = sum * (most - value).exp() + 1.0;
            most = value;
        } else {
            sum += (value - most).exp();
        }
    }
    most + sum.ln()
}
