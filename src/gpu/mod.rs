//! The GPU backend: hand-written WGSL kernels on wgpu (Vulkan, Metal, DX12).
//!
//! Bind groups, pipelines and grids are made once per kernel and level; a step re-encodes them into one compute pass.

mod bindings;
mod buffers;
mod devices;
mod faults;
mod grid;
mod layout;
mod pipeline_cache;
mod pipelines;
mod rates;
mod readback;
mod registry;
mod tables;
mod timestamps;
mod tuning;
mod upload;
mod windows;

// What the tests compare with the shaders by reflection; no part of the API.
#[doc(hidden)]
pub use bindings::{Access, Slot, bindings};
#[doc(hidden)]
pub use layout::{Level, Matrix, Status, Step};
#[doc(hidden)]
pub use registry::{Specialisation, Variant, all_specialisations, every_kernel};
#[doc(hidden)]
pub use tables::Job;

pub use devices::{AdapterDescription, AdapterKind, list, request, select};

use crate::backend::{Backend, Snapshot, Tensor};
use crate::conditional::{Model, Storage};
use crate::error::{Error, Result};
use crate::lattice::Observables;
use crate::pace::Pace;
use crate::schedule::{Inputs, JobSize, Kernel, Loads, QUAD, Rates, SOFTWARE_TURNS, Shape};
use buffers::Buffers;
use faults::Faults;
use grid::fold;
use half::f16;
use pipeline_cache::CacheFile;
use pipelines::Pipelines;
use readback::{Look, Snapshots};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use timestamps::Timestamps;
use upload::upload;
use wgpu::{
    BindGroup, BindGroupLayout, Buffer, BufferUsages, CommandEncoder, ComputePass, ComputePipeline, Device,
    PollType, Queue, SubmissionIndex,
};

/// Submissions under way at most: enough to keep the device busy, few enough that it stays responsive.
const IN_FLIGHT: usize = 16;

/// Largest lattice on software adapters: Mesa's ends all loops of an invocation after 65,535 turns together.
const MAX_SOFTWARE_SIDE: u32 = 512;

/// The GPU backend.
#[derive(Debug)]
pub struct Gpu {
    model: Arc<Model>,
    batch: usize,
    name: String,
    device: Device,
    queue: Queue,
    buffers: Buffers,
    pipelines: Pipelines,
    commands: HashMap<Kernel, Command>,
    /// Forces one shape for all levels, for tests and measurements.
    shape: Option<Shape>,
    loads: Loads,
    /// Shapes of levels that were measured.
    tuned: HashMap<usize, Shape>,
    snapshots: Snapshots,
    faults: Faults,
    in_flight: VecDeque<SubmissionIndex>,
    dispatches: usize,
    pace: Pace,
}

/// A kernel that only needs to be encoded.
#[derive(Debug)]
struct Command {
    pipeline: ComputePipeline,
    dispatches: Vec<Dispatch>,
}

/// One for each part of what a kernel goes through.
#[derive(Debug)]
struct Dispatch {
    bind_group: BindGroup,
    groups: [u32; 3],
}

impl Command {
    fn encode(&self, pass: &mut ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        for Dispatch { bind_group, groups: [x, y, z] } in &self.dispatches {
            pass.set_bind_group(0, bind_group, &[]);
            pass.dispatch_workgroups(*x, *y, *z);
        }
    }
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
        gpu.pipelines.cache = CacheFile::open(adapter, &device);
        gpu.check()?;
        Ok(gpu)
    }

    /// On the caller's device, which may be made with `wgpu::Limits::default()` and no features.
    ///
    /// # Errors
    /// When the model does not fit the device's limits.
    pub fn new(device: &Device, queue: &Queue, model: Arc<Model>, batch: usize) -> Result<Self> {
        let info = device.adapter_info();
        let name = format!("{} ({})", info.name, info.backend);
        let software = devices::kind(info.device_type) == AdapterKind::Software;
        if software && model.torus.side() > MAX_SOFTWARE_SIDE {
            let message = format!(
                "this driver ends loops too early for lattices of side {}; use --device cpu",
                model.torus.side()
            );
            return Err(Error::DeviceLimit { device: name, message });
        }
        if model.storage == Storage::F16 && !device.features().contains(wgpu::Features::SHADER_F16) {
            let message = "this device offers no 16-bit floats; use storage = \"f32\", or --device cpu for a network that is trained".to_owned();
            return Err(Error::DeviceLimit { device: name, message });
        }
        let loads = devices::loads(device);
        let buffers = Buffers::new(device, &name, &model, batch, loads)?;
        let slice_rows = model.nets().map(|(level, ..)| buffers.tables.levels[level].slice_rows).max();
        if software && slice_rows.is_some_and(|rows| rows > SOFTWARE_TURNS) {
            let message =
                format!("this driver ends loops too early for {batch} configurations; use a smaller batch");
            return Err(Error::DeviceLimit { device: name, message });
        }
        let gpu = Self {
            model,
            batch,
            name,
            device: device.clone(),
            queue: queue.clone(),
            buffers,
            pipelines: Pipelines::default(),
            commands: HashMap::new(),
            shape: None,
            loads,
            tuned: HashMap::new(),
            snapshots: Snapshots::default(),
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

    /// Uses one kernel shape for the forward pass of every level, instead of choosing by the number of rows.
    pub fn force_shape(&mut self, shape: Shape) {
        self.shape = Some(shape);
        self.commands.clear();
    }

    /// The device it runs on.
    pub fn wgpu_device(&self) -> &Device {
        &self.device
    }

    /// Uses a kernel shape for the forward pass of one level.
    fn use_shape(&mut self, level: usize, shape: Shape) {
        self.tuned.insert(level, shape);
        self.commands.retain(|kernel, _| kernel.level() != Some(level));
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
        let rows = self.model.hierarchy.levels[level].blocks * self.batch;
        let of_sites = values.chunks(rows.next_multiple_of(QUAD));
        Ok(of_sites.flat_map(|logits| &logits[..rows]).map(|&logit| f64::from(logit)).collect())
    }

    /// Device memory of a model at a batch size, in bytes.
    pub fn memory(model: &Model, batch: usize) -> u64 {
        buffers::total_bytes(model, batch)
    }

    /// The largest buffer of a model at a batch size, in bytes.
    pub fn largest_buffer(model: &Model, batch: usize) -> u64 {
        buffers::largest_bytes(model, batch)
    }

    /// The largest binding that its kernels like to have, in bytes. Those of parameters may be half as large where a device has nine
    /// storage buffers for a shader.
    pub fn largest_binding(model: &Model, batch: usize) -> u64 {
        buffers::largest_binding_bytes(model, batch)
    }

    fn is_software(&self) -> bool {
        devices::kind(self.device.adapter_info().device_type) == AdapterKind::Software
    }

    /// The shape of the forward pass on a level; any where there is no net.
    fn shape(&self, level: Option<usize>) -> Result<Shape> {
        let width = self.model.options.width;
        let net = level.and_then(|level| Some((level, self.model.levels[level].conditional.net()?)));
        let (Some((level, net)), None) = (net, self.shape) else {
            return Ok(self.shape.unwrap_or(Shape::lane(width)));
        };
        if let Some(shape) = self.tuned.get(&level) {
            return Ok(*shape);
        }
        let geometry = &self.model.hierarchy.levels[level];
        Shape::choose(self.is_software(), geometry.blocks, self.batch, net).ok_or_else(|| Error::DeviceLimit {
            device: self.name.clone(),
            message: format!(
                "this driver ends loops too early for the net of a {} of side {} at width {width}; use --device cpu, or a \
                 smaller lattice or width",
                geometry.name, geometry.side
            ),
        })
    }

    fn count(&mut self, kernels: &[Kernel]) {
        self.dispatches += kernels.iter().map(|kernel| self.commands[kernel].dispatches.len()).sum::<usize>();
    }

    /// Makes pipelines and bind groups of kernels, so that recording them only encodes.
    pub(crate) fn prepare_all(&mut self, kernels: &[Kernel]) -> Result<()> {
        let missing = || kernels.iter().copied().filter(|kernel| !self.commands.contains_key(kernel));
        let specialised =
            |kernel: Kernel| Ok((kernel, self.specialisation(kernel, self.shape(kernel.level())?)));
        let wanted = missing().map(specialised).collect::<Result<Vec<_>>>()?;
        if wanted.is_empty() {
            return Ok(());
        }
        self.pipelines.make_all(&self.device, &wanted)?;
        kernels.iter().try_for_each(|&kernel| self.prepare(kernel))
    }

    fn specialisation(&self, kernel: Kernel, shape: Shape) -> Specialisation {
        let net = kernel.level().and_then(|level| self.model.levels[level].conditional.net());
        let job = net.map_or(JobSize::SQUARE, |net| JobSize::of(net, self.loads));
        let lane_rows = self.lane_rows(kernel, shape);
        let window = self.buffers.splits(kernel).then(|| self.buffers.window());
        let (loads, storage) = (self.loads, self.model.storage);
        let variant = Variant { shape, loads, storage, job, lane_rows, window };
        Specialisation::new(kernel, self.model.torus.side(), self.model.options, variant)
    }

    fn prepare(&mut self, kernel: Kernel) -> Result<()> {
        if self.commands.contains_key(&kernel) {
            return Ok(());
        }
        let shape = self.shape(kernel.level())?;
        let key = self.specialisation(kernel, shape);
        let made = self.pipelines.get(&self.device, kernel, key)?;
        let parts = 0..self.buffers.parts(kernel);
        let dispatches = parts.map(|part| self.dispatch(kernel, shape, part, &made.layout)).collect();
        self.commands.insert(kernel, Command { pipeline: made.pipeline, dispatches });
        Ok(())
    }

    fn dispatch(&self, kernel: Kernel, shape: Shape, part: usize, layout: &BindGroupLayout) -> Dispatch {
        let slots = bindings(kernel, self.model.storage, self.buffers.splits(kernel));
        let entries: Vec<_> = slots
            .iter()
            .map(|(slot, _)| wgpu::BindGroupEntry {
                binding: *slot as u32,
                resource: wgpu::BindingResource::Buffer(self.buffers.binding(*slot, kernel, part)),
            })
            .collect();
        let bind_group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.name()),
            layout,
            entries: &entries,
        });
        Dispatch { bind_group, groups: fold(self.workgroups(kernel, shape, part)) }
    }

    /// Makes everything ready for encoding.
    fn start(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()> {
        self.prepare_all(kernels)?;
        let step = Step::new(&self.model, self.batch, self.buffers.tables.norms, inputs);
        // Written before the submission that uses it and after all earlier ones: the queue keeps that order.
        self.queue.write_buffer(self.buffers.shared(Slot::Step), 0, bytemuck::bytes_of(&step));
        Ok(())
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
        self.encode(encoder, kernels);
        Ok(())
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

    /// Snapshots that have arrived by the polls of the device's owner.
    pub(crate) fn snapshots_without_poll(&mut self) -> Result<Vec<Snapshot>> {
        self.look_for_snapshots(Look::Only)
    }

    fn look_for_snapshots(&mut self, look: Look) -> Result<Vec<Snapshot>> {
        let arrived = self.snapshots.arrived(&self.device, self.batch, look);
        self.check()?;
        arrived.map_err(|message| self.failed(message))
    }

    /// All kernels in one pass.
    fn encode(&mut self, encoder: &mut CommandEncoder, kernels: &[Kernel]) {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for kernel in kernels {
            self.commands[kernel].encode(&mut pass);
        }
        self.count(kernels);
    }

    /// Device memory that others may read: see [`crate::engine::Engine`] for the shapes.
    pub(crate) fn public_buffer(&self, slot: Slot) -> &Buffer {
        self.buffers.shared(slot)
    }

    /// Submits kernels one by one and waits for each.
    fn time_by_wall_clock(&mut self, kernels: &[Kernel]) -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        self.finish()?;
        for kernel in kernels {
            let start = Instant::now();
            let mut encoder = self.device.create_command_encoder(&Default::default());
            self.commands[kernel].encode(&mut encoder.begin_compute_pass(&Default::default()));
            self.queue.submit([encoder.finish()]);
            self.finish()?;
            times.push(start.elapsed());
        }
        self.count(kernels);
        Ok(times)
    }

    /// Waits for the oldest submission when too many are under way.
    fn limit_flight(&mut self) -> Result<()> {
        if self.in_flight.len() > IN_FLIGHT {
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

impl Backend for Gpu {
    fn device(&self) -> &str {
        &self.name
    }

    fn setting(&self) -> String {
        self.device.adapter_info().name
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn tune(&mut self, again: bool) -> Result<()> {
        self.tune_shapes(again)
    }

    fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    fn run(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()> {
        self.start(kernels, inputs)?;
        let mut encoder = self.device.create_command_encoder(&Default::default());
        self.encode(&mut encoder, kernels);
        let start = Instant::now();
        self.in_flight.push_back(self.queue.submit([encoder.finish()]));
        if self.pace.is_full() {
            return self.limit_flight();
        }
        self.finish()?;
        self.pace.keep(start.elapsed());
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        faults::poll(&self.device, PollType::wait_indefinitely()).map_err(|message| self.failed(message))?;
        self.in_flight.clear();
        self.check()
    }

    fn time(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<Vec<Duration>> {
        self.start(kernels, inputs)?;
        let Some(timestamps) = Timestamps::new(&self.device, kernels.len()) else {
            return self.time_by_wall_clock(kernels);
        };
        let mut encoder = self.device.create_command_encoder(&Default::default());
        for (index, kernel) in kernels.iter().enumerate() {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(kernel.name()),
                timestamp_writes: Some(timestamps.of_pass(index)),
            });
            self.commands[kernel].encode(&mut pass);
        }
        timestamps.resolve(&mut encoder);
        self.count(kernels);
        self.queue.submit([encoder.finish()]);
        self.finish()?;
        timestamps.read(&self.device, &self.queue).map_err(|message| self.failed(message))
    }

    fn rates(&mut self) -> Result<Rates> {
        let rates = rates::measure(&self.device, &self.queue, self.is_software());
        self.check()?;
        rates
    }

    fn read(&mut self, tensor: Tensor) -> Result<Vec<f64>> {
        let values: Vec<f32> = self.read_buffer(self.buffer(tensor))?;
        Ok(values.into_iter().map(f64::from).collect())
    }

    fn write(&mut self, tensor: Tensor, values: &[f32]) -> Result<()> {
        let buffer = self.buffer(tensor);
        assert_eq!(buffer.size(), size_of_val(values) as u64, "length of {tensor:?}");
        self.queue.write_buffer(buffer, 0, bytemuck::cast_slice(values));
        if tensor == Tensor::Parameters {
            if self.model.storage == Storage::F16 {
                let rounded: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
                let buffer = self.buffers.shared(Slot::NetParameters);
                self.queue.write_buffer(buffer, 0, bytemuck::cast_slice(&rounded));
            }
            let status = Status::default();
            self.queue.write_buffer(self.buffers.shared(Slot::Status), 0, bytemuck::bytes_of(&status));
        }
        self.check()
    }

    fn read_spins(&mut self) -> Result<Vec<i8>> {
        let spins: Vec<i32> = self.read_buffer(self.buffers.shared(Slot::Spins))?;
        let sites = self.model.hierarchy.sites;
        let place = |at: usize| spins[at % sites * self.batch + at / sites] as i8;
        Ok((0..spins.len()).map(place).collect())
    }

    fn write_spins(&mut self, spins: &[i8]) -> Result<()> {
        let sites = self.model.hierarchy.sites;
        assert_eq!(spins.len(), sites * self.batch, "number of spins");
        let place = |at: usize| i32::from(spins[at % self.batch * sites + at / self.batch]);
        let words: Vec<i32> = (0..spins.len()).map(place).collect();
        self.queue.write_buffer(self.buffers.shared(Slot::Spins), 0, bytemuck::cast_slice(&words));
        self.check()
    }

    fn read_sums(&mut self) -> Result<Vec<[i32; 2]>> {
        self.read_buffer(self.buffers.shared(Slot::ConfigurationSums))
    }

    fn read_observables(&mut self) -> Result<Observables> {
        let sums = self.read_buffer(self.buffers.shared(Slot::Observables))?;
        Ok(Observables::new(self.model.torus, self.batch, sums))
    }

    fn request_snapshot(&mut self, step: u32) -> Result<()> {
        let Self { snapshots, device, queue, buffers, batch, .. } = self;
        let requested = snapshots.request(device, queue, buffers, *batch, step);
        self.check()?;
        requested.map_err(|message| self.failed(message))
    }

    fn snapshots(&mut self, wait: bool) -> Result<Vec<Snapshot>> {
        self.look_for_snapshots(if wait { Look::Wait } else { Look::Poll })
    }
}
