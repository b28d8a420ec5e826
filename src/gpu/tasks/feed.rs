//! Numbers on their way to the device, for dispatches that wait to be submitted.

use bytemuck::Pod;
use wgpu::{Buffer, Queue};

/// What steps that are recorded read, one step behind the other, in a buffer that serves many of them.
#[derive(Debug)]
pub(in crate::gpu) struct Feed<T> {
    numbers: Vec<T>,
    /// So many of them are on the device.
    uploaded: usize,
    /// Numbers that fit into the buffer.
    room: usize,
}

impl<T: Pod> Feed<T> {
    /// A feed of a buffer whose first numbers are so many of it.
    pub(in crate::gpu) fn new(room: usize) -> Self {
        Self { numbers: Vec::new(), uploaded: 0, room }
    }

    /// Whether so many more fit.
    pub(in crate::gpu) fn has_room(&self, more: usize) -> bool {
        self.numbers.len() + more <= self.room
    }

    /// Adds numbers, and gives the place of the first.
    pub(in crate::gpu) fn push(&mut self, numbers: impl IntoIterator<Item = T>) -> usize {
        let first = self.numbers.len();
        self.numbers.extend(numbers);
        first
    }

    /// Starts again from the beginning of the buffer, which no recorded dispatch must need any more.
    pub(in crate::gpu) fn restart(&mut self) {
        self.numbers.clear();
        self.uploaded = 0;
    }

    /// Writes what is not on the device yet, before the next submission.
    pub(in crate::gpu) fn upload(&mut self, queue: &Queue, buffer: &Buffer) {
        let new = &self.numbers[self.uploaded..];
        if !new.is_empty() {
            queue.write_buffer(buffer, (size_of::<T>() * self.uploaded) as u64, bytemuck::cast_slice(new));
            self.uploaded = self.numbers.len();
        }
    }
}
