//! A host without a window: it owns device and queue, trains between its own passes, draws the engine's spins with its own
//! render pipeline, and writes what it drew as a PNG.
//!
//! `cargo run --release --example embed_headless [-- spins.png] [--everything]`
//!
//! The device has `Limits::default()` and no features; with `--everything`, all that the adapter offers.

#![allow(clippy::print_stdout, reason = "an example prints its results")]

#[path = "shared/spin_picture.rs"]
mod spin_picture;
#[path = "shared/spin_texture.rs"]
mod spin_texture;

use han_gpu::conditional::Widths;
use han_gpu::config::Config;
use han_gpu::engine::{Engine, Options};
use han_gpu::wgpu;
use spin_picture::{PIXELS, SpinPicture};
use spin_texture::{FORMAT, spin_texture};
use std::error::Error;
use std::io::BufWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Frames of the host, and training steps in each.
const FRAMES: u32 = 40;
const STEPS: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    // SAFETY: no other thread runs yet that could read the environment. Mesa's layer for choosing devices complains where there is no desktop.
    unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    let everything = std::env::args().any(|argument| argument == "--everything");
    let out = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let out = out.unwrap_or_else(|| "spins.png".to_owned());
    let (device, queue) = pollster::block_on(host_device(everything))?;
    let complaints = Arc::new(AtomicUsize::new(0));
    let count = complaints.clone();
    device.on_uncaptured_error(Arc::new(move |error| {
        println!("{error}");
        count.fetch_add(1, Ordering::Relaxed);
    }));

    let start = Instant::now();
    println!(
        "{FRAMES} frames of {STEPS} training steps each; a few seconds on a card, a minute on a software adapter"
    );
    let config = Config {
        size: 32,
        beta: 0.44,
        batch: 64,
        width: Widths::all(1),
        steps: FRAMES * STEPS,
        learning_rate: 0.005,
        ..Config::default()
    };
    let mut engine = Engine::new(&device, &queue, Options::new(config))?;
    let picture = SpinPicture::new(&device, &engine, 4, FORMAT, 1.0);
    let view = spin_texture(&device);
    for frame in 1..=FRAMES {
        let mut encoder = device.create_command_encoder(&Default::default());
        for _ in 0..STEPS {
            engine.record_step(&mut encoder)?;
        }
        engine.record_sampling(&mut encoder)?;
        picture.record(&mut encoder, &view);
        queue.submit([encoder.finish()]);
        // A host with a window polls once per frame, or presents, which does the same.
        device.poll(wgpu::PollType::wait_indefinitely())?;
        for row in engine.progress()? {
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "frame {frame:>2}, {seconds:>4.1} s: step {:>3} of {} came back, beta F/N {:.5}  ESS {:.3}",
                row.step,
                FRAMES * STEPS,
                row.beta_f_per_site,
                row.ess
            );
        }
    }
    write_png(&device, &queue, view.texture(), &out)?;
    println!(
        "16 configurations of the trained network in {out}, after {:.1} s",
        start.elapsed().as_secs_f64()
    );
    match complaints.load(Ordering::Relaxed) {
        0 => Ok(()),
        count => Err(format!("wgpu reported {count} errors").into()),
    }
}

/// As any application makes its device. WGPU_VALIDATION=1 switches the driver's validation layer on, where there is one.
async fn host_device(everything: bool) -> Result<(wgpu::Device, wgpu::Queue), Box<dyn Error>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = instance.request_adapter(&Default::default()).await?;
    let mut descriptor = wgpu::DeviceDescriptor::default();
    if everything {
        descriptor.required_features = adapter.features() - wgpu::Features::all_experimental_mask();
        descriptor.required_limits = adapter.limits();
    }
    println!("host device on {}", adapter.get_info().name);
    Ok(adapter.request_device(&descriptor).await?)
}

/// The host's business: its texture, back in main memory.
fn write_png(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    texture: &wgpu::Texture,
    path: &str,
) -> Result<(), Box<dyn Error>> {
    let staging = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("picture"),
        size: u64::from(4 * PIXELS * PIXELS),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * PIXELS), rows_per_image: None };
    let mut encoder = device.create_command_encoder(&Default::default());
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo { buffer: &staging, layout },
        texture.size(),
    );
    queue.submit([encoder.finish()]);
    staging.map_async(wgpu::MapMode::Read, .., |_| ());
    device.poll(wgpu::PollType::wait_indefinitely())?;
    let mut file = png::Encoder::new(BufWriter::new(std::fs::File::create(path)?), PIXELS, PIXELS);
    file.set_color(png::ColorType::Rgba);
    file.set_depth(png::BitDepth::Eight);
    file.write_header()?.write_image_data(&staging.get_mapped_range(..)?)?;
    Ok(())
}
