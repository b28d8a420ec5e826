//! Tree rewards of the Rao-Blackwell form of REINFORCE: `beta E_own + ln q_own + rewards of the children`.

use super::energy::owned_sums;
use super::rows::Rows;
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
    let shift = inputs.reward_shift(&model.system).of(geometry.bonds.len(), geometry.own);
    let rewards = rewards[rows.clone()].par_chunks_mut(LANES);
    let ln_q = state.ln_q[rows].par_chunks(LANES);
    rewards.zip(ln_q).enumerate().for_each(|(number, (rewards, ln_q))| {
        let rows = Rows::of_lanes(number, rewards.len(), batch);
        let [bonds, spins] = owned_sums(geometry, spins, rows);
        let (blocks, configurations) = (rows.blocks(), rows.configurations());
        for (lane, (total, ln_q)) in rewards.iter_mut().zip(ln_q).enumerate() {
            let energy = model.system.interaction.energy(bonds[lane].into(), spins[lane].into());
            // It has few values: an error would come back in thousands of blocks.
            let configuration = inputs.first_configuration.wrapping_add(configurations[lane]);
            let shifted = R::up_or_down(inputs.beta * energy + shift, spread(blocks[lane], configuration));
            *total = R::of(shifted + ln_q.widen());
        }
        for part in rows.parts() {
            let rewards = &mut rewards[part.lanes];
            for &child in geometry.block_children(part.block) {
                let below = &rewards_below[child as usize * batch + part.configuration..];
                for (total, &reward) in rewards.iter_mut().zip(below) {
                    *total += reward;
                }
            }
        }
    });
}
