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
            ("AXES", lattice.steps().len()),
            ("DIMENSIONS", lattice.dimensions()),
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
    let mut flips = vec![[false; 4]; fours * batch];
    flips.par_chunks_mut(batch).enumerate().for_each(|(four, flips)| {
        let sites: [u32; 4] = std::array::from_fn(|i| lattice.site_of_colour(colour, (4 * four + i) as u32));
        let neighbours = sites.map(|site| lattice.neighbours(site).collect::<Vec<_>>());
        for (lane, flips) in flips.iter_mut().enumerate() {
            let configuration = inputs.first_configuration + lane as u32;
            let words = philox([inputs.seed, inputs.step], [configuration, 0, four as u32, colour]);
            *flips = std::array::from_fn(|i| {
                let sum: i8 = neighbours[i].iter().map(|&neighbour| spin_at(neighbour, lane)).sum();
                let up = if spin_at(sites[i], lane) > 0 { most as usize + 1 } else { 0 };
                let threshold = flip[(sum + most) as usize / 2 + up];
                words[i] < threshold || threshold == u32::MAX
            });
        }
    });
    for (at, flips) in flips.iter().enumerate() {
        for i in (0..4).filter(|&i| flips[i]) {
            let site = lattice.site_of_colour(colour, (4 * (at / batch) + i) as u32);
            let spin = &mut state.spins[site as usize * batch + at % batch];
            *spin = -*spin;
        }
    }
}
