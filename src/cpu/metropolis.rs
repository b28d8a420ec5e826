//! Metropolis updates of all spins of one colour of the checkerboard.

use super::state::State;
use crate::conditional::Model;
use crate::mc::acceptance;
use crate::random::philox;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R>(model: &Model, state: &mut State<R>, inputs: &Inputs, colour: u32) {
    let (lattice, batch) = (model.system.lattice, state.batch);
    let side = lattice.side();
    let flip = acceptance(&model.system, inputs.beta);
    let old = &state.spins;
    let spin_at = |row: u32, column: u32, lane: usize| old[lattice.site(row, column) as usize * batch + lane];
    // A spin of the colour keeps its neighbours, which are of the other one, so all can be decided before any is flipped.
    let flips: Vec<[bool; 4]> = (0..lattice.sites() / 8 * batch)
        .into_par_iter()
        .with_min_len(1024)
        .map(|at| {
            let (four, lane) = ((at / batch) as u32, at % batch);
            let configuration = inputs.first_configuration + lane as u32;
            let words = philox([inputs.seed, inputs.step], [configuration, 0, four, colour]);
            std::array::from_fn(|i| {
                let [row, column] = site_of(side, colour, 4 * four + i as u32);
                let neighbours = spin_at(row + 1, column, lane)
                    + spin_at(row + side - 1, column, lane)
                    + spin_at(row, column + 1, lane)
                    + spin_at(row, column + side - 1, lane);
                let up = spin_at(row, column, lane) > 0;
                let threshold = flip[(neighbours + 4) as usize / 2 + if up { 5 } else { 0 }];
                words[i] < threshold || threshold == u32::MAX
            })
        })
        .collect();
    for (at, flips) in flips.iter().enumerate() {
        for i in (0..4).filter(|&i| flips[i]) {
            let [row, column] = site_of(side, colour, (4 * (at / batch) + i) as u32);
            let spin = &mut state.spins[lattice.site(row, column) as usize * batch + at % batch];
            *spin = -*spin;
        }
    }
}

/// Row and column of spin number `number` of a colour.
fn site_of(side: u32, colour: u32, number: u32) -> [u32; 2] {
    let row = number / (side / 2);
    [row, number % (side / 2) * 2 + ((row + colour) & 1)]
}
