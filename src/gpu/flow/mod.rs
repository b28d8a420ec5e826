//! Multiscale flows on a GPU. The folder lies here, and not in `src/neuralrg/`, since wgpu is named in `src/gpu/` alone.
//!
//! A configuration stays in its workgroup, which takes it through all blocks; so a step is five dispatches (`learn`), however many blocks and couplings a flow has. The sizes of nets
//! are constants of the shaders, everything else travels with the task of a dispatch (`sizes.rs`).

mod kernels;
mod leapfrog;
mod packing;
mod sizes;

pub use kernels::FlowSlot;
pub(in crate::gpu) use kernels::specialisations;
pub use sizes::FlowTask;

use super::Selected;
use super::pipelines::Pipeline;
use super::tasks::TaskDevice;
use crate::error::{Error, Result};
use crate::kernels::Access;
use crate::neuralrg::{
    Backend, Estimator, Fields, Flow, Leaps, Learner, Lesson, Moments, Point, Rule, Space, Symmetry,
    ln_normal_constant,
};
use bytemuck::Pod;
use kernels::Kernel;
use leapfrog::Moved;
use sizes::{CARD, MOST_QUADS, SOFTWARE, Shape, Sizes};
use std::collections::HashMap;
use wgpu::{BindGroup, Buffer, Device, Queue};

/// The names that a kernel binds beside its task: for tests that compare it with the shader.
#[doc(hidden)]
pub fn flow_bindings() -> Vec<(&'static str, Vec<(FlowSlot, Access)>)> {
    Kernel::ALL.map(|kernel| (kernel.name(), kernel.bindings())).to_vec()
}

/// A flow that learns on a GPU.
#[derive(Debug)]
pub struct GpuFlow {
    sizes: Sizes,
    setting: String,
    device: TaskDevice,
    buffers: HashMap<FlowSlot, Buffer>,
    kernels: HashMap<Kernel, (Pipeline, BindGroup)>,
    dispatches: usize,
}

impl GpuFlow {
    /// Takes a flow with its field to an adapter, as [`select`](super::select) finds it, to learn from batches of so many configurations at the most.
    ///
    /// # Errors
    /// When the driver refuses a device, or the flow does not fit it.
    pub fn open(adapter: &wgpu::Adapter, learner: &Learner<f32>, batch: usize) -> Result<Self> {
        let flow = Self::on(TaskDevice::open(adapter)?, learner, batch, None)?;
        flow.device.check()?;
        Ok(flow)
    }

    /// As [`GpuFlow::open`], for a run that records which adapter it was.
    ///
    /// # Errors
    /// As [`GpuFlow::open`].
    pub(crate) fn open_selected(selected: &Selected, learner: &Learner<f32>, batch: usize) -> Result<Self> {
        Ok(Self { setting: selected.setting.clone(), ..Self::open(&selected.adapter, learner, batch)? })
    }

    /// On the caller's device, which may be made with `wgpu::Limits::default()` and no features.
    ///
    /// # Errors
    /// When the flow does not fit the device's limits.
    pub fn new(device: &Device, queue: &Queue, learner: &Learner<f32>, batch: usize) -> Result<Self> {
        Self::on(TaskDevice::of(device, queue), learner, batch, None)
    }

    /// As [`GpuFlow::open`], with work shared out as on a graphics card, also on a software adapter, where that is slower and where loops of large lattices would be cut short.
    ///
    /// # Errors
    /// As [`GpuFlow::open`].
    pub fn open_as_card(adapter: &wgpu::Adapter, learner: &Learner<f32>, batch: usize) -> Result<Self> {
        Self::on(TaskDevice::open(adapter)?, learner, batch, Some(CARD))
    }

    fn on(device: TaskDevice, learner: &Learner<f32>, batch: usize, shape: Option<Shape>) -> Result<Self> {
        let shape = shape.unwrap_or(if device.is_software() { SOFTWARE } else { CARD });
        let sizes = Sizes::of(learner.flow(), batch, shape);
        check(&device, &sizes)?;
        let form = sizes.form;
        let of = format!("{batch} configurations of side {}", sizes.side);
        let buffers: HashMap<FlowSlot, Buffer> = device.buffers(&of, sizes.wanted(), |slot| match slot {
            FlowSlot::Partials => "use fewer --hidden units or a smaller --batch, or --device cpu",
            _ => "use a smaller --batch, or --device cpu",
        })?;
        let wanted = Kernel::ALL.map(|kernel| (kernel.specialisation(form, sizes.shape), kernel.layout()));
        let pipelines = device.pipelines(wanted.to_vec())?;
        let bound = |(kernel, pipeline): (Kernel, Pipeline)| {
            let bindings = kernel.bindings().into_iter();
            let of_slots = bindings.map(|(slot, _)| (slot as u32, &buffers[&slot]));
            let bind_group = device.bind_group::<FlowTask>(&pipeline, of_slots);
            (kernel, (pipeline, bind_group))
        };
        let kernels = Kernel::ALL.into_iter().zip(pipelines).map(bound).collect();
        let setting = device.wgpu_device().adapter_info().name;
        let flow = Self { sizes, setting, device, buffers, kernels, dispatches: 0 };
        flow.write_all(learner)?;
        Ok(flow)
    }

    /// The device it runs on.
    pub fn wgpu_device(&self) -> &Device {
        self.device.wgpu_device()
    }

    /// Dispatches recorded so far.
    pub fn dispatches(&self) -> usize {
        self.dispatches
    }

    fn write_all(&self, learner: &Learner<f32>) -> Result<()> {
        let (waves, inverse) = learner.dual().product();
        let moments = learner.moments();
        self.write(FlowSlot::Blocks, &self.sizes.blocks)?;
        self.write(FlowSlot::Patches, &self.sizes.patches)?;
        self.write(FlowSlot::Waves, waves)?;
        self.write(FlowSlot::Inverse, inverse)?;
        self.write(FlowSlot::Parameters, &self.sizes.packed(learner.flow().parameters()))?;
        self.write(FlowSlot::Means, &self.sizes.packed(&moments.first))?;
        self.write(FlowSlot::Squares, &self.sizes.packed(&moments.second))
    }

    fn write<T: Pod>(&self, slot: FlowSlot, values: &[T]) -> Result<()> {
        self.device.write(&self.buffers[&slot], 0, values)
    }

    /// Reads an array, after everything recorded before.
    fn read(&mut self, slot: FlowSlot) -> Result<Vec<f32>> {
        self.device.submit()?;
        self.device.read(&self.buffers[&slot])
    }

    fn dispatch(&mut self, kernel: Kernel, task: &FlowTask) -> Result<()> {
        let (pipeline, bind_group) = &self.kernels[&kernel];
        self.device.push(pipeline, bind_group, task, kernel.groups(task));
        self.dispatches += 1;
        if self.device.is_full() { self.device.submit() } else { Ok(()) }
    }

    /// Records a kernel on all blocks, in the order of its way.
    fn pass(&mut self, kernel: Kernel, task: &FlowTask) -> Result<()> {
        let mut spans = self.sizes.spans(task.each as usize);
        if matches!(kernel, Kernel::Generate | Kernel::GenerateScored) {
            spans.reverse();
        }
        for (number, span) in spans.into_iter().enumerate() {
            let [first_block, blocks] = [span.start, span.len()].map(|size| size as u32);
            self.dispatch(
                kernel,
                &FlowTask { first_block, blocks, starts: u32::from(number == 0), ..*task },
            )?;
        }
        Ok(())
    }

    /// Takes rows to the device, as many at a time as fit, and gathers what is made of them.
    fn part_by_part<T>(
        &mut self,
        fields: &Fields<f32>,
        mut make: impl FnMut(&mut Self, &FlowTask) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let values = fields.to_rows();
        let mut made = Vec::with_capacity(values.len());
        for part in values.chunks(self.sizes.rows * self.sizes.sites) {
            // What is recorded still works on the rows that are there.
            self.device.submit()?;
            self.write(FlowSlot::X, part)?;
            let rows = part.len() / self.sizes.sites;
            let task = self.sizes.task(rows, self.sizes.each(rows));
            made.extend(make(self, &task)?);
        }
        Ok(made)
    }

    /// Numbers after a pass through all blocks, with the sum of the parts of ln q that it left, `[rows]`.
    fn passed(&mut self, kernel: Kernel, fields: &Fields<f32>) -> Result<(Fields<f32>, Vec<f64>)> {
        let sites = self.sizes.sites;
        let mut sums = Vec::with_capacity(fields.rows());
        let numbers = self.part_by_part(fields, |flow, task| {
            flow.pass(kernel, task)?;
            sums.extend(flow.sums(FlowSlot::LnQ, task)?);
            let mut numbers = flow.read(FlowSlot::X)?;
            numbers.truncate(task.rows as usize * sites);
            Ok(numbers)
        })?;
        Ok((Fields::of_rows(&numbers, sites), sums))
    }

    /// Sums of the parts of rows, `[rows]`.
    fn sums(&mut self, slot: FlowSlot, task: &FlowTask) -> Result<Vec<f64>> {
        let parts = self.read(slot)?;
        let rows = parts.chunks_exact(self.sizes.sites / 4).take(task.rows as usize);
        Ok(rows.map(|parts| parts.iter().map(|&part| f64::from(part)).sum()).collect())
    }

    /// Leaves the gradient of configurations that the flow draws.
    fn learn_own(&mut self, lesson: &Lesson<f32>, task: FlowTask) -> Result<()> {
        let ([key0, key1], step) = lesson.noise.key();
        let task = FlowTask { key0, key1, step, ..task };
        let (generate, task) = match lesson.estimator {
            Estimator::Path => (Kernel::GenerateScored, FlowTask { of_score: 1.0, ..task }),
            Estimator::Total => (Kernel::Generate, FlowTask { of_ln_det: -task.share, ..task }),
        };
        self.dispatch(Kernel::Normal, &task)?;
        self.pass(generate, &task)?;
        if self.sizes.form.symmetry == Symmetry::Mixture {
            let images = FlowTask { first_row: task.rows, ..task };
            self.dispatch(Kernel::Mirror, &task)?;
            self.pass(Kernel::Infer, &images)?;
            self.pass(Kernel::GenerateScored, &images)?;
            self.dispatch(Kernel::Mix, &FlowTask { joins: 1, ..task })?;
        }
        self.dispatch(Kernel::Energy, &task)?;
        self.pass(Kernel::Backward, &task)
    }

    /// Leaves the gradient of the likelihood of fields from elsewhere, in a mixture of their images too. Their score is that of configurations that the flow makes of their latent numbers.
    fn learn_given(&mut self, fields: &Fields<f32>, task: FlowTask) -> Result<()> {
        // What is recorded still works on the rows that are there.
        self.device.submit()?;
        self.write(FlowSlot::X, &fields.to_rows())?;
        let task = FlowTask { of_energy: 0.0, of_score: 1.0, ..task };
        let given = FlowTask { rows: fields.rows() as u32, ..task };
        let is_mixture = self.sizes.form.symmetry == Symmetry::Mixture;
        if is_mixture {
            self.dispatch(Kernel::Mirror, &given)?;
        }
        self.pass(Kernel::Infer, &task)?;
        self.pass(Kernel::GenerateScored, &task)?;
        if is_mixture {
            self.dispatch(Kernel::Mix, &given)?;
        }
        self.dispatch(Kernel::Energy, &task)?;
        self.pass(Kernel::Backward, &task)
    }

    fn unpacked(&mut self, slot: FlowSlot) -> Result<Vec<f32>> {
        let packed = self.read(slot)?;
        Ok(self.sizes.unpacked(&packed))
    }
}

/// Refuses nets that are too large for a lane, or for the loops of a software adapter.
fn check(device: &TaskDevice, sizes: &Sizes) -> Result<()> {
    let sizes::Form { hidden, depth, layers, .. } = sizes.form;
    let limit = if sizes.form.coupling() > MOST_QUADS {
        format!("a lane has no room for the gradient of nets of hidden = {hidden} and depth = {depth}")
    } else if !sizes.fits(1) {
        format!(
            "this driver ends loops too early for hidden = {hidden}, depth = {depth} and layers = {layers}"
        )
    } else {
        return Ok(());
    };
    let way_out = "use fewer --hidden units or a smaller --depth, or --device cpu".to_owned();
    Err(Error::DeviceLimit { device: device.name().to_owned(), limit, way_out })
}

impl Backend<f32> for GpuFlow {
    fn device(&self) -> &str {
        self.device.name()
    }

    fn setting(&self) -> String {
        self.setting.clone()
    }

    fn symmetry(&self) -> Symmetry {
        self.sizes.form.symmetry
    }

    fn learn(&mut self, lesson: &Lesson<f32>, rule: Rule) -> Result<()> {
        let rows = lesson.rows();
        assert!(rows <= self.sizes.batch, "at most {} configurations", self.sizes.batch);
        let each = self.sizes.each(self.sizes.batch);
        let share = (rows as f64).recip() as f32;
        let own = FlowTask { share, ..self.sizes.task(lesson.own, each) };
        let slices = own.slices;
        if lesson.own > 0 {
            self.learn_own(lesson, own)?;
        }
        let fields = match self.sizes.form.symmetry {
            Symmetry::Odd => lesson.given.rows(),
            Symmetry::Mixture => 2 * lesson.given.rows(),
        };
        let given = self.sizes.task(fields, each);
        let given = FlowTask { share, of_ln_det: share, first_slice: slices, ..given };
        if lesson.given.rows() > 0 {
            self.learn_given(&lesson.given, given)?;
        }
        let [rate, kept, scale] = rule.factors().map(|factor| factor as f32);
        let slices = slices + given.slices;
        self.dispatch(Kernel::Adam, &FlowTask { slices, rate, kept, scale, ..given })
    }

    fn generate(&mut self, z: &Fields<f32>) -> Result<(Fields<f32>, Vec<f64>)> {
        let constant = ln_normal_constant(self.sizes.sites);
        let (x, sums) = self.passed(Kernel::Generate, z)?;
        Ok((x, sums.into_iter().map(|sum| -sum - constant).collect()))
    }

    fn infer(&mut self, x: &Fields<f32>) -> Result<(Fields<f32>, Vec<f64>)> {
        let (z, ln_det) = self.passed(Kernel::Infer, x)?;
        let of_latent = Flow::ln_normal(&z);
        let ln_q = of_latent.into_iter().zip(ln_det).map(|(of_latent, ln_det)| of_latent - ln_det);
        Ok((z, ln_q.collect()))
    }

    fn energies(&mut self, x: &Fields<f32>) -> Result<Vec<f64>> {
        self.part_by_part(x, |flow, task| {
            flow.dispatch(Kernel::Energy, task)?;
            flow.sums(FlowSlot::Energies, task)
        })
    }

    fn point(&mut self, space: Space, places: Fields<f32>) -> Result<Point<f32>> {
        let still = Leaps { length: 0.0, count: 1 };
        let zeros = || Fields::zeros(places.rows(), places.sites());
        let (x, slopes, potentials) = (zeros(), zeros(), vec![0.0; places.rows()]);
        let mut momenta = zeros();
        let from = Point { places, x, potentials, slopes };
        self.leap(space, &from, &mut momenta, still)
    }

    fn leap(
        &mut self,
        space: Space,
        from: &Point<f32>,
        momenta: &mut Fields<f32>,
        leaps: Leaps,
    ) -> Result<Point<f32>> {
        let sites = self.sizes.sites;
        let starts = [&from.places, momenta, &from.slopes].map(Fields::to_rows);
        let mut end = Moved::default();
        let most = self.sizes.rows * sites;
        for first in (0..starts[0].len()).step_by(most) {
            let part = starts.each_ref().map(|values| &values[first..values.len().min(first + most)]);
            self.leap_part(space, part, leaps, &mut end)?;
        }
        let Moved { places, momenta: moved, x, slopes, potentials } = end;
        *momenta = Fields::of_rows(&moved, sites);
        let [places, x, slopes] = [places, x, slopes].map(|values| Fields::of_rows(&values, sites));
        Ok(Point { places, x, potentials, slopes })
    }

    fn parameters(&mut self) -> Result<Vec<f32>> {
        self.unpacked(FlowSlot::Parameters)
    }

    fn moments(&mut self) -> Result<Moments<f32>> {
        Ok(Moments { first: self.unpacked(FlowSlot::Means)?, second: self.unpacked(FlowSlot::Squares)? })
    }
}
