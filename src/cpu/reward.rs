//! Tree rewards of the Rao-Blackwell form of REINFORCE: `beta E_own + ln q_own + rewards of the children`.

use super::energy::owned_sums;
use super::state::State;
use super::{LANES, Real};
use crate::conditional::Model;
use crate::random::spread;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    let (rewards, rewards_below) = state.reward.split_at_mut(rows.end);
    let shift = f64::from(inputs.reward_per_site) * geometry.own as f64;
    let rewards = rewards[rows.clone()].par_chunks_mut(batch);
    let ln_q = state.ln_q[rows].par_chunks(batch);
    rewards.zip(ln_q).enumerate().for_each(|(block, (rewards, ln_q))| {
        let children =
            &geometry.children[block * geometry.children_per_block..][..geometry.children_per_block];
        for (chunk, rewards) in rewards.chunks_mut(LANES).enumerate() {
            let first = chunk * LANES;
            let [bonds, spins] = owned_sums(geometry, spins, batch, block, first);
            for (lane, total) in rewards.iter_mut().enumerate() {
                let energy = model.interaction.energy(bonds[lane].into(), spins[lane].into());
                // It has few values: an error would come back in thousands of blocks.
                let configuration = inputs.first_configuration.wrapping_add((first + lane) as u32);
                let shifted =
                    R::up_or_down(inputs.beta * energy + shift, spread(block as u32, configuration));
                *total = R::of(shifted + ln_q[first + lane].widen());
            }
            for &child in children {
                let below = &rewards_below[child as usize * batch + first..];
                for (total, &reward) in rewards.iter_mut().zip(below) {
                    *total += reward;
                }
            }
        }
    });
}
