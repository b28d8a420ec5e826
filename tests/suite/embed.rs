//! The engine as a guest in somebody else's application.

use crate::harness::{TestGpu, gpu};
use han_gpu::Error;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::Widths;
use han_gpu::config::{Config, Objective};
use han_gpu::engine::{Engine, Options};
use han_gpu::io::RunFolder;
use han_gpu::lattice::SpinModel;
use han_gpu::sample::{Draws, log_weights};
use han_gpu::train::train;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use wgpu::{Device, DeviceDescriptor, PollType, Queue};

fn config() -> Config {
    Config {
        size: 8,
        batch: 64,
        steps: 12,
        exact_bottom: 4,
        width: Widths::all(1),
        metrics_every: 3,
        checkpoint_every: 100,
        evaluation_samples: 100,
        verification_samples: 0,
        ..Config::default()
    }
}

/// A host with its own device; it counts what wgpu complains about.
struct Host {
    device: Device,
    queue: Queue,
    complaints: Arc<AtomicUsize>,
}

impl Host {
    fn new(gpu: &TestGpu, descriptor: &DeviceDescriptor<'_>) -> Self {
        let (device, queue) = pollster::block_on(gpu.adapter.request_device(descriptor)).unwrap();
        let complaints = Arc::new(AtomicUsize::new(0));
        let count = complaints.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            println!("{error}");
            count.fetch_add(1, Ordering::Relaxed);
        }));
        Self { device, queue, complaints }
    }

    fn engine(&self, config: &Config) -> Engine {
        Engine::new(&self.device, &self.queue, Options::new(config.clone())).unwrap()
    }

    fn wait(&self) {
        self.device.poll(PollType::wait_indefinitely()).unwrap();
    }
}

/// What the training loop of the library makes of the same settings.
fn trained(gpu: &TestGpu, config: &Config) -> (Vec<f32>, Vec<han_gpu::io::Metrics>) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(temporary.path(), config, true).unwrap();
    let model = Arc::new(config.model().unwrap());
    let chunk = if config.chunk == 0 { config.batch } else { config.chunk };
    let mut backend = gpu.own(model.clone(), chunk);
    let start = folder.load_checkpoint(config, &model).unwrap();
    train(config, &mut backend, &folder, start, &mut |_| ControlFlow::Continue(())).unwrap();
    let parameters = backend.read(Tensor::Parameters).unwrap().into_iter().map(|value| value as f32);
    (parameters.collect(), folder.metrics().unwrap())
}

#[test]
fn an_embedded_run_is_bit_for_bit_that_of_the_training_loop() {
    let gpu = gpu();
    let everything = DeviceDescriptor {
        required_features: gpu.adapter.features() & !wgpu::Features::all_experimental_mask(),
        required_limits: gpu.adapter.limits(),
        ..DeviceDescriptor::default()
    };
    let of_colours = Config { model: SpinModel::Potts, states: 3, ..config() };
    for (descriptor, config) in [
        (DeviceDescriptor::default(), config()),
        (everything, config()),
        (Default::default(), Config { chunk: 16, ..config() }),
        (Default::default(), of_colours),
    ] {
        let Config { chunk, states, .. } = config;
        let (parameters, metrics) = trained(&gpu, &config);
        let host = Host::new(&gpu, &descriptor);
        let mut engine = host.engine(&config);
        let mut rows = Vec::new();
        // Several steps in one submission, with sampling between them.
        engine.submit_step().unwrap();
        for steps in [5, 2, 4] {
            let mut encoder = host.device.create_command_encoder(&Default::default());
            for _ in 0..steps {
                engine.record_step(&mut encoder).unwrap();
                engine.record_sampling(&mut encoder).unwrap();
            }
            host.queue.submit([encoder.finish()]);
            host.wait();
            rows.extend(engine.progress().unwrap());
        }
        assert_eq!(engine.step(), 12);
        let found = engine.checkpoint().unwrap();
        assert_eq!(found.parameters, parameters, "chunk {chunk}, {states} states");
        let figures = |rows: &[han_gpu::io::Metrics]| -> Vec<_> {
            rows.iter().map(|row| (row.step, row.ess, row.beta_f_per_site, row.gradient_norm)).collect()
        };
        assert_eq!(figures(&rows), figures(&metrics), "chunk {chunk}, {states} states");
        assert_eq!(rows.len(), 4);
        assert_eq!(host.complaints.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn sampling_gives_new_configurations_with_their_energy_and_probability() {
    let gpu = gpu();
    let host = Host::new(&gpu, &DeviceDescriptor::default());
    let config = config();
    let mut engine = host.engine(&config);
    let mut drawn = Vec::new();
    for _ in 0..2 {
        let mut encoder = host.device.create_command_encoder(&Default::default());
        engine.record_sampling(&mut encoder).unwrap();
        let size = engine.spins().size() + engine.sums().size();
        let staging = host.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        encoder.copy_buffer_to_buffer(engine.spins(), 0, &staging, 0, engine.spins().size());
        let offset = engine.spins().size();
        encoder.copy_buffer_to_buffer(engine.sums(), 0, &staging, offset, engine.sums().size());
        host.queue.submit([encoder.finish()]);
        staging.map_async(wgpu::MapMode::Read, .., |result| result.unwrap());
        host.wait();
        let values: Vec<i32> = bytemuck::pod_collect_to_vec(&staging.get_mapped_range(..).unwrap());
        drawn.push(values);
    }
    let (batch, lattice) = (engine.batch(), engine.model().system.lattice);
    assert_ne!(drawn[0], drawn[1], "every recording draws other configurations");
    for values in drawn {
        let (spins, sums) = values.split_at(lattice.sites() * batch);
        for configuration in 0..batch {
            let own: Vec<i8> =
                (0..lattice.sites()).map(|site| spins[site * batch + configuration] as i8).collect();
            assert!(own.iter().all(|spin| spin.abs() == 1));
            let bonds = i64::from(sums[2 * configuration]);
            assert_eq!(bonds, lattice.bond_sum(&own), "layouts are as documented");
        }
    }
}

#[test]
fn weights_are_those_of_the_samplers_batches() {
    let gpu = gpu();
    let host = Host::new(&gpu, &DeviceDescriptor::default());
    for config in [config(), Config { beta: 0.2, field: 0.3, gauge: false, seed: 7, ..config() }] {
        let mut engine = host.engine(&config);
        engine.submit_step().unwrap();
        let mut abandoned = host.device.create_command_encoder(&Default::default());
        assert!(engine.record_weighing(&mut abandoned).unwrap());
        drop(abandoned);
        let mut weighed = Vec::new();
        for _ in 0..2 {
            let mut encoder = host.device.create_command_encoder(&Default::default());
            assert!(engine.record_weighing(&mut encoder).unwrap());
            assert!(engine.weights().unwrap().is_empty(), "nothing arrives before it is submitted");
            host.queue.submit([encoder.finish()]);
            host.wait();
            weighed.extend(engine.weights().unwrap());
        }
        assert_eq!(weighed.len(), 2, "those of what was submitted, and only those");
        let model = Arc::new(config.model().unwrap());
        let mut backend = gpu.own(model.clone(), config.batch);
        backend.write(Tensor::Parameters, &engine.checkpoint().unwrap().parameters).unwrap();
        let draws = Draws { seed: config.seed, beta: config.beta, count: 3 * config.batch };
        let expected = log_weights(&mut backend, draws, |_| ControlFlow::Continue(())).unwrap();
        for (number, found) in weighed.iter().enumerate() {
            assert_eq!(found.beta, config.beta);
            let range = (number + 1) * config.batch..(number + 2) * config.batch;
            assert_eq!(found.energy, expected.energy[range.clone()], "batch {number}");
            for (found, expected) in found.ln_w.iter().zip(&expected.ln_w[range]) {
                assert!((found - expected).abs() < 1e-4, "ln w is {found}, expected {expected}");
            }
            let sites = model.system.lattice.sites() as i32;
            assert!(found.magnetisation.iter().all(|m| m.abs() <= sites && (m - sites) % 2 == 0));
            // E = -J sum s s' - H sum s, of which the first sum is a multiple of 4 on the square lattice.
            for (energy, m) in found.energy.iter().zip(&found.magnetisation) {
                let bonds = -energy - config.field * f64::from(*m);
                assert!((bonds / 4.0 - (bonds / 4.0).round()).abs() < 1e-9, "E = {energy}, M = {m}");
            }
        }
    }
    assert_eq!(host.complaints.load(Ordering::Relaxed), 0);
}

#[test]
fn no_more_weights_are_recorded_than_can_be_under_way() {
    let gpu = gpu();
    let host = Host::new(&gpu, &DeviceDescriptor::default());
    let mut engine = host.engine(&config());
    let mut encoder = host.device.create_command_encoder(&Default::default());
    let recorded = (0..9).filter(|_| engine.record_weighing(&mut encoder).unwrap()).count();
    host.queue.submit([encoder.finish()]);
    host.wait();
    assert!((1..9).contains(&recorded));
    let weights = engine.weights().unwrap();
    assert_eq!(weights.len(), recorded);
    assert!(weights.windows(2).all(|pair| pair[0].ln_w != pair[1].ln_w), "every batch is a new one");
    assert!(engine.record_weighing(&mut host.device.create_command_encoder(&Default::default())).unwrap());
}

#[test]
fn recorded_checkpoints_are_of_their_step_and_nobody_waits() {
    let gpu = gpu();
    let host = Host::new(&gpu, &DeviceDescriptor::default());
    let mut engine = host.engine(&config());
    engine.submit_step().unwrap();
    let expected = engine.checkpoint().unwrap();
    let mut abandoned = host.device.create_command_encoder(&Default::default());
    engine.record_checkpoint(&mut abandoned).unwrap();
    drop(abandoned);
    let mut encoder = host.device.create_command_encoder(&Default::default());
    engine.record_checkpoint(&mut encoder).unwrap();
    engine.record_step(&mut encoder).unwrap();
    assert!(engine.checkpoints().unwrap().is_empty());
    host.queue.submit([encoder.finish()]);
    host.wait();
    assert_eq!(engine.checkpoints().unwrap(), [expected]);
    assert!(engine.checkpoints().unwrap().is_empty(), "it comes once");
    let mut options = Options::new(config());
    options.start = Some(engine.checkpoint().unwrap());
    let resumed = Engine::new(&host.device, &host.queue, options).unwrap();
    assert_eq!(resumed.step(), 2);
    assert_eq!(host.complaints.load(Ordering::Relaxed), 0);
}

#[test]
fn recording_never_polls_the_device() {
    let gpu = gpu();
    let host = Host::new(&gpu, &DeviceDescriptor::default());
    let mut engine = host.engine(&Config { metrics_every: 1, ..config() });
    // Callbacks only run within a poll or a submission: one that is ready tells of any poll by the engine.
    let polls = Arc::new(AtomicUsize::new(0));
    host.queue.submit([]);
    host.wait();
    let count = polls.clone();
    host.queue.on_submitted_work_done(move || _ = count.fetch_add(1, Ordering::Relaxed));
    std::thread::sleep(Duration::from_millis(50));
    let mut encoder = host.device.create_command_encoder(&Default::default());
    for _ in 0..20 {
        engine.record_step(&mut encoder).unwrap();
        engine.record_sampling(&mut encoder).unwrap();
        engine.record_weighing(&mut encoder).unwrap();
        assert!(engine.progress().unwrap().is_empty());
        assert!(engine.weights().unwrap().is_empty());
    }
    engine.record_checkpoint(&mut encoder).unwrap();
    assert!(engine.checkpoints().unwrap().is_empty());
    assert_eq!(polls.load(Ordering::Relaxed), 0, "the engine polled while recording");
    host.queue.submit([encoder.finish()]);
    host.wait();
    assert_eq!(polls.load(Ordering::Relaxed), 1, "the witness would have seen a poll");
    assert!(!engine.progress().unwrap().is_empty());
    assert_eq!(host.complaints.load(Ordering::Relaxed), 0);
}

#[test]
fn an_encoder_that_is_never_submitted_leaves_the_engine_usable() {
    let gpu = gpu();
    let host = Host::new(&gpu, &DeviceDescriptor::default());
    let mut engine = host.engine(&Config { metrics_every: 1, chunk: 32, ..config() });
    let mut abandoned = host.device.create_command_encoder(&Default::default());
    engine.record_step(&mut abandoned).unwrap();
    drop(abandoned);
    let mut rows = Vec::new();
    for _ in 0..3 {
        let mut encoder = host.device.create_command_encoder(&Default::default());
        engine.record_step(&mut encoder).unwrap();
        host.queue.submit([encoder.finish()]);
        host.wait();
        rows.extend(engine.progress().unwrap());
    }
    let steps: Vec<u32> = rows.iter().map(|row| row.step).collect();
    assert_eq!(steps, [2, 3, 4], "the rows of what was submitted, and only those");
}

#[test]
fn a_lost_device_is_an_error_and_no_panic() {
    let gpu = gpu();
    let host = Host::new(&gpu, &DeviceDescriptor::default());
    let mut engine = host.engine(&Config { metrics_every: 1, ..config() });
    let mut step = || -> han_gpu::Result<()> {
        let mut encoder = host.device.create_command_encoder(&Default::default());
        engine.record_step(&mut encoder)?;
        host.queue.submit([encoder.finish()]);
        let _ = host.device.poll(PollType::Poll);
        engine.progress().map(drop)
    };
    step().unwrap();
    host.device.destroy();
    let error = (0..100).find_map(|_| step().err()).expect("the loss is noticed");
    assert!(matches!(&error, Error::Device { message, .. } if message.contains("lost")), "{error}");
}

#[test]
fn what_cannot_be_is_refused_with_a_typed_error() {
    let gpu = gpu();
    let host = Host::new(&gpu, &DeviceDescriptor::default());
    let refused = |config: Config| Engine::new(&host.device, &host.queue, Options::new(config)).unwrap_err();
    let mixed = refused(Config { objective: Objective::Mixed, ..config() });
    assert!(matches!(mixed, Error::Setting { name: "objective", .. }), "{mixed}");
    let depth = refused(Config { depth: 9, ..config() });
    assert!(matches!(depth, Error::Setting { name: "depth", .. }), "{depth}");
    let large = Config { size: 64, batch: 1 << 16, ..config() };
    let limits = Engine::required_limits(&large).unwrap();
    assert!(limits.max_storage_buffer_binding_size > wgpu::Limits::default().max_storage_buffer_binding_size);
    let large = refused(large);
    assert!(matches!(large, Error::DeviceLimit { .. }) && large.to_string().contains("--batch"), "{large}");
    assert_eq!(Engine::required_limits(&config()).unwrap(), wgpu::Limits::default());
    let mut engine = host.engine(&config());
    assert!(engine.set_beta(f64::NAN).is_err() && engine.set_beta(0.3).is_ok());
    assert!(engine.set_learning_rate(-1.0).is_err() && engine.set_learning_rate(0.002).is_ok());
    assert_eq!((engine.config().beta, engine.config().learning_rate), (0.3, 0.002));
    let start = han_gpu::io::Checkpoint { parameters: vec![0.0; 3], ..engine.checkpoint().unwrap() };
    let mut options = Options::new(config());
    options.start = Some(start);
    let other = Engine::new(&host.device, &host.queue, options).unwrap_err();
    assert!(other.to_string().contains("3 values"), "{other}");
    assert_eq!(host.complaints.load(Ordering::Relaxed), 0);
}
