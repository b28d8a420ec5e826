//! What all hosts among the examples draw: the engine's spins, read by a fragment shader where they lie. Nothing is copied.

use han_gpu::engine::Engine;
use han_gpu::wgpu;

/// Pixels of the picture along each side.
pub(crate) const PIXELS: u32 = 768;

/// A full-screen triangle whose fragments look up spins, i32 `[site][batch]`.
const SHADER: &str = "
override side: u32;
override slices: u32;
override batch: u32;
override columns: u32;
override pixels: f32;
override edge: f32;

@group(0) @binding(0) var<storage, read> spins: array<i32>;

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    let at = vec2f(f32(index & 1u), f32(index >> 1u)) * 4.0 - 1.0;
    return vec4f(at, 0.0, 1.0);
}

@fragment
fn colour(@builtin(position) pixel: vec4f) -> @location(0) vec4f {
    // A tile per configuration, or per slice of one in three dimensions, with an edge of one site between tiles.
    let tile_sites = side + 1u;
    let site = vec2u(pixel.xy / pixels * f32(columns * tile_sites));
    let tile = site / tile_sites;
    let inside = site % tile_sites;
    let number = tile.y * columns + tile.x;
    let configuration = number / slices;
    if any(inside == vec2u(side)) || configuration >= batch {
        return vec4f(edge);
    }
    let row = (number % slices) * side + inside.y;
    let spin = spins[(row * side + inside.x) * batch + configuration];
    return select(vec4f(0.01, 0.04, 0.16, 1.0), vec4f(0.93, 0.49, 0.13, 1.0), spin > 0);
}
";

/// A render pipeline of the host that reads the engine's spins.
#[derive(Debug)]
pub(crate) struct SpinPicture {
    pipeline: wgpu::RenderPipeline,
    bind_group: wgpu::BindGroup,
    edge: f64,
}

impl SpinPicture {
    /// For the first configurations of an engine in `columns * columns` tiles, on textures of a format. Between the tiles it is white at `edge` 1, and
    /// transparent at 0.
    pub(crate) fn new(
        device: &wgpu::Device,
        engine: &Engine,
        columns: u32,
        format: wgpu::TextureFormat,
        edge: f64,
    ) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("spin picture"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        let lattice = engine.model().system.lattice;
        let slices = if lattice.dimensions() == 3 { lattice.side() } else { 1 };
        let constants = [
            ("side", f64::from(lattice.side())),
            ("slices", f64::from(slices)),
            ("batch", engine.batch() as f64),
            ("columns", f64::from(columns)),
            ("pixels", f64::from(PIXELS)),
            ("edge", edge),
        ];
        let compilation_options =
            wgpu::PipelineCompilationOptions { constants: &constants, ..Default::default() };
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("spin picture"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("corner"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("colour"),
                compilation_options,
                targets: &[Some(format.into())],
            }),
            primitive: Default::default(),
            depth_stencil: None,
            multisample: Default::default(),
            multiview_mask: None,
            cache: None,
        });
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("the engine's spins"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: engine.spins().as_entire_binding() }],
        });
        Self { pipeline, bind_group, edge }
    }

    /// Draws the spins as they are when the encoder gets here.
    pub(crate) fn record(&self, encoder: &mut wgpu::CommandEncoder, view: &wgpu::TextureView) {
        let edge = self.edge;
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("spin picture"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color { r: edge, g: edge, b: edge, a: edge }),
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}
