//! Restricted Boltzmann machines on a GPU. The folder lies here, and not in `src/rbm/`, since wgpu is named in `src/gpu/` alone.
//!
//! Kernels are few and do not depend on the machine, whose sizes travel with the task of a dispatch (`task.rs`); so they are compiled once for all machines. A step
//! records its dispatches (`gpu/tasks/`), and many steps go in one submission.

mod evaluate;
mod kernels;
mod memory;
mod task;

pub use kernels::MachineSlot;
pub(in crate::gpu) use kernels::specialisations;
pub use task::Task;

use super::Selected;
use super::pipelines::Pipeline;
use super::tasks::tile::SLICES;
use super::tasks::{Feed, TaskDevice};
use crate::error::Result;
use crate::kernels::Access;
use crate::lattice::Spins;
use crate::rbm::{Backend, Bits, Cpu, Draw, Machine, Parameters, Rule};
use bytemuck::Pod;
use kernels::Kernel;
use memory::{Buffers, OfRows};
use std::collections::HashMap;
use task::Sizes;
use wgpu::{Device, Queue};

/// Rows of batches that wait for their steps at the same time, at least.
const ROWS: usize = 1 << 16;

/// The names that a kernel binds beside its task: for tests that compare it with the shader.
#[doc(hidden)]
pub fn machine_bindings() -> Vec<(&'static str, Vec<(MachineSlot, Access)>)> {
    Kernel::ALL.map(|kernel| (kernel.name(), kernel.bindings())).to_vec()
}

/// A machine that learns on a GPU, with its chains.
#[derive(Debug)]
pub struct GpuLearner {
    machine: Machine,
    sizes: Sizes,
    setting: String,
    device: TaskDevice,
    /// Slices of a workgroup that share a tile.
    slices: usize,
    pipelines: HashMap<Kernel, Pipeline>,
    shared: Buffers,
    chains: OfRows,
    /// Most chains, and those that there are.
    most_rows: usize,
    rows: usize,
    /// Rows of the data that steps learn from.
    table: Feed<u32>,
}

impl GpuLearner {
    /// Takes a machine and chains, `[batch]` configurations, to an adapter, as [`select`](super::select) finds it.
    ///
    /// # Errors
    /// When the driver refuses a device, or the machine does not fit it.
    pub fn open(adapter: &wgpu::Adapter, machine: &Cpu<f32>, chains: &Bits) -> Result<Self> {
        let learner = Self::on(TaskDevice::open(adapter)?, machine, chains)?;
        learner.device.check()?;
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
        Self::on(TaskDevice::of(device, queue), machine, chains)
    }

    fn on(device: TaskDevice, machine: &Cpu<f32>, chains: &Bits) -> Result<Self> {
        let sizes = Sizes::of(machine.machine());
        let rows = chains.rows();
        let shared = memory::make(&device, &sizes, sizes.of_machine())?;
        let of_chains = memory::make(&device, &sizes, sizes.of_chains(rows, 1))?;
        let learner = Self {
            machine: *machine.machine(),
            sizes,
            setting: device.wgpu_device().adapter_info().name,
            slices: device.slices(),
            device,
            pipelines: HashMap::new(),
            shared,
            chains: OfRows::new(of_chains),
            most_rows: rows,
            rows,
            table: Feed::new(1),
        };
        learner.device.check_turns("visible numbers", sizes.visible, "use a smaller lattice")?;
        learner.device.check_turns("hidden units", sizes.hidden, "use a smaller --hidden")?;
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
        self.device.wgpu_device()
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
        self.device.write(&buffers[&slot], 0, values)
    }

    /// Reads an array, after everything recorded before.
    fn read<T: Pod>(&mut self, of: Of<'_>, slot: MachineSlot) -> Result<Vec<T>> {
        self.submit()?;
        self.device.read(match of {
            Of::Machine => &self.shared[&slot],
            Of::Chains => &self.chains.buffers[&slot],
            Of::Rows(rows) => &rows.buffers[&slot],
        })
    }

    /// Makes the pipelines of kernels that are missing.
    fn prepare(&mut self, kernels: &[Kernel]) -> Result<()> {
        let missing: Vec<Kernel> =
            kernels.iter().copied().filter(|kernel| !self.pipelines.contains_key(kernel)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let wanted = missing.iter().map(|kernel| (kernel.specialisation(self.slices), kernel.layout()));
        let made = self.device.pipelines(wanted.collect())?;
        self.pipelines.extend(missing.into_iter().zip(made));
        Ok(())
    }

    /// Records a dispatch on the chains, or on other rows.
    fn dispatch(&mut self, rows: Option<&mut OfRows>, kernel: Kernel, task: &Task) -> Result<()> {
        let pipeline = &self.pipelines[&kernel];
        let rows = rows.unwrap_or(&mut self.chains);
        let bind_group = rows.bind_group(&self.device, kernel, pipeline, &self.shared);
        self.device.push(pipeline, bind_group, task, kernel.groups(task));
        if self.device.is_full() { self.submit() } else { Ok(()) }
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
        self.device.upload(&mut self.table, &self.shared[&MachineSlot::Rows]);
        self.device.submit()
    }

    /// Puts the rows of a step into the table, and gives their place there.
    fn tabulate(&mut self, rows: &[usize]) -> Result<usize> {
        if !self.table.has_room(rows.len()) {
            self.submit()?;
        }
        self.device.refill(&mut self.table);
        Ok(self.table.push(rows.iter().map(|&row| row as u32)))
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
        self.device.name()
    }

    fn setting(&self) -> String {
        self.setting.clone()
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn give(&mut self, data: Bits) -> Result<()> {
        self.device.finish()?;
        self.device.check_turns("rows of a gradient", 2 * self.most_rows, "use a smaller --batch")?;
        let Self { device, sizes, .. } = self;
        let (rows, told) = (self.most_rows, 2 * self.most_rows);
        let waiting = rows.max(ROWS);
        let of_learning = sizes.of_learning(data.rows(), waiting);
        let learning = memory::make(device, sizes, of_learning)?;
        let told = vec![(MachineSlot::Probabilities, told * sizes.hidden_stride)];
        let chains = memory::make(device, sizes, told)?;
        self.table = Feed::new(waiting);
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

    fn reconstruct_means(&mut self, means: &[f32]) -> Result<Vec<f32>> {
        self.reconstruction_of_means(means)
    }
}
