//! Pipelines from specialised shaders.

use super::pipeline_cache::CacheFile;
use super::registry::Specialisation;
use super::scopes::Scopes;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::kernels::{Access, Kernel};
use rayon::iter::Either;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wgpu::{
    BindGroupLayout, BindGroupLayoutEntry, BindingType, BufferBindingType, BufferSize, ComputePipeline,
    Device, ErrorFilter, PipelineCache, ShaderStages,
};

/// A pipeline with the layout of its bind group.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) pipeline: ComputePipeline,
    pub(super) layout: BindGroupLayout,
}

/// Pipelines made so far on a device, by specialisation. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Pipelines {
    made: Arc<Mutex<HashMap<Specialisation, Pipeline>>>,
    /// What the driver keeps of them between runs, where it does.
    pub(super) cache: Option<Arc<CacheFile>>,
}

impl Pipelines {
    /// Makes those that are missing, side by side: most of the time goes into the driver's compiler. Where some are refused, the others
    /// are made all the same.
    pub(super) fn make_all(&self, device: &Device, wanted: &[(Kernel, Specialisation)]) -> Result<()> {
        let missing: HashMap<&Specialisation, Kernel> = {
            let made = self.made();
            let missing = wanted.iter().filter(|(_, key)| !made.contains_key(key));
            missing.map(|(kernel, key)| (key, *kernel)).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        let cache = self.cache.as_deref().map(CacheFile::cache);
        let start = Instant::now();
        let (made, mut refused): (Vec<_>, Vec<_>) = missing.into_par_iter().partition_map(|(key, kernel)| {
            match make(device, key, &layout_entries(kernel, key), cache) {
                Ok(pipeline) => Either::Left((key.clone(), pipeline)),
                Err(error) => Either::Right(error),
            }
        });
        tracing::info!(count = made.len(), seconds = start.elapsed().as_secs_f64(), "pipelines made");
        self.made().extend(made);
        if let Some(cache) = &self.cache {
            cache.save();
        }
        refused.pop().map_or(Ok(()), Err)
    }

    /// One of those made.
    pub(super) fn get(&self, device: &Device, kernel: Kernel, key: Specialisation) -> Result<Pipeline> {
        self.make_all(device, &[(kernel, key.clone())])?;
        Ok(self.made()[&key].clone())
    }

    fn made(&self) -> MutexGuard<'_, HashMap<Specialisation, Pipeline>> {
        // Pipelines are only added: a thread that panicked left none half made.
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn layout_entries(kernel: Kernel, key: &Specialisation) -> Vec<BindGroupLayoutEntry> {
    let of = |(slot, access)| match access {
        Access::Uniform => entry(slot as u32, BufferBindingType::Uniform),
        Access::Read => storage(slot as u32, true),
        Access::Write => storage(slot as u32, false),
    };
    kernel.bindings(key.storage(), key.is_split()).into_iter().map(of).collect()
}

/// A storage buffer's entry in a layout.
pub(super) fn storage(binding: u32, read_only: bool) -> BindGroupLayoutEntry {
    entry(binding, BufferBindingType::Storage { read_only })
}

/// The entry of a part of a uniform buffer, whose offset is given with every dispatch.
pub(super) fn part_of_uniform(binding: u32, bytes: usize) -> BindGroupLayoutEntry {
    let ty = BindingType::Buffer {
        ty: BufferBindingType::Uniform,
        has_dynamic_offset: true,
        min_binding_size: BufferSize::new(bytes as u64),
    };
    BindGroupLayoutEntry { ty, ..entry(binding, BufferBindingType::Uniform) }
}

fn entry(binding: u32, ty: BufferBindingType) -> BindGroupLayoutEntry {
    BindGroupLayoutEntry {
        binding,
        visibility: ShaderStages::COMPUTE,
        ty: BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}

pub(super) fn make(
    device: &Device,
    key: &Specialisation,
    entries: &[BindGroupLayoutEntry],
    cache: Option<&PipelineCache>,
) -> Result<Pipeline> {
    let start = Instant::now();
    // A browser wants to be told of subgroups, and naga, which reads the text everywhere else, refuses that line.
    let told = if cfg!(target_family = "wasm") && key.needs_subgroups() { "enable subgroups;\n" } else { "" };
    let source = format!("{told}{}", key.source()?);
    let kinds = [ErrorFilter::OutOfMemory, ErrorFilter::Internal, ErrorFilter::Validation];
    let scopes = Scopes::open(device, &kinds);
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(key.name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    };
    let checks =
        wgpu::ShaderRuntimeChecks { force_loop_bounding: false, ..wgpu::ShaderRuntimeChecks::checked() };
    // SAFETY: only the bounding of loops is switched off, and every loop of our shaders counts up to a bound that its
    // body does not change, so that it ends. Accesses stay bounds-checked.
    let module = unsafe { device.create_shader_module_trusted(descriptor, checks) };
    let layout =
        device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(key.name), entries });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(key.name),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(key.name),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache,
    });
    match scopes.close() {
        None => {
            tracing::debug!(kernel = key.name, seconds = start.elapsed().as_secs_f64(), "pipeline made");
            Ok(Pipeline { pipeline, layout })
        }
        Some(error) => Err(Error::Shader { name: key.name.to_owned(), message: error.to_string() }),
    }
}
