//! Sums of rows, columns and products at every distance, as exact integers.

use super::LANES;
use super::state::State;
use super::vector::vectorised;
use crate::lattice::Torus;
use rayon::prelude::*;

pub(super) fn run<R: Send + Sync>(torus: Torus, state: &mut State<R>) {
    let (batch, side, spins) = (state.batch, torus.side(), &state.spins);
    state.observables.par_chunks_mut(batch).enumerate().for_each(|(quantity, sums)| {
        let (kind, line) = (quantity as u32 / side, quantity as u32 % side);
        for (first, sums) in (0..).step_by(LANES).zip(sums.chunks_mut(LANES)) {
            let lanes = |row: u32, column: u32| {
                &spins[torus.site(row, column) as usize * batch + first..][..sums.len()]
            };
            let mut total = [0; LANES];
            match kind {
                0 => (0..side).for_each(|column| add(&mut total, lanes(line, column))),
                1 => (0..side).for_each(|row| add(&mut total, lanes(row, line))),
                _ => vectorised(
                    #[inline(always)]
                    || {
                        let distance = line + 1;
                        for site in 0..side * side {
                            let (row, column) = (site / side, site % side);
                            let others = [lanes(row, column + distance), lanes(row + distance, column)];
                            add_products(&mut total, lanes(row, column), others);
                        }
                    },
                ),
            }
            sums.copy_from_slice(&total[..sums.len()]);
        }
    });
}

fn add(total: &mut [i32; LANES], spins: &[i8]) {
    total.iter_mut().zip(spins).for_each(|(total, &spin)| *total += i32::from(spin));
}

#[inline(always)]
fn add_products(total: &mut [i32; LANES], spins: &[i8], others: [&[i8]; 2]) {
    let pairs = others[0].iter().zip(others[1]).map(|(a, b)| a + b);
    for ((total, &spin), pair) in total.iter_mut().zip(spins).zip(pairs) {
        *total += i32::from(spin * pair);
    }
}
