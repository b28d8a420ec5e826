//! Tree rewards of the Rao-Blackwell form of REINFORCE: `beta E_own + ln q_own + rewards of the children`.

use crate::cpu::owned_sums::owned_sums;
use crate::cpu::rows::Rows;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{
    Axis, Cost, Description, LANES as WORKGROUP, LaneRows, Phase, Slot, Work, lanes_and, shader,
};
use crate::random::spread;
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "reward",
    phase: Phase::Reward,
    shader: shader!("reward/reward"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins, Slot::LnQ],
    writes: &[Slot::Reward],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Rows(LaneRows::Batch), Axis::Couplings, Axis::Spins],
    constants: |_| lanes_and([]),
    work: Work::Level {
        cost: |level| {
            let words = level.geometry.inputs() + level.geometry.children_per_block + 2;
            Cost::of_rows(level.rows, 0, words)
        },
        workgroups: |level, spread| level.rows.div_ceil(spread.variant.lane_rows * WORKGROUP),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    let below = state.levels[level].net_rows(batch).end;
    let (rewards, rewards_below) = state.reward.split_at_mut(below);
    let shift = inputs.reward_shift(&model.system).of(geometry.bonds.len(), geometry.own);
    let rewards = rewards[rows.clone()].par_chunks_mut(LANES);
    let ln_q = state.ln_q[rows].par_chunks(LANES);
    rewards.zip(ln_q).enumerate().for_each(|(number, (rewards, ln_q))| {
        let rows = Rows::of_lanes(number, rewards.len(), batch);
        let [bonds, spins] = owned_sums(model.system.spins, geometry, spins, rows);
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
