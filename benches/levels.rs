//! Throughput per hierarchy level and of a whole training step.
//!
//! `HAN_BENCH_DEVICE` names the device (default `cpu`; `auto`, an index or a part of a name for a GPU), `HAN_BENCH_SIZE` the lattice
//! (default 16), `HAN_BENCH_BATCH` the batch (default 512, and 64 for whole steps, which are timed at sides 16 to 128),
//! `HAN_BENCH_WIDTH` the width (default 1), `HAN_BENCH_NETWORK` the network (`han` or `van`). Several runs are submitted together, so that waiting for the device does not show.
//! Elements are squares (configurations for whole steps), bytes are spins: criterion shows squares/s as elem/s and spins/s as
//! B/s. `han-gpu bench` sets the same times against what the device could reach.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use han_gpu::backend::{Backend, Tensor, Tuning};
use han_gpu::conditional::{Network, Widths};
use han_gpu::config::Config;
use han_gpu::device;
use han_gpu::sample::reward_per_site;
use han_gpu::schedule::{self, Inputs, Kernel};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sides at which whole steps are timed, and their batch unless it is given.
const STEP_SIZES: [u32; 4] = [16, 32, 64, 128];
const STEP_BATCH: &str = "64";
/// Runs submitted together at most.
const TOGETHER: u64 = 16;

/// Largest side at which steps of a dense network are timed: its weights grow with the fourth power.
const DENSE_SIZE: u32 = 32;

fn network() -> Network {
    match std::env::var("HAN_BENCH_NETWORK").as_deref() {
        Ok("van") => Network::Van,
        Ok("han") | Err(_) => Network::Han,
        Ok(other) => panic!("HAN_BENCH_NETWORK = {other:?} is neither han nor van"),
    }
}

struct Bench {
    backend: Box<dyn Backend>,
    config: Config,
    inputs: Inputs,
}

impl Bench {
    fn new(size: Option<u32>) -> Self {
        let text = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let number = |name: &str, default: &str| {
            text(name, default).parse().unwrap_or_else(|_| panic!("{name} must be a number"))
        };
        let network = network();
        let default = Config::default();
        let config = Config {
            network,
            exact_bottom: if network == Network::Van { 0 } else { default.exact_bottom },
            size: size.unwrap_or(number("HAN_BENCH_SIZE", "16")),
            batch: number("HAN_BENCH_BATCH", if size.is_some() { STEP_BATCH } else { "512" }) as usize,
            width: Widths::all(number("HAN_BENCH_WIDTH", "1") as usize),
            ..default
        };
        let model = Arc::new(config.model().expect("a valid model"));
        let inputs = Inputs {
            step: 1,
            learning_rate: 1e-5,
            adam: config.adam(),
            seed: 1,
            beta: config.beta,
            reward_per_site: reward_per_site(&model, config.beta),
            ..Inputs::SAMPLING
        };
        let parameters = model.initial_parameters(1, config.beta);
        let mut backend =
            device::open(&text("HAN_BENCH_DEVICE", "cpu"), model, config.batch).expect("the device");
        backend.tune(Tuning::Measured).expect("kernel shapes");
        backend.write(Tensor::Parameters, &parameters).expect("write parameters");
        backend.run(&schedule::training_step(backend.model(), config.baseline), &inputs).expect("a step");
        Self { backend, config, inputs }
    }

    /// Time of so many runs of kernels.
    fn run(&mut self, kernels: &[Kernel], count: u64) -> Duration {
        let start = Instant::now();
        for run in 1..=count {
            self.backend.run(kernels, &self.inputs).expect("run");
            if run.is_multiple_of(TOGETHER) || run == count {
                self.backend.finish().expect("finish");
            }
        }
        start.elapsed()
    }
}

fn backward(level: usize, depth: usize) -> Vec<Kernel> {
    let hidden = (0..depth).rev().map(|layer| Kernel::BackwardHidden { level, layer });
    let mut kernels = vec![Kernel::BackwardOutput { level }];
    kernels.extend(hidden);
    kernels.extend([
        Kernel::BackwardSlope { level },
        Kernel::BackwardWeights { level },
        Kernel::GradientSum { level },
    ]);
    kernels
}

fn levels(criterion: &mut Criterion) {
    let mut bench = Bench::new(None);
    let model = bench.config.model().expect("a valid model");
    let mut kernels: Vec<(&str, usize, Vec<Kernel>)> = Vec::new();
    for (level, net, _) in model.nets() {
        kernels.push(("sample", level, vec![Kernel::SampleLevel { level }]));
        kernels.push(("evaluate", level, vec![Kernel::EvaluateLevel { level }]));
        kernels.push(("backward", level, backward(level, net.depth)));
        kernels.push(("energy", level, vec![Kernel::Energy { level }]));
        // What sampling costs that computes a full forward pass for every spin, in a dispatch of its own, as the published
        // code does; the draws themselves are left out, in its favour.
        let own = model.hierarchy.levels[level].own;
        kernels.push(("full forward per spin", level, vec![Kernel::EvaluateLevel { level }; own]));
    }
    if let Some(bottom) = model.bottom() {
        kernels.push(("sample", bottom, schedule::draw_bottom(&model)));
        kernels.push(("sum out", bottom, schedule::sum_out_bottom(&model)));
    }
    for name in ["sample", "full forward per spin", "evaluate", "backward", "energy", "sum out"] {
        if !kernels.iter().any(|(kind, ..)| *kind == name) {
            continue;
        }
        let mut group = criterion.benchmark_group(format!("{name}, {}", bench.backend.device()));
        for (_, level, kernels) in kernels.iter().filter(|(kind, ..)| *kind == name) {
            let geometry = &model.hierarchy.levels[*level];
            let parameter = format!("{} {}", geometry.name, geometry.extent[0]);
            let squares = (geometry.blocks * bench.config.batch) as u64;
            group.throughput(Throughput::ElementsAndBytes {
                elements: squares,
                bytes: squares * geometry.own as u64,
            });
            group.bench_function(BenchmarkId::new(format!("L{}", bench.config.size), parameter), |bencher| {
                bencher.iter_custom(|count| bench.run(kernels, count));
            });
        }
        group.finish();
    }
}

fn step(criterion: &mut Criterion) {
    let is_timed = |size: &u32| network() == Network::Han || *size <= DENSE_SIZE;
    for size in STEP_SIZES.into_iter().filter(is_timed) {
        let mut bench = Bench::new(Some(size));
        let model = bench.config.model().expect("a valid model");
        let mut group = criterion.benchmark_group(format!("training step, {}", bench.backend.device()));
        group.throughput(Throughput::Elements(bench.config.batch as u64));
        let batch = bench.config.batch;
        let kernels = schedule::training_step(&model, bench.config.baseline);
        group.bench_function(format!("L{size}, batch {batch}"), |bencher| {
            bencher.iter_custom(|count| bench.run(&kernels, count));
        });
        group.throughput(Throughput::Elements(model.parameters as u64));
        group.bench_function(format!("adam, L{size}"), |bencher| {
            bencher.iter_custom(|count| bench.run(&[Kernel::Adam], count));
        });
    }
}

criterion_group!(benches, levels, step);
criterion_main!(benches);
