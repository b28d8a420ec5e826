//! The GPU backend: hand-written WGSL kernels on wgpu (Vulkan, Metal, DX12).
//!
//! What a kernel needs is made once (`commands.rs`); a step re-encodes it into one compute pass.

mod adapter_memory;
mod backend;
mod buffers;
mod commands;
mod dense;
mod devices;
mod faults;
mod flow;
mod grid;
mod kernel_shape;
mod layout;
mod names;
mod packed_spins;
mod pipeline_cache;
mod pipelines;
mod rates;
mod rbm;
mod readback;
mod registry;
mod scopes;
mod sizes;
mod tables;
mod tasks;
mod timestamps;
mod tuning;
mod upload;
mod windows;

// What the tests compare with the shaders by reflection; no part of the API.
#[doc(hidden)]
pub use crate::kernels::{Access, Job, Slot};
#[doc(hidden)]
pub use layout::{Level, Matrix, Status, Step};
#[doc(hidden)]
pub use registry::{Specialisation, all_specialisations};

pub(crate) use adapter_memory::budget;
pub use dense::GpuDense;
#[doc(hidden)]
pub use dense::{DenseSlot, DenseTask, Units, dense_bindings};
pub use devices::{AdapterDescription, AdapterKind, list, request, select};
pub(crate) use devices::{Selected, select_named, setting_of_local_rank};
pub use flow::GpuFlow;
#[doc(hidden)]
pub use flow::{FlowSlot, FlowTask, flow_bindings};
pub use kernel_shape::KernelShape;
pub use rbm::GpuLearner;
#[doc(hidden)]
pub use rbm::{MachineSlot, Task, machine_bindings};

use crate::backend::{Snapshot, Tensor};
use crate::conditional::{Head, Model, Storage, exact_logits};
use crate::error::{Error, Result};
use crate::kernels::{BoxShape, Exchange, Inputs, Kernel, Loads, QUAD, SOFTWARE_TURNS, STAGED, Shape};
use crate::mps::Scratch;
use crate::pace::Pace;
use buffers::Buffers;
use commands::Command;
use faults::Faults;
use grid::fold;
use kernel_shape::Chosen;
use pipeline_cache::CacheFile;
use pipelines::Pipelines;
pub(crate) use readback::{Arrays, Arrival};
use readback::{Look, Snapshots};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use upload::upload;
use wgpu::{Buffer, BufferUsages, CommandEncoder, Device, PollType, Queue, SubmissionIndex};

/// Submissions under way at most: enough to keep the device busy, few enough that it stays responsive.
const IN_FLIGHT: usize = 16;
/// The same where configurations are given, two for each batch of them: their copies on the way take memory.
const UPLOADS_IN_FLIGHT: usize = 4;

/// Largest lattice on software adapters: Mesa's ends all loops of an invocation after 65,535 turns together.
const MAX_SOFTWARE_SIDE: u32 = 512;

/// The GPU backend.
#[derive(Debug)]
pub struct Gpu {
    model: Arc<Model>,
    batch: usize,
    name: String,
    /// The text that a run records.
    setting: String,
    device: Device,
    queue: Queue,
    buffers: Buffers,
    pipelines: Pipelines,
    commands: HashMap<Kernel, Command>,
    /// Forces one shape for all levels, for tests and measurements.
    shape: Option<Shape>,
    loads: Loads,
    exchange: Exchange,
    sums: BoxShape,
    drawing: BoxShape,
    /// Sources of the tile shape whose weights are loaded together.
    at_once: usize,
    /// Kernel shapes of levels, where they do not follow from capabilities.
    chosen: HashMap<usize, Chosen>,
    /// Inverse temperature of the exact logits on the device.
    exact_beta: f64,
    snapshots: Snapshots,
    /// Snapshots of samples that an embedded engine weighs, beside those of its steps.
    weights: Snapshots,
    faults: Faults,
    in_flight: VecDeque<SubmissionIndex>,
    dispatches: usize,
    pace: Pace,
}

impl Gpu {
    /// On a device of this machine, as [`select`] finds it. Errors that the driver reports later end the run.
    ///
    /// # Errors
    /// When the driver refuses a device, or the model does not fit it.
    pub fn open(adapter: &wgpu::Adapter, model: Arc<Model>, batch: usize) -> Result<Self> {
        let (device, queue) = request(adapter)?;
        let faults = Faults::of(&device);
        let mut gpu = Self { faults, ..Self::new(&device, &queue, model, batch)? };
        gpu.pipelines.cache = CacheFile::open(adapter, &device).map(Arc::new);
        gpu.check()?;
        Ok(gpu)
    }

    /// As [`Gpu::open`], for a run that records which adapter it was.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub(crate) fn open_selected(selected: &Selected, model: Arc<Model>, batch: usize) -> Result<Self> {
        Ok(Self { setting: selected.setting.clone(), ..Self::open(&selected.adapter, model, batch)? })
    }

    /// On the caller's device, which may be made with `wgpu::Limits::default()` and no features.
    ///
    /// # Errors
    /// When the model does not fit the device's limits.
    pub fn new(device: &Device, queue: &Queue, model: Arc<Model>, batch: usize) -> Result<Self> {
        let info = device.adapter_info();
        // Browsers keep the name of the card to themselves.
        let name = match info.name.as_str() {
            "" => info.backend.to_string(),
            name => format!("{name} ({})", info.backend),
        };
        let software = devices::kind(info.device_type) == AdapterKind::Software;
        if software && model.system.lattice.side() > MAX_SOFTWARE_SIDE {
            let side = model.system.lattice.side();
            let limit = format!("this driver ends loops too early for lattices of side {side}");
            return Err(Error::DeviceLimit { device: name, limit, way_out: "use --device cpu".to_owned() });
        }
        if model.is_for_the_cpu() {
            let limit =
                "exact boxes of side 16, and tensor networks of more than 16 states, run on the CPU alone";
            let way_out = "use smaller ones, or --device cpu".to_owned();
            return Err(Error::DeviceLimit { device: name, limit: limit.to_owned(), way_out });
        }
        if model.storage == Storage::F16 && !device.features().contains(wgpu::Features::SHADER_F16) {
            let limit = "this device offers no 16-bit floats".to_owned();
            let way_out = "use storage = \"f32\", or --device cpu for a network that is trained".to_owned();
            return Err(Error::DeviceLimit { device: name, limit, way_out });
        }
        let (loads, exchange) = (devices::loads(device), devices::exchange(device));
        let sums = BoxShape::choose(loads, exchange, model.exact_box(), model.boxes_by_group());
        let buffers = Buffers::new(device, &name, &model, batch, loads)?;
        let slice_rows = model.learning().map(|(level, _)| buffers.tables.levels[level].slice_rows).max();
        if software && slice_rows.is_some_and(|rows| rows > SOFTWARE_TURNS) {
            let limit = format!("this driver ends loops too early for {batch} configurations");
            return Err(Error::DeviceLimit {
                device: name,
                limit,
                way_out: "use a smaller batch".to_owned(),
            });
        }
        let turns = model.levels.iter().zip(&model.hierarchy.levels).filter_map(|(level, geometry)| {
            Some(Scratch::of_level(&model, &level.conditional)?.turns(geometry.blocks * batch))
        });
        if software && turns.max().is_some_and(|turns| turns > SOFTWARE_TURNS) {
            let limit = "this driver ends loops too early for such boxes of a tensor network".to_owned();
            return Err(Error::DeviceLimit { device: name, limit, way_out: "use --device cpu".to_owned() });
        }
        let gpu = Self {
            model,
            batch,
            name,
            setting: info.name,
            device: device.clone(),
            queue: queue.clone(),
            buffers,
            pipelines: Pipelines::default(),
            commands: HashMap::new(),
            shape: None,
            loads,
            exchange,
            sums,
            drawing: sums.drawing(),
            at_once: devices::at_once(device),
            chosen: HashMap::new(),
            exact_beta: f64::NAN,
            snapshots: Snapshots::default(),
            weights: Snapshots::default(),
            faults: Faults::default(),
            in_flight: VecDeque::new(),
            dispatches: 0,
            pace: Pace::FULL,
        };
        // A net that no shape can take is refused here, before a run is begun.
        for level in 0..gpu.model.levels.len() {
            gpu.shape(Some(level))?;
        }
        Ok(gpu)
    }

    /// Another network on the same device. Both share compiled pipelines: kernels that they have in common are compiled once.
    ///
    /// # Errors
    /// When the model does not fit the device's limits.
    pub fn sharing(&self, model: Arc<Model>, batch: usize) -> Result<Self> {
        let gpu = Self::new(&self.device, &self.queue, model, batch)?;
        let (setting, faults, pipelines) =
            (self.setting.clone(), self.faults.clone(), self.pipelines.clone());
        Ok(Self { setting, faults, pipelines, ..gpu })
    }

    /// Uses one kernel shape for the forward pass of every level, instead of choosing by the number of rows.
    pub fn force_shape(&mut self, shape: Shape) {
        self.shape = Some(shape);
        self.commands.clear();
    }

    /// Uses a kernel shape for sums over exact boxes and for drawing them, one of [`Gpu::box_shapes`], instead of the one that fits the
    /// device.
    pub fn force_box_shape(&mut self, shape: BoxShape) {
        self.sums = shape;
        self.drawing = shape.drawing();
        self.commands.clear();
    }

    /// Loads weights in the tile shape as on a graphics card, also on a software adapter, whose compiler takes long for it.
    pub fn load_all_at_once(&mut self) {
        self.at_once = STAGED;
        self.commands.clear();
    }

    /// Shapes of sums over exact boxes that the device can have.
    pub fn box_shapes(&self) -> Vec<BoxShape> {
        BoxShape::all(self.exchange, self.model.exact_box(), self.model.boxes_by_group())
    }

    /// The device it runs on.
    pub fn wgpu_device(&self) -> &Device {
        &self.device
    }

    /// Dispatches encoded so far.
    pub fn dispatches(&self) -> usize {
        self.dispatches
    }

    /// `[own][rows]`: logits that the last forward pass over a level left behind.
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When the level has no net.
    pub fn logits(&self, level: usize) -> Result<Vec<f64>> {
        let values: Vec<f32> = self.read_buffer(self.buffers.of_level(Slot::Logits, level))?;
        let rows = self.model.hierarchy.levels[level].net_blocks() * self.batch;
        let of_sites = values.chunks(rows.next_multiple_of(QUAD));
        Ok(of_sites.flat_map(|logits| &logits[..rows]).map(|&logit| f64::from(logit)).collect())
    }

    /// Device memory of a model at a batch size, in bytes.
    pub fn memory(model: &Model, batch: usize) -> u64 {
        sizes::total_bytes(model, batch)
    }

    /// The largest buffer of a model at a batch size, in bytes.
    pub fn largest_buffer(model: &Model, batch: usize) -> u64 {
        sizes::largest_bytes(model, batch)
    }

    /// The largest binding that its kernels like to have, in bytes. Those of parameters may be half as large where a device has nine
    /// storage buffers for a shader.
    pub fn largest_binding(model: &Model, batch: usize) -> u64 {
        sizes::largest_binding_bytes(model, batch)
    }

    /// Records kernels into an encoder of somebody else. Their inputs travel with the encoder, so that any number of
    /// recordings can be submitted together.
    pub(crate) fn record(
        &mut self,
        encoder: &mut CommandEncoder,
        kernels: &[Kernel],
        inputs: &Inputs,
    ) -> Result<()> {
        self.prepare_all(kernels)?;
        let step = Step::new(&self.model, self.batch, self.buffers.tables.norms, inputs);
        let bytes = bytemuck::bytes_of(&step);
        let contents = upload(&self.device, "Step of one recording", bytes, BufferUsages::COPY_SRC);
        let contents = contents.map_err(|message| self.failed(message))?;
        encoder.copy_buffer_to_buffer(&contents, 0, self.buffers.shared(Slot::Step), 0, contents.size());
        if let Some(logits) = self.new_exact_logits(inputs.beta) {
            let bytes = bytemuck::cast_slice(&logits);
            let contents =
                upload(&self.device, "ExactLogits of one recording", bytes, BufferUsages::COPY_SRC);
            let contents = contents.map_err(|message| self.failed(message))?;
            let target = self.buffers.shared(Slot::ExactLogits);
            encoder.copy_buffer_to_buffer(&contents, 0, target, 0, contents.size());
        }
        self.encode(encoder, kernels, None);
        Ok(())
    }

    /// Logits of the head that has no parameters, if those of another temperature are on the device.
    fn new_exact_logits(&mut self, beta: f64) -> Option<Vec<f32>> {
        let is_exact = self.model.pair_head().is_some_and(|pairs| pairs.head == Head::Cw);
        if !is_exact || self.exact_beta == beta {
            return None;
        }
        self.exact_beta = beta;
        Some(exact_logits(&self.model.system, beta).into_iter().map(|logit| logit as f32).collect())
    }

    /// Whether snapshots of a step in `parts` can be recorded: not while those of several steps are under way.
    pub(crate) fn has_room_for_snapshots(&self, parts: usize) -> bool {
        self.snapshots.has_room(parts)
    }

    /// Records a copy of what a step tells about itself.
    pub(crate) fn record_snapshot(&mut self, encoder: &mut CommandEncoder, step: u32) -> Result<()> {
        let Self { snapshots, device, buffers, batch, .. } = self;
        let recorded = snapshots.record(device, encoder, buffers, *batch, step);
        recorded.map_err(|message| self.failed(message))
    }

    /// Whether weights can be recorded: not while those of several batches are under way.
    pub(crate) fn has_room_for_weights(&self) -> bool {
        self.weights.has_room(1)
    }

    /// Records a copy of what samples say of their weights, under a number of the caller's.
    pub(crate) fn record_weights(&mut self, encoder: &mut CommandEncoder, number: u32) -> Result<()> {
        let Self { weights, device, buffers, batch, .. } = self;
        let recorded = weights.record(device, encoder, buffers, *batch, number);
        recorded.map_err(|message| self.failed(message))
    }

    /// Snapshots of weighed samples that have arrived by the polls of the device's owner.
    pub(crate) fn weights_without_poll(&mut self) -> Result<Vec<Snapshot>> {
        let arrived = self.weights.arrived(&self.device, self.batch, Look::Only);
        self.check()?;
        arrived.map_err(|message| self.failed(message))
    }

    /// Records copies of whole arrays.
    pub(crate) fn record_arrays(&self, encoder: &mut CommandEncoder, tensors: &[Tensor]) -> Result<Arrays> {
        let sources: Vec<&Buffer> = tensors.iter().map(|tensor| self.buffer(*tensor)).collect();
        Arrays::record(&self.device, encoder, &sources).map_err(|message| self.failed(message))
    }

    /// Looks whether arrays have arrived by the polls of the device's owner.
    pub(crate) fn look_for_arrays(&self, arrays: &Arrays) -> Result<Arrival> {
        let found = arrays.look(&self.device);
        self.check()?;
        found.map_err(|message| self.failed(message))
    }

    /// Snapshots that have arrived by the polls of the device's owner.
    pub(crate) fn snapshots_without_poll(&mut self) -> Result<Vec<Snapshot>> {
        self.look_for_snapshots(Look::Only)
    }

    fn look_for_snapshots(&mut self, look: Look) -> Result<Vec<Snapshot>> {
        let arrived = self.snapshots.arrived(&self.device, self.batch, look);
        self.check()?;
        arrived.map_err(|message| self.failed(message))
    }

    /// Device memory that others may read: see [`crate::engine::Engine`] for the shapes.
    pub(crate) fn public_buffer(&self, slot: Slot) -> &Buffer {
        self.buffers.shared(slot)
    }

    /// Waits until at most so many submissions are under way.
    fn limit_flight(&mut self, most: usize) -> Result<()> {
        while self.in_flight.len() > most {
            let submission_index = self.in_flight.pop_front();
            let waited = faults::poll(&self.device, PollType::Wait { submission_index, timeout: None });
            waited.map_err(|message| self.failed(message))?;
        }
        self.check()
    }

    fn buffer(&self, tensor: Tensor) -> &Buffer {
        self.buffers.shared(match tensor {
            Tensor::Parameters => Slot::Parameters,
            Tensor::FirstMoment => Slot::FirstMoment,
            Tensor::SecondMoment => Slot::SecondMoment,
            Tensor::Gradient => Slot::Gradient,
            Tensor::LnQ => Slot::LnQ,
            Tensor::Reward => Slot::Reward,
            Tensor::Advantage => Slot::Advantage,
            Tensor::Betas => Slot::Betas,
        })
    }

    fn failed(&self, message: String) -> Error {
        Error::Device { device: self.name.clone(), message }
    }

    /// What the driver reported outside any call.
    fn check(&self) -> Result<()> {
        self.faults.check(&self.device).map_err(|message| self.failed(message))
    }

    fn read_buffer<T: bytemuck::Pod>(&self, buffer: &Buffer) -> Result<Vec<T>> {
        let values =
            readback::read(&self.device, &self.queue, buffer).map_err(|message| self.failed(message));
        self.check()?;
        values
    }
}
