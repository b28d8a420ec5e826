//! Work by tasks: dispatches that bring numbers of their own, many of them in one submission. Machines and dense nets run this way: their kernels do not depend on sizes, which
//! travel with the task, and so are compiled once.

mod feed;
mod recorder;
pub(super) mod tile;

pub(super) use feed::Feed;

use super::faults::Faults;
use super::pipeline_cache::CacheFile;
use super::pipelines::{self, Pipeline};
use super::registry::Specialisation;
use super::scopes::Scopes;
use super::{AdapterKind, devices, readback};
use crate::error::{Error, Result};
use crate::kernels::{Access, SOFTWARE_TURNS};
use crate::memory::readable;
use bytemuck::Pod;
use rayon::prelude::*;
use recorder::Recorder;
use std::fmt::Debug;
use tile::{SLICES, SOFTWARE_SLICES, STAGED, TURNS};
use wgpu::{
    Adapter, BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayoutEntry, BindingResource, Buffer,
    BufferBinding, BufferDescriptor, BufferSize, BufferUsages, Device, ErrorFilter, Queue,
};

/// Bytes that shaders can address by their 32-bit indices of words.
const ADDRESSED: u64 = 1 << 34;

/// The layout of a bind group: tasks of type `T` at binding 0, and buffers by the numbers of their bindings.
pub(super) fn layout<T>(bindings: impl IntoIterator<Item = (u32, Access)>) -> Vec<BindGroupLayoutEntry> {
    let task = pipelines::part_of_uniform(0, size_of::<T>());
    let storage = |(binding, access)| pipelines::storage(binding, matches!(access, Access::Read));
    [task].into_iter().chain(bindings.into_iter().map(storage)).collect()
}

/// A device with the dispatches that are on their way to it.
#[derive(Debug)]
pub(super) struct TaskDevice {
    name: String,
    device: Device,
    queue: Queue,
    is_software: bool,
    cache: Option<CacheFile>,
    recorder: Recorder,
    faults: Faults,
}

impl TaskDevice {
    /// A device of an adapter.
    ///
    /// # Errors
    /// When the driver refuses.
    pub(super) fn open(adapter: &Adapter) -> Result<Self> {
        let (device, queue) = devices::request(adapter)?;
        let faults = Faults::of(&device);
        let cache = CacheFile::open(adapter, &device);
        Ok(Self { faults, cache, ..Self::of(&device, &queue) })
    }

    /// The caller's device.
    pub(super) fn of(device: &Device, queue: &Queue) -> Self {
        let info = device.adapter_info();
        Self {
            name: format!("{} ({})", info.name, info.backend),
            device: device.clone(),
            queue: queue.clone(),
            is_software: devices::kind(info.device_type) == AdapterKind::Software,
            cache: None,
            recorder: Recorder::new(device),
            faults: Faults::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_software(&self) -> bool {
        self.is_software
    }

    pub(super) fn wgpu_device(&self) -> &Device {
        &self.device
    }

    /// Slices of a workgroup that share a tile.
    pub(super) fn slices(&self) -> usize {
        if self.is_software { SOFTWARE_SLICES } else { SLICES }
    }

    pub(super) fn failed(&self, message: String) -> Error {
        Error::Device { device: self.name.clone(), message }
    }

    /// What the driver reported outside any call.
    pub(super) fn check(&self) -> Result<()> {
        self.faults.check(&self.device).map_err(|message| self.failed(message))
    }

    /// Refuses products of so many sources where a driver would end their loops too early.
    pub(super) fn check_turns(&self, what: &str, sources: usize, way_out: &str) -> Result<()> {
        if self.is_software && sources.div_ceil(STAGED) * TURNS > SOFTWARE_TURNS {
            let limit = format!("this driver ends loops too early for {sources} {what}");
            let way_out = format!("{way_out}, or --device cpu");
            return Err(Error::DeviceLimit { device: self.name.clone(), limit, way_out });
        }
        Ok(())
    }

    /// Makes buffers of zeros, named and with their words, for `of` what is on the device.
    ///
    /// # Errors
    /// When one is larger than the device allows, or there is no memory for them.
    pub(super) fn buffers<S: Debug + Copy, B: FromIterator<(S, Buffer)>>(
        &self,
        of: &str,
        wanted: Vec<(S, usize)>,
        way_out: impl Fn(S) -> &'static str,
    ) -> Result<B> {
        let limits = self.device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size).min(ADDRESSED);
        let refused = |limit, slot| Error::DeviceLimit {
            device: self.name.clone(),
            limit,
            way_out: way_out(slot).to_owned(),
        };
        // No buffer is empty.
        let bytes = |words: usize| 4 * words.max(1) as u64;
        let largest = wanted.iter().max_by_key(|(_, words)| *words).copied();
        if let Some((slot, words)) = largest.filter(|(_, words)| bytes(*words) > most) {
            let [needed, offered] = [bytes(words), most].map(readable);
            let limit = format!("{slot:?} of {of} need a buffer of {needed}, the device allows {offered}");
            return Err(refused(limit, slot));
        }
        let total = wanted.iter().map(|(_, words)| bytes(*words)).sum();
        let scopes = Scopes::open(&self.device, &[ErrorFilter::OutOfMemory]);
        let buffer = |(slot, words): (S, usize)| {
            let buffer = self.device.create_buffer(&BufferDescriptor {
                label: Some(&format!("{slot:?}")),
                size: bytes(words),
                usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            (slot, buffer)
        };
        let buffers = wanted.into_iter().map(buffer).collect();
        match (scopes.close(), largest) {
            (Some(_), Some((slot, _))) => {
                Err(refused(format!("out of memory for {}: {of}", readable(total)), slot))
            }
            _ => Ok(buffers),
        }
    }

    /// Makes pipelines, in the order of their shaders.
    ///
    /// # Errors
    /// When a shader does not compile.
    pub(super) fn pipelines(
        &self,
        wanted: Vec<(Specialisation, Vec<BindGroupLayoutEntry>)>,
    ) -> Result<Vec<Pipeline>> {
        let cache = self.cache.as_ref().map(CacheFile::cache);
        let make = |(shader, layout): (_, Vec<_>)| pipelines::make(&self.device, &shader, &layout, cache);
        let made = wanted.into_par_iter().map(make).collect::<Result<Vec<_>>>();
        self.check()?;
        if let Some(cache) = &self.cache {
            cache.save();
        }
        made
    }

    /// The bind group of a pipeline, as [`layout`] says.
    pub(super) fn bind_group<'a, T>(
        &self,
        pipeline: &Pipeline,
        buffers: impl IntoIterator<Item = (u32, &'a Buffer)>,
    ) -> BindGroup {
        let task = BufferBinding {
            buffer: self.recorder.tasks(),
            offset: 0,
            size: BufferSize::new(size_of::<T>() as u64),
        };
        let task = BindGroupEntry { binding: 0, resource: BindingResource::Buffer(task) };
        let entry = |(binding, buffer): (u32, &'a Buffer)| BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        };
        let entries: Vec<_> = [task].into_iter().chain(buffers.into_iter().map(entry)).collect();
        self.device.create_bind_group(&BindGroupDescriptor {
            label: None,
            layout: &pipeline.layout,
            entries: &entries,
        })
    }

    /// Records a dispatch.
    pub(super) fn push<T: Pod>(
        &mut self,
        pipeline: &Pipeline,
        bind_group: &BindGroup,
        task: &T,
        groups: [u32; 3],
    ) {
        self.recorder.push(&pipeline.pipeline, bind_group, task, groups);
    }

    /// Whether a submission is complete.
    pub(super) fn is_full(&self) -> bool {
        self.recorder.is_full()
    }

    /// Starts a feed again where nothing waits to be submitted: dispatches that are recorded still need it as it is.
    pub(super) fn refill<T: Pod>(&self, feed: &mut Feed<T>) {
        if self.recorder.is_empty() {
            feed.restart();
        }
    }

    /// Writes what a feed has that is not on the device yet.
    pub(super) fn upload<T: Pod>(&self, feed: &mut Feed<T>, buffer: &Buffer) {
        feed.upload(&self.queue, buffer);
    }

    /// Submits what is recorded.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn submit(&mut self) -> Result<()> {
        let submitted = self.recorder.submit(&self.device, &self.queue);
        self.check()?;
        submitted.map_err(|message| self.failed(message))
    }

    /// Submits what is recorded and waits for all of it.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn finish(&mut self) -> Result<()> {
        let finished = self.recorder.finish(&self.device, &self.queue);
        self.check()?;
        finished.map_err(|message| self.failed(message))
    }

    /// Writes numbers of a buffer, from one of its words on.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn write<T: Pod>(&self, buffer: &Buffer, first: usize, values: &[T]) -> Result<()> {
        // Buffers of a lost device are not valid, and nothing else is wrong with ours.
        let scopes = Scopes::open(&self.device, &[ErrorFilter::Validation]);
        self.queue.write_buffer(buffer, 4 * first as u64, bytemuck::cast_slice(values));
        match scopes.close() {
            None => self.check(),
            Some(error) => {
                tracing::error!("{error}");
                self.check()?;
                Err(self.failed(readback::LOST.to_owned()))
            }
        }
    }

    /// Reads a buffer, after everything submitted before.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn read<T: Pod>(&mut self, buffer: &Buffer) -> Result<Vec<T>> {
        let read = readback::read(&self.device, &self.queue, buffer);
        self.check()?;
        let values = read.map_err(|message| self.failed(message))?;
        self.finish()?;
        Ok(values)
    }
}
