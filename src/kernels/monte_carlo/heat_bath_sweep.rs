//! A heat bath of all Potts spins of one part of a checkerboard, no two of which are neighbours.

use crate::conditional::{NEIGHBOUR_SUMS, colour_weights};
use crate::cpu::{Call, Real};
use crate::kernels::{Choice, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use crate::lattice::{Lattice, MAX_STATES};
use crate::random::{SpinKey, philox};
use rayon::prelude::*;

/// Parts of the lattice.
const PARTS: usize = 2;

pub(crate) const KERNEL: Description = Description {
    name: "heat_bath_sweep",
    phase: Phase::MonteCarlo,
    shader: shader!("monte_carlo/heat_bath_sweep"),
    draws: false,
    reads: &[Slot::Step],
    writes: &[Slot::Spins],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |choice| {
        let Choice { lattice, place, variant, .. } = choice;
        lanes_and([
            ("SIDE", lattice.side() as usize),
            ("DIMENSIONS", lattice.dimensions()),
            ("PART", place.colour as usize),
            ("COLOURS", variant.spins.numbers()),
        ])
    },
    work: Work::Whole {
        cost: |whole| Cost::moving(whole.spins()),
        workgroups: |whole, _| groups_of(whole.batch) * fours(whole.model.system.lattice),
    },
};

/// Fours of spins of a part.
fn fours(lattice: Lattice) -> usize {
    lattice.sites() / (4 * PARTS)
}

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, part: u32) {
    let (system, batch) = (&model.system, state.batch);
    let (lattice, fours, states) = (system.lattice, fours(system.lattice), system.spins.states());
    let weights = colour_weights(system, inputs.beta);
    let is_attractive = system.interaction.coupling >= 0.0;
    let old = &state.spins;
    let spin_at = |site: u32, lane: usize| old[site as usize * batch + lane];
    // A spin of the part keeps its neighbours, which are of the other, so all can be drawn before any is set.
    let mut drawn = vec![[0_i8; 4]; fours * batch];
    drawn.par_chunks_mut(batch).enumerate().for_each(|(four, drawn)| {
        let sites: [u32; 4] = std::array::from_fn(|i| lattice.site_of_colour(part, (4 * four + i) as u32));
        let neighbours = sites.map(|site| lattice.neighbours(site).collect::<Vec<_>>());
        for (lane, drawn) in drawn.iter_mut().enumerate() {
            let configuration = inputs.first_configuration + lane as u32;
            let words = philox([inputs.seed, inputs.step], [configuration, 0, four as u32, part]);
            *drawn = std::array::from_fn(|i| {
                let mut counts = [0; MAX_STATES as usize];
                for &neighbour in &neighbours[i] {
                    counts[spin_at(neighbour, lane) as usize] += 1;
                }
                let number = SpinKey::uniform_of(words[i]);
                draw(&counts[..states], &weights, is_attractive, number).unwrap_or(spin_at(sites[i], lane))
            });
        }
    });
    for (at, drawn) in drawn.iter().enumerate() {
        for (i, &colour) in drawn.iter().enumerate() {
            let site = lattice.site_of_colour(part, (4 * (at / batch) + i) as u32);
            state.spins[site as usize * batch + at % batch] = colour;
        }
    }
}

/// The colour at which the sum of probabilities from colour 0 on passes a number in [0, 1); nothing where factors of an extreme field and coupling are all 0.
fn draw(
    counts: &[usize],
    weights: &[[f32; 2]; NEIGHBOUR_SUMS],
    is_attractive: bool,
    number: f32,
) -> Option<i8> {
    let best = if is_attractive { counts.iter().max() } else { counts.iter().min() }.copied()?;
    let weight = |colour: usize| weights[best.abs_diff(counts[colour])][usize::from(colour == 0)];
    let sum: f32 = (0..counts.len()).fold(0.0, |sum, colour| sum + weight(colour));
    let (mut colour, mut so_far) = (0, 0.0);
    for next in 0..counts.len() - 1 {
        so_far += weight(next);
        colour += i8::from(number * sum >= so_far);
    }
    (sum > 0.0).then_some(colour)
}
