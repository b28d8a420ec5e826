//! How long a training step takes, and each of its kernels.

use crate::backend::{Backend, Tensor};
use crate::config::Config;
use crate::error::Result;
use crate::sample::reward_per_site;
use crate::schedule::{Inputs, Kernel, KernelCost, Phase, Rates, training_step};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Steps before the first that counts: pipelines are made, caches and clocks are warm.
const WARM_UP: u32 = 3;
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
}

impl StepTime {
    /// Sum over kernels, in seconds.
    pub fn busy_s(&self) -> f64 {
        self.kernels.iter().map(|kernel| kernel.time.median_s).sum()
    }

    /// Share of a step in which no kernel runs.
    pub fn idle_share(&self) -> f64 {
        (1.0 - self.busy_s() / self.step.median_s).max(0.0)
    }
}

/// Times the training step of a configuration on a backend that was made for it. Overwrites the backend's state.
///
/// # Errors
/// When the device fails.
pub fn time_step(backend: &mut dyn Backend, config: &Config, repeats: u32) -> Result<StepTime> {
    let parameters = backend.model().initial_parameters(config.seed, config.beta);
    backend.write(Tensor::Parameters, &parameters)?;
    let kernels = training_step(backend.model(), config.baseline);
    let reward_per_site = reward_per_site(backend.model(), config.beta);
    let mut steps = (1..).map(|step| Inputs {
        step,
        learning_rate: config.learning_rate_at(1),
        adam: config.adam(),
        ..Inputs::sampling(config.seed, 0, config.beta, reward_per_site)
    });
    for inputs in steps.by_ref().take(WARM_UP as usize) {
        backend.run(&kernels, &inputs)?;
    }
    backend.finish()?;
    let mut of_kernels = Vec::new();
    for inputs in steps.by_ref().take(repeats as usize) {
        of_kernels.push(backend.time(&kernels, &inputs)?);
    }
    let (mut step, mut host) = (Vec::new(), Vec::new());
    for _ in 0..repeats {
        let start = Instant::now();
        for inputs in steps.by_ref().take(IN_A_ROW as usize) {
            backend.run(&kernels, &inputs)?;
        }
        host.push(start.elapsed().as_secs_f64() / f64::from(IN_A_ROW));
        backend.finish()?;
        step.push(start.elapsed().as_secs_f64() / f64::from(IN_A_ROW));
    }
    let rates = backend.rates()?;
    let kernels = kernel_times(backend, &kernels, &of_kernels);
    Ok(StepTime { rates, kernels, step: Spread::of(step), host: Spread::of(host) })
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
