//! ln q of the last level's spins.

use crate::conditional::heat_bath_ln_q;
use crate::cpu::heat_bath::{ColourFields, Fields};
use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use crate::lattice::Spins;
use crate::random::spread;
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_heat_bath",
    phase: Phase::Sample,
    shader: shader!("sample/evaluate_heat_bath"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins],
    writes: &[Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Couplings, Axis::Spins],
    constants: |_| lanes_and([]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, level.geometry.inputs() + 1),
        workgroups: |level, _| groups_of(level.rows),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    let fields = Fields { system: &model.system, geometry, beta: inputs.beta };
    let of_spin = [-1, 1].map(|spin| fields.table::<R>(0.0, move |x| heat_bath_ln_q(x, spin)));
    let of_colours = ColourFields::new(&model.system, geometry, inputs.beta);
    state.ln_q[rows].par_chunks_mut(batch).enumerate().for_each(|(block, ln_q)| {
        let site = geometry.block_sites(block)[geometry.border] as usize;
        for (row, ln_q) in ln_q.iter_mut().enumerate() {
            let spin = spins[site * batch + row];
            let around = match model.system.spins {
                Spins::Ising => of_spin[usize::from(spin > 0)](block, fields.sum(spins, batch, block, row)),
                Spins::Potts { .. } => {
                    let weights = of_colours.weights(spins, batch, block, row);
                    R::around(weights.ln_probability(spin), 0.0)
                }
            };
            let number = spread(block as u32, inputs.first_configuration.wrapping_add(row as u32));
            *ln_q = around.rounded(number);
        }
    });
}
