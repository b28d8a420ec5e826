//! Reward `-ln 2cosh(beta h)` of the last level with its spins summed out, h being J times the sum of the neighbours
//! plus H; of Potts spins `-ln` of the sum of their Boltzmann factors.

use crate::conditional::{REWARD_QUANTUM, heat_bath_reward};
use crate::cpu::heat_bath::{ColourFields, Fields};
use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use crate::lattice::Spins;
use crate::random::spread;
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "heat_bath_free_energy",
    phase: Phase::Sample,
    shader: shader!("sample/heat_bath_free_energy"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins],
    writes: &[Slot::Reward],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Couplings, Axis::Spins],
    constants: |_| lanes_and([]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, level.geometry.border + 1),
        workgroups: |level, _| groups_of(level.rows),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    let shift = inputs.reward_shift(&model.system).of(model.system.lattice.coordination(), 1);
    let fields = Fields { system: &model.system, geometry, beta: inputs.beta };
    let of_sum = fields.table::<R>(REWARD_QUANTUM, move |x| heat_bath_reward(x, shift));
    let of_colours = ColourFields::new(&model.system, geometry, inputs.beta);
    state.reward[rows].par_chunks_mut(batch).enumerate().for_each(|(block, rewards)| {
        for (row, reward) in rewards.iter_mut().enumerate() {
            let around = match model.system.spins {
                Spins::Ising => of_sum(block, fields.sum(spins, batch, block, row)),
                Spins::Potts { .. } => {
                    let weights = of_colours.weights(spins, batch, block, row);
                    R::around(shift - weights.ln_sum(), REWARD_QUANTUM)
                }
            };
            let number = spread(block as u32, inputs.first_configuration.wrapping_add(row as u32));
            *reward = around.rounded(number);
        }
    });
}
