//! Device memory of one model at one batch size.

use super::bindings::Slot;
use super::layout::{Level, Status, Step};
use super::registry::MOMENT_SLICES;
use super::tables::{Tables, jobs};
use super::upload::upload;
use crate::conditional::{Model, Storage};
use crate::error::{Error, Result};
use crate::lattice::quantities;
use crate::schedule::{COLUMNS, JobSize, Loads, QUAD};
use std::collections::HashMap;
use wgpu::{Buffer, BufferBinding, BufferSize, BufferUsages, Device};

/// Distance of levels in the uniform buffer: the default alignment limit.
const UNIFORM_STRIDE: u64 = 256;
const WORD: u64 = 4;

/// All buffers. Those in `levels` exist once per level that has a net.
#[derive(Debug)]
pub(super) struct Buffers {
    shared: HashMap<Slot, Buffer>,
    levels: HashMap<(Slot, usize), Buffer>,
    pub(super) tables: Tables,
    parameter_offsets: Vec<usize>,
    storage: Storage,
}

impl Buffers {
    pub(super) fn new(
        device: &Device,
        name: &str,
        model: &Model,
        batch: usize,
        loads: Loads,
    ) -> Result<Self> {
        let tables = Tables::new(model, batch);
        let sizes = sizes(model, batch, &tables);
        check_limits(device, name, batch, &sizes)?;
        let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let mut buffers = Self {
            shared: HashMap::new(),
            levels: HashMap::new(),
            parameter_offsets: model.levels.iter().map(|level| level.offset).collect(),
            storage: model.storage,
            tables,
        };
        for size in &sizes {
            let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(&format!("{:?}", size.slot)),
                size: size.bytes,
                usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            match size.level {
                Some(level) => buffers.levels.insert((size.slot, level), buffer),
                None => buffers.shared.insert(size.slot, buffer),
            };
        }
        let uploaded = buffers.upload_constants(device, model, batch, loads);
        match pollster::block_on(scope.pop()) {
            None => uploaded
                .map(|()| buffers)
                .map_err(|message| Error::Device { device: name.to_owned(), message }),
            Some(_) => {
                let bytes: u64 = sizes.iter().map(|size| size.bytes).sum();
                let message = format!(
                    "out of memory for {} MiB, {batch} configurations at a time; use a smaller batch or chunk, a smaller \
                     lattice or width, or --device cpu",
                    bytes >> 20
                );
                Err(Error::DeviceLimit { device: name.to_owned(), message })
            }
        }
    }

    fn upload_constants(
        &mut self,
        device: &Device,
        model: &Model,
        batch: usize,
        loads: Loads,
    ) -> Result<(), String> {
        let constant = |label: &str, contents: &[u8], usage| upload(device, label, contents, usage);
        let mut uniforms = vec![0; self.tables.levels.len() * UNIFORM_STRIDE as usize];
        for (index, table) in self.tables.levels.iter().enumerate() {
            let level = Level::new(model, index, batch, table);
            let bytes = bytemuck::bytes_of(&level);
            uniforms[index * UNIFORM_STRIDE as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        let uniform = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
        self.shared.insert(Slot::Level, constant("Level", &uniforms, uniform)?);
        self.shared.insert(Slot::Step, constant("Step", bytemuck::bytes_of(&Step::default()), uniform)?);
        let geometry = bytemuck::cast_slice(&self.tables.geometry);
        self.shared.insert(Slot::Geometry, constant("Geometry", geometry, BufferUsages::STORAGE)?);
        let factors = self.tables.rate_factors();
        let factors = bytemuck::cast_slice(&factors);
        self.shared.insert(Slot::RateFactors, constant("RateFactors", factors, BufferUsages::STORAGE)?);
        for (index, net, _) in model.nets() {
            let jobs = jobs(net, JobSize::of(net, loads));
            let buffer = constant("Jobs", bytemuck::cast_slice(&jobs), BufferUsages::STORAGE)?;
            self.levels.insert((Slot::Jobs, index), buffer);
        }
        Ok(())
    }

    /// A buffer that exists once.
    pub(super) fn shared(&self, slot: Slot) -> &Buffer {
        &self.shared[&slot]
    }

    /// A buffer of one level.
    pub(super) fn of_level(&self, slot: Slot, level: usize) -> &Buffer {
        &self.levels[&(slot, level)]
    }

    /// What a kernel on `level` sees of a slot; without a level, the whole buffer.
    pub(super) fn binding(&self, slot: Slot, level: Option<usize>) -> BufferBinding<'_> {
        let part =
            |buffer, offset: u64, size: u64| BufferBinding { buffer, offset, size: BufferSize::new(size) };
        let Some(index) = level else {
            return self.shared(slot).as_entire_buffer_binding();
        };
        if let Some(buffer) = self.levels.get(&(slot, index)) {
            return buffer.as_entire_buffer_binding();
        }
        let table = &self.tables.levels[index];
        let parameters = table.parameters as u64 * WORD;
        // What a word is to the parameters that nets compute with.
        let (net_parameters, number) = match self.storage {
            Storage::F32 => (Slot::Parameters, WORD),
            Storage::F16 => (Slot::NetParameters, WORD / 2),
        };
        match slot {
            Slot::Level => part(self.shared(slot), index as u64 * UNIFORM_STRIDE, size_of::<Level>() as u64),
            Slot::Parameters | Slot::Gradient => {
                part(self.shared(slot), self.parameter_offsets[index] as u64 * WORD, parameters)
            }
            Slot::NetParameters | Slot::NetQuads => part(
                self.shared(net_parameters),
                self.parameter_offsets[index] as u64 * number,
                table.parameters as u64 * number,
            ),
            Slot::Partials => {
                part(self.shared(slot), table.partials as u64 * WORD, parameters * table.slices as u64)
            }
            _ => self.shared(slot).as_entire_buffer_binding(),
        }
    }
}

struct Size {
    slot: Slot,
    level: Option<usize>,
    bytes: u64,
    /// Whether it grows with the batch.
    batched: bool,
}

fn sizes(model: &Model, batch: usize, tables: &Tables) -> Vec<Size> {
    let rows = model.hierarchy.blocks() * batch;
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
        shared(Slot::Moments, MOMENT_SLICES * COLUMNS * COLUMNS, false),
        shared(Slot::Coefficients, COLUMNS - 1, false),
        shared(Slot::Status, size_of::<Status>() / WORD as usize, false),
        shared(Slot::Spins, model.hierarchy.sites * batch, true),
        shared(Slot::LnQ, rows, true),
        shared(Slot::Reward, rows, true),
        shared(Slot::Advantage, rows, true),
        shared(Slot::Sums, 2 * rows, true),
        shared(Slot::ConfigurationSums, 2 * batch, true),
        shared(Slot::Observables, quantities(model.torus) * batch, true),
    ];
    if model.storage == Storage::F16 {
        sizes.push(shared(Slot::NetParameters, model.parameters.div_ceil(2), false));
    }
    for (level, net, geometry) in model.nets() {
        let stride = (geometry.blocks * batch).next_multiple_of(QUAD);
        let hidden = net.depth * net.units() * stride;
        let kept = match model.storage {
            Storage::F32 => hidden,
            Storage::F16 => hidden.div_ceil(2),
        };
        for (slot, words) in [
            (Slot::Inputs, net.inputs().div_ceil(32) * stride),
            (Slot::Hidden, kept),
            (Slot::Error, hidden),
            (Slot::Logits, net.own * stride),
        ] {
            sizes.push(Size { slot, level: Some(level), bytes: words as u64 * WORD, batched: true });
        }
    }
    sizes
}

/// Bytes of all buffers that `Buffers::new` makes for a model, constants left out.
pub(super) fn total_bytes(model: &Model, batch: usize) -> u64 {
    sizes(model, batch, &Tables::new(model, batch)).iter().map(|size| size.bytes).sum()
}

/// Bytes of the largest of them.
pub(super) fn largest_bytes(model: &Model, batch: usize) -> u64 {
    sizes(model, batch, &Tables::new(model, batch)).iter().map(|size| size.bytes).max().unwrap_or(0)
}

fn check_limits(device: &Device, name: &str, batch: usize, sizes: &[Size]) -> Result<()> {
    let limits = device.limits();
    let limit = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    let Some(largest) = sizes.iter().max_by_key(|size| size.bytes).filter(|size| size.bytes > limit) else {
        return Ok(());
    };
    let fits =
        sizes.iter().filter(|size| size.batched).map(|size| limit / size.bytes.div_ceil(batch as u64)).min();
    let needs =
        format!("a buffer of {} MiB is needed, the device binds {} MiB", largest.bytes >> 20, limit >> 20);
    let fixed = sizes.iter().any(|size| !size.batched && size.bytes > limit);
    let way_out = match fits {
        Some(fits) if fits > 1 && !fixed => format!("use --batch {fits} or less"),
        _ => "use a smaller lattice or width, or --device cpu".to_owned(),
    };
    Err(Error::DeviceLimit { device: name.to_owned(), message: format!("{needs}; {way_out}") })
}
