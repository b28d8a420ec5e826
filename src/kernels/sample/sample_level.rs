//! Draws all blocks of a level.

use crate::conditional::{Encoding, Gauge, MaskedNet};
use crate::cpu::rows::SpinKeys;
use crate::cpu::tile::{Lane, Tile};
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real, masked_block, shared};
use crate::kernels::{
    Axis, Choice, Constants, Cost, Description, LANES as WORKGROUP, LaneRows, OnNet, Phase, STAGED, Shape,
    Slot, Spread, Variant, Work, shader,
};
use crate::random::SpinKey;
use rayon::prelude::*;

/// Constants of the forward pass.
pub(crate) fn forward_constants(choice: &Choice) -> Constants {
    let Choice { options, variant, .. } = choice;
    let lanes = match Encoding::of(variant.spins, options.colours) {
        Encoding::Sign | Encoding::OneHot { .. } => variant.shape.lanes(variant.loads, variant.lane_rows),
        Encoding::Shared { .. } => WORKGROUP,
    };
    let width = options.width.of(choice.place.level);
    let mut constants = vec![("LANES", lanes), ("WIDTH", width), ("DEPTH", options.depth)];
    match variant.shape {
        Shape::Lane { group, .. } => constants.extend([("GROUP", group), ("UNITS", group * width)]),
        Shape::Tile { rows, .. } => {
            constants.extend([("ROWS", rows), ("CHUNK", STAGED), ("AT_ONCE", variant.at_once)]);
        }
    }
    constants
}

/// Work of the forward pass: border spins in, own spins out; inputs, hidden state and logits kept, one ln q.
pub(crate) fn forward_cost(on: &OnNet<'_>) -> Cost {
    let net = on.net;
    let per_row = net.border + net.own + on.input_words() + on.kept(on.hidden()) + net.logits() + 1;
    on.cost(net.multiply_adds(), per_row, on.kept(net.parameters()))
}

/// Workgroups of the forward pass.
pub(crate) fn forward_workgroups(on: &OnNet<'_>, spread: &Spread) -> usize {
    let Variant { shape, loads, lane_rows, .. } = spread.variant;
    match on.net.encoding {
        Encoding::Sign | Encoding::OneHot { .. } => shape.workgroups(loads, on.rows, lane_rows),
        // The passes of all colours over a row are lanes of one workgroup.
        Encoding::Shared { states } => {
            on.blocks().rows.div_ceil(lane_rows * (WORKGROUP / usize::from(states)))
        }
    }
}

pub(crate) const KERNEL: Description = Description {
    name: "sample_level",
    phase: Phase::Sample,
    shader: shader!("sample/sample_level"),
    draws: true,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::NetParameters, Slot::NetQuads],
    writes: &[Slot::Spins, Slot::Inputs, Slot::Hidden, Slot::Logits, Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[
        Axis::ForwardShape,
        Axis::Loads,
        Axis::Rows(LaneRows::Forward),
        Axis::Units,
        Axis::Parts,
        Axis::Patches,
        Axis::Encoding,
    ],
    constants: forward_constants,
    work: Work::Net {
        cost: |on| forward_cost(&on.blocks()),
        workgroups: |on, spread| forward_workgroups(&on.blocks(), spread),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let (geometry, description) = (&model.hierarchy.levels[level], &model.levels[level]);
    let Some(net) = description.conditional.net() else { return };
    let first_row = state.levels[level].rows(state.batch).start;
    let spins = &mut state.spins;
    let parameters = &state.parameters[description.offset..];
    let rows = geometry.blocks * state.batch;
    let passes = net.encoding.passes();
    let drawn = |tiles: &&mut [Tile<R>]| tiles[0].rows.first < rows;
    state.levels[level].tiles.par_chunks_mut(passes).filter(drawn).for_each(|tiles| {
        vectorised(
            #[inline(always)]
            || {
                tiles.iter_mut().for_each(|tile| tile.load_border(net, geometry, spins));
                tiles[0].start_ln_q();
                let keys = SpinKeys::new(inputs, level, tiles[0].rows);
                if net.gauge == Gauge::Mixture {
                    match net.encoding {
                        Encoding::Sign => tiles[0].gauge = image_signs(net, &keys),
                        Encoding::OneHot { .. } => tiles[0].first_colour = image_colours(net, &keys),
                        // Refused: what colours share is symmetric without.
                        Encoding::Shared { .. } => {}
                    }
                }
                match net.encoding {
                    Encoding::Sign => masked_block::run(
                        net,
                        parameters,
                        tiles,
                        #[inline(always)]
                        |tiles, site| {
                            let tile = &mut tiles[0];
                            let logits = tile.logits[site];
                            tile.inputs[net.border + site] = draw(net, tile, site, &logits, &keys);
                        },
                    ),
                    Encoding::OneHot { .. } => masked_block::run(
                        net,
                        parameters,
                        tiles,
                        #[inline(always)]
                        |tiles, site| {
                            let tile = &mut tiles[0];
                            prepare_words(tile, site, &keys);
                            let numbers = std::array::from_fn(|lane| uniform(tile, site, lane));
                            tile.draw_colours(net, site, &numbers);
                        },
                    ),
                    Encoding::Shared { .. } => masked_block::run(
                        net,
                        parameters,
                        tiles,
                        #[inline(always)]
                        |tiles, site| {
                            prepare_words(&mut tiles[0], site, &keys);
                            let numbers = std::array::from_fn(|lane| uniform(&tiles[0], site, lane));
                            shared::draw(tiles, net, site, &numbers);
                        },
                    ),
                }
                tiles[0].complete_ln_q(inputs.first_configuration);
            },
        );
    });
    let drawn = state.levels[level].tiles.chunks(passes).take_while(|tiles| tiles[0].rows.first < rows);
    for tiles in drawn {
        tiles.iter().for_each(|tile| tile.store_own(net, geometry, spins));
        Tile::store_ln_q_of_all(tiles, &mut state.ln_q[first_row..]);
    }
}

/// Signs by which a sample of a mixture is turned: 1 or -1 with probability 1/2, by the word behind its last site.
pub(crate) fn image_signs<R: Real>(net: &MaskedNet, keys: &SpinKeys) -> Lane<R> {
    std::array::from_fn(|lane| if image_word(net, keys, lane) & 1 == 1 { -R::one() } else { R::one() })
}

/// The same for colours: by how many steps all of them are moved on.
pub(crate) fn image_colours(net: &MaskedNet, keys: &SpinKeys) -> [i8; LANES] {
    let states = net.encoding.states() as f32;
    std::array::from_fn(|lane| (SpinKey::uniform_of(image_word(net, keys, lane)) * states) as i8)
}

fn image_word(net: &MaskedNet, keys: &SpinKeys, lane: usize) -> u32 {
    SpinKey { block: 0, ..keys.of(lane) }.words(net.own as u32 / 4)[net.own % 4]
}

/// Draws the random words of a site and the three behind it, at every fourth site.
#[inline(always)]
fn prepare_words<R: Real>(tile: &mut Tile<R>, site: usize, keys: &SpinKeys) {
    if site.is_multiple_of(4) {
        for lane in 0..LANES {
            for (word, of_lane) in keys.of(lane).words(site as u32 / 4).into_iter().zip(&mut tile.words) {
                of_lane[lane] = word;
            }
        }
    }
}

/// The number in [0, 1) that decides a site.
#[inline(always)]
fn uniform<R: Real>(tile: &Tile<R>, site: usize, lane: usize) -> R {
    R::of(f64::from(SpinKey::uniform_of(tile.words[site % 4][lane])))
}

#[inline(always)]
fn draw<R: Real>(
    net: &MaskedNet,
    tile: &mut Tile<R>,
    site: usize,
    logits: &Lane<R>,
    keys: &SpinKeys,
) -> Lane<R> {
    let fixes_gauge = net.fixes_gauge(site);
    prepare_words(tile, site, keys);
    let logits = if fixes_gauge { &[R::zero(); LANES] } else { logits };
    let mut spins = [R::one(); LANES];
    for lane in 0..LANES {
        if uniform(tile, site, lane) >= logits[lane].sigmoid() {
            spins[lane] = -R::one();
        }
        tile.add_ln_q(lane, -(-spins[lane] * logits[lane]).softplus());
    }
    if fixes_gauge {
        tile.gauge = spins;
        return [R::one(); LANES];
    }
    spins
}
