//! ln q of the given interiors of exact squares.

use crate::conditional::SquareFactors;
use crate::cpu::exact_square::{ROWS, ln_probability};
use crate::cpu::owned_sums::owned_sums;
use crate::cpu::rows::Rows;
use crate::cpu::state::State;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, Real};
use crate::kernels::{
    Axis, Cost, Description, Phase, Slot, Work, lanes_and, shader, square_side, square_width,
};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_square",
    phase: Phase::Sample,
    shader: shader!("sample/evaluate_square"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins],
    writes: &[Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::SquareShape],
    constants: |choice| lanes_and([("WIDTH", square_width(choice.options))]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, level.transfer_operations(), level.geometry.inputs() + 1),
        workgroups: |level, spread| {
            level.rows.div_ceil(spread.variant.square.squares(square_side(level.model.options)))
        },
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins, squares) = (state.batch, &state.spins, &state.squares);
    let rows = state.levels[level].rows(batch);
    let factors = SquareFactors::new(geometry, model.system.interaction, inputs.beta);
    let couplings =
        [model.system.interaction.coupling, model.system.interaction.field].map(|value| inputs.beta * value);
    state.ln_q[rows].par_chunks_mut(ROWS).enumerate().for_each(|(number, ln_q)| {
        let rows = Rows::of_lanes(number, ln_q.len(), batch);
        let square = &mut *State::square(squares);
        square.set_factors(&factors);
        square.load_border(geometry, spins, rows, inputs.first_configuration);
        let ln_sum = vectorised(
            #[inline(always)]
            || square.ln_sum(false),
        );
        let [bonds, fields] = owned_sums(geometry, spins, rows);
        for (lane, (ln_q, ln_sum)) in ln_q.iter_mut().zip(ln_sum).enumerate() {
            let sums = [bonds[lane], fields[lane]];
            *ln_q = R::of(ln_probability(&factors, couplings, sums) - ln_sum);
        }
    });
}
