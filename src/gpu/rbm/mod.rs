//! Restricted Boltzmann machines on a GPU. The folder lies here, and not in `src/rbm/`, since wgpu is named in `src/gpu/` alone.
//!
//! Kernels are few and do not depend on the machine, whose sizes travel with the task of a dispatch (`task.rs`); so they are compiled once for all machines. A step
//! records its dispatches (`recorder.rs`), and many steps go in one submission.

mod evaluate;
mod kernels;
mod memory;
mod recorder;
mod task;

pub use kernels::MachineSlot;
pub(in crate::gpu) use kernels::specialisations;
pub use task::Task;

use super::faults::Faults;
use super::pipeline_cache::CacheFile;
use super::pipelines::{self, Pipeline};
use super::{AdapterKind, Selected, devices, readback};
use crate::error::{Error, Result};
use crate::kernels::{Access, SOFTWARE_TURNS};
use crate::lattice::Spins;
use crate::rbm::{Backend, Bits, Cpu, Draw, Machine, Parameters, Rule};
use bytemuck::Pod;
use kernels::{Kernel, SLICES, SOFTWARE_SLICES};
use memory::{Buffers, OfRows};
use rayon::prelude::*;
use recorder::Recorder;
use std::collections::HashMap;
use task::{Sizes, WORD};
use wgpu::{Device, Queue};

/// Rows of batches that wait for their steps at the same time, at least.
const ROWS: usize = 1 << 16;
/// Turns of all loops of an invocation for 32 sources of a product, at most.
const TURNS: usize = 24;

/// What a kernel binds beside its task, by name: for tests that compare it with the shader.
#[doc(hidden)]
pub fn machine_bindings() -> Vec<(&'static str, Vec<(MachineSlot, Access)>)> {
    Kernel::ALL.map(|kernel| (kernel.name(), kernel.bindings())).to_vec()
}

/// A machine that learns on a GPU, with its chains.
#[derive(Debug)]
pub struct GpuLearner {
    machine: Machine,
    sizes: Sizes,
    name: String,
    setting: String,
    device: Device,
    queue: Queue,
    is_software: bool,
    /// Slices of a workgroup that share a tile.
    slices: usize,
    pipelines: HashMap<Kernel, Pipeline>,
    cache: Option<CacheFile>,
    shared: Buffers,
    chains: OfRows,
    /// Most chains, and those that there are.
    most_rows: usize,
    rows: usize,
    recorder: Recorder,
    /// Rows of the data that steps not yet submitted learn from, and how many of them are on the device.
    table: Vec<u32>,
    uploaded: usize,
    faults: Faults,
}

impl GpuLearner {
    /// Takes a machine and chains, `[batch]` configurations, to an adapter, as [`select`](super::select) finds it.
    ///
    /// # Errors
    /// When the driver refuses a device, or the machine does not fit it.
    pub fn open(adapter: &wgpu::Adapter, machine: &Cpu<f32>, chains: &Bits) -> Result<Self> {
        let (device, queue) = devices::request(adapter)?;
        let faults = Faults::of(&device);
        let mut learner = Self { faults, ..Self::new(&device, &queue, machine, chains)? };
        learner.cache = CacheFile::open(adapter, &device);
        learner.check()?;
        Ok(learner)
    }

    /// As [`GpuLearner::open`], for a run that records which adapter it was.
    ///
    /// # Errors
    /// As [`GpuLearner::open`].
    pub(crate) fn open_selected(selected: &Selected, machine: &Cpu<f32>, chains: &Bits) -> Result<Self> {
        Ok(Self { setting: selected.setting.clone(), ..Self::open(&selected.adapter, machine, chains)? })
    }

    /// On the caller's device, which may be made with `wgpu::Limits::default()` and no features.
    ///
    /// # Errors
    /// When the machine does not fit the device's limits.
    pub fn new(device: &Device, queue: &Queue, machine: &Cpu<f32>, chains: &Bits) -> Result<Self> {
        let info = device.adapter_info();
        let name = format!("{} ({})", info.name, info.backend);
        let is_software = devices::kind(info.device_type) == AdapterKind::Software;
        let sizes = Sizes::of(machine.machine());
        let rows = chains.rows();
        let mut shared = memory::make(device, &name, &sizes, sizes.of_machine())?;
        let of_chains = memory::make(device, &name, &sizes, sizes.of_chains(rows, 1))?;
        let recorder = Recorder::new(device);
        shared.insert(MachineSlot::Task, recorder.tasks().clone());
        let learner = Self {
            machine: *machine.machine(),
            sizes,
            name,
            setting: info.name,
            device: device.clone(),
            queue: queue.clone(),
            is_software,
            slices: if is_software { SOFTWARE_SLICES } else { SLICES },
            pipelines: HashMap::new(),
            cache: None,
            shared,
            chains: OfRows::new(of_chains),
            most_rows: rows,
            rows,
            recorder,
            table: Vec::new(),
            uploaded: 0,
            faults: Faults::default(),
        };
        learner.check_turns("visible numbers", sizes.visible, "use a smaller lattice")?;
        learner.check_turns("hidden units", sizes.hidden, "use a smaller --hidden")?;
        learner.write_parameters(&machine.parameters())?;
        learner.write(&learner.chains.buffers, MachineSlot::Chains, &chains.by_rows())?;
        Ok(learner)
    }

    /// Shares tiles among slices as on a graphics card, also on a software adapter, where that is slower.
    pub fn share_tiles(&mut self) {
        self.slices = SLICES;
        self.pipelines.clear();
        self.chains.unbind();
    }

    /// The device it runs on.
    pub fn wgpu_device(&self) -> &Device {
        &self.device
    }

    /// Refuses products of so many sources where a driver would end their loops too early.
    fn check_turns(&self, what: &str, sources: usize, way_out: &str) -> Result<()> {
        if self.is_software && sources.div_ceil(WORD) * TURNS > SOFTWARE_TURNS {
            let limit = format!("this driver ends loops too early for {sources} {what}");
            let way_out = format!("{way_out}, or --device cpu");
            return Err(Error::DeviceLimit { device: self.name.clone(), limit, way_out });
        }
        Ok(())
    }

    fn write_parameters(&self, parameters: &Parameters) -> Result<()> {
        let Sizes { hidden, hidden_stride, .. } = self.sizes;
        let mut weights = vec![0.0; self.sizes.visible * hidden_stride];
        let rows = parameters.weights.chunks_exact(hidden);
        weights
            .chunks_exact_mut(hidden_stride)
            .zip(rows)
            .for_each(|(to, row)| to[..hidden].copy_from_slice(row));
        self.write(&self.shared, MachineSlot::Weights, &weights)?;
        self.write(&self.shared, MachineSlot::VisibleBias, &parameters.visible)?;
        self.write(&self.shared, MachineSlot::HiddenBias, &parameters.hidden)
    }

    /// Writes the first numbers of an array.
    fn write<T: Pod>(&self, buffers: &Buffers, slot: MachineSlot, values: &[T]) -> Result<()> {
        // Buffers of a lost device are not valid, and nothing else is wrong with ours.
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        self.queue.write_buffer(&buffers[&slot], 0, bytemuck::cast_slice(values));
        match pollster::block_on(scope.pop()) {
            None => self.check(),
            Some(error) => {
                tracing::error!("{error}");
                self.check()?;
                Err(self.failed(readback::LOST.to_owned()))
            }
        }
    }

    /// Reads an array, after everything recorded before.
    fn read<T: Pod>(&mut self, of: Of<'_>, slot: MachineSlot) -> Result<Vec<T>> {
        self.submit()?;
        let buffer = match of {
            Of::Machine => &self.shared[&slot],
            Of::Chains => &self.chains.buffers[&slot],
            Of::Rows(rows) => &rows.buffers[&slot],
        };
        let read = readback::read(&self.device, &self.queue, buffer);
        self.check()?;
        let values = read.map_err(|message| self.failed(message))?;
        self.finish()?;
        Ok(values)
    }

    fn failed(&self, message: String) -> Error {
        Error::Device { device: self.name.clone(), message }
    }

    /// What the driver reported outside any call.
    fn check(&self) -> Result<()> {
        self.faults.check(&self.device).map_err(|message| self.failed(message))
    }

    /// Makes the pipelines of kernels that are missing.
    fn prepare(&mut self, kernels: &[Kernel]) -> Result<()> {
        let missing: Vec<Kernel> =
            kernels.iter().copied().filter(|kernel| !self.pipelines.contains_key(kernel)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let cache = self.cache.as_ref().map(CacheFile::cache);
        let make = |kernel: Kernel| {
            let shader = kernel.specialisation(self.slices);
            Ok((kernel, pipelines::make(&self.device, &shader, &kernel.layout(), cache)?))
        };
        let made = missing.into_par_iter().map(make).collect::<Result<Vec<_>>>();
        self.check()?;
        self.pipelines.extend(made?);
        if let Some(cache) = &self.cache {
            cache.save();
        }
        Ok(())
    }

    /// Records a dispatch on the chains, or on other rows.
    fn dispatch(&mut self, rows: Option<&mut OfRows>, kernel: Kernel, task: &Task) -> Result<()> {
        let pipeline = &self.pipelines[&kernel];
        let rows = rows.unwrap_or(&mut self.chains);
        let bind_group = rows.bind_group(&self.device, kernel, pipeline, &self.shared);
        self.recorder.push(&pipeline.pipeline, bind_group, task, kernel.groups(task));
        if self.recorder.is_full() { self.submit() } else { Ok(()) }
    }

    /// Kernels that draw visible numbers, in their order.
    fn drawing(&self) -> &'static [Kernel] {
        match self.machine.spins {
            Spins::Ising => &[Kernel::Visible],
            Spins::Potts { .. } => &[Kernel::ColourFields, Kernel::Colours],
        }
    }

    /// Records a draw of visible numbers.
    fn draw_visible(&mut self, mut rows: Option<&mut OfRows>, task: &Task) -> Result<()> {
        self.drawing().iter().try_for_each(|&kernel| self.dispatch(rows.as_deref_mut(), kernel, task))
    }

    fn submit(&mut self) -> Result<()> {
        if self.uploaded < self.table.len() {
            let (offset, new) = (4 * self.uploaded as u64, &self.table[self.uploaded..]);
            self.queue.write_buffer(&self.shared[&MachineSlot::Rows], offset, bytemuck::cast_slice(new));
            self.uploaded = self.table.len();
        }
        let submitted = self.recorder.submit(&self.device, &self.queue);
        self.check()?;
        submitted.map_err(|message| self.failed(message))
    }

    fn finish(&mut self) -> Result<()> {
        let finished = self.recorder.finish(&self.device, &self.queue);
        self.check()?;
        finished.map_err(|message| self.failed(message))
    }

    /// Puts the rows of a step into the table, and gives their place there.
    fn tabulate(&mut self, rows: &[usize]) -> Result<usize> {
        let room = self.shared[&MachineSlot::Rows].size() as usize / 4;
        if self.table.len() + rows.len() > room {
            self.submit()?;
        }
        // Dispatches that are recorded still need the table as it is.
        if self.recorder.is_empty() {
            self.table.clear();
            self.uploaded = 0;
        }
        let first = self.table.len();
        self.table.extend(rows.iter().map(|&row| row as u32));
        Ok(first)
    }
}

/// Whose buffers.
#[derive(Debug, Clone, Copy)]
enum Of<'a> {
    Machine,
    Chains,
    Rows(&'a OfRows),
}

impl Backend for GpuLearner {
    fn device(&self) -> &str {
        &self.name
    }

    fn setting(&self) -> String {
        self.setting.clone()
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn give(&mut self, data: Bits) -> Result<()> {
        self.finish()?;
        self.check_turns("rows of a gradient", 2 * self.most_rows, "use a smaller --batch")?;
        let Self { device, name, sizes, .. } = self;
        let (rows, told) = (self.most_rows, 2 * self.most_rows);
        let of_learning = sizes.of_learning(data.rows(), rows.max(ROWS));
        let learning = memory::make(device, name, sizes, of_learning)?;
        let chains = memory::make(
            device,
            name,
            sizes,
            vec![(MachineSlot::Probabilities, told * sizes.hidden_stride)],
        )?;
        self.shared.extend(learning);
        self.chains.buffers.extend(chains);
        self.chains.unbind();
        self.write(&self.shared, MachineSlot::Data, &data.by_rows())
    }

    fn learn(&mut self, rows: &[usize], rule: Rule, seed: u32, step: u32) -> Result<()> {
        assert_eq!(rows.len(), self.rows, "rows of a batch");
        self.prepare(&[&[Kernel::Hidden, Kernel::Gradient, Kernel::Biases], self.drawing()].concat())?;
        let batch = rows.len();
        let share = 1.0 / batch as f64;
        let first_given = self.tabulate(rows)? as u32;
        let chains = |stage| self.sizes.task(batch).at(Draw { seed, step, stage, first: 0 });
        let of_both = Task {
            given: batch as u32,
            first_given,
            share: share as f32,
            rate: rule.rate as f32,
            kept: (1.0 - rule.rate * rule.decay) as f32,
            ..self.sizes.task(2 * batch).at(Draw { seed, step, stage: 1, first: 0 })
        };
        let told = batch as u32;
        // Hidden units of data and chains go side by side; units are drawn of the ones that the chains go on from.
        let first = match rule.is_persistent {
            true => Task { told, drawn: told, ..of_both },
            false => Task { told, drawn: 0, rows: told, stage: 0, ..of_both },
        };
        let sweeps = (1..=rule.sweeps).map(|sweep| {
            let hidden = match sweep == rule.sweeps {
                true => Task { told, first_told: told, ..chains(0) },
                false => Task { drawn: 0, ..chains(2 * sweep + 1) },
            };
            [chains(2 * sweep), hidden]
        });
        let sweeps: Vec<_> = sweeps.collect();
        self.dispatch(None, Kernel::Hidden, &first)?;
        for [visible, hidden] in &sweeps {
            self.draw_visible(None, visible)?;
            self.dispatch(None, Kernel::Hidden, hidden)?;
        }
        self.dispatch(None, Kernel::Gradient, &of_both)?;
        self.dispatch(None, Kernel::Biases, &of_both)
    }

    fn start_chains(&mut self, rows: usize, draw: Draw) -> Result<()> {
        assert!(rows <= self.most_rows, "at most {} chains", self.most_rows);
        self.prepare(self.drawing())?;
        self.rows = rows;
        // Scaled by 0, fields prefer no state.
        let task = Task { scale: 0.0, ..self.sizes.task(rows).at(draw) };
        self.draw_visible(None, &task)
    }

    fn sweep(&mut self, draw: Draw) -> Result<()> {
        self.prepare(&[&[Kernel::Hidden], self.drawing()].concat())?;
        let task = self.sizes.task(self.rows);
        self.dispatch(None, Kernel::Hidden, &Task { drawn: 0, ..task.at(draw) })?;
        self.draw_visible(None, &task.at(draw.next_stage()))
    }

    fn chains(&mut self) -> Result<Bits> {
        let words: Vec<u32> = self.read(Of::Chains, MachineSlot::Chains)?;
        Ok(Bits::of_rows(self.rows, self.sizes.visible, &words))
    }

    fn parameters(&mut self) -> Result<Parameters> {
        let Sizes { visible, hidden, hidden_stride, .. } = self.sizes;
        let weights: Vec<f32> = self.read(Of::Machine, MachineSlot::Weights)?;
        let mut of_visible: Vec<f32> = self.read(Of::Machine, MachineSlot::VisibleBias)?;
        let mut of_hidden: Vec<f32> = self.read(Of::Machine, MachineSlot::HiddenBias)?;
        of_visible.truncate(visible);
        of_hidden.truncate(hidden);
        let rows = weights.chunks_exact(hidden_stride).take(visible);
        Ok(Parameters {
            weights: rows.flat_map(|row| &row[..hidden]).copied().collect(),
            visible: of_visible,
            hidden: of_hidden,
        })
    }

    fn hidden_probabilities(&mut self, visible: &Bits) -> Result<Vec<f64>> {
        self.probabilities_of(visible)
    }

    fn ln_weights(&mut self, visible: &Bits) -> Result<Vec<f64>> {
        self.ln_weights_of(visible)
    }

    fn pseudo_likelihood(&mut self, visible: &Bits, every: usize) -> Result<Vec<f64>> {
        self.pseudo_likelihood_of(visible, every)
    }

    fn reconstruct(&mut self, visible: &Bits, draw: Draw) -> Result<Bits> {
        self.reconstruction_of(visible, draw)
    }
}
