//! Sizes of a model's buffers, and whether a device can hold and bind them.

use super::layout::Status;
use super::packed_spins::words;
use super::tables::Tables;
use super::windows::{NET_BINDINGS, SPLIT_BUFFERS, Window};
use crate::conditional::{Head, Model, PairHead, Storage};
use crate::kernels::{COLUMNS, MOMENT_SLICES, QUAD, Slot};
use crate::lattice::Observables;
use crate::memory::readable;
use crate::mps::Scratch;
use wgpu::Limits;

/// Bytes of a number that is not kept in 16 bits.
pub(super) const WORD: u64 = 4;
const SMALLER: &str = "use a smaller lattice or width, or --device cpu";

/// A buffer that is made empty.
pub(super) struct Size {
    pub(super) slot: Slot,
    /// Whose it is, if every level has one.
    pub(super) level: Option<usize>,
    pub(super) bytes: u64,
    /// Whether it grows with the batch.
    batched: bool,
}

impl Size {
    /// Whether no kernel binds the whole of it.
    fn is_bound_in_parts(&self) -> bool {
        use Slot::*;
        matches!(self.slot, Parameters | NetParameters | FirstMoment | SecondMoment | Gradient | Partials)
    }
}

/// All buffers but constants.
pub(super) fn sizes(model: &Model, batch: usize, tables: &Tables) -> Vec<Size> {
    let (rows, sites) = (model.hierarchy.blocks() * batch, model.hierarchy.sites);
    let most_rows = model.nets().map(|(_, _, level)| level.net_blocks() * batch).max().unwrap_or(0);
    let shared =
        // No buffer is empty, whatever the model lacks.
        |slot, words: usize, batched| Size { slot, level: None, bytes: words.max(1) as u64 * WORD, batched };
    let mut sizes = vec![
        shared(Slot::Parameters, model.parameters, false),
        shared(Slot::FirstMoment, model.parameters, false),
        shared(Slot::SecondMoment, model.parameters, false),
        shared(Slot::Gradient, model.parameters, false),
        shared(Slot::Partials, tables.partials, false),
        shared(Slot::Norms, tables.norms, false),
        shared(Slot::Baseline, 1, false),
        shared(Slot::Regressors, COLUMNS * most_rows.next_multiple_of(QUAD), true),
        shared(Slot::Moments, MOMENT_SLICES * COLUMNS * COLUMNS, false),
        shared(Slot::Coefficients, COLUMNS - 1, false),
        shared(Slot::Status, size_of::<Status>() / WORD as usize, false),
        // Unpacked in whole quads.
        shared(Slot::Spins, (sites * batch).next_multiple_of(QUAD), true),
        shared(Slot::PackedSpins, words(model.system.spins, sites * batch), true),
        shared(Slot::LnQ, rows, true),
        shared(Slot::Reward, rows, true),
        shared(Slot::Advantage, rows, true),
        shared(Slot::Sums, 2 * rows, true),
        shared(Slot::ConfigurationSums, 2 * batch, true),
        shared(Slot::Betas, batch, true),
        shared(Slot::Observables, Observables::sums_per_configuration(model.system.lattice) * batch, true),
    ];
    if model.storage == Storage::F16 {
        sizes.push(shared(Slot::NetParameters, model.parameters.div_ceil(2), false));
    }
    let exact = if model.pair_head().is_some_and(|pairs| pairs.head == Head::Cw) {
        sites * (sites + 1) / 2
    } else {
        0
    };
    sizes.push(shared(Slot::ExactLogits, exact, false));
    let corrected = model.pair_head().filter(|pairs| pairs.has_corrections()).map_or(0, PairHead::pairs);
    let corrections = (corrected * batch.next_multiple_of(QUAD)).max(QUAD);
    sizes.push(shared(Slot::Corrections, corrections, true));
    for (level, pairs) in
        model.levels.iter().enumerate().filter_map(|(k, level)| Some((k, level.conditional.pair_head()?)))
    {
        let bytes = (pairs.sites * batch.next_multiple_of(QUAD)) as u64 * WORD;
        sizes.push(Size { slot: Slot::Logits, level: Some(level), bytes, batched: true });
    }
    let environments = model.levels.iter().zip(&model.hierarchy.levels).filter_map(|(level, geometry)| {
        let scratch = Scratch::of_level(model, &level.conditional)?;
        Some(scratch.workers(geometry.blocks * batch) * scratch.words())
    });
    sizes.push(shared(Slot::Environments, environments.sum(), true));
    for (level, net, geometry) in model.nets() {
        let stride = (geometry.net_blocks() * batch).next_multiple_of(QUAD);
        let hidden = net.depth * net.units() * stride;
        let kept = match model.storage {
            Storage::F32 => hidden,
            Storage::F16 => hidden.div_ceil(2),
        };
        for (slot, words) in [
            (Slot::Inputs, net.input_numbers().div_ceil(32) * stride),
            (Slot::Hidden, kept),
            (Slot::Error, hidden),
            (Slot::Logits, net.logits() * stride),
        ] {
            sizes.push(Size { slot, level: Some(level), bytes: words as u64 * WORD, batched: true });
        }
    }
    sizes
}

/// Bytes of all buffers that `Buffers::new` makes for a model, constants left out.
pub(super) fn total_bytes(model: &Model, batch: usize) -> u64 {
    unlimited_sizes(model, batch).iter().map(|size| size.bytes).sum()
}

/// Bytes of the largest of them.
pub(super) fn largest_bytes(model: &Model, batch: usize) -> u64 {
    unlimited_sizes(model, batch).iter().map(|size| size.bytes).max().unwrap_or(0)
}

/// Bytes of the largest binding, if none is to be in parts.
pub(super) fn largest_binding_bytes(model: &Model, batch: usize) -> u64 {
    let tables = Tables::new(model, batch, Window::UNLIMITED);
    let sizes = sizes(model, batch, &tables);
    let whole = sizes.iter().filter(|size| !size.is_bound_in_parts()).map(|size| size.bytes);
    let of_levels = tables.levels.iter().map(|level| (level.parameters * level.slices) as u64 * WORD);
    whole.chain(of_levels).max().unwrap_or(0)
}

fn unlimited_sizes(model: &Model, batch: usize) -> Vec<Size> {
    sizes(model, batch, &Tables::new(model, batch, Window::UNLIMITED))
}

/// A limit of a device with the size that goes beyond it, and the way out.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) limit: String,
    pub(super) way_out: String,
}

/// Whether a device can hold and bind a model.
pub(super) fn check(limits: &Limits, model: &Model, batch: usize, tables: &Tables) -> Result<(), Unfit> {
    check_sizes(limits, batch, &sizes(model, batch, tables))?;
    check_nets(limits, model, tables)
}

fn check_sizes(limits: &Limits, batch: usize, sizes: &[Size]) -> Result<(), Unfit> {
    let limit = |size: &Size| match size.is_bound_in_parts() {
        true => limits.max_buffer_size,
        false => limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
    };
    let too_large = || sizes.iter().filter(|size| size.bytes > limit(size));
    let Some(largest) = too_large().max_by_key(|size| size.bytes) else {
        return Ok(());
    };
    let fits = sizes
        .iter()
        .filter(|size| size.batched)
        .map(|size| limit(size) / size.bytes.div_ceil(batch as u64))
        .min();
    let way_out = match fits {
        Some(fits) if fits > 1 && too_large().all(|size| size.batched) => {
            format!("use --batch {fits} or less")
        }
        _ => SMALLER.to_owned(),
    };
    let [needed, offered] = [largest.bytes, limit(largest)].map(readable);
    Err(Unfit { limit: format!("a buffer of {needed} is needed, the device allows {offered}"), way_out })
}

fn check_nets(limits: &Limits, model: &Model, tables: &Tables) -> Result<(), Unfit> {
    let unfit = |limit: String| Err(Unfit { limit, way_out: SMALLER.to_owned() });
    let window = Window::of(limits);
    let size = |parameters: usize| readable(parameters as u64 * WORD);
    for (level, _, geometry) in model.nets() {
        let parameters = tables.levels[level].parameters;
        let what = format!("the net of a {geometry}");
        if window.parts(parameters) > NET_BINDINGS {
            let [needed, offered] = [parameters, NET_BINDINGS * window.parameters()].map(size);
            return unfit(format!("{what} has {needed} of parameters, the device binds {offered}"));
        }
        let buffers = limits.max_storage_buffers_per_shader_stage;
        if window.splits(parameters) && buffers < SPLIT_BUFFERS {
            let [needed, offered] = [parameters, window.parameters()].map(size);
            return unfit(format!(
                "{what} has {needed} of parameters, the device binds {offered} at a time and {buffers} buffers, of which \
                 {SPLIT_BUFFERS} are needed then"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_and_what_is_there_never_read_the_same() {
        let size = Size { slot: Slot::LnQ, level: None, bytes: 4096, batched: true };
        let limits = Limits { max_storage_buffer_binding_size: 1000, ..Limits::default() };
        let Unfit { limit, way_out } = check_sizes(&limits, 64, &[size]).unwrap_err();
        assert!(limit.contains("4 KiB is needed") && limit.contains("allows 1000 bytes"), "{limit}");
        assert!(way_out.contains("--batch 15"), "{way_out}");
    }
}
