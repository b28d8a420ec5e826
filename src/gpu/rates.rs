//! What a device reaches at a product and a copy of our own.

use super::faults;
use super::registry::{COPY, PRODUCT, Specialisation};
use super::{fold, pipelines};
use crate::clock::Instant;
use crate::error::Result;
use crate::kernels::LANES;
use crate::schedule::Rates;
use std::time::Duration;
use wgpu::{BindGroup, Buffer, BufferUsages, ComputePipeline, Device, PollType, Queue};

/// Repeats last at least this long, so that submitting does not show.
const LONG_ENOUGH: Duration = Duration::from_millis(100);

/// Side of the matrices, by whether the adapter runs on the CPU.
fn side(software: bool) -> usize {
    if software { 512 } else { 4096 }
}

/// Bytes copied, at most.
fn copied(device: &Device, software: bool) -> u64 {
    let wanted = if software { 32 << 20 } else { 256 << 20 };
    wanted.min(device.limits().max_storage_buffer_binding_size)
}

/// Measures both rates; takes about a second.
pub(super) fn measure(device: &Device, queue: &Queue, software: bool) -> Result<Rates> {
    let side = side(software);
    let product = Specialisation::rate(PRODUCT, side);
    let bytes = (4 * side * side) as u64;
    let job = Job::new(device, &product, &[bytes; 3], fold((side / 64).pow(2)))?;
    let flops_per_s = 2.0 * (side as f64).powi(3) / job.seconds(device, queue)?;
    let bytes = copied(device, software) / 16 * 16;
    let groups = fold((bytes as usize / 16).div_ceil(LANES));
    let job = Job::new(device, &Specialisation::rate(COPY, side), &[bytes; 2], groups)?;
    let bytes_per_s = 2.0 * bytes as f64 / job.seconds(device, queue)?;
    Ok(Rates { flops_per_s, bytes_per_s })
}

struct Job {
    pipeline: ComputePipeline,
    bind_group: BindGroup,
    groups: [u32; 3],
}

impl Job {
    /// Buffers of the given sizes, all but the last only read.
    fn new(device: &Device, shader: &Specialisation, sizes: &[u64], groups: [u32; 3]) -> Result<Self> {
        let buffer = |&size: &u64| {
            let descriptor = wgpu::BufferDescriptor {
                label: Some(shader.name),
                size,
                usage: BufferUsages::STORAGE,
                mapped_at_creation: false,
            };
            device.create_buffer(&descriptor)
        };
        let buffers: Vec<Buffer> = sizes.iter().map(buffer).collect();
        let last = sizes.len() - 1;
        let entries: Vec<_> =
            (0..sizes.len()).map(|index| pipelines::storage(index as u32, index < last)).collect();
        let made = pipelines::make(device, shader, &entries, None)?;
        let entries: Vec<_> = buffers
            .iter()
            .enumerate()
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding: binding as u32,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(shader.name),
            layout: &made.layout,
            entries: &entries,
        });
        Ok(Self { pipeline: made.pipeline, bind_group, groups })
    }

    /// Shortest time of one dispatch, from repeats that last long enough.
    fn seconds(&self, device: &Device, queue: &Queue) -> Result<f64> {
        let mut count = 1;
        loop {
            let mut best = Duration::MAX;
            for _ in 0..3 {
                best = best.min(self.repeat(device, queue, count)?);
            }
            if best >= LONG_ENOUGH {
                return Ok(best.as_secs_f64() / f64::from(count));
            }
            count *= 4;
        }
    }

    fn repeat(&self, device: &Device, queue: &Queue, count: u32) -> Result<Duration> {
        let mut encoder = device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &self.bind_group, &[]);
            for _ in 0..count {
                let [x, y, z] = self.groups;
                pass.dispatch_workgroups(x, y, z);
            }
        }
        let start = Instant::now();
        queue.submit([encoder.finish()]);
        faults::poll(device, PollType::wait_indefinitely())
            .map_err(|message| crate::Error::Device { device: device.adapter_info().name, message })?;
        Ok(start.elapsed())
    }
}
