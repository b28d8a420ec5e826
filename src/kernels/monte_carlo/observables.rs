//! Sums of rows, columns, products at every distance and rows with alternating signs, as exact integers.

use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use crate::lattice::Observables;
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "observables",
    phase: Phase::MonteCarlo,
    shader: shader!("monte_carlo/observables"),
    draws: false,
    reads: &[Slot::Step, Slot::Spins],
    writes: &[Slot::Observables],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |choice| {
        let lattice = choice.lattice;
        lanes_and([("SIDE", lattice.side() as usize), ("AXES", lattice.bonds_per_site())])
    },
    work: Work::Whole {
        cost: |whole| {
            let sums = Observables::sums_per_configuration(whole.model.system.lattice);
            Cost::moving((whole.model.hierarchy.sites + sums) * whole.batch)
        },
        workgroups: |whole, _| groups_of(whole.batch) * whole.model.system.lattice.side() as usize,
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>) {
    let lattice = model.system.lattice;
    let (batch, side, spins) = (state.batch, lattice.side(), &state.spins);
    state.observables.par_chunks_mut(batch).enumerate().for_each(|(quantity, sums)| {
        let (quantity, half) = (quantity as u32, side / 2);
        for (first, sums) in (0..).step_by(LANES).zip(sums.chunks_mut(LANES)) {
            let lanes = |row: u32, column: u32| {
                &spins[lattice.site(row, column) as usize * batch + first..][..sums.len()]
            };
            let mut total = [0; LANES];
            if quantity < side {
                (0..side).for_each(|column| add(&mut total, lanes(quantity, column), 1));
            } else if quantity < 2 * side {
                (0..side).for_each(|row| add(&mut total, lanes(row, quantity - side), 1));
            } else if quantity < 2 * side + half {
                let distance = quantity - 2 * side + 1;
                vectorised(
                    #[inline(always)]
                    || {
                        for site in 0..side * side {
                            let (row, column) = (site / side, site % side);
                            for [i, j] in lattice.steps() {
                                let other = lanes(row + i * distance, column + j * distance);
                                add_products(&mut total, lanes(row, column), other);
                            }
                        }
                    },
                );
            } else {
                let row = quantity - 2 * side - half;
                (0..side).for_each(|column| {
                    add(&mut total, lanes(row, column), if column.is_multiple_of(2) { 1 } else { -1 });
                });
            }
            sums.copy_from_slice(&total[..sums.len()]);
        }
    });
}

fn add(total: &mut [i32; LANES], spins: &[i8], sign: i32) {
    total.iter_mut().zip(spins).for_each(|(total, &spin)| *total += sign * i32::from(spin));
}

#[inline(always)]
fn add_products(total: &mut [i32; LANES], spins: &[i8], others: &[i8]) {
    for ((total, &spin), &other) in total.iter_mut().zip(spins).zip(others) {
        *total += i32::from(spin * other);
    }
}
