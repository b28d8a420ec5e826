//! How long a training step takes, and each of its kernels.

use crate::backend::{Backend, Tensor, Timed};
use crate::clock::Instant;
use crate::config::Config;
use crate::error::Result;
use crate::sample::reward_per_site;
use crate::schedule::{Inputs, Kernel, KernelCost, Phase, Rates, training_step};
use crate::train::{of_chunk, parts};
use serde::Serialize;
use std::time::Duration;

/// Steps before the first that counts last at least this long: pipelines are made, caches are warm, and a card that was idle has
/// raised its clock.
const WARM_UP: Duration = Duration::from_secs(1);
/// Turns of measuring what the device reaches and what kernels take: beside other work both change together.
const TURNS: u32 = 3;
/// Steps submitted behind each other where the step as a whole is timed.
const IN_A_ROW: u32 = 8;

/// Quartiles of repeated times, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one.
    pub median_s: f64,
    /// A quarter is shorter.
    pub lower_s: f64,
    /// A quarter is longer.
    pub upper_s: f64,
}

impl Spread {
    /// Of at least one time.
    pub fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let quartile = |quarters: usize| seconds[(seconds.len() - 1) * quarters / 4];
        Self { median_s: quartile(2), lower_s: quartile(1), upper_s: quartile(3) }
    }
}

/// One kernel of a step.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct KernelTime {
    /// Hierarchy level; none for kernels that work on all of them at once.
    pub level: Option<usize>,
    /// Its name, that of its shader.
    pub kernel: &'static str,
    /// What it is for.
    pub phase: Phase,
    /// Measured.
    #[serde(flatten)]
    pub time: Spread,
    /// What it does in that time.
    #[serde(flatten)]
    pub cost: KernelCost,
}

/// One training step.
#[derive(Debug, Clone, Serialize)]
pub struct StepTime {
    /// What the device reaches at a large product and a large copy.
    pub rates: Rates,
    /// In the order in which they run.
    pub kernels: Vec<KernelTime>,
    /// A step among others, as in training.
    pub step: Spread,
    /// Time of the host per step until it is submitted; on the CPU backend that of the step itself.
    pub host: Spread,
    /// Share of the time in which the device has no step to run, by its own clock; nothing where it has none, and on the CPU backend,
    /// where host and device are one.
    pub idle_share: Option<f64>,
}

impl StepTime {
    /// Sum over kernels, in seconds.
    pub fn busy_s(&self) -> f64 {
        self.kernels.iter().map(|kernel| kernel.time.median_s).sum()
    }
}

/// Times the training step of a configuration on a backend that was made for it, or for an equal part of its batch; kernels
/// are then timed on the last part. Overwrites the backend's state.
///
/// # Errors
/// When the device fails.
pub fn time_step(backend: &mut dyn Timed, config: &Config, repeats: u32) -> Result<StepTime> {
    let parameters = backend.model().initial_parameters(config.seed, config.beta);
    backend.write(Tensor::Parameters, &parameters)?;
    let kernels = training_step(backend.model(), config.baseline);
    let mut steps = Steps::new(backend, config, &kernels);
    let start = Instant::now();
    while start.elapsed() < WARM_UP {
        run(backend, &steps.next(1))?;
        backend.finish()?;
    }
    let mut of_kernels = Vec::new();
    let mut rates = Rates { flops_per_s: 0.0, bytes_per_s: 0.0 };
    for turn in 0..TURNS {
        rates = rates.best(backend.rates()?);
        for _ in turn * repeats / TURNS..(turn + 1) * repeats / TURNS {
            let last = steps.next(1).pop().map(|(_, inputs)| inputs);
            of_kernels.extend(last.map(|inputs| backend.time(&kernels, &inputs)).transpose()?);
        }
    }
    let (mut step, mut host, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..repeats {
        let runs = steps.next(IN_A_ROW);
        let start = Instant::now();
        run(backend, &runs)?;
        host.push(start.elapsed().as_secs_f64() / f64::from(IN_A_ROW));
        backend.finish()?;
        step.push(start.elapsed().as_secs_f64() / f64::from(IN_A_ROW));
        idle.extend(backend.idle_share(&steps.next(IN_A_ROW))?);
    }
    let idle_share = (!idle.is_empty()).then(|| Spread::of(idle).median_s);
    let kernels = kernel_times(backend, &kernels, &of_kernels);
    Ok(StepTime { rates, kernels, step: Spread::of(step), host: Spread::of(host), idle_share })
}

fn run(backend: &mut dyn Backend, runs: &[(&[Kernel], Inputs)]) -> Result<()> {
    runs.iter().try_for_each(|(kernels, inputs)| backend.run(kernels, inputs))
}

/// One training step after the other.
struct Steps<'a> {
    kernels: &'a [Kernel],
    /// Of the step before.
    inputs: Inputs,
    batch: usize,
    /// Configurations on the device at a time.
    chunk: usize,
}

impl<'a> Steps<'a> {
    fn new(backend: &dyn Backend, config: &Config, kernels: &'a [Kernel]) -> Self {
        let reward_per_site = reward_per_site(backend.model(), config.beta);
        let inputs = Inputs {
            learning_rate: config.learning_rate_at(1),
            adam: config.adam(),
            seed: config.seed,
            beta: config.beta,
            reward_per_site,
            ..Inputs::SAMPLING
        };
        Self { kernels, inputs, batch: config.batch, chunk: backend.batch() }
    }

    /// What the next `count` steps run.
    fn next(&mut self, count: u32) -> Vec<(&'a [Kernel], Inputs)> {
        let Self { kernels, batch, chunk, .. } = *self;
        let step = |_| {
            self.inputs.step += 1;
            parts(self.inputs, batch, chunk).map(move |part| (of_chunk(kernels, part.chunk.is_last()), part))
        };
        (0..count).flat_map(step).collect()
    }
}

fn kernel_times(backend: &dyn Backend, kernels: &[Kernel], repeats: &[Vec<Duration>]) -> Vec<KernelTime> {
    let seconds = |index: usize| repeats.iter().map(|times| times[index].as_secs_f64()).collect();
    let time = |(index, &kernel): (usize, &Kernel)| KernelTime {
        level: kernel.level(),
        kernel: kernel.name(),
        phase: kernel.phase(),
        time: Spread::of(seconds(index)),
        cost: KernelCost::of(kernel, backend.model(), backend.batch()),
    };
    kernels.iter().enumerate().map(time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use std::sync::Arc;

    #[test]
    fn quartiles_of_known_times() {
        let spread = Spread::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(spread, Spread { median_s: 3.0, lower_s: 2.0, upper_s: 4.0 });
        assert_eq!(Spread::of(vec![2.0]).upper_s, 2.0);
    }

    #[test]
    fn every_kernel_of_the_step_is_timed() {
        let config = Config { size: 8, batch: 32, ..Config::default() };
        let model = Arc::new(config.model().unwrap());
        let mut backend = Cpu::<f32>::new(model.clone(), config.batch);
        let times = time_step(&mut backend, &config, 2).unwrap();
        assert_eq!(times.kernels.len(), training_step(&model, config.baseline).len());
        assert!(times.kernels.iter().all(|kernel| kernel.time.median_s > 0.0));
        assert!(times.step.median_s > 0.0 && times.host.median_s <= times.step.median_s * 1.01);
        assert!(times.rates.flops_per_s > 1e8 && times.rates.bytes_per_s > 1e8);
    }
}
