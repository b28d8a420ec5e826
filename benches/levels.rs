//! Throughput per hierarchy level and of a whole training step.
//!
//! `HAN_BENCH_DEVICE` names the device (default `cpu`), `HAN_BENCH_SIZE` the lattice (default 16), `HAN_BENCH_BATCH` the
//! batch (default 512), `HAN_BENCH_WIDTH` the width (default 1). Elements are squares, bytes are spins: criterion shows
//! squares/s as elem/s and spins/s as B/s.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::config::Config;
use han_gpu::device;
use han_gpu::sample::reward_per_site;
use han_gpu::schedule::{self, Inputs, Kernel};
use std::sync::Arc;

struct Bench {
    backend: Box<dyn Backend>,
    config: Config,
    inputs: Inputs,
}

impl Bench {
    fn new() -> Self {
        let text = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let number = |name: &str, default: &str| {
            text(name, default).parse().unwrap_or_else(|_| panic!("{name} must be a number"))
        };
        let config = Config {
            size: number("HAN_BENCH_SIZE", "16"),
            batch: number("HAN_BENCH_BATCH", "512") as usize,
            width: number("HAN_BENCH_WIDTH", "1") as usize,
            ..Config::default()
        };
        let model = Arc::new(config.model().expect("a valid model"));
        let inputs = Inputs {
            step: 1,
            learning_rate: 1e-5,
            adam: config.adam(),
            ..Inputs::sampling(1, 0, config.beta, reward_per_site(&model, config.beta))
        };
        let parameters = model.initial_parameters(1, config.beta);
        let mut backend =
            device::open(&text("HAN_BENCH_DEVICE", "cpu"), model, config.batch).expect("the device");
        backend.write(Tensor::Parameters, &parameters).expect("write parameters");
        backend.run(&schedule::training_step(backend.model(), config.baseline), &inputs).expect("a step");
        Self { backend, config, inputs }
    }

    /// Runs kernels and waits for the device.
    fn run(&mut self, kernels: &[Kernel]) {
        self.backend.run(kernels, &self.inputs).expect("run");
        self.backend.request_snapshot(1).expect("snapshot");
        self.backend.snapshots(true).expect("snapshot");
    }
}

fn backward(level: usize, depth: usize) -> Vec<Kernel> {
    let hidden = (0..depth).rev().map(|layer| Kernel::BackwardHidden { level, layer });
    let mut kernels = vec![Kernel::BackwardOutput { level }];
    kernels.extend(hidden);
    kernels.extend([
        Kernel::BackwardWeights { level },
        Kernel::BackwardSlope { level },
        Kernel::GradientSum { level },
    ]);
    kernels
}

fn levels(criterion: &mut Criterion) {
    let mut bench = Bench::new();
    let model = bench.config.model().expect("a valid model");
    let mut kernels: Vec<(&str, usize, Vec<Kernel>)> = Vec::new();
    for (level, net, _) in model.nets() {
        kernels.push(("sample", level, vec![Kernel::SampleLevel { level }]));
        kernels.push(("evaluate", level, vec![Kernel::EvaluateLevel { level }]));
        kernels.push(("backward", level, backward(level, net.depth)));
    }
    kernels.push(("sample", model.bottom(), vec![schedule::draw_bottom(&model)]));
    kernels.push(("sum out", model.bottom(), vec![schedule::sum_out_bottom(&model)]));
    for name in ["sample", "evaluate", "backward", "sum out"] {
        let mut group = criterion.benchmark_group(format!("{name}, {}", bench.backend.device()));
        for (_, level, kernels) in kernels.iter().filter(|(kind, ..)| *kind == name) {
            let geometry = &model.hierarchy.levels[*level];
            let parameter = format!("{} {}", geometry.name, geometry.side);
            let squares = (geometry.blocks * bench.config.batch) as u64;
            group.throughput(Throughput::ElementsAndBytes {
                elements: squares,
                bytes: squares * geometry.own as u64,
            });
            group.bench_function(BenchmarkId::new(format!("L{}", bench.config.size), parameter), |bencher| {
                bencher.iter(|| bench.run(kernels));
            });
        }
        group.finish();
    }
}

fn step(criterion: &mut Criterion) {
    let mut bench = Bench::new();
    let model = bench.config.model().expect("a valid model");
    let mut group = criterion.benchmark_group(format!("training step, {}", bench.backend.device()));
    group.throughput(Throughput::Elements(bench.config.batch as u64));
    let kernels = schedule::training_step(&model, bench.config.baseline);
    group.bench_function(format!("L{}, batch {}", bench.config.size, bench.config.batch), |bencher| {
        bencher.iter(|| bench.run(&kernels));
    });
    group.finish();
}

criterion_group!(benches, levels, step);
criterion_main!(benches);
