//! Draws the insides of boxes by matrix product states, row by row.

use crate::cpu::{Call, Real, State};
use crate::kernels::{Axis, Cost, Description, Inputs, Phase, Slot, Work, lanes_and, shader};
use crate::mps::{BoxSampler, Scratch, Source};
use crate::transpose::transpose;

pub(crate) const KERNEL: Description = Description {
    name: "sample_tensor",
    phase: Phase::Sample,
    shader: shader!("sample/sample_tensor"),
    draws: true,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry],
    writes: &[Slot::Spins, Slot::LnQ, Slot::Environments],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Couplings],
    constants: |choice| {
        let options = choice.options;
        let scratch = Scratch::new(options.tensor_box(choice.lattice), options.bond_dimension.max(1));
        let Scratch { layers, states, kept } = scratch;
        lanes_and([("COLUMNS", layers.bits), ("ROWS", layers.layers), ("BOND", states), ("KEPT", kept)])
    },
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, level.tensor_operations(), level.geometry.inputs() + 1),
        workgroups: |level, _| level.tensor_workers(),
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
