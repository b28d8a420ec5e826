//! Dense nets on a GPU. The folder lies here, and not in `src/dense/`, since wgpu is named in `src/gpu/` alone.
//!
//! A step is a forward and a backward dispatch for every layer, less the backward one of the first, one for the softmax and one that moves the weights of all layers. Steps are
//! recorded, and many go in one submission (`gpu/tasks/`).

mod kernels;
mod sizes;

pub use kernels::DenseSlot;
pub(in crate::gpu) use kernels::specialisations;
pub use sizes::{Task as DenseTask, Units};

use super::pipelines::Pipeline;
use super::tasks::tile::SLICES;
use super::tasks::{Feed, TaskDevice, layout};
use crate::dense::{Backend, Net, State};
use crate::error::Result;
use crate::kernels::Access;
use kernels::Kernel;
use sizes::{Sizes, Task};
use std::collections::HashMap;
use wgpu::{BindGroup, Buffer, Device, Queue};

/// The class of rows that are read, which no unit is.
const NO_CLASS: u32 = u32::MAX;

/// The names that a kernel binds beside its task: for tests that compare it with the shader.
#[doc(hidden)]
pub fn dense_bindings() -> Vec<(&'static str, Vec<(DenseSlot, Access)>)> {
    Kernel::ALL.map(|kernel| (kernel.name(), kernel.bindings())).to_vec()
}

/// A dense net that learns on a GPU.
#[derive(Debug)]
pub struct GpuDense {
    sizes: Sizes,
    device: TaskDevice,
    buffers: HashMap<DenseSlot, Buffer>,
    kernels: HashMap<Kernel, (Pipeline, BindGroup)>,
    /// Inputs of rows, with a 1 behind them, and their classes.
    inputs: Feed<f32>,
    classes: Feed<u32>,
    /// Steps of Adam.
    steps: i32,
}

impl GpuDense {
    /// Takes a net to an adapter, as [`select`](super::select) finds it, to learn from so many rows at a time.
    ///
    /// # Errors
    /// When the driver refuses a device, or the net does not fit it.
    pub fn open(adapter: &wgpu::Adapter, net: &Net, batch: usize) -> Result<Self> {
        Self::on(TaskDevice::open(adapter)?, net, batch)
    }

    /// On the caller's device, which may be made with `wgpu::Limits::default()` and no features.
    ///
    /// # Errors
    /// When the net does not fit the device's limits.
    pub fn new(device: &Device, queue: &Queue, net: &Net, batch: usize) -> Result<Self> {
        Self::on(TaskDevice::of(device, queue), net, batch)
    }

    fn on(device: TaskDevice, net: &Net, batch: usize) -> Result<Self> {
        let sizes = Sizes::of(net, batch);
        let of = format!("a net of {:?} units and rows of {batch}", net.widths);
        let buffers = device.buffers(&of, sizes.wanted(), |_| "use a smaller lattice, or --device cpu")?;
        for &width in &net.widths {
            device.check_turns("units of a net", width, "use a smaller lattice")?;
        }
        device.check_turns("rows of a step", batch, "use fewer rows")?;
        let [inputs, classes] = [sizes.units[0].stride as usize, 1].map(|words| words * sizes.waiting);
        let (inputs, classes) = (Feed::new(inputs), Feed::new(classes));
        let slices = device.slices();
        let mut dense = Self { sizes, device, buffers, kernels: HashMap::new(), inputs, classes, steps: 0 };
        dense.compile(slices)?;
        dense.write_all(net)?;
        Ok(dense)
    }

    /// Shares tiles among slices as on a graphics card, also on a software adapter, where that is slower.
    ///
    /// # Errors
    /// When a kernel does not compile.
    pub fn share_tiles(&mut self) -> Result<()> {
        self.compile(SLICES)
    }

    /// The device it runs on.
    pub fn wgpu_device(&self) -> &Device {
        self.device.wgpu_device()
    }

    fn compile(&mut self, slices: usize) -> Result<()> {
        let wanted = Kernel::ALL.map(|kernel| {
            let bindings = kernel.bindings().into_iter().map(|(slot, access)| (slot as u32, access));
            (kernel.specialisation(slices), layout::<Task>(bindings))
        });
        let pipelines = self.device.pipelines(wanted.to_vec())?;
        let bound = |(kernel, pipeline): (Kernel, Pipeline)| {
            let bindings = kernel.bindings().into_iter();
            let buffers = bindings.map(|(slot, _)| (slot as u32, &self.buffers[&slot]));
            let bind_group = self.device.bind_group::<Task>(&pipeline, buffers);
            (kernel, (pipeline, bind_group))
        };
        self.kernels = Kernel::ALL.into_iter().zip(pipelines).map(bound).collect();
        Ok(())
    }

    /// Writes the table of units, the 1 behind the units of every row, and the parameters.
    fn write_all(&self, net: &Net) -> Result<()> {
        let Sizes { units, rows, .. } = &self.sizes;
        self.device.write(&self.buffers[&DenseSlot::Units], 0, units)?;
        for level in &units[1..] {
            let mut values = vec![0.0_f32; level.stride as usize * rows];
            let rows = values.chunks_exact_mut(level.stride as usize);
            rows.for_each(|row| row[level.count as usize] = 1.0);
            self.device.write(&self.buffers[&DenseSlot::Values], level.values as usize, &values)?;
        }
        for (pair, own) in units.windows(2).zip(&net.parameters) {
            let [outputs, stride] = [pair[1].count, pair[1].stride].map(|size| size as usize);
            let padding = vec![0.0; stride - outputs];
            let rows = own.chunks_exact(outputs).flat_map(|row| [row, &padding]);
            let padded: Vec<f32> = rows.flatten().copied().collect();
            self.device.write(&self.buffers[&DenseSlot::Parameters], pair[0].parameters as usize, &padded)?;
        }
        Ok(())
    }

    /// Puts rows among the inputs that wait, and gives their place there.
    fn bring(&mut self, inputs: &[f32], classes: impl Iterator<Item = u32>) -> Result<usize> {
        let [count, stride] =
            [self.sizes.units[0].count, self.sizes.units[0].stride].map(|size| size as usize);
        let rows = inputs.len() / count;
        assert!(rows <= self.sizes.rows, "at most {} rows", self.sizes.rows);
        if !self.inputs.has_room(rows * stride) {
            self.submit()?;
        }
        self.device.refill(&mut self.inputs);
        self.device.refill(&mut self.classes);
        let behind = || std::iter::once(1.0).chain(std::iter::repeat_n(0.0, stride - count - 1));
        self.inputs.push(inputs.chunks_exact(count).flat_map(|row| row.iter().copied().chain(behind())));
        Ok(self.classes.push(classes))
    }

    fn dispatch(&mut self, kernel: Kernel, task: &Task) -> Result<()> {
        let (pipeline, bind_group) = &self.kernels[&kernel];
        let units = &self.sizes.units;
        let task = Task { blocks: kernel.blocks(task, units), ..*task };
        self.device.push(pipeline, bind_group, &task, kernel.groups(&task, units));
        if self.device.is_full() { self.submit() } else { Ok(()) }
    }

    fn submit(&mut self) -> Result<()> {
        self.device.upload(&mut self.inputs, &self.buffers[&DenseSlot::Values]);
        self.device.upload(&mut self.classes, &self.buffers[&DenseSlot::Classes]);
        self.device.submit()
    }

    /// Records all layers and the softmax.
    fn forward(&mut self, task: &Task) -> Result<()> {
        for layer in 0..task.layers {
            self.dispatch(Kernel::Forward, &Task { layer, ..*task })?;
        }
        self.dispatch(Kernel::Softmax, task)
    }

    /// Reads an array of numbers, after everything recorded before.
    fn read(&mut self, slot: DenseSlot) -> Result<Vec<f32>> {
        self.submit()?;
        self.device.read(&self.buffers[&slot])
    }

    /// Reads an array that lies as parameters do, layer by layer.
    fn layers(&mut self, slot: DenseSlot) -> Result<Vec<Vec<f64>>> {
        let numbers = self.read(slot)?;
        let layer = |pair: &[Units]| {
            let rows = numbers[pair[0].parameters as usize..].chunks_exact(pair[1].stride as usize);
            // The last row has the biases.
            let rows = rows.take(pair[0].count as usize + 1);
            rows.flat_map(|row| &row[..pair[1].count as usize]).map(|&number| f64::from(number)).collect()
        };
        Ok(self.sizes.units.windows(2).map(layer).collect())
    }
}

impl Backend for GpuDense {
    fn learn(&mut self, inputs: &[f32], classes: &[usize], rate: f64) -> Result<()> {
        let first = self.bring(inputs, classes.iter().map(|&class| class as u32))?;
        self.steps += 1;
        let rows = classes.len();
        let task = self.sizes.task(rows, first, 1.0 / rows as f64).at(rate, self.steps);
        self.forward(&task)?;
        for layer in (1..task.layers).rev() {
            self.dispatch(Kernel::Backward, &Task { layer, ..task })?;
        }
        self.dispatch(Kernel::Learn, &task)
    }

    fn probabilities(&mut self, inputs: &[f32]) -> Result<Vec<f32>> {
        let Units { count, .. } = self.sizes.units[0];
        let Units { count: classes, stride, slopes, .. } = self.sizes.units[self.sizes.layers()];
        let mut probabilities = Vec::with_capacity(inputs.len() / count as usize * classes as usize);
        for part in inputs.chunks(count as usize * self.sizes.rows) {
            let rows = part.len() / count as usize;
            let first = self.bring(part, std::iter::repeat_n(NO_CLASS, rows))?;
            self.forward(&self.sizes.task(rows, first, 1.0))?;
            let found = self.read(DenseSlot::Slopes)?;
            let found = found[slopes as usize..].chunks_exact(stride as usize).take(rows);
            probabilities.extend(found.flat_map(|row| &row[..classes as usize]));
        }
        Ok(probabilities)
    }

    fn state(&mut self) -> Result<State> {
        Ok(State {
            parameters: self.layers(DenseSlot::Parameters)?,
            means: self.layers(DenseSlot::Means)?,
            squares: self.layers(DenseSlot::Squares)?,
        })
    }
}
