//! Dispatches on their way to the device: many go in one submission, as many as take a short time there.

use crate::clock::Instant;
use crate::gpu::faults;
use bytemuck::Pod;
use std::collections::VecDeque;
use std::time::Duration;
use wgpu::{
    BindGroup, Buffer, BufferDescriptor, BufferUsages, ComputePipeline, Device, PollType, Queue,
    SubmissionIndex,
};

/// Distance of tasks in their buffer: the default alignment limit.
const STRIDE: usize = 256;
/// Most dispatches of a submission.
const MOST: usize = 1024;
/// Dispatches of the first submission.
const AT_FIRST: usize = 8;
/// A submission that takes less may have twice as many dispatches.
const SHORT: Duration = Duration::from_millis(40);
/// Of one that takes longer, the next ones have half as many: the desktop and Ctrl-C wait for submissions.
const LONG: Duration = Duration::from_millis(100);
/// Submissions under way beside the one that is recorded.
const IN_FLIGHT: usize = 1;

/// Dispatches that are not submitted yet, and those under way. When they are submitted does not change what they compute.
#[derive(Debug)]
pub(super) struct Recorder {
    tasks: Buffer,
    bytes: Vec<u8>,
    dispatches: Vec<(ComputePipeline, BindGroup, [u32; 3])>,
    /// Dispatches of a submission, by the time that the last ones took.
    most: usize,
    in_flight: VecDeque<SubmissionIndex>,
    /// When the device was last known to begin a submission.
    since: Option<Instant>,
}

impl Recorder {
    pub(super) fn new(device: &Device) -> Self {
        let tasks = device.create_buffer(&BufferDescriptor {
            label: Some("tasks"),
            size: (MOST * STRIDE) as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self {
            tasks,
            bytes: Vec::new(),
            dispatches: Vec::new(),
            most: AT_FIRST,
            in_flight: VecDeque::new(),
            since: None,
        }
    }

    /// The buffer of tasks, of which a dispatch sees its own.
    pub(super) fn tasks(&self) -> &Buffer {
        &self.tasks
    }

    /// Whether nothing waits to be submitted.
    pub(super) fn is_empty(&self) -> bool {
        self.dispatches.is_empty()
    }

    /// Whether a submission is complete.
    pub(super) fn is_full(&self) -> bool {
        self.dispatches.len() >= self.most
    }

    /// Records a dispatch with its task, which has at most [`STRIDE`] bytes.
    pub(super) fn push<T: Pod>(
        &mut self,
        pipeline: &ComputePipeline,
        bind_group: &BindGroup,
        task: &T,
        groups: [u32; 3],
    ) {
        const { assert!(size_of::<T>() <= STRIDE) };
        let place = self.dispatches.len() * STRIDE;
        self.bytes.resize(place + STRIDE, 0);
        self.bytes[place..][..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(task));
        self.dispatches.push((pipeline.clone(), bind_group.clone(), groups));
    }

    /// Submits what is recorded, in one pass, and waits until few submissions are under way.
    ///
    /// # Errors
    /// When the device is lost.
    pub(super) fn submit(&mut self, device: &Device, queue: &Queue) -> Result<(), String> {
        if self.is_empty() {
            return Ok(());
        }
        // Written before this submission and after all earlier ones: the queue keeps that order.
        queue.write_buffer(&self.tasks, 0, &self.bytes);
        let mut encoder = device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (index, (pipeline, bind_group, [x, y, z])) in self.dispatches.iter().enumerate() {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bind_group, &[(index * STRIDE) as u32]);
                pass.dispatch_workgroups(*x, *y, *z);
            }
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        self.in_flight.push_back(queue.submit([encoder.finish()]));
        let is_whole = self.dispatches.len() >= self.most;
        self.bytes.clear();
        self.dispatches.clear();
        while self.in_flight.len() > IN_FLIGHT {
            let submission_index = self.in_flight.pop_front();
            faults::poll(device, PollType::Wait { submission_index, timeout: None })?;
            let now = Instant::now();
            self.since = Some(now);
            self.most = match now - since {
                took if took > LONG => (self.most / 2).max(1),
                took if took < SHORT && is_whole => (2 * self.most).min(MOST),
                _ => self.most,
            };
        }
        Ok(())
    }

    /// Submits what is recorded and waits for all of it.
    ///
    /// # Errors
    /// When the device is lost.
    pub(super) fn finish(&mut self, device: &Device, queue: &Queue) -> Result<(), String> {
        self.submit(device, queue)?;
        faults::poll(device, PollType::wait_indefinitely())?;
        self.in_flight.clear();
        self.since = None;
        Ok(())
    }
}
