//! Sums of rows, columns, products at every distance and rows with alternating signs, as exact integers.

use super::LANES;
use super::state::State;
use super::vector::vectorised;
use crate::lattice::Lattice;
use rayon::prelude::*;

pub(super) fn run<R: Send + Sync>(lattice: Lattice, state: &mut State<R>) {
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
