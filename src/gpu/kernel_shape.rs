//! What is left open of how kernels are spread over a device: capabilities suggest it, measuring may know better.

use super::Gpu;
use crate::conditional::MaskedNet;
use crate::error::{Error, Result};
use crate::kernels::{BACKWARD_UNITS, BoxShape, JobSize, Kernel, LaneRows, Loads, QUAD, STAGED, Shape};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How some kernels of a level are spread over a device. All but those of the forward pass give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelShape {
    /// `sample_level` and `evaluate_level`.
    Forward(Shape),
    /// Sums over exact boxes.
    Boxes(BoxShape),
    /// Rows that a lane of `backward_hidden` works on, 1 or 4.
    HiddenRows(usize),
    /// Part of a matrix's gradient that a workgroup of `backward_weights` computes.
    WeightParts(JobSize),
}

impl KernelShape {
    /// The kernels of a level that show what it is worth.
    pub(super) fn kernels(self, level: usize, depth: usize) -> Vec<Kernel> {
        match self {
            Self::Forward(_) => vec![Kernel::SampleLevel { level }],
            Self::Boxes(_) => vec![Kernel::BoxFreeEnergy { level }],
            Self::HiddenRows(_) => {
                (0..depth).rev().map(|layer| Kernel::BackwardHidden { level, layer }).collect()
            }
            Self::WeightParts(_) => vec![Kernel::BackwardWeights { level }],
        }
    }
}

impl fmt::Display for KernelShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(Shape::Lane { group, rows }) => write!(f, "lane, sites {group}, rows {rows}"),
            Self::Forward(Shape::Tile { rows, lanes }) => write!(f, "tile, lanes {lanes}, rows {rows}"),
            Self::Boxes(shape) => write!(f, "boxes by {}", shape.name()),
            Self::HiddenRows(rows) => write!(f, "rows {rows}"),
            Self::WeightParts(JobSize { sources, units, logits }) => {
                write!(f, "parts of {sources} by {units} units or {logits} logits")
            }
        }
    }
}

/// What was chosen for a level; what was not is what capabilities suggest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chosen {
    pub(super) forward: Option<Shape>,
    pub(super) hidden_rows: Option<usize>,
    pub(super) weight_parts: Option<JobSize>,
}

impl Gpu {
    /// Spreads kernels of a level in another way, one of [`Gpu::kernel_shapes`].
    ///
    /// # Errors
    /// When the device fails.
    pub fn use_kernel_shape(&mut self, level: usize, shape: KernelShape) -> Result<()> {
        if let (KernelShape::WeightParts(size), Some(net)) =
            (shape, self.model.levels[level].conditional.net())
        {
            let made = self.buffers.make_jobs(&self.device, level, net, size);
            made.map_err(|message| self.failed(message))?;
        }
        let chosen = self.chosen.entry(level).or_default();
        match shape {
            KernelShape::Forward(shape) => chosen.forward = Some(shape),
            // There is one level of them.
            KernelShape::Boxes(shape) => self.sums = shape,
            KernelShape::HiddenRows(rows) => chosen.hidden_rows = Some(rows),
            KernelShape::WeightParts(size) => chosen.weight_parts = Some(size),
        }
        self.commands.clear();
        Ok(())
    }

    /// Ways in which kernels of a level could be spread, by what they are of; the first of each is the one that capabilities suggest.
    ///
    /// # Errors
    /// When the device can take no shape of the level's net.
    pub fn kernel_shapes(&self, level: usize) -> Result<Vec<Vec<KernelShape>>> {
        let geometry = &self.model.hierarchy.levels[level];
        let conditional = &self.model.levels[level].conditional;
        if let Some(layers) = conditional.exact_box() {
            let expected = BoxShape::choose(self.loads, self.exchange, layers, self.model.boxes_by_group());
            // Shapes that keep states in registers take slow compilers half a minute.
            let slow = self.at_once < STAGED;
            let all = if slow { Vec::new() } else { self.box_shapes() };
            return Ok(vec![expected_first(expected, all).map(KernelShape::Boxes).collect()]);
        }
        let Some(net) = conditional.net() else { return Ok(Vec::new()) };
        let expected = self.expected_forward_shape(level, net)?;
        let all = Shape::candidates(self.is_software(), geometry.blocks, self.batch, net);
        let forward = expected_first(expected, all).map(KernelShape::Forward).collect();
        let (rows, parts) = match self.loads {
            Loads::Own if net.has_patches() => (vec![1, QUAD], Vec::new()),
            Loads::Own => (vec![1, QUAD], vec![JobSize::SQUARE, JobSize::LARGE]),
            // Fixed by the batch and the net.
            Loads::Shared => Default::default(),
        };
        let rows =
            expected_first(self.expected_hidden_rows(level), rows).map(KernelShape::HiddenRows).collect();
        let parts =
            expected_first(JobSize::of(net, self.loads), parts).map(KernelShape::WeightParts).collect();
        Ok(vec![forward, rows, parts])
    }
}

/// What kernels get.
impl Gpu {
    /// The shape of the forward pass on a level; any where there is no net.
    pub(super) fn shape(&self, level: Option<usize>) -> Result<Shape> {
        let net = level.and_then(|level| Some((level, self.model.levels[level].conditional.net()?)));
        let (Some((level, net)), None) = (net, self.shape) else {
            return Ok(self.shape.unwrap_or(Shape::lane(self.model.options.width.of(0))));
        };
        let chosen = self.chosen.get(&level).and_then(|chosen| chosen.forward);
        chosen.map_or_else(|| self.expected_forward_shape(level, net), Ok)
    }

    /// Rows that a lane of a kernel works on.
    pub(super) fn lane_rows(&self, kernel: Kernel, shape: Shape) -> usize {
        match kernel.description().lane_rows() {
            None => 1,
            Some(LaneRows::Forward) => shape.lane_rows(self.loads, self.batch),
            Some(LaneRows::Hidden) => {
                let level = kernel.place().level;
                let chosen = self.chosen.get(&level).and_then(|chosen| chosen.hidden_rows);
                chosen.unwrap_or_else(|| self.expected_hidden_rows(level))
            }
            Some(LaneRows::Batch) => self.loads.lane_rows(self.batch),
        }
    }

    /// Part of the gradient of a level's matrices that a workgroup computes; any where there is no net.
    pub(super) fn weight_parts(&self, level: Option<usize>) -> JobSize {
        let net = level.and_then(|level| Some((level, self.model.levels[level].conditional.net()?)));
        let Some((level, net)) = net else { return JobSize::SQUARE };
        let chosen = self.chosen.get(&level).and_then(|chosen| chosen.weight_parts);
        chosen.unwrap_or_else(|| JobSize::of(net, self.loads))
    }

    fn expected_forward_shape(&self, level: usize, net: &MaskedNet) -> Result<Shape> {
        let geometry = &self.model.hierarchy.levels[level];
        Shape::choose(self.is_software(), geometry.blocks, self.batch, net).ok_or_else(|| {
            Error::DeviceLimit {
                device: self.name.clone(),
                limit: format!(
                    "this driver ends loops too early for the net of a {geometry} at width {}",
                    net.width
                ),
                way_out: "use --device cpu, or a smaller lattice or width".to_owned(),
            }
        })
    }

    fn expected_hidden_rows(&self, level: usize) -> usize {
        let rows = self.model.hierarchy.levels[level].net_blocks() * self.batch;
        let net = self.model.levels[level].conditional.net();
        let packets = net.map_or(0, |net| net.units().div_ceil(BACKWARD_UNITS));
        self.loads.backward_lane_rows(self.batch, rows, packets)
    }
}

/// `expected`, then all others.
fn expected_first<T: PartialEq + Copy>(expected: T, all: Vec<T>) -> impl Iterator<Item = T> {
    std::iter::once(expected).chain(all.into_iter().filter(move |shape| *shape != expected))
}
