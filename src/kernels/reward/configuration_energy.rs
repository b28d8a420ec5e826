//! Bond sum and spin sum of whole configurations, as integers.

use crate::cpu::{Call, Real};
use crate::kernels::{Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "configuration_energy",
    phase: Phase::Reward,
    shader: shader!("reward/configuration_energy"),
    draws: false,
    reads: &[Slot::Step, Slot::Sums],
    writes: &[Slot::ConfigurationSums],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| lanes_and([]),
    work: Work::Whole {
        cost: |whole| Cost::moving(2 * (whole.rows + whole.batch)),
        workgroups: |whole, _| groups_of(whole.batch),
    },
};

pub(crate) fn run<R: Real>(Call { state, .. }: Call<'_, R>) {
    let (batch, sums) = (state.batch, &state.sums);
    state.configuration_sums.par_iter_mut().enumerate().for_each(|(row, total)| {
        *total = sums
            .iter()
            .skip(row)
            .step_by(batch)
            .fold([0; 2], |total, sums| [total[0] + sums[0], total[1] + sums[1]]);
    });
}
