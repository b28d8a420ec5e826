//! Metropolis updates of all spins of one colour, no two of which are neighbours.

use crate::cpu::{Call, Real};
use crate::kernels::{Choice, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use crate::lattice::Lattice;
use crate::lattice::acceptance;
use crate::random::philox;
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "metropolis",
    phase: Phase::MonteCarlo,
    shader: shader!("monte_carlo/metropolis"),
    draws: false,
    reads: &[Slot::Step],
    writes: &[Slot::Spins],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |choice| {
        let Choice { lattice, place, .. } = choice;
        lanes_and([
            ("SIDE", lattice.side() as usize),
            ("AXES", lattice.bonds_per_site()),
            ("COLOURS", lattice.colours()),
            ("COLOUR", place.colour as usize),
        ])
    },
    work: Work::Whole {
        cost: |whole| Cost::moving(whole.spins()),
        workgroups: |whole, _| groups_of(whole.batch) * fours(whole.model.system.lattice),
    },
};

/// Fours of spins of a colour.
fn fours(lattice: Lattice) -> usize {
    lattice.sites() / (4 * lattice.colours())
}

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, colour: u32) {
    let (lattice, batch) = (model.system.lattice, state.batch);
    let (most, fours) = (lattice.coordination() as i8, fours(lattice));
    let flip = acceptance(&model.system, inputs.beta);
    let old = &state.spins;
    let spin_at = |site: u32, lane: usize| old[site as usize * batch + lane];
    // A spin of the colour keeps its neighbours, which are of others, so all can be decided before any is flipped.
    let flips: Vec<[bool; 4]> = (0..fours * batch)
        .into_par_iter()
        .with_min_len(1024)
        .map(|at| {
            let (four, lane) = ((at / batch) as u32, at % batch);
            let configuration = inputs.first_configuration + lane as u32;
            let words = philox([inputs.seed, inputs.step], [configuration, 0, four, colour]);
            std::array::from_fn(|i| {
                let [row, column] = lattice.site_of_colour(colour, 4 * four + i as u32);
                let site = lattice.site(row, column);
                let neighbours: i8 = lattice.neighbours(site).map(|neighbour| spin_at(neighbour, lane)).sum();
                let up = if spin_at(site, lane) > 0 { most as usize + 1 } else { 0 };
                let threshold = flip[(neighbours + most) as usize / 2 + up];
                words[i] < threshold || threshold == u32::MAX
            })
        })
        .collect();
    for (at, flips) in flips.iter().enumerate() {
        for i in (0..4).filter(|&i| flips[i]) {
            let [row, column] = lattice.site_of_colour(colour, (4 * (at / batch) + i) as u32);
            let spin = &mut state.spins[lattice.site(row, column) as usize * batch + at % batch];
            *spin = -*spin;
        }
    }
}
