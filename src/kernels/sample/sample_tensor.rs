//! Draws the insides of boxes by matrix product states, row by row. It has no shader: bases of many small matrices are made in double precision on the CPU.

use crate::cpu::{Call, Real, State};
use crate::kernels::{Cost, Description, Inputs, Phase, Slot, Work};
use crate::mps::{BoxSampler, Source};
use crate::transpose::transpose;

pub(crate) const KERNEL: Description = Description {
    name: "sample_tensor",
    phase: Phase::Sample,
    shader: None,
    draws: true,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry],
    writes: &[Slot::Spins, Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| Vec::new(),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, level.tensor_operations(), level.geometry.inputs() + 1),
        workgroups: |_, _| 0,
    },
};

pub(crate) fn run<R: Real>(call: Call<'_, R>, level: usize) {
    let Inputs { seed, step, first_configuration, .. } = *call.inputs;
    let (state, spins) = fill(call, level, Source::Drawn { seed, step, first_configuration });
    transpose(&spins, spins.len() / state.batch, &mut state.spins, |spin| spin);
}

/// Fills the insides of a level's boxes in a copy of the spins, `[batch][sites]`, and writes ln q of them.
pub(super) fn fill<'a, R: Real>(
    Call { model, state, inputs }: Call<'a, R>,
    level: usize,
    source: Source,
) -> (&'a mut State<R>, Vec<i8>) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, sites) = (state.batch, model.hierarchy.sites);
    let sampler = BoxSampler::of_model(model, level, inputs.beta);
    let mut spins = vec![0; state.spins.len()];
    transpose(&state.spins, batch, &mut spins, |spin| spin);
    let ln_q = sampler.fill(&mut spins, sites, source);
    let rows = state.levels[level].rows(batch);
    for (block, into) in state.ln_q[rows].chunks_mut(batch).enumerate() {
        for (into, ln_q) in into.iter_mut().zip(ln_q.chunks(geometry.blocks)) {
            *into = R::of(ln_q[block]);
        }
    }
    (state, spins)
}
