//! Draws all sites of configurations whose sites are all neighbours, one after the other, from the fields of those before them.

use crate::conditional::{Gauge, PairHead, TURNS};
use crate::cpu::pairs::{Integers, PairTile, Pairs};
use crate::cpu::rows::SpinKeys;
use crate::cpu::tile::Lane;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{Axis, Choice, Constants, Cost, Description, OnLevel, Phase, Slot, Work, shader};
use crate::random::SpinKey;
use rayon::prelude::*;

/// Configurations of a workgroup.
pub(crate) const ROWS: usize = 4;
/// Lanes of a workgroup, among which sites are shared.
const LANES_OF_SITES: usize = 64;

/// Constants of passes over all sites.
pub(crate) fn pair_constants(choice: &Choice) -> Constants {
    let sites = choice.lattice.sites();
    vec![
        ("LANES", LANES_OF_SITES),
        ("SITES", sites),
        ("PER_LANE", sites.div_ceil(LANES_OF_SITES)),
        ("LAYERS", choice.options.head.layers().max(1)),
        ("TURNS", TURNS),
    ]
}

/// Work of a pass: of every pair the field, layers of two numbers for each of both signs, and corrections where the head has them.
pub(crate) fn pair_cost(level: &OnLevel<'_>) -> Cost {
    let Some(head) = level.pair_head() else { return Cost::of_rows(0, 0, 0) };
    // Every ordered pair behind a site takes two products a turn.
    let of_corrections = if head.has_corrections() { 4 * TURNS * head.sites.pow(3) / 3 } else { 0 };
    let operations = operations_of_layers(head) + of_corrections;
    let corrections = if head.has_corrections() { head.pairs() } else { 0 };
    let of_rows = Cost::of_rows(level.rows, operations, 2 * head.sites + 1 + corrections);
    Cost { words: of_rows.words + head.parameters(), ..of_rows }
}

/// Operations that the layers of a head take for a configuration.
pub(crate) fn operations_of_layers(head: &PairHead) -> usize {
    2 * head.pairs() * (1 + 2 * (head.head.layers() + 1))
}

pub(crate) const KERNEL: Description = Description {
    name: "sample_pairs",
    phase: Phase::Sample,
    shader: shader!("sample/sample_pairs"),
    draws: true,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Parameters, Slot::ExactLogits],
    writes: &[Slot::Spins, Slot::Logits, Slot::LnQ, Slot::Corrections],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Head, Axis::Fields, Axis::Couplings],
    constants: pair_constants,
    work: Work::Level { cost: pair_cost, workgroups: |level, _| level.rows.div_ceil(ROWS) },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    state.pair_tables.prepare(model, inputs.beta);
    let Some(pairs) = Pairs::of(model, level, &state.parameters, &state.pair_tables, inputs.beta) else {
        return;
    };
    let geometry = &model.hierarchy.levels[level];
    state.levels[level].pair_tiles.par_iter_mut().for_each(|tile| {
        vectorised(
            #[inline(always)]
            || {
                tile.gauge = [1; LANES];
                tile.ln_q.start();
                let keys = SpinKeys::new(inputs, level, tile.rows);
                pairs.pass(
                    tile,
                    #[inline(always)]
                    |tile, site, logits| draw(&pairs, tile, site, logits, &keys),
                );
                tile.ln_q.complete(tile.rows, inputs.first_configuration);
            },
        );
    });
    let first_row = state.levels[level].rows(state.batch).start;
    for tile in &state.levels[level].pair_tiles {
        tile.store(geometry, &mut state.spins);
        tile.ln_q.store(tile.rows, &mut state.ln_q[first_row + tile.rows.first..]);
    }
}

#[inline(always)]
fn draw<R: Real>(
    pairs: &Pairs<'_, R>,
    tile: &mut PairTile<R>,
    site: usize,
    logits: &Lane<R>,
    keys: &SpinKeys,
) -> Integers {
    if site.is_multiple_of(4) {
        for lane in 0..LANES {
            for (word, of_lane) in keys.of(lane).words(site as u32 / 4).into_iter().zip(&mut tile.words) {
                of_lane[lane] = word;
            }
        }
    }
    let mut spins = [1; LANES];
    for lane in 0..LANES {
        let uniform = R::of(f64::from(SpinKey::uniform_of(tile.words[site % 4][lane])));
        let is_up = uniform < logits[lane].sigmoid();
        spins[lane] = if is_up { 1 } else { -1 };
        let against = if is_up { -logits[lane] } else { logits[lane] };
        tile.ln_q.add(lane, -against.softplus());
    }
    if site == 0 && pairs.net.gauge == Gauge::FirstOwn {
        tile.gauge = spins;
        return [1; LANES];
    }
    spins
}
