//! Pipelines from specialised shaders.

use super::bindings::{Access, bindings};
use super::registry::Specialisation;
use crate::error::{Error, Result};
use crate::schedule::Kernel;
use std::collections::HashMap;
use std::time::Instant;
use wgpu::{
    BindGroupLayout, BindGroupLayoutEntry, BindingType, BufferBindingType, ComputePipeline, Device,
    ShaderStages,
};

/// A pipeline with the layout of its bind group.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) pipeline: ComputePipeline,
    pub(super) layout: BindGroupLayout,
}

/// Pipelines made so far, by specialisation.
#[derive(Debug, Default)]
pub(super) struct Pipelines {
    made: HashMap<Specialisation, Pipeline>,
}

impl Pipelines {
    pub(super) fn get(&mut self, device: &Device, kernel: Kernel, key: Specialisation) -> Result<Pipeline> {
        if let Some(pipeline) = self.made.get(&key) {
            return Ok(pipeline.clone());
        }
        let entries: Vec<_> = bindings(kernel)
            .into_iter()
            .map(|(slot, access)| match access {
                Access::Uniform => entry(slot as u32, BufferBindingType::Uniform),
                Access::Read => storage(slot as u32, true),
                Access::Write => storage(slot as u32, false),
            })
            .collect();
        let start = Instant::now();
        let pipeline = make(device, &key, &entries)?;
        tracing::debug!(kernel = key.name, seconds = start.elapsed().as_secs_f64(), "pipeline made");
        self.made.insert(key, pipeline.clone());
        Ok(pipeline)
    }
}

/// A storage buffer's entry in a layout.
pub(super) fn storage(binding: u32, read_only: bool) -> BindGroupLayoutEntry {
    entry(binding, BufferBindingType::Storage { read_only })
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
) -> Result<Pipeline> {
    let source = key.source()?;
    let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
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
        cache: None,
    });
    match pollster::block_on(scope.pop()) {
        None => Ok(Pipeline { pipeline, layout }),
        Some(error) => Err(Error::Shader { name: key.name.to_owned(), message: error.to_string() }),
    }
}
