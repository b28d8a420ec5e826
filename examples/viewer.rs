//! A window with live training: configurations, curves of F and ESS, beta and learning rate to play with.
//!
//! `cargo run --release --features viewer --example viewer [-- --everything] [--size 16]`
//!
//! The window, its device and its frames belong to eframe (winit and egui); the engine is a guest that records its steps
//! into an encoder of every frame. The device has `Limits::default()` and no features; with `--everything`, all that the
//! adapter offers.

#[path = "shared/spin_picture.rs"]
mod spin_picture;
#[path = "shared/spin_texture.rs"]
mod spin_texture;

use eframe::egui::{self, Slider, TextureId};
use eframe::egui_wgpu::{RenderState, WgpuSetup, WgpuSetupCreateNew};
use egui_plot::{HLine, Legend, Line, Plot, PlotPoints};
use han_gpu::conditional::Widths;
use han_gpu::config::Config;
use han_gpu::engine::{Engine, Options};
use han_gpu::exact;
use han_gpu::io::Metrics;
use han_gpu::wgpu;
use spin_picture::{PIXELS, SpinPicture};
use spin_texture::{FORMAT, spin_texture};
use std::error::Error;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let everything = arguments.iter().any(|argument| argument == "--everything");
    let size = arguments.iter().position(|argument| argument == "--size");
    let size = size.and_then(|at| arguments.get(at + 1)).map_or(Ok(16), |size| size.parse())?;
    let descriptor = move |adapter: &wgpu::Adapter| match everything {
        true => wgpu::DeviceDescriptor {
            required_features: adapter.features() - wgpu::Features::all_experimental_mask(),
            required_limits: adapter.limits(),
            ..Default::default()
        },
        false => wgpu::DeviceDescriptor::default(),
    };
    let mut options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default().with_inner_size([1180.0, 800.0]),
        ..Default::default()
    };
    options.wgpu_options.wgpu_setup = WgpuSetup::CreateNew(WgpuSetupCreateNew {
        device_descriptor: Arc::new(descriptor),
        ..WgpuSetupCreateNew::without_display_handle()
    });
    eframe::run_native(
        "han-gpu",
        options,
        Box::new(move |context| {
            let host = context.wgpu_render_state.as_ref().ok_or("eframe has no wgpu device")?;
            Ok(Box::new(Viewer::new(host, size)?))
        }),
    )?;
    Ok(())
}

/// Everything in the window.
struct Viewer {
    training: Training,
    texture: TextureId,
    beta: f64,
    learning_rate: f64,
    steps_per_frame: u32,
    paused: bool,
    /// Why training has ended, if it has.
    fault: Option<String>,
}

/// The guest, and what it has told so far.
struct Training {
    engine: Engine,
    picture: SpinPicture,
    view: wgpu::TextureView,
    rows: Vec<Metrics>,
}

impl Training {
    fn new(host: &RenderState, config: Config) -> han_gpu::Result<Self> {
        let engine = Engine::new(&host.device, &host.queue, Options::new(config))?;
        let picture = SpinPicture::new(&host.device, &engine, 4, FORMAT, 1.0);
        let view = spin_texture(&host.device);
        Ok(Self { engine, picture, view, rows: Vec::new() })
    }

    /// One frame: some steps, new configurations, their picture.
    fn frame(&mut self, host: &RenderState, steps: u32) -> han_gpu::Result<()> {
        let mut encoder = host.device.create_command_encoder(&Default::default());
        for _ in 0..steps {
            self.engine.record_step(&mut encoder)?;
        }
        self.engine.record_sampling(&mut encoder)?;
        self.picture.record(&mut encoder, &self.view);
        host.queue.submit([encoder.finish()]);
        // The frame before is what arrives here: nothing waits for this one.
        let _ = host.device.poll(wgpu::PollType::Poll);
        self.rows.extend(self.engine.progress()?);
        Ok(())
    }

    fn exact_free_energy(&self) -> Option<f64> {
        let (model, beta) = (self.engine.model(), self.engine.config().beta);
        exact::ln_z(&model.system, beta).map(|ln_z| -ln_z / model.system.lattice.sites() as f64)
    }
}

impl Viewer {
    fn new(host: &RenderState, size: u32) -> han_gpu::Result<Self> {
        let config = Config {
            size,
            batch: 64,
            width: Widths::all(1),
            steps: 100_000,
            warmup: 0.0,
            metrics_every: 2,
            learning_rate: 0.005,
            ..Config::default()
        };
        let (beta, learning_rate) = (config.beta, config.learning_rate);
        let training = Training::new(host, config)?;
        let texture = host.renderer.write().register_native_texture(
            &host.device,
            &training.view,
            wgpu::FilterMode::Nearest,
        );
        Ok(Self { training, texture, beta, learning_rate, steps_per_frame: 2, paused: false, fault: None })
    }

    fn controls(&mut self, ui: &mut egui::Ui) -> han_gpu::Result<()> {
        ui.horizontal(|ui| {
            if ui.button(if self.paused { "train" } else { "pause" }).clicked() {
                self.paused = !self.paused;
            }
            ui.label(format!("step {}", self.training.engine.step()));
        });
        let beta = Slider::new(&mut self.beta, 0.05..=0.6).text("beta");
        if ui.add(beta).changed() {
            self.training.engine.set_beta(self.beta)?;
        }
        let rate = Slider::new(&mut self.learning_rate, 1e-4..=0.05).logarithmic(true).text("learning rate");
        if ui.add(rate).changed() {
            self.training.engine.set_learning_rate(self.learning_rate)?;
        }
        ui.add(Slider::new(&mut self.steps_per_frame, 1..=50).text("steps per frame"));
        Ok(())
    }

    fn curves(&self, ui: &mut egui::Ui) {
        let rows = &self.training.rows;
        let curve = |of: fn(&Metrics) -> f64| -> PlotPoints<'_> {
            rows.iter().map(|row| [f64::from(row.step), of(row)]).collect()
        };
        let height = ui.available_height() / 2.0 - 24.0;
        ui.label("beta F / N, an upper bound, and its exact value");
        Plot::new("free energy").height(height).legend(Legend::default()).show(ui, |plot| {
            plot.line(Line::new("network", curve(|row| row.beta_f_per_site)));
            if let Some(exact) = self.training.exact_free_energy() {
                plot.hline(HLine::new("exact", exact));
            }
        });
        ui.label("effective sample size of a batch");
        Plot::new("ess").height(height).include_y(0.0).include_y(1.0).show(ui, |plot| {
            plot.line(Line::new("ESS", curve(|row| row.ess)));
        });
    }
}

impl eframe::App for Viewer {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let Some(host) = frame.wgpu_render_state() else { return };
        let steps = if self.paused { 0 } else { self.steps_per_frame };
        if self.fault.is_none() {
            self.fault = self.training.frame(host, steps).err().map(|error| error.to_string());
        }
        egui::Panel::left("spins").resizable(false).exact_size(PIXELS as f32 + 16.0).show(ui, |ui| {
            let pixels = egui::Vec2::splat(PIXELS as f32);
            ui.image((self.texture, pixels));
        });
        egui::CentralPanel::default().show(ui, |ui| {
            if let Err(error) = self.controls(ui) {
                self.fault = Some(error.to_string());
            }
            if let Some(fault) = &self.fault {
                ui.colored_label(egui::Color32::RED, fault);
            }
            self.curves(ui);
        });
        ui.ctx().request_repaint();
    }
}
