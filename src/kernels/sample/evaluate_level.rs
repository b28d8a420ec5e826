//! ln q of all blocks of a level for given spins.

use crate::conditional::{Encoding, Gauge, MaskedNet};
use crate::cpu::rows::SpinKeys;
use crate::cpu::tile::{Lane, Tile};
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real, masked_block, shared};
use crate::kernels::sample::sample_level::{
    forward_constants, forward_cost, forward_workgroups, image_colours, image_signs,
};
use crate::kernels::{Axis, Description, LaneRows, Phase, Slot, Work, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_level",
    phase: Phase::Sample,
    shader: shader!("sample/evaluate_level"),
    draws: false,
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
    work: Work::Net { cost: forward_cost, workgroups: forward_workgroups },
};

pub(crate) fn run<R: Real>(call: Call<'_, R>, level: usize) {
    evaluate(call, level, 0, false);
}

/// Evaluates the tiles that reach past a row. Blocks see their spins, turned as they were `drawn` or as they are, and images those turned on.
pub(crate) fn evaluate<R: Real>(
    Call { model, state, inputs }: Call<'_, R>,
    level: usize,
    past: usize,
    drawn: bool,
) {
    let (geometry, description) = (&model.hierarchy.levels[level], &model.levels[level]);
    let Some(net) = description.conditional.net() else { return };
    let first_row = state.levels[level].rows(state.batch).start;
    let spins = &state.spins;
    let parameters = &state.parameters[description.offset..];
    let passes = net.encoding.passes();
    let reaches = |tiles: &[Tile<R>]| tiles[0].rows.first + tiles[0].rows.count > past;
    state.levels[level].tiles.par_chunks_mut(passes).filter(|tiles| reaches(tiles)).for_each(|tiles| {
        vectorised(
            #[inline(always)]
            || {
                tiles.iter_mut().for_each(|tile| tile.load_border(net, geometry, spins));
                tiles[0].start_ln_q();
                if net.gauge == Gauge::Mixture {
                    let keys = drawn.then(|| SpinKeys::new(inputs, level, tiles[0].rows));
                    turn_images(net, &mut tiles[0], geometry.blocks, keys.as_ref());
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
                            let spin = tile.rows.spins(geometry, spins, net.border + site);
                            tile.inputs[net.border + site] = read(net, tile, site, &logits, spin);
                        },
                    ),
                    Encoding::OneHot { .. } => masked_block::run(
                        net,
                        parameters,
                        tiles,
                        #[inline(always)]
                        |tiles, site| {
                            let colours = tiles[0].rows.column(geometry, spins, net.border + site);
                            tiles[0].read_colours(net, site, &colours);
                        },
                    ),
                    Encoding::Shared { .. } => masked_block::run(
                        net,
                        parameters,
                        tiles,
                        #[inline(always)]
                        |tiles, site| {
                            let colours = tiles[0].rows.column(geometry, spins, net.border + site);
                            shared::read(tiles, net, site, &colours);
                        },
                    ),
                }
                tiles[0].complete_ln_q(inputs.first_configuration);
            },
        );
    });
    for tiles in state.levels[level].tiles.chunks(passes).filter(|tiles| reaches(tiles)) {
        Tile::store_ln_q_of_all(tiles, &mut state.ln_q[first_row..]);
    }
}

/// Turns rows and their images, by what the rows were drawn with, or not.
#[inline(always)]
fn turn_images<R: Real>(net: &MaskedNet, tile: &mut Tile<R>, blocks: usize, keys: Option<&SpinKeys>) {
    match net.encoding {
        Encoding::Sign => {
            tile.gauge = keys.map_or([R::one(); LANES], |keys| image_signs(net, keys));
            for (gauge, block) in tile.gauge.iter_mut().zip(tile.rows.blocks()) {
                *gauge = if (block as usize) < blocks { *gauge } else { -*gauge };
            }
        }
        Encoding::OneHot { states } => {
            tile.first_colour = keys.map_or([0; LANES], |keys| image_colours(net, keys));
            for (colour, block) in tile.first_colour.iter_mut().zip(tile.rows.blocks()) {
                let image = block as usize / blocks;
                *colour = ((*colour as usize + image) % usize::from(states)) as i8;
            }
        }
        // Colours that share a net have no mixture.
        Encoding::Shared { .. } => {}
    }
}

/// Adds ln q of the spins of an own site, and gives them as the net sees them.
#[inline(always)]
fn read<R: Real>(
    net: &MaskedNet,
    tile: &mut Tile<R>,
    site: usize,
    logits: &Lane<R>,
    spin: Lane<R>,
) -> Lane<R> {
    let fixes_gauge = net.fixes_gauge(site);
    if fixes_gauge {
        tile.gauge = spin;
    }
    std::array::from_fn(|lane| {
        let input = spin[lane] * tile.gauge[lane];
        let logit = if fixes_gauge { R::zero() } else { logits[lane] };
        tile.add_ln_q(lane, -(-input * logit).softplus());
        input
    })
}
