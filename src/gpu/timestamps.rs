//! Times of single dispatches by the device's own clock.

use super::readback;
use std::time::Duration;
use wgpu::{Buffer, BufferUsages, CommandEncoder, ComputePassTimestampWrites, Device, QuerySet, Queue};

/// Queries that a set may hold at most, two per dispatch.
const MOST: u32 = wgpu::QUERY_SET_MAX_QUERIES;

/// Begin and end of up to [`Timestamps::capacity`] compute passes.
#[derive(Debug)]
pub(super) struct Timestamps {
    queries: QuerySet,
    resolved: Buffer,
    passes: u32,
}

impl Timestamps {
    /// For `passes` passes; nothing if the device was made without timestamps.
    pub(super) fn new(device: &Device, passes: usize) -> Option<Self> {
        let passes = u32::try_from(passes).ok().filter(|&passes| passes > 0 && 2 * passes <= MOST)?;
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let queries = device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("timestamps"),
            ty: wgpu::QueryType::Timestamp,
            count: 2 * passes,
        });
        let resolved = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("timestamps"),
            size: u64::from(2 * passes) * 8,
            usage: BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        Some(Self { queries, resolved, passes })
    }

    /// What pass number `pass` writes.
    pub(super) fn of_pass(&self, pass: usize) -> ComputePassTimestampWrites<'_> {
        let begin = 2 * pass as u32;
        ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(begin),
            end_of_pass_write_index: Some(begin + 1),
        }
    }

    /// Records that the times are made readable, after all passes.
    pub(super) fn resolve(&self, encoder: &mut CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..2 * self.passes, &self.resolved, 0);
    }

    /// Begin and end of every pass, counted from the first begin, once the device is done.
    pub(super) fn read(&self, device: &Device, queue: &Queue) -> Result<Vec<[Duration; 2]>, String> {
        let ticks: Vec<u64> = readback::read(device, queue, &self.resolved)?;
        let nanoseconds = f64::from(queue.get_timestamp_period());
        let time =
            |tick: u64| Duration::from_secs_f64(tick.saturating_sub(ticks[0]) as f64 * nanoseconds * 1e-9);
        Ok(ticks.chunks(2).map(|pass| [time(pass[0]), time(pass[1])]).collect())
    }
}
