//! Axes along which shaders are specialised, and what is chosen on each of them.

use super::box_shape::BoxShape;
use super::description::Place;
use super::shape::{Exchange, JobSize, Loads, Shape};
use crate::conditional::{Encoding, Head, NetOptions, Storage};
use crate::lattice::{Lattice, Spins};

/// How a kernel's work is done on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    /// Of the forward pass.
    pub(crate) shape: Shape,
    /// The shape of sums over exact boxes.
    pub(crate) sums: BoxShape,
    /// Of drawing them.
    pub(crate) drawing: BoxShape,
    /// Who loads weights.
    pub(crate) loads: Loads,
    /// Through what lanes exchange values.
    pub(crate) exchange: Exchange,
    /// Of hidden state and of what nets compute with.
    pub(crate) storage: Storage,
    /// Of the weights' gradient.
    pub(crate) job: JobSize,
    /// Rows that a lane works on, where a kernel leaves that open: 1 or 4.
    pub(crate) lane_rows: usize,
    /// Sources of the tile shape whose weights are loaded together: 8 or 32.
    pub(crate) at_once: usize,
    /// Lanes that share the sum over the slices of a parameter, a power of two.
    pub(crate) slice_lanes: usize,
    /// Whether bonds and sites have weights of their own.
    pub(crate) is_weighted: bool,
    /// The spins of all sites.
    pub(crate) spins: Spins,
    /// Parameters at the first of two bindings, where one does not hold those of a level.
    pub(crate) window: Option<usize>,
}

/// Everything that a specialisation of a kernel depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) lattice: Lattice,
    pub(crate) options: NetOptions,
    pub(crate) variant: Variant,
    pub(crate) place: Place,
}

/// An axis of variants: a placeholder in the `#include` lines of a shader and of its includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    /// `$SHAPE`, that of the forward pass.
    ForwardShape,
    /// `$SHAPE`, that of sums over exact boxes.
    BoxShape,
    /// `$SHAPE`, that of drawing exact boxes.
    BoxDrawingShape,
    /// `$LOADS`: who loads weights.
    Loads,
    /// `$EXCHANGE`: through what lanes exchange values.
    Exchange,
    /// `$ROWS`: how many rows a lane has.
    Rows(LaneRows),
    /// `$UNITS`: how many units' weights a load has.
    Units,
    /// `$PARTS`: whether one binding holds a level's parameters. Kernels that see parameters of nets have this axis.
    Parts,
    /// `$STORAGE`: what nets are kept in.
    Storage,
    /// `$PATCHES`: whether hidden matrices lack patches.
    Patches,
    /// `$SPINS`: whether a site has a sign or a colour.
    Spins,
    /// `$ENCODING`: how spins stand for inputs and logits of nets.
    Encoding,
    /// `$COUPLINGS`: whether bonds and sites have weights of their own.
    Couplings,
    /// `$FIELDS`: whether fields on later sites are corrected for one another.
    Fields,
    /// `$HEAD`: what turns the fields on sites that are all neighbours into logits.
    Head,
}

/// What decides how many rows a lane works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneRows {
    /// The shape of the forward pass.
    Forward,
    /// A choice of its own, since lanes are spread over units too.
    Hidden,
    /// Who loads weights, and the batch.
    Batch,
}

impl Axis {
    /// Its name in shaders.
    pub(crate) fn placeholder(self) -> &'static str {
        match self {
            Self::ForwardShape | Self::BoxShape | Self::BoxDrawingShape => "$SHAPE",
            Self::Loads => "$LOADS",
            Self::Exchange => "$EXCHANGE",
            Self::Rows(_) => "$ROWS",
            Self::Units => "$UNITS",
            Self::Parts => "$PARTS",
            Self::Storage => "$STORAGE",
            Self::Patches => "$PATCHES",
            Self::Spins => "$SPINS",
            Self::Encoding => "$ENCODING",
            Self::Couplings => "$COUPLINGS",
            Self::Fields => "$FIELDS",
            Self::Head => "$HEAD",
        }
    }

    /// What stands in the placeholder's place.
    pub(crate) fn value(self, choice: &Choice) -> &'static str {
        let Choice { options, variant, place, .. } = choice;
        match self {
            Self::ForwardShape => match variant.shape {
                Shape::Lane { .. } => "lane",
                Shape::Tile { .. } => "tile",
            },
            Self::BoxShape => variant.sums.name(),
            Self::BoxDrawingShape => variant.drawing.name(),
            Self::Loads => variant.loads.name(),
            Self::Exchange => variant.exchange.name(),
            Self::Rows(decided) => match (decided, variant.shape, variant.lane_rows) {
                // A tile's rows are those of a workgroup.
                (LaneRows::Forward, Shape::Tile { .. }, _) | (_, _, 1) => "one",
                _ => "four",
            },
            Self::Units => {
                let whole_quads = variant.window.is_none() && options.width.of(place.level).is_multiple_of(4);
                if variant.loads == Loads::Own && whole_quads { "four" } else { "one" }
            }
            Self::Parts => match variant.window {
                None => "whole",
                Some(_) => "split",
            },
            Self::Storage => match variant.storage {
                Storage::F32 => "f32",
                Storage::F16 => "f16",
            },
            Self::Spins => variant.spins.model().name(),
            Self::Encoding => Encoding::of(variant.spins, options.colours).name(),
            Self::Couplings => match variant.is_weighted {
                false => "uniform",
                true => "each",
            },
            Self::Fields => match options.head {
                Head::Tap => "corrected",
                Head::None
                | Head::Cw
                | Head::CwInfinite
                | Head::OneParameter
                | Head::Linear
                | Head::Sk0
                | Head::Sk1
                | Head::Sk2 => "free",
            },
            Self::Head => match options.head {
                Head::Cw => "cw",
                Head::CwInfinite => "cw_infinite",
                Head::OneParameter => "one_parameter",
                Head::Linear => "linear",
                // Networks of other kinds run no kernel that has this axis; its text is valid all the same.
                Head::None | Head::Sk0 | Head::Sk1 | Head::Sk2 => "sk",
                Head::Tap => "tap",
            },
            Self::Patches => {
                if options.reach == 0 {
                    "all"
                } else {
                    "near"
                }
            }
        }
    }
}
