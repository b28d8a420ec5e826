//! Data back from the device: blocking reads, and a ring of snapshots that the training loop never waits for.

use super::bindings::Slot;
use super::buffers::Buffers;
use super::layout::Status;
use crate::backend::Snapshot;
use bytemuck::Pod;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, channel};
use wgpu::{Buffer, BufferUsages, Device, PollType, Queue};

/// Snapshots under way at most; one more waits for the oldest.
const RING: usize = 4;

/// A copy under way from the device.
#[derive(Debug)]
struct Pending {
    buffer: Buffer,
    mapped: Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Pending {
    /// Submits copies of whole ranges `(source, bytes)`, one behind the other.
    fn start(device: &Device, queue: &Queue, sources: &[(&Buffer, u64)]) -> Self {
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: sources.iter().map(|(_, bytes)| bytes).sum(),
            usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self::start_into(buffer, device, queue, sources)
    }

    fn start_into(buffer: Buffer, device: &Device, queue: &Queue, sources: &[(&Buffer, u64)]) -> Self {
        let mut encoder = device.create_command_encoder(&Default::default());
        let mut offset = 0;
        for (source, bytes) in sources {
            encoder.copy_buffer_to_buffer(source, 0, &buffer, offset, *bytes);
            offset += bytes;
        }
        queue.submit([encoder.finish()]);
        let (sender, mapped) = channel();
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // Nobody listens any more when the run was given up.
            let _ = sender.send(result);
        });
        Self { buffer, mapped }
    }

    /// Whether it has arrived; with `wait`, when it has. A failed map is an error.
    fn arrived(&self, device: &Device, wait: bool) -> Result<bool, String> {
        let poll = if wait { PollType::wait_indefinitely() } else { PollType::Poll };
        device.poll(poll).map_err(|error| error.to_string())?;
        match self.mapped.try_recv() {
            Ok(Ok(())) => Ok(true),
            // Nothing else can be wrong with a staging buffer of our own.
            Ok(Err(_)) => Err("the device was lost: its memory can no longer be read".to_owned()),
            Err(_) if wait => Err("the device did not finish".to_owned()),
            Err(_) => Ok(false),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        let view = self.buffer.get_mapped_range(..).map_err(|error| error.to_string())?;
        let bytes = view.to_vec();
        drop(view);
        self.buffer.unmap();
        Ok(bytes)
    }
}

/// Reads a whole buffer, waiting for all work before it.
pub(super) fn read<T: Pod>(device: &Device, queue: &Queue, source: &Buffer) -> Result<Vec<T>, String> {
    let pending = Pending::start(device, queue, &[(source, source.size())]);
    pending.arrived(device, true)?;
    Ok(bytemuck::pod_collect_to_vec(&pending.bytes()?))
}

/// Snapshots on their way.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    pending: VecDeque<(u32, Pending)>,
    free: Vec<Buffer>,
    ready: Vec<Snapshot>,
}

impl Snapshots {
    pub(super) fn request(
        &mut self,
        device: &Device,
        queue: &Queue,
        buffers: &Buffers,
        batch: usize,
        step: u32,
    ) -> Result<(), String> {
        if self.pending.len() == RING {
            self.take_oldest(device, batch, true)?;
        }
        let rows = 4 * batch as u64;
        let sources = [
            (buffers.shared(Slot::Reward), rows),
            (buffers.shared(Slot::ConfigurationSums), 2 * rows),
            (buffers.shared(Slot::Status), size_of::<Status>() as u64),
        ];
        let pending = match self.free.pop() {
            Some(buffer) => Pending::start_into(buffer, device, queue, &sources),
            None => Pending::start(device, queue, &sources),
        };
        self.pending.push_back((step, pending));
        Ok(())
    }

    pub(super) fn arrived(
        &mut self,
        device: &Device,
        batch: usize,
        wait: bool,
    ) -> Result<Vec<Snapshot>, String> {
        while self.take_oldest(device, batch, wait)? {}
        Ok(std::mem::take(&mut self.ready))
    }

    fn take_oldest(&mut self, device: &Device, batch: usize, wait: bool) -> Result<bool, String> {
        let Some((step, pending)) = self.pending.front() else { return Ok(false) };
        if !pending.arrived(device, wait)? {
            return Ok(false);
        }
        let bytes = pending.bytes()?;
        let (rewards, rest) = bytes.split_at(4 * batch);
        let (sums, status) = rest.split_at(8 * batch);
        let rewards: Vec<f32> = bytemuck::pod_collect_to_vec(rewards);
        let status: Status = bytemuck::pod_read_unaligned(status);
        self.ready.push(Snapshot {
            step: *step,
            rewards: rewards.into_iter().map(f64::from).collect(),
            sums: bytemuck::pod_collect_to_vec(sums),
            gradient_norm: status.gradient_norm.into(),
            first_bad_step: (status.first_bad_step != 0).then_some(status.first_bad_step),
        });
        if let Some((_, pending)) = self.pending.pop_front() {
            self.free.push(pending.buffer);
        }
        Ok(true)
    }
}
