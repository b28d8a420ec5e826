//! Data back from the device: blocking reads, and a ring of snapshots that the training loop never waits for.

use super::buffers::Buffers;
use super::faults;
use super::layout::Status;
use super::scopes::Scopes;
use crate::backend::Snapshot;
use crate::kernels::Slot;
use bytemuck::Pod;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::Duration;
use wgpu::{Buffer, BufferUsages, CommandEncoder, Device, ErrorFilter, PollType, Queue};

/// Snapshots (of steps in several parts: sets of snapshots) under way at most; one more waits for the oldest.
const RING: usize = 4;

/// Longest wait for the callback of a copy that is done.
const CALLBACK: Duration = Duration::from_secs(5);

pub(super) const LOST: &str = "the device was lost: its memory can no longer be read";
/// A page stands still while it waits, and so does what it would wait for.
const CANNOT_WAIT: &str = "in a browser memory of a device cannot be waited for";

/// A copy under way from the device.
#[derive(Debug)]
struct Pending {
    buffer: Buffer,
    mapped: Receiver<Result<(), wgpu::BufferAsyncError>>,
}

/// How to look whether a copy has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Wait for it.
    Wait,
    /// Let the device say what is done by now.
    Poll,
    /// Without a word to the device, which somebody else polls.
    Only,
}

/// What has become of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Arrived,
    UnderWay,
    /// Its encoder was dropped without being submitted.
    Dropped,
}

impl Pending {
    /// Records copies of whole ranges `(source, bytes)`, one behind the other; the buffer is mapped once they are submitted and done.
    fn record(buffer: Buffer, encoder: &mut CommandEncoder, sources: &[(&Buffer, u64)]) -> Self {
        let mut offset = 0;
        for (source, bytes) in sources {
            encoder.copy_buffer_to_buffer(source, 0, &buffer, offset, *bytes);
            offset += bytes;
        }
        let (sender, mapped) = channel();
        encoder.map_buffer_on_submit(&buffer, wgpu::MapMode::Read, .., move |result| {
            // Nobody listens any more when the run was given up.
            let _ = sender.send(result);
        });
        Self { buffer, mapped }
    }

    /// A failed map is an error.
    fn look(&self, device: &Device, look: Look) -> Result<State, String> {
        let poll = match look {
            Look::Wait if cfg!(target_family = "wasm") => return Err(CANNOT_WAIT.to_owned()),
            Look::Wait => Some(PollType::wait_indefinitely()),
            Look::Poll => Some(PollType::Poll),
            Look::Only => None,
        };
        if let Some(poll) = poll {
            faults::poll(device, poll)?;
        }
        // After a poll by this thread, another one may still be about to run the callback.
        let received = match look {
            Look::Wait => self.mapped.recv_timeout(CALLBACK).map_err(|error| match error {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            }),
            Look::Poll | Look::Only => self.mapped.try_recv(),
        };
        match received {
            Ok(Ok(())) => Ok(State::Arrived),
            // Nothing else can be wrong with a staging buffer of our own.
            Ok(Err(_)) => Err(LOST.to_owned()),
            Err(TryRecvError::Disconnected) => Ok(State::Dropped),
            Err(TryRecvError::Empty) if look == Look::Wait => Err("the device did not finish".to_owned()),
            Err(TryRecvError::Empty) => Ok(State::UnderWay),
        }
    }

    fn take<T: Pod>(&self) -> Result<Vec<T>, String> {
        let view = self.buffer.get_mapped_range(..).map_err(|error| error.to_string())?;
        let values = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        self.buffer.unmap();
        Ok(values)
    }
}

fn staging(device: &Device, sources: &[(&Buffer, u64)]) -> Result<Buffer, String> {
    let size = sources.iter().map(|(_, bytes)| bytes).sum();
    let scopes = Scopes::open(device, &[ErrorFilter::OutOfMemory]);
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("staging"),
        size,
        usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    match scopes.close() {
        None => Ok(buffer),
        Some(_) => Err(format!("out of memory to read {size} bytes back")),
    }
}

/// Records copies with an encoder and submits them.
fn submit<T>(
    device: &Device,
    queue: &Queue,
    record: impl FnOnce(&mut CommandEncoder) -> Result<T, String>,
) -> Result<T, String> {
    // Buffers of a lost device are not valid, and nothing else is wrong with ours.
    let scopes = Scopes::open(device, &[ErrorFilter::Validation]);
    let mut encoder = device.create_command_encoder(&Default::default());
    let recorded = record(&mut encoder);
    if recorded.is_ok() {
        queue.submit([encoder.finish()]);
    }
    match scopes.close() {
        None => recorded,
        Some(error) => {
            tracing::error!("{error}");
            recorded.and(Err(LOST.to_owned()))
        }
    }
}

/// Reads a whole buffer, waiting for all work before it.
pub(super) fn read<T: Pod>(device: &Device, queue: &Queue, source: &Buffer) -> Result<Vec<T>, String> {
    let sources = [(source, source.size())];
    let buffer = staging(device, &sources)?;
    let pending = submit(device, queue, |encoder| Ok(Pending::record(buffer, encoder, &sources)))?;
    pending.look(device, Look::Wait)?;
    pending.take()
}

/// Whole arrays on their way to somebody who does not wait for them.
#[derive(Debug)]
pub(crate) struct Arrays {
    pending: Pending,
    /// Numbers in each.
    lengths: Vec<usize>,
}

/// Arrays that were asked for, or the reason why they are not here.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// Their numbers, array by array.
    Arrived(Vec<Vec<f32>>),
    UnderWay,
    /// Their encoder was dropped without being submitted.
    Dropped,
}

impl Arrays {
    /// Records copies of buffers of f32.
    pub(super) fn record(
        device: &Device,
        encoder: &mut CommandEncoder,
        sources: &[&Buffer],
    ) -> Result<Self, String> {
        let sources: Vec<_> = sources.iter().map(|source| (*source, source.size())).collect();
        let lengths = sources.iter().map(|(_, bytes)| *bytes as usize / size_of::<f32>()).collect();
        let pending = Pending::record(staging(device, &sources)?, encoder, &sources);
        Ok(Self { pending, lengths })
    }

    /// Looks without a word to the device. Arrays that have arrived can be taken once.
    pub(super) fn look(&self, device: &Device) -> Result<Arrival, String> {
        match self.pending.look(device, Look::Only)? {
            State::UnderWay => return Ok(Arrival::UnderWay),
            State::Dropped => return Ok(Arrival::Dropped),
            State::Arrived => (),
        }
        let all: Vec<f32> = self.pending.take()?;
        let mut rest = &all[..];
        let arrays = self.lengths.iter().map(|length| rest.split_off(..*length).unwrap_or_default().to_vec());
        Ok(Arrival::Arrived(arrays.collect()))
    }
}

/// Snapshots on their way.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    pending: VecDeque<(u32, Pending)>,
    free: Vec<Buffer>,
    ready: Vec<Snapshot>,
}

impl Snapshots {
    /// Whether those of one more step in `parts` can be recorded without waiting.
    pub(super) fn has_room(&self, parts: usize) -> bool {
        self.pending.len() + parts <= RING * parts
    }

    /// Records a copy of what a step tells about itself.
    pub(super) fn record(
        &mut self,
        device: &Device,
        encoder: &mut CommandEncoder,
        buffers: &Buffers,
        batch: usize,
        step: u32,
    ) -> Result<(), String> {
        let rows = 4 * batch as u64;
        let sources = [
            (buffers.shared(Slot::Reward), rows),
            (buffers.shared(Slot::ConfigurationSums), 2 * rows),
            (buffers.shared(Slot::Status), size_of::<Status>() as u64),
        ];
        let buffer = self.free.pop().map_or_else(|| staging(device, &sources), Ok)?;
        self.pending.push_back((step, Pending::record(buffer, encoder, &sources)));
        Ok(())
    }

    /// Submits such a copy; where there is no room, after waiting for the oldest one.
    pub(super) fn request(
        &mut self,
        device: &Device,
        queue: &Queue,
        buffers: &Buffers,
        batch: usize,
        step: u32,
    ) -> Result<(), String> {
        if !self.has_room(1) {
            self.take_oldest(device, batch, Look::Wait)?;
        }
        submit(device, queue, |encoder| self.record(device, encoder, buffers, batch, step))
    }

    pub(super) fn arrived(
        &mut self,
        device: &Device,
        batch: usize,
        look: Look,
    ) -> Result<Vec<Snapshot>, String> {
        while self.take_oldest(device, batch, look)? {}
        Ok(std::mem::take(&mut self.ready))
    }

    fn take_oldest(&mut self, device: &Device, batch: usize, look: Look) -> Result<bool, String> {
        let Some((step, pending)) = self.pending.front() else { return Ok(false) };
        match pending.look(device, look)? {
            State::Arrived => (),
            State::UnderWay => return Ok(false),
            State::Dropped => {
                self.pending.pop_front();
                return Ok(true);
            }
        }
        let bytes: Vec<u8> = pending.take()?;
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
