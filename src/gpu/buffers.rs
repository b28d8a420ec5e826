//! Device memory of one model at one batch size.

use super::layout::{Level, Step};
use super::scopes::Scopes;
use super::sizes::{Unfit, WORD, check, sizes};
use super::tables::Tables;
use super::upload::upload;
use super::windows::{NET_BINDINGS, Window};
use super::{AdapterKind, devices};
use crate::conditional::{MaskedNet, Model, Storage};
use crate::error::{Error, Result};
use crate::kernels::{JobSize, Kernel, LANES, Loads, Slot, jobs};
use crate::lattice::Adjacency;
use crate::memory;
use std::collections::HashMap;
use std::ops::Range;
use wgpu::{Buffer, BufferBinding, BufferSize, BufferUsages, Device, ErrorFilter};

/// Distance of levels in the uniform buffer: the default alignment limit.
const UNIFORM_STRIDE: u64 = 256;

/// Bytes that drivers take from the same memory to compile for the CPU.
const SOFTWARE_COMPILER: u64 = 128 << 20;

/// All buffers. Those in `levels` exist once per level that has a net.
#[derive(Debug)]
pub(super) struct Buffers {
    shared: HashMap<Slot, Buffer>,
    levels: HashMap<(Slot, usize), Buffer>,
    pub(super) tables: Tables,
    parameters: usize,
    parameter_offsets: Vec<usize>,
    storage: Storage,
    window: Window,
}

impl Buffers {
    pub(super) fn new(
        device: &Device,
        name: &str,
        model: &Model,
        batch: usize,
        loads: Loads,
    ) -> Result<Self> {
        let limits = device.limits();
        let window = Window::of(&limits);
        let tables = Tables::new(model, batch, window);
        let sizes = sizes(model, batch, &tables);
        check(&limits, model, batch, &tables).map_err(|Unfit { limit, way_out }| Error::DeviceLimit {
            device: name.to_owned(),
            limit,
            way_out,
        })?;
        let scopes = Scopes::open(device, &[ErrorFilter::OutOfMemory]);
        let mut buffers = Self {
            shared: HashMap::new(),
            levels: HashMap::new(),
            parameters: model.parameters,
            parameter_offsets: model.levels.iter().map(|level| level.offset).collect(),
            storage: model.storage,
            window,
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
        buffers.try_headroom(device);
        match scopes.close() {
            None => uploaded
                .map(|()| buffers)
                .map_err(|message| Error::Device { device: name.to_owned(), message }),
            Some(_) => {
                let bytes: u64 = sizes.iter().map(|size| size.bytes).sum();
                let limit = format!(
                    "out of memory for {}, {batch} configurations at a time",
                    memory::readable(bytes)
                );
                let way_out =
                    "use a smaller batch or chunk, a smaller lattice or width, or --device cpu".to_owned();
                Err(Error::DeviceLimit { device: name.to_owned(), limit, way_out })
            }
        }
    }

    /// Takes for a moment what later reads and the driver's compiler will take, so that a state that leaves no room for them is
    /// refused at once and not at the first checkpoint. Lack of memory is told to the error scope.
    fn try_headroom(&self, device: &Device) {
        let read = self.shared(Slot::Parameters).size().max(self.shared(Slot::Spins).size());
        let software = devices::kind(device.adapter_info().device_type) == AdapterKind::Software;
        drop(device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("headroom"),
            size: if software { read + SOFTWARE_COMPILER } else { read },
            usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        }));
    }

    fn upload_constants(
        &mut self,
        device: &Device,
        model: &Model,
        batch: usize,
        loads: Loads,
    ) -> Result<(), String> {
        let constant = |label: &str, contents: &[u8], usage| upload(device, label, contents, usage);
        let levels = self.tables.levels.len();
        let mut uniforms = vec![0; levels * (1 + NET_BINDINGS) * UNIFORM_STRIDE as usize];
        for (index, table) in self.tables.levels.iter().enumerate() {
            let level = Level::new(model, index, batch, table);
            let parts = (0..NET_BINDINGS).map(|part| level.part(self.window.part(table.parameters, part)));
            for (place, level) in [level].into_iter().chain(parts).enumerate() {
                let bytes = bytemuck::bytes_of(&level);
                let start = (place * levels + index) * UNIFORM_STRIDE as usize;
                uniforms[start..][..bytes.len()].copy_from_slice(bytes);
            }
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
            self.make_jobs(device, index, net, JobSize::of(net, loads))?;
        }
        Ok(())
    }

    /// Cuts the gradient of a level's matrices into parts.
    pub(super) fn make_jobs(
        &mut self,
        device: &Device,
        level: usize,
        net: &MaskedNet,
        size: JobSize,
    ) -> Result<(), String> {
        let jobs = jobs(net, size);
        let buffer = upload(device, "Jobs", bytemuck::cast_slice(&jobs), BufferUsages::STORAGE)?;
        self.levels.insert((Slot::Jobs, level), buffer);
        Ok(())
    }

    /// Uploads the table of all bonds, which only replicas need.
    pub(super) fn make_bonds(&mut self, device: &Device, model: &Model) -> Result<(), String> {
        if self.shared.contains_key(&Slot::Bonds) {
            return Ok(());
        }
        let adjacency = Adjacency::new(&model.system);
        let of_site = |site: usize| {
            let bonds = adjacency.bonds_of(site).flat_map(|(neighbour, weight)| [neighbour as i32, weight]);
            [adjacency.site_weight(site)].into_iter().chain(bonds)
        };
        let table: Vec<i32> = (0..model.hierarchy.sites).flat_map(of_site).collect();
        let buffer = upload(device, "Bonds", bytemuck::cast_slice(&table), BufferUsages::STORAGE)?;
        self.shared.insert(Slot::Bonds, buffer);
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

    /// Whether a kernel's nets see their parameters at two bindings.
    pub(super) fn splits(&self, kernel: Kernel) -> bool {
        kernel.level().is_some_and(|level| self.window.splits(self.tables.levels[level].parameters))
    }

    /// Parameters up to which the first of two bindings reaches.
    pub(super) fn window(&self) -> usize {
        self.window.parameters()
    }

    /// Dispatches that a kernel needs, one for each part of what it goes through.
    pub(super) fn parts(&self, kernel: Kernel) -> usize {
        if kernel.description().in_parts { self.window.parts(self.parameters_under(kernel)) } else { 1 }
    }

    /// Parameters of the kernel's level, or of all.
    fn parameters_under(&self, kernel: Kernel) -> usize {
        kernel.level().map_or(self.parameters, |level| self.tables.levels[level].parameters)
    }

    /// One part of the parameters that a kernel is about, counted from its level's first.
    pub(super) fn part(&self, kernel: Kernel, part: usize) -> Range<usize> {
        self.window.part(self.parameters_under(kernel), part)
    }

    /// What a kernel sees of a slot in one of its dispatches.
    pub(super) fn binding(&self, slot: Slot, kernel: Kernel, part: usize) -> BufferBinding<'_> {
        if let Some(buffer) = kernel.level().and_then(|level| self.levels.get(&(slot, level))) {
            return buffer.as_entire_buffer_binding();
        }
        let numbers = self.part(kernel, part);
        match slot {
            Slot::Level => self.level_uniform(kernel, part),
            Slot::Parameters | Slot::Gradient | Slot::FirstMoment | Slot::SecondMoment => {
                self.parameters_of(slot, WORD, kernel, numbers)
            }
            Slot::RateFactors => {
                bound(self.shared(slot), 2 * WORD, numbers.start / LANES..numbers.end / LANES)
            }
            Slot::NetParameters | Slot::NetQuads => self.net_parameters_of(kernel, numbers),
            Slot::NetParametersUpper => self.net_parameters_of(kernel, self.part(kernel, 1)),
            Slot::Partials => self.partials_of(kernel, numbers),
            Slot::PartialsUpper => self.partials_of(kernel, self.part(kernel, 1)),
            _ => self.shared(slot).as_entire_buffer_binding(),
        }
    }

    fn level_uniform(&self, kernel: Kernel, part: usize) -> BufferBinding<'_> {
        let place = if self.parts(kernel) > 1 { 1 + part } else { 0 };
        let at = place * self.tables.levels.len() + kernel.level().unwrap_or(0);
        BufferBinding {
            buffer: self.shared(Slot::Level),
            offset: at as u64 * UNIFORM_STRIDE,
            size: BufferSize::new(size_of::<Level>() as u64),
        }
    }

    fn parameters_of(
        &self,
        slot: Slot,
        bytes: u64,
        kernel: Kernel,
        numbers: Range<usize>,
    ) -> BufferBinding<'_> {
        let first = kernel.level().map_or(0, |level| self.parameter_offsets[level]);
        bound(self.shared(slot), bytes, first + numbers.start..first + numbers.end)
    }

    fn net_parameters_of(&self, kernel: Kernel, numbers: Range<usize>) -> BufferBinding<'_> {
        match self.storage {
            Storage::F32 => self.parameters_of(Slot::Parameters, WORD, kernel, numbers),
            Storage::F16 => self.parameters_of(Slot::NetParameters, WORD / 2, kernel, numbers),
        }
    }

    /// Where there are several parts, there is one slice.
    fn partials_of(&self, kernel: Kernel, numbers: Range<usize>) -> BufferBinding<'_> {
        let table = kernel.level().map(|level| &self.tables.levels[level]);
        let (first, slices) = table.map_or((0, 1), |table| (table.partials, table.slices));
        let start = first + numbers.start;
        bound(self.shared(Slot::Partials), WORD, start..start + numbers.len() * slices)
    }
}

/// A range of a buffer's numbers.
fn bound(buffer: &Buffer, bytes: u64, numbers: Range<usize>) -> BufferBinding<'_> {
    let size = BufferSize::new(numbers.len() as u64 * bytes);
    BufferBinding { buffer, offset: numbers.start as u64 * bytes, size }
}
