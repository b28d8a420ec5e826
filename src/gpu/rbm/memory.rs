//! Device memory of a machine, and bind groups on it.

use super::kernels::{Kernel, MachineSlot};
use super::task::{Sizes, Task};
use crate::error::Result;
use crate::gpu::pipelines::Pipeline;
use crate::gpu::tasks::TaskDevice;
use crate::gpu::tasks::tile::TILE;
use std::collections::HashMap;
use wgpu::{BindGroup, Buffer};

/// Buffers by what they hold.
pub(super) type Buffers = HashMap<MachineSlot, Buffer>;

/// Arrays and their words.
pub(super) type Wanted = Vec<(MachineSlot, usize)>;

/// Buffers of some rows, with bind groups of the kernels that work on them.
#[derive(Debug)]
pub(super) struct OfRows {
    pub(super) buffers: Buffers,
    bind_groups: HashMap<Kernel, BindGroup>,
}

impl OfRows {
    pub(super) fn new(buffers: Buffers) -> Self {
        Self { buffers, bind_groups: HashMap::new() }
    }

    /// Forgets bind groups, as other buffers have come.
    pub(super) fn unbind(&mut self) {
        self.bind_groups.clear();
    }

    /// The bind group of a kernel on these buffers, and on others where these lack one.
    pub(super) fn bind_group(
        &mut self,
        device: &TaskDevice,
        kernel: Kernel,
        pipeline: &Pipeline,
        others: &Buffers,
    ) -> &BindGroup {
        let buffers = &self.buffers;
        self.bind_groups.entry(kernel).or_insert_with(|| {
            let buffer = |slot: MachineSlot| buffers.get(&slot).unwrap_or_else(|| &others[&slot]);
            let bound = kernel.bindings().into_iter().map(|(slot, _)| (slot as u32, buffer(slot)));
            device.bind_group::<Task>(pipeline, bound)
        })
    }
}

impl Sizes {
    /// Parameters, and what stands for arrays that only learning has.
    pub(super) fn of_machine(&self) -> Wanted {
        use MachineSlot::*;
        let none = [Data, Rows, VisibleParts, HiddenParts].map(|slot| (slot, 1));
        let parameters = [
            (Weights, self.visible_stride * self.hidden_stride),
            (VisibleBias, self.visible_stride),
            (HiddenBias, self.hidden_stride),
        ];
        parameters.into_iter().chain(none).collect()
    }

    /// What learning from so many configurations has beside.
    pub(super) fn of_learning(&self, data: usize, rows: usize) -> Wanted {
        use MachineSlot::*;
        vec![
            (Data, data * self.visible_words),
            (Rows, rows),
            (VisibleParts, self.hidden_words * self.visible_stride),
            (HiddenParts, self.visible_stride / TILE * self.hidden_stride),
        ]
    }

    /// Rows that are drawn, of which so many leave probabilities.
    pub(super) fn of_chains(&self, rows: usize, told: usize) -> Wanted {
        use MachineSlot::*;
        let mut wanted = vec![
            (Chains, rows * self.visible_words),
            (Hidden, rows * self.hidden_words),
            (Probabilities, told * self.hidden_stride),
        ];
        if self.colours > 1 {
            wanted.push((VisibleFields, rows * self.visible_stride));
        }
        wanted
    }

    /// Rows of means.
    pub(super) fn of_means(&self, rows: usize) -> Wanted {
        use MachineSlot::*;
        vec![(VisibleMeans, rows * self.visible_stride), (Probabilities, rows * self.hidden_stride)]
    }

    /// Rows that are evaluated, with so many gains of each.
    pub(super) fn of_evaluation(&self, rows: usize, gains: usize) -> Wanted {
        use MachineSlot::*;
        vec![
            (Chains, rows * self.visible_words),
            (HiddenFields, rows * self.hidden_stride),
            (FreeEnergies, rows * self.hidden_words),
            (Gains, rows * gains),
        ]
    }
}

/// The way out where an array does not fit.
fn way_out(slot: MachineSlot) -> &'static str {
    match slot {
        MachineSlot::Data => "use fewer configurations, or --device cpu",
        MachineSlot::Chains
        | MachineSlot::Hidden
        | MachineSlot::Probabilities
        | MachineSlot::VisibleFields => "use a smaller --batch or fewer --hidden units, or --device cpu",
        MachineSlot::Rows
        | MachineSlot::Weights
        | MachineSlot::VisibleBias
        | MachineSlot::HiddenBias
        | MachineSlot::HiddenFields
        | MachineSlot::VisibleParts
        | MachineSlot::HiddenParts
        | MachineSlot::FreeEnergies
        | MachineSlot::Gains
        | MachineSlot::VisibleMeans => "use fewer --hidden units, or --device cpu",
    }
}

/// Makes buffers of zeros.
///
/// # Errors
/// When one is larger than the device allows, or there is no memory for them.
pub(super) fn make(device: &TaskDevice, sizes: &Sizes, wanted: Wanted) -> Result<Buffers> {
    let of = format!("{} visible numbers and hidden = {}", sizes.visible, sizes.hidden);
    device.buffers(&of, wanted, way_out)
}
