//! How a level's forward pass is spread over a GPU.

use crate::conditional::{Encoding, MaskedNet, PATCH, Weights};
use serde::{Deserialize, Serialize};

/// Lanes of a workgroup, where nothing else is said.
pub(crate) const LANES: usize = 64;
/// Lanes of a workgroup of the tile shape where few rows would leave a graphics card idle.
const WIDE: usize = 256;
/// Lanes of kernels that reduce a whole array in one workgroup.
pub(crate) const REDUCING_LANES: usize = 256;
/// Sources staged in workgroup memory at a time, in the tile shape: those of a patch of weights, which is there or not.
pub(crate) const STAGED: usize = PATCH;

/// Most sources and targets of one part of a gradient: those of a patch.
const JOB_SIDE: usize = PATCH;
/// The same of a graphics card's larger parts, which do twice as many products with every number that they read.
const LARGE_JOB_SIDE: usize = 64;
/// Hidden units of a layer from which larger parts are enough to keep a graphics card busy.
const MANY_UNITS: usize = 512;

/// Lanes that share loads, sums or squares: those of a subgroup, at least.
pub(crate) const SHARING_LANES: usize = 8;

/// Lanes that keep a GPU busy.
const MANY_LANES: usize = 256 * LANES;
/// Workgroups of the tile shape below which its lanes wait for memory with nobody else to go on meanwhile.
const FEW_WORKGROUPS: usize = 1024;
/// Rows that lie side by side in a vector, and that a lane takes together where it takes several: what is loaded once serves all
/// of them. Units of arrays over rows start at multiples of it.
pub(crate) const QUAD: usize = 4;
/// Turns that all loops of one invocation may take together on Mesa's software driver, less a reserve for those not
/// counted here; after 65,535 it ends them, without a word.
pub(crate) const SOFTWARE_TURNS: usize = 60_000;
/// Turns up to which drivers unroll loops of a constant number of them.
const UNROLLED: usize = 32;
/// How much longer than expected the loops of a shape may be that is tried.
const LONGER: usize = 4;
/// Sources per turn of the tile shape's products where compilers take long for more.
pub(crate) const SOURCES_PER_TURN: usize = 8;

/// Kernel shape of `sample_level` and `evaluate_level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Rows over lanes: for software adapters, and for levels with many rows.
    Lane {
        /// Sites fixed together in registers.
        group: usize,
        /// Rows of a lane on a graphics card, 1 or 4: see [`Loads`] for software adapters.
        rows: usize,
    },
    /// Lanes over hidden groups, a few rows per workgroup: for levels with few rows.
    Tile {
        /// Rows that share each weight load.
        rows: usize,
        /// Lanes of a workgroup: hidden groups that are computed side by side.
        lanes: usize,
    },
}

/// Through what lanes of a workgroup exchange values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// Workgroup memory and barriers: everywhere.
    Workgroup,
    /// Subgroups of at least 8 lanes, where a device offers them.
    Subgroup,
}

impl Exchange {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Workgroup => "workgroup",
            Self::Subgroup => "subgroup",
        }
    }
}

/// Who loads weights that all lanes need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loads {
    /// Every lane, or one for all through workgroup memory: on graphics cards, and where subgroups are small or not to be had.
    Own,
    /// The lanes of a subgroup, each another one, for all of it: on software adapters, where a load costs as much as many products.
    Shared,
}

impl Loads {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Shared => "shared",
        }
    }

    /// Rows that a lane works on, where a kernel leaves that open: four configurations of a block on software adapters, if those
    /// of a batch come in fours.
    pub(crate) fn lane_rows(self, batch: usize) -> usize {
        if self == Self::Shared && batch.is_multiple_of(QUAD) { QUAD } else { 1 }
    }

    /// The same in `backward_hidden`, where lanes are spread over `packets` of units too, and rows need not be of one block.
    pub(crate) fn backward_lane_rows(self, batch: usize, rows: usize, packets: usize) -> usize {
        match self {
            Self::Own if rows / QUAD * packets >= MANY_LANES => QUAD,
            _ => self.lane_rows(batch),
        }
    }

    /// Lanes that compute one part of a gradient in `backward_weights`.
    pub(crate) fn weight_lanes(self) -> usize {
        match self {
            Self::Own => LANES,
            Self::Shared => SHARING_LANES,
        }
    }
}

/// Part of the gradient of one matrix that a workgroup of `backward_weights` computes, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JobSize {
    /// Sources, the bias among them.
    pub sources: usize,
    /// Targets that are hidden units.
    pub units: usize,
    /// Targets that are logits.
    pub logits: usize,
}

impl JobSize {
    /// 32 by 32.
    pub const SQUARE: Self = Self { sources: JOB_SIDE, units: JOB_SIDE, logits: JOB_SIDE };
    /// 64 by 64, for nets of many units.
    pub const LARGE: Self = Self { sources: LARGE_JOB_SIDE, units: LARGE_JOB_SIDE, logits: LARGE_JOB_SIDE };

    /// For a net: no larger than it needs where lanes of a subgroup share a part, in packets of theirs; elsewhere a square.
    pub fn of(net: &MaskedNet, loads: Loads) -> Self {
        let even = |count: usize| count.div_ceil(count.div_ceil(JOB_SIDE)).next_multiple_of(SHARING_LANES);
        match loads {
            // Parts are the patches that are there or not.
            _ if net.has_patches() => Self::SQUARE,
            Loads::Own if net.units() >= MANY_UNITS => Self::LARGE,
            Loads::Own => Self::SQUARE,
            Loads::Shared => {
                Self { sources: even(net.units() + 1), units: even(net.units()), logits: even(net.logits()) }
            }
        }
    }
}

impl Shape {
    /// Rows over lanes, with about 16 values of hidden state in registers.
    pub fn lane(width: usize) -> Self {
        Self::Lane { group: (16 / width).max(1), rows: 1 }
    }

    /// Four rows per lane, with about 16 values of hidden state for each in registers, or 8 where there are as many logits or several
    /// layers: a lane of a card has 255 registers.
    pub fn quad_lane(width: usize, depth: usize) -> Self {
        let units = if width == 1 || depth > 1 { 8 } else { 16 };
        Self::Lane { group: (units / width).max(1), rows: QUAD }
    }

    /// Lanes over hidden groups, with 8 to 16 values of hidden state per lane and layer.
    pub fn tile(width: usize) -> Self {
        Self::Tile { rows: tile_rows(width), lanes: LANES }
    }

    /// The same with more lanes, for levels of few rows and many sites.
    pub fn wide_tile(width: usize) -> Self {
        Self::Tile { rows: tile_rows(width), lanes: WIDE }
    }

    /// All shapes of nets of a width: 8 to 32 values of hidden state per lane and row, 1 to 8 rows per workgroup.
    pub fn all(width: usize) -> Vec<Self> {
        let lane = |(units, rows): (usize, usize)| Self::Lane { group: (units / width).max(1), rows };
        let mut lanes: Vec<_> = [(8, 1), (16, 1), (32, 1), (8, QUAD), (16, QUAD)].map(lane).to_vec();
        lanes.dedup();
        let tiles = [LANES, WIDE].map(|lanes| [1, 2, 4, 8].map(|rows| Self::Tile { rows, lanes }));
        lanes.into_iter().chain(tiles.into_iter().flatten()).collect()
    }

    /// Those that are worth a trial for a level of `blocks` blocks in each of `batch` configurations. Much longer loops than the
    /// expected shape has are not: a graphics card that is busy with one dispatch for seconds may be reset by its system.
    pub fn candidates(software: bool, blocks: usize, batch: usize, net: &MaskedNet) -> Vec<Self> {
        let Some(expected) = Self::choose(software, blocks, batch, net) else { return Vec::new() };
        if net.encoding != Encoding::Sign {
            let all = Self::all_of_colours(net).into_iter();
            let fits = |shape: &Self| !software || shape.turns(net) <= SOFTWARE_TURNS;
            let differs = |shape: &Self| match shape {
                Self::Lane { rows, .. } => *rows == 1 || !software && batch.is_multiple_of(QUAD),
                Self::Tile { .. } => false,
            };
            return all.filter(differs).filter(fits).collect();
        }
        let most = match software {
            true => SOFTWARE_TURNS.min(LONGER * expected.turns(net)),
            false => LONGER * expected.turns(net).max(Self::tile(net.width).turns(net)),
        };
        let wide = !software || matches!(expected, Self::Tile { lanes: WIDE, .. });
        let differs = |shape: &Self| match shape {
            Self::Lane { rows, .. } => *rows == 1 || !software && batch.is_multiple_of(QUAD),
            Self::Tile { lanes, .. } => *lanes == LANES || wide && net.inputs() >= WIDE,
        };
        let all = Self::all(net.width).into_iter().filter(differs);
        all.filter(|shape| shape.turns(net) <= most).collect()
    }

    /// The shape for a level of `blocks` blocks in each of `batch` configurations; none if its net is too large for a software
    /// adapter.
    pub fn choose(software: bool, blocks: usize, batch: usize, net: &MaskedNet) -> Option<Self> {
        if net.encoding != Encoding::Sign {
            return Self::choose_of_colours(software, blocks * batch, batch, net);
        }
        let (lane, tile) = (Self::lane(net.width), Self::tile(net.width));
        if software {
            // Half the sites together where that is all there are: what is computed of others is lost.
            let small = Self::Lane { group: (8 / net.width).max(1), rows: 1 };
            let lane = if net.own * net.width <= 8 { small } else { lane };
            let narrow = [LANES, WIDE].map(|lanes| Self::Tile { rows: 1, lanes });
            return [lane, tile].into_iter().chain(narrow).find(|shape| shape.turns(net) <= SOFTWARE_TURNS);
        }
        Some(match blocks * batch {
            rows if rows / QUAD >= MANY_LANES && batch.is_multiple_of(QUAD) => {
                Self::quad_lane(net.width, net.depth)
            }
            rows if rows >= MANY_LANES => lane,
            rows if tile.workgroups(Loads::Own, rows, 1) < FEW_WORKGROUPS && net.inputs() >= WIDE => {
                Self::wide_tile(net.width)
            }
            _ => tile,
        })
    }

    /// The same for colours, which have rows over lanes.
    fn choose_of_colours(software: bool, rows: usize, batch: usize, net: &MaskedNet) -> Option<Self> {
        let many = !software && rows / QUAD >= MANY_LANES && batch.is_multiple_of(QUAD);
        let shapes = [16, 8].map(|values| Self::lane_of_colours(net, values, if many { QUAD } else { 1 }));
        shapes.into_iter().find(|shape| !software || shape.turns(net) <= SOFTWARE_TURNS)
    }

    /// Rows over lanes, with about so many values of hidden state, and no more logits, in registers.
    fn lane_of_colours(net: &MaskedNet, values: usize, rows: usize) -> Self {
        Self::Lane { group: (values / net.width.max(net.encoding.numbers())).max(1), rows }
    }

    /// All shapes of nets of colours.
    pub fn all_of_colours(net: &MaskedNet) -> Vec<Self> {
        let mut shapes: Vec<_> = [(8, 1), (16, 1), (32, 1), (8, QUAD), (16, QUAD)]
            .map(|(values, rows)| Self::lane_of_colours(net, values, rows))
            .to_vec();
        shapes.dedup();
        shapes
    }

    /// Rows that a lane works on.
    pub(crate) fn lane_rows(self, loads: Loads, batch: usize) -> usize {
        match self {
            Self::Lane { rows: QUAD, .. } if batch.is_multiple_of(QUAD) => QUAD,
            _ => loads.lane_rows(batch),
        }
    }

    /// Lanes of a workgroup: few on software adapters where each has several rows, so that all cores get some.
    pub(crate) fn lanes(self, loads: Loads, lane_rows: usize) -> usize {
        match (self, loads) {
            (Self::Lane { .. }, Loads::Shared) if lane_rows > 1 => SHARING_LANES,
            (Self::Lane { .. }, _) => LANES,
            (Self::Tile { lanes, .. }, _) => lanes,
        }
    }

    /// Workgroups for a level of `rows` rows.
    pub(crate) fn workgroups(self, loads: Loads, rows: usize, lane_rows: usize) -> usize {
        match self {
            Self::Lane { .. } => rows.div_ceil(lane_rows * self.lanes(loads, lane_rows)),
            Self::Tile { rows: tile, .. } => rows.div_ceil(tile),
        }
    }

    /// About how many turns the loops of one invocation take together, those left out that drivers unroll.
    fn turns(self, net: &MaskedNet) -> usize {
        let matrices = || net.weights();
        let of_sources =
            |weights: &Weights, known: usize| self.product_turns(net, known * weights.source_width);
        let border_passes = match self {
            Self::Lane { group, .. } => net.border.div_ceil(group),
            Self::Tile { lanes, .. } => net.border.div_ceil(lanes),
        };
        let border: usize =
            net.layers.iter().map(|weights| border_passes * of_sources(weights, net.border)).sum();
        let group = match self {
            Self::Lane { group, .. } => group,
            Self::Tile { lanes, .. } => lanes,
        };
        let own = (0..net.own).step_by(group).map(|first| {
            let products: usize = matrices().map(|weights| of_sources(weights, net.border + first)).sum();
            products + group.min(net.own - first) * self.site_turns(net)
        });
        border + own.sum::<usize>() + 2 * net.inputs()
    }

    /// Turns of one product over `sources` sources.
    fn product_turns(self, net: &MaskedNet, sources: usize) -> usize {
        match self {
            Self::Lane { group, .. } => {
                sources.div_ceil(4) * rolled(group * net.width.max(net.encoding.numbers()))
                    + sources.div_ceil(32)
            }
            Self::Tile { rows, lanes } => {
                let values = net.width * rows;
                let of_source = if values <= UNROLLED { 0 } else { values };
                let turns = STAGED / SOURCES_PER_TURN * (1 + SOURCES_PER_TURN * of_source);
                let chunk = 1 + (STAGED * rows).div_ceil(lanes) + turns;
                sources.div_ceil(STAGED) * chunk
            }
        }
    }

    /// Turns of fixing one site.
    fn site_turns(self, net: &MaskedNet) -> usize {
        match self {
            // Its activations are pushed to what sees them in the group, and its spin.
            Self::Lane { group, .. } => {
                let numbers = net.encoding.numbers();
                let of_inputs = numbers * (group * net.width + group * numbers);
                net.depth * net.width * (group * net.width + 1) + of_inputs
            }
            // As seen of Mesa 22.3 where the limit cuts.
            Self::Tile { .. } => net.depth * (3 + 3 * net.width).max(1 + rolled(net.width * net.width)) + 3,
        }
    }
}

/// Rows of a tile: 1, 2, 4 or 8.
fn tile_rows(width: usize) -> usize {
    1 << (16 / width).clamp(1, 8).ilog2()
}

/// Turns that are left of a loop of a constant number of them.
fn rolled(turns: usize) -> usize {
    if turns <= UNROLLED { 1 } else { turns }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::Gauge;

    fn square(side: usize, width: usize) -> MaskedNet {
        MaskedNet::new(4 * side - 4, 2 * side - 3, width, 1, true, Gauge::Border)
    }

    fn deep(side: usize, width: usize) -> MaskedNet {
        MaskedNet { depth: 3, ..square(side, width) }
    }

    #[test]
    fn software_adapters_get_the_tile_shape_where_loops_would_be_cut_and_nothing_beyond() {
        assert_eq!(Shape::choose(true, 4, 1, &square(64, 1)), Some(Shape::lane(1)));
        assert!(matches!(Shape::choose(true, 4, 1, &square(256, 1)), Some(Shape::Tile { .. })));
        assert!(matches!(Shape::choose(true, 4, 1, &square(512, 1)), Some(Shape::Tile { .. })));
        assert_eq!(Shape::choose(true, 1, 4, &square(512, 4)), Some(Shape::Tile { rows: 1, lanes: WIDE }));
        assert_eq!(Shape::choose(true, 4, 1, &square(1024, 4)), None);
    }

    #[test]
    fn shapes_that_would_hold_up_a_graphics_card_are_not_tried() {
        let few_rows = Shape::candidates(false, 4, 1, &square(1024, 4));
        assert!(few_rows.iter().all(|shape| matches!(shape, Shape::Tile { .. })), "{few_rows:?}");
        assert!(few_rows.len() > 1 && few_rows.contains(&Shape::wide_tile(4)), "{few_rows:?}");
        let many_rows = Shape::candidates(false, 1 << 10, 1 << 10, &square(8, 1));
        let expected = [Shape::lane(1), Shape::quad_lane(1, 1), Shape::tile(1)];
        assert!(expected.iter().all(|shape| many_rows.contains(shape)), "{many_rows:?}");
    }

    #[test]
    fn graphics_cards_get_a_lane_for_one_row_or_four_where_there_are_many_and_more_lanes_where_few() {
        assert_eq!(Shape::choose(false, 1 << 10, 1 << 10, &square(8, 1)), Some(Shape::quad_lane(1, 1)));
        assert_eq!(
            Shape::choose(false, 1 << 10, 1 << 10, &deep(8, 4)),
            Some(Shape::Lane { group: 2, rows: QUAD })
        );
        assert_eq!(Shape::choose(false, 1 << 10, 1 << 5, &square(8, 1)), Some(Shape::lane(1)));
        assert_eq!(Shape::choose(false, 1, 512, &square(1024, 4)), Some(Shape::wide_tile(4)));
        assert_eq!(Shape::choose(false, 1, 8192, &square(1024, 4)), Some(Shape::tile(4)));
        assert_eq!(Shape::choose(false, 4, 512, &square(32, 4)), Some(Shape::tile(4)));
    }

    #[test]
    fn what_is_expected_is_among_what_is_tried() {
        for (width, batch) in
            (1..=64).flat_map(|width| [1, 64, 1023, 1024, 1 << 16].map(|batch| (width, batch)))
        {
            for (side, net) in [4, 16, 64, 512]
                .map(|side| (side, square(side, width)))
                .into_iter()
                .chain([(8, deep(8, width))])
            {
                let blocks = 1024 / side;
                let expected = Shape::choose(false, blocks, batch, &net).unwrap();
                let tried = Shape::candidates(false, blocks, batch, &net);
                assert!(
                    tried.contains(&expected),
                    "{expected:?} at width {width}, side {side}, batch {batch}"
                );
                assert!(Shape::all(width).contains(&expected));
            }
        }
    }

    #[test]
    fn lanes_only_take_four_rows_where_a_batch_has_them() {
        let quad = Shape::quad_lane(2, 1);
        assert_eq!([256, 254].map(|batch| quad.lane_rows(Loads::Own, batch)), [4, 1]);
        let odd = Shape::candidates(false, 1 << 10, 1023, &square(8, 2));
        assert!(!odd.contains(&quad) && odd.contains(&Shape::lane(2)), "{odd:?}");
        assert!(!Shape::candidates(true, 1 << 10, 1024, &square(8, 2)).contains(&quad));
    }
}
