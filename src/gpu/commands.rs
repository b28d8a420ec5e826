//! Kernels made ready and recorded: pipelines, bind groups and grids exist once, a step only encodes them.

use super::grid::fold;
use super::layout::Step;
use super::registry::Specialisation;
use super::{AdapterKind, Gpu, devices};
use crate::backend::Backend;
use crate::clock::Instant;
use crate::error::Result;
use crate::kernels::{Inputs, Kernel, Shape, Slot, Variant};
use std::time::Duration;
use wgpu::{
    BindGroup, BindGroupLayout, CommandEncoder, ComputePass, ComputePassDescriptor,
    ComputePassTimestampWrites, ComputePipeline,
};

/// A kernel that only needs to be encoded.
#[derive(Debug)]
pub(super) struct Command {
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
    pub(super) fn encode(&self, pass: &mut ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        for Dispatch { bind_group, groups: [x, y, z] } in &self.dispatches {
            pass.set_bind_group(0, bind_group, &[]);
            pass.dispatch_workgroups(*x, *y, *z);
        }
    }
}

impl Gpu {
    pub(super) fn is_software(&self) -> bool {
        devices::kind(self.device.adapter_info().device_type) == AdapterKind::Software
    }

    pub(super) fn count(&mut self, kernels: &[Kernel]) {
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

    pub(super) fn specialisation(&self, kernel: Kernel, shape: Shape) -> Specialisation {
        let variant = self.variant(kernel, shape);
        Specialisation::new(kernel, self.model.system.lattice, self.model.options, variant)
    }

    /// How a kernel's work is done, with this shape of the forward pass.
    pub(super) fn variant(&self, kernel: Kernel, shape: Shape) -> Variant {
        let Self { sums, drawing, loads, exchange, at_once, .. } = *self;
        Variant {
            shape,
            sums,
            drawing,
            loads,
            exchange,
            storage: self.model.storage,
            job: self.weight_parts(kernel.level()),
            lane_rows: self.lane_rows(kernel, shape),
            at_once,
            is_weighted: self.model.system.weights.is_some(),
            spins: self.model.system.spins,
            slice_lanes: kernel.level().map_or(1, |level| self.buffers.tables.levels[level].slice_lanes),
            window: self.buffers.splits(kernel).then(|| self.buffers.window()),
        }
    }

    fn prepare(&mut self, kernel: Kernel) -> Result<()> {
        if self.commands.contains_key(&kernel) {
            return Ok(());
        }
        if kernel.description().reads.contains(&Slot::Bonds) {
            self.buffers.make_bonds(&self.device, &self.model).map_err(|message| self.failed(message))?;
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
        let slots = kernel.bindings(self.model.storage, self.buffers.splits(kernel));
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
    pub(super) fn start(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()> {
        self.prepare_all(kernels)?;
        let step = Step::new(&self.model, self.batch, self.buffers.tables.norms, inputs);
        // Written before the submission that uses it and after all earlier ones: the queue keeps that order.
        self.queue.write_buffer(self.buffers.shared(Slot::Step), 0, bytemuck::bytes_of(&step));
        if let Some(logits) = self.new_exact_logits(inputs.beta) {
            let buffer = self.buffers.shared(Slot::ExactLogits);
            self.queue.write_buffer(buffer, 0, bytemuck::cast_slice(&logits));
        }
        Ok(())
    }

    /// All kernels in one pass.
    pub(super) fn encode(
        &mut self,
        encoder: &mut CommandEncoder,
        kernels: &[Kernel],
        timestamp_writes: Option<ComputePassTimestampWrites<'_>>,
    ) {
        let descriptor = ComputePassDescriptor { label: None, timestamp_writes };
        let mut pass = encoder.begin_compute_pass(&descriptor);
        for kernel in kernels {
            self.commands[kernel].encode(&mut pass);
        }
        self.count(kernels);
    }

    /// Submits kernels one by one and waits for each.
    pub(super) fn time_by_wall_clock(&mut self, kernels: &[Kernel]) -> Result<Vec<Duration>> {
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
}
