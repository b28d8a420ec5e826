//! Draws the last level's spins from their exact conditional.

use crate::conditional::heat_bath_ln_q;
use crate::cpu::heat_bath::{ColourFields, Fields};
use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use crate::lattice::Spins;
use crate::random::{SpinKey, spread};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "sample_heat_bath",
    phase: Phase::Sample,
    shader: shader!("sample/sample_heat_bath"),
    draws: true,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry],
    writes: &[Slot::Spins, Slot::LnQ],
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
    let batch = state.batch;
    let rows = state.levels[level].rows(batch);
    let spins = &state.spins;
    let fields = Fields { system: &model.system, geometry, beta: inputs.beta };
    let of_spin = [-1, 1].map(|spin| fields.table::<R>(0.0, move |x| heat_bath_ln_q(x, spin)));
    let draw = |key: &SpinKey, row: usize| {
        let block = key.block as usize;
        let sum = fields.sum(spins, batch, block, row);
        let is_up = R::of(f64::from(key.uniform(0))) < R::of(2.0 * fields.of(block, sum)).sigmoid();
        (if is_up { 1 } else { -1 }, of_spin[usize::from(is_up)](block, sum))
    };
    let of_colours = ColourFields::new(&model.system, geometry, inputs.beta);
    let draw_colour = |key: &SpinKey, row: usize| {
        let weights = of_colours.weights(spins, batch, key.block as usize, row);
        let colour = weights.draw(f64::from(key.uniform(0)));
        (colour, R::around(weights.ln_probability(colour), 0.0))
    };
    let mut drawn = vec![0_i8; rows.len()];
    let ln_q = state.ln_q[rows].par_chunks_mut(batch);
    drawn.par_chunks_mut(batch).zip(ln_q).enumerate().for_each(|(block, (drawn, ln_q))| {
        for row in 0..batch {
            let key = SpinKey {
                seed: inputs.seed,
                step: inputs.step,
                configuration: inputs.first_configuration.wrapping_add(row as u32),
                level: level as u32,
                block: block as u32,
            };
            let (spin, around) = match model.system.spins {
                Spins::Ising => draw(&key, row),
                Spins::Potts { .. } => draw_colour(&key, row),
            };
            drawn[row] = spin;
            ln_q[row] = around.rounded(spread(key.block, key.configuration));
        }
    });
    for (block, drawn) in drawn.chunks(batch).enumerate() {
        let site = geometry.block_sites(block)[geometry.border] as usize;
        state.spins[site * batch..][..batch].copy_from_slice(drawn);
    }
}
