//! Sums of lines along every axis, products at every distance and lines with alternating signs, as exact integers.

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
        lanes_and([
            ("SIDE", lattice.side() as usize),
            ("AXES", lattice.steps().len()),
            ("DIMENSIONS", lattice.dimensions()),
        ])
    },
    work: Work::Whole {
        cost: |whole| {
            let sums = Observables::sums_per_configuration(whole.model.system.lattice);
            Cost::moving((whole.model.hierarchy.sites + sums) * whole.batch)
        },
        workgroups: |whole, _| groups_of(whole.batch) * Observables::lines(whole.model.system.lattice),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>) {
    let lattice = model.system.lattice;
    let (batch, lines, spins) = (state.batch, Observables::lines(lattice), &state.spins);
    let (products, staggered) = (Observables::first_product(lattice), Observables::first_staggered(lattice));
    let sites = || 0..lattice.sites() as u32;
    state.observables.par_chunks_mut(batch).enumerate().for_each(|(quantity, sums)| {
        for (first, sums) in (0..).step_by(LANES).zip(sums.chunks_mut(LANES)) {
            let lanes = |site: u32| &spins[site as usize * batch + first..][..sums.len()];
            let mut total = [0; LANES];
            if quantity < products {
                let (axis, line) = (lattice.axes().start + quantity / lines, (quantity % lines) as u32);
                let is_on = |&site: &u32| !lattice.is_spatial() || lattice.place(site)[axis] == line;
                for site in sites().filter(is_on) {
                    add(&mut total, lanes(site), 1);
                }
            } else if quantity < staggered {
                let distance = (quantity - products) as u32 + 1;
                vectorised(
                    #[inline(always)]
                    || {
                        for site in sites() {
                            let [plane, row, column] = lattice.place(site);
                            for [i, j, k] in lattice.steps().iter().map(|step| step.map(|by| by * distance)) {
                                let other = lattice.site([plane + i, row + j, column + k]);
                                add_products(&mut total, lanes(site), lanes(other));
                            }
                        }
                    },
                );
            } else {
                let (axis, line) = (lattice.axes().start, (quantity - staggered) as u32);
                for site in sites() {
                    let place = lattice.place(site);
                    let others: u32 = place[axis + 1..].iter().sum();
                    if place[axis] == line {
                        add(&mut total, lanes(site), if others.is_multiple_of(2) { 1 } else { -1 });
                    }
                }
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
