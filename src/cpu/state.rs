//! Everything the backend remembers between kernels.

use super::pair_tables::PairTables;
use super::pairs::PairTile;
use super::rows::Rows;
use super::tile::{Lane, Lanes, Tile, lanes};
use super::transfer::Transfer;
use super::{CHUNK, LANES, Real};
use crate::backend::Tensor;
use crate::conditional::{Conditional, MaskedNet, Model};
use crate::kernels::{COLUMNS, Inputs};
use crate::lattice::Observables;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most partial gradients per level; fixed, so that sums do not depend on the number of threads.
const MAX_PARTIALS: usize = 16;

/// Parts of a level's moments; fixed for the same reason.
pub(crate) const MOMENT_PARTS: usize = 64;

/// What the twin of a kernel gets, besides its numbers.
#[derive(Debug)]
pub(crate) struct Call<'a, R> {
    pub(crate) model: &'a Model,
    pub(crate) state: &'a mut State<R>,
    pub(crate) inputs: &'a Inputs,
}

/// State arrays, layouts as documented at [`Tensor`].
#[derive(Debug)]
pub(crate) struct State<R> {
    pub(crate) batch: usize,
    /// `[site][batch]`.
    pub(crate) spins: Vec<i8>,
    pub(crate) parameters: Vec<R>,
    pub(crate) first_moment: Vec<R>,
    pub(crate) second_moment: Vec<R>,
    pub(crate) gradient: Vec<R>,
    pub(crate) ln_q: Vec<R>,
    pub(crate) reward: Vec<R>,
    pub(crate) advantage: Vec<R>,
    /// `[batch]`.
    pub(crate) betas: Vec<R>,
    /// `[blocks][batch]`: bond sum and spin sum of own bonds and sites.
    pub(crate) sums: Vec<[i32; 2]>,
    pub(crate) configuration_sums: Vec<[i32; 2]>,
    /// As in [`Observables`](crate::lattice::Observables).
    pub(crate) observables: Vec<i32>,
    pub(crate) baseline: R,
    pub(crate) gradient_norm: R,
    pub(crate) first_bad_step: Option<u32>,
    /// Sums of squares of parts of the gradient.
    pub(crate) norms: Vec<R>,
    /// `[lanes of rows][COLUMNS]` of the level at hand: regressors of its rewards.
    pub(crate) regressors: Vec<[Lane<R>; COLUMNS]>,
    /// `[MOMENT_PARTS][COLUMNS][COLUMNS]`: moments of a level over parts of its rows.
    pub(crate) moment_parts: Vec<[f64; COLUMNS * COLUMNS]>,
    /// Work space for exact boxes, one for each thread; none where there are none.
    pub(crate) boxes: Vec<Mutex<Transfer<R>>>,
    /// Tables that heads over pairs of sites have beside their parameters.
    pub(crate) pair_tables: PairTables<R>,
    /// Per level; empty for levels without a net.
    pub(crate) levels: Vec<LevelState<R>>,
}

/// What sampling a level leaves behind for backward.
#[derive(Debug)]
pub(crate) struct LevelState<R> {
    /// First of the level's blocks in per-block arrays.
    pub(crate) first_block: usize,
    pub(crate) blocks: usize,
    pub(crate) images: usize,
    /// In order of their rows.
    pub(crate) tiles: Vec<Tile<R>>,
    /// The same of a head over pairs of sites.
    pub(crate) pair_tiles: Vec<PairTile<R>>,
    /// Each covers an equal number of consecutive tiles.
    pub(crate) partials: Vec<Partial<R>>,
    /// `[COLUMNS][COLUMNS]`, upper triangle: sums of products for the regression of rewards.
    pub(crate) moments: Vec<f64>,
    /// `[COLUMNS - 1]`: its coefficients.
    pub(crate) coefficients: Vec<f64>,
}

/// Gradient of a level's net over some of its tiles.
#[derive(Debug)]
pub(crate) struct Partial<R> {
    /// `[parameters]` of the level.
    pub(crate) gradient: Vec<R>,
    /// `[units]`: gradient with respect to the pre-activations of the tile and layer at hand; of a head over pairs the numbers of the pair at hand.
    pub(crate) errors: Lanes<R>,
}

impl<R: Real> Partial<R> {
    fn new(conditional: &Conditional) -> Self {
        let of_pairs = conditional.pair_head().map_or(0, PairTile::<R>::scratch);
        let units = conditional.net().map_or(of_pairs, MaskedNet::units);
        Self { gradient: vec![R::zero(); conditional.parameters()], errors: lanes(units, R::zero()) }
    }
}

impl<R: Real> State<R> {
    pub(crate) fn new(model: &Model, batch: usize) -> Self {
        let per_block = model.hierarchy.blocks() * batch;
        let zeros = |length: usize| vec![R::zero(); length];
        let levels = model.levels.iter().enumerate().map(|(k, description)| {
            let geometry = &model.hierarchy.levels[k];
            let conditional = &description.conditional;
            let rows = || Rows::all(geometry.net_blocks(), batch);
            let of_net = |net: &MaskedNet| -> Vec<_> {
                match net.encoding.passes() {
                    1 => rows().map(|rows| Tile::new(net, rows)).collect(),
                    // Tiles of all passes over the same rows stand side by side.
                    passes => Rows::all(geometry.blocks, batch)
                        .flat_map(|rows| (0..passes).map(move |pass| rows.of_image(pass, geometry.blocks)))
                        .map(|rows| Tile::new(net, rows))
                        .collect(),
                }
            };
            let tiles: Vec<_> = conditional.net().map_or(Vec::new(), of_net);
            let pair_tile = |head| rows().map(move |rows| PairTile::new(head, geometry.is_weighted(), rows));
            let pair_tiles: Vec<_> = conditional.pair_head().into_iter().flat_map(pair_tile).collect();
            let count = tiles.len() + pair_tiles.len();
            let partials = if count == 0 { 0 } else { count.div_ceil(count.div_ceil(MAX_PARTIALS)) };
            let partials = (0..partials).map(|_| Partial::new(conditional)).collect();
            LevelState {
                first_block: model.hierarchy.blocks_before(k),
                blocks: geometry.blocks,
                images: geometry.images,
                tiles,
                pair_tiles,
                partials,
                moments: vec![0.0; COLUMNS * COLUMNS],
                coefficients: vec![0.0; COLUMNS - 1],
            }
        });
        Self {
            batch,
            spins: vec![0; model.hierarchy.sites * batch],
            parameters: zeros(model.parameters),
            first_moment: zeros(model.parameters),
            second_moment: zeros(model.parameters),
            gradient: zeros(model.parameters),
            ln_q: zeros(per_block),
            reward: zeros(per_block),
            advantage: zeros(per_block),
            betas: zeros(batch),
            sums: vec![[0; 2]; per_block],
            configuration_sums: vec![[0; 2]; batch],
            observables: vec![0; Observables::sums_per_configuration(model.system.lattice) * batch],
            baseline: R::zero(),
            gradient_norm: R::zero(),
            first_bad_step: None,
            norms: zeros(model.parameters.div_ceil(CHUNK)),
            regressors: vec![[[R::zero(); LANES]; COLUMNS]; regressed(model, batch)],
            moment_parts: vec![[0.0; COLUMNS * COLUMNS]; MOMENT_PARTS],
            boxes: boxes(model),
            pair_tables: PairTables::new(model),
            levels: levels.collect(),
        }
    }

    /// The work space for exact boxes of the thread at hand.
    pub(crate) fn box_sum(boxes: &[Mutex<Transfer<R>>]) -> MutexGuard<'_, Transfer<R>> {
        let thread = rayon::current_thread_index().unwrap_or(0) % boxes.len();
        // What a thread that panicked left there is overwritten.
        boxes[thread].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tensor(&self, tensor: Tensor) -> &[R] {
        match tensor {
            Tensor::Parameters => &self.parameters,
            Tensor::FirstMoment => &self.first_moment,
            Tensor::SecondMoment => &self.second_moment,
            Tensor::Gradient => &self.gradient,
            Tensor::LnQ => &self.ln_q,
            Tensor::Reward => &self.reward,
            Tensor::Advantage => &self.advantage,
            Tensor::Betas => &self.betas,
        }
    }

    pub(crate) fn tensor_mut(&mut self, tensor: Tensor) -> &mut [R] {
        match tensor {
            Tensor::Parameters => &mut self.parameters,
            Tensor::FirstMoment => &mut self.first_moment,
            Tensor::SecondMoment => &mut self.second_moment,
            Tensor::Gradient => &mut self.gradient,
            Tensor::LnQ => &mut self.ln_q,
            Tensor::Reward => &mut self.reward,
            Tensor::Advantage => &mut self.advantage,
            Tensor::Betas => &mut self.betas,
        }
    }
}

fn boxes<R: Real>(model: &Model) -> Vec<Mutex<Transfer<R>>> {
    let levels = model.levels.iter().zip(&model.hierarchy.levels);
    let exact = levels.filter_map(|(level, geometry)| Some((level.conditional.exact_box()?, geometry)));
    let of_level = |(layers, geometry)| {
        (0..rayon::current_num_threads())
            .map(move |_| Mutex::new(Transfer::new(model.system.spins, layers, geometry)))
    };
    exact.flat_map(of_level).collect()
}

/// Lanes of rows that the largest level with a net has.
fn regressed(model: &Model, batch: usize) -> usize {
    model.nets().map(|(_, _, level)| (level.blocks * batch).div_ceil(LANES)).max().unwrap_or(0)
}

/// Bytes of the state.
pub(crate) fn bytes<R>(model: &Model, batch: usize) -> u64 {
    let per_block = model.hierarchy.blocks() * batch;
    let per_level = model.nets().map(|(_, net, level)| {
        let tiles = match net.encoding.passes() {
            1 => (level.net_blocks() * batch).div_ceil(LANES),
            passes => passes * (level.blocks * batch).div_ceil(LANES),
        };
        let lanes = net.input_numbers() + net.logits() + 3 * net.depth * net.units();
        let partials = tiles.min(MAX_PARTIALS) * (net.parameters() + LANES * net.units());
        tiles * (LANES * lanes * size_of::<R>() + size_of::<Tile<R>>()) + partials * size_of::<R>()
    });
    let of_pairs = model.pair_head().map_or(0, |head| {
        let tiles = batch.div_ceil(LANES);
        let rows = tiles
            * (LANES * PairTile::<f32>::values_per_row(head) * size_of::<R>() + size_of::<PairTile<R>>());
        rows + tiles.min(MAX_PARTIALS) * head.parameters() * size_of::<R>()
    });
    // Parameters, moments and gradient; ln q, reward and advantage; temperatures; regressors.
    let values = 4 * model.parameters + 3 * per_block + batch + regressed(model, batch) * LANES * COLUMNS;
    let integers = 2 * per_block + (2 + Observables::sums_per_configuration(model.system.lattice)) * batch;
    let spins = model.hierarchy.sites * batch;
    (values * size_of::<R>() + integers * size_of::<i32>() + spins + per_level.sum::<usize>() + of_pairs)
        as u64
}

impl<R> LevelState<R> {
    /// The level's part of a per-block array.
    pub(crate) fn rows(&self, batch: usize) -> std::ops::Range<usize> {
        self.first_block * batch..(self.first_block + self.blocks) * batch
    }

    /// As [`LevelState::rows`], images included.
    pub(crate) fn net_rows(&self, batch: usize) -> std::ops::Range<usize> {
        self.first_block * batch..(self.first_block + self.blocks * self.images) * batch
    }

    /// Tiles that one partial gradient covers.
    pub(crate) fn tiles_per_partial(&self) -> usize {
        (self.tiles.len() + self.pair_tiles.len()).div_ceil(self.partials.len())
    }
}
