//! Partial gradients of a head over pairs of sites: `sum over rows of A ([s = +1] - sigmoid(logit)) d logit`.

use crate::conditional::{Gauge, Head};
use crate::cpu::pairs::{PairTile, Pairs, sign};
use crate::cpu::product::sum_lanes;
use crate::cpu::state::Partial;
use crate::cpu::tile::Lane;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::sample::sample_pairs::{operations_of_layers, pair_cost};
use crate::kernels::{Axis, Cost, Description, LANES as WORKGROUP, Phase, Slot, Work, lanes_and, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "backward_pairs",
    phase: Phase::Backward,
    shader: shader!("backward/backward_pairs"),
    draws: false,
    reads: &[
        Slot::Level,
        Slot::Step,
        Slot::Geometry,
        Slot::Parameters,
        Slot::Spins,
        Slot::Logits,
        Slot::Advantage,
        Slot::ExactLogits,
        Slot::Corrections,
    ],
    writes: &[Slot::Partials],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Head, Axis::Couplings],
    constants: |choice| {
        lanes_and([("SITES", choice.lattice.sites()), ("LAYERS", choice.options.head.layers().max(1))])
    },
    work: Work::Level {
        cost: |level| {
            let layers = level.pair_head().map_or(0, |head| 2 * operations_of_layers(head) * level.rows);
            Cost { operations: layers, ..pair_cost(level) }
        },
        workgroups: |level, spread| (level.geometry.own + 1).div_ceil(WORKGROUP) * spread.slices,
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let Some(pairs) = Pairs::of(model, level, &state.parameters, &state.pair_tables, inputs.beta) else {
        return;
    };
    let level = &mut state.levels[level];
    let advantages = &state.advantage[level.rows(state.batch)];
    let tiles_per_partial = level.tiles_per_partial();
    let tiles = level.pair_tiles.par_chunks_mut(tiles_per_partial);
    level.partials.par_iter_mut().zip(tiles).for_each(|(partial, tiles)| {
        partial.gradient.fill(R::zero());
        for tile in tiles {
            let mut advantage = [R::zero(); LANES];
            let rows = tile.rows;
            advantage[..rows.count].copy_from_slice(&advantages[rows.first..][..rows.count]);
            vectorised(
                #[inline(always)]
                || add_tile(&pairs, tile, &advantage, partial),
            );
        }
    });
}

#[inline(always)]
fn add_tile<R: Real>(
    pairs: &Pairs<'_, R>,
    tile: &mut PairTile<R>,
    advantage: &Lane<R>,
    Partial { gradient, errors: scratch }: &mut Partial<R>,
) {
    pairs.start(tile);
    for site in 0..pairs.net.sites {
        let mut delta = [R::zero(); LANES];
        if site > 0 || pairs.net.gauge != Gauge::FirstOwn {
            for lane in 0..LANES {
                let up = if tile.spins[site][lane] > 0 { R::one() } else { R::zero() };
                delta[lane] = advantage[lane] * (up - tile.logits[site][lane].sigmoid());
            }
        }
        match pairs.net.head {
            Head::None | Head::Cw => {}
            Head::CwInfinite => {
                let x = pairs.fields(tile, site);
                gradient[site] += pairs.beta * product(&delta, &x.map(sign));
                gradient[pairs.net.sites] += pairs.beta * product(&delta, &x);
            }
            Head::OneParameter => {
                gradient[site] += pairs.beta * product(&delta, &pairs.fields(tile, site));
            }
            Head::Linear => {
                for earlier in 0..site {
                    let pair = pairs.net.first_pair(earlier) + site - earlier - 1;
                    let spins = tile.spins[earlier].map(R::of_integer);
                    gradient[pair] += pairs.beta * product(&delta, &spins);
                }
                gradient[pairs.net.pairs() + site] += pairs.beta * sum(&delta);
            }
            Head::Sk0 => add_behind::<R, 1, false>(pairs, tile, site, &delta, scratch, gradient),
            Head::Sk1 => add_behind::<R, 2, false>(pairs, tile, site, &delta, scratch, gradient),
            Head::Sk2 => add_behind::<R, 3, false>(pairs, tile, site, &delta, scratch, gradient),
            Head::Tap => add_behind::<R, 1, true>(pairs, tile, site, &delta, scratch, gradient),
        }
        pairs.fix(tile, site);
    }
}

/// Adds the gradients of a site's logit with so many layers for the fields on the sites behind it. All numbers of a pair stand in memory: accumulators that the compiler keeps in registers it
/// does not vectorise.
#[inline(always)]
fn add_behind<R: Real, const LAYERS: usize, const CORRECTED: bool>(
    pairs: &Pairs<'_, R>,
    tile: &PairTile<R>,
    site: usize,
    delta: &Lane<R>,
    scratch: &mut [Lane<R>],
    gradient: &mut [R],
) {
    let of_sites = pairs.of_sites();
    gradient[of_sites + site] += pairs.beta * product(delta, &pairs.fields(tile, site));
    gradient[of_sites + pairs.net.sites + site] += pairs.beta * sum(delta);
    let (sources, rest) = scratch.split_at_mut(1 + LAYERS);
    let (slopes, errors) = rest.split_at_mut(LAYERS);
    let chains = pairs.chains::<LAYERS>(site);
    for later in site + 1..pairs.net.sites {
        let pair = pairs.net.first_pair(site) + later - site - 1;
        for (sign, chain) in chains.of(later - site - 1).into_iter().enumerate() {
            let at = |tensor: usize| {
                let first = pairs.first_of(sign * pairs.net.tensors_per_sign() + tensor, site);
                first + later - site - 1
            };
            if sign == 0 || CORRECTED {
                pairs.write_fields(tile, later, &mut sources[0]);
            }
            if CORRECTED {
                chains.correct(sign, later - site - 1, &tile.corrections[pair], &mut sources[0]);
            }
            chain.write_all(sources, slopes);
            gradient[at(2 * LAYERS)] += product(delta, &sources[LAYERS]);
            for (error, delta) in errors[0].iter_mut().zip(delta) {
                *error = *delta * chain.output;
            }
            for layer in (0..LAYERS).rev() {
                for (error, slope) in errors[0].iter_mut().zip(&slopes[layer]) {
                    *error = *error * *slope;
                }
                // Weights of the first layer are behind beta.
                let scale = if layer == 0 { pairs.beta } else { R::one() };
                gradient[at(2 * layer)] += scale * product(&errors[0], &sources[layer]);
                gradient[at(2 * layer + 1)] += scale * sum(&errors[0]);
                if layer > 0 || CORRECTED {
                    for error in &mut errors[0] {
                        *error = *error * chain.weights[layer];
                    }
                }
            }
            if CORRECTED {
                // The first layer's weight has beta in it.
                gradient[at(2 * LAYERS + 1)] += product(&errors[0], &tile.corrections[pair]);
            }
        }
    }
}

#[inline(always)]
fn sum<R: Real>(values: &Lane<R>) -> R {
    sum_lanes(
        #[inline(always)]
        |lane| values[lane],
    )
}

#[inline(always)]
fn product<R: Real>(a: &Lane<R>, b: &Lane<R>) -> R {
    sum_lanes(
        #[inline(always)]
        |lane| a[lane] * b[lane],
    )
}
