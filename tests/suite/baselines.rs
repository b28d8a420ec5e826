//! Baselines change the gradient's variance and nothing else.

use crate::harness::{BETA, Case};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::sample::reward_per_site;
use han_gpu::schedule::{self, Baseline, Inputs};

/// Mean and summed variance of every level's gradient over independent batches.
fn statistics(case: Case, baseline: Baseline, repetitions: u32) -> Vec<(Vec<f64>, f64)> {
    let model = case.model();
    let mut backend = case.cpu::<f32>();
    // A network after some training, where what is left of the reward is mostly noise.
    backend.write(Tensor::Parameters, &model.initial_parameters(1, BETA)).unwrap();
    let adam = han_gpu::config::Config::default().adam();
    let inputs = |step| Inputs {
        step,
        adam,
        learning_rate: 0.005,
        seed: 4,
        beta: BETA,
        reward_per_site: reward_per_site(&model, BETA),
        ..Inputs::SAMPLING
    };
    for step in 1..=200 {
        backend.run(&schedule::training_step(&model, Baseline::Regression), &inputs(step)).unwrap();
    }
    let mut kernels = schedule::sampling(&model, false);
    kernels.extend(schedule::rewards(&model));
    kernels.extend(schedule::advantages(&model, baseline));
    kernels.extend(schedule::gradient(&model));
    let first = 1000 * (1 + baseline as u32);
    let gradients: Vec<Vec<f64>> = (first..first + repetitions)
        .map(|step| {
            backend.run(&kernels, &inputs(step)).unwrap();
            backend.read(Tensor::Gradient).unwrap()
        })
        .collect();
    let of_level = |offset: usize, count: usize| {
        let mean: Vec<f64> = (offset..offset + count)
            .map(|at| gradients.iter().map(|gradient| gradient[at]).sum::<f64>() / f64::from(repetitions))
            .collect();
        let squares = gradients.iter().flat_map(|gradient| {
            gradient[offset..]
                .iter()
                .zip(&mean)
                .map(|(value, mean)| (value - mean).powi(2))
                .collect::<Vec<_>>()
        });
        let variance = squares.sum::<f64>() / f64::from(repetitions - 1);
        (mean, variance)
    };
    model.nets().map(|(k, net, _)| of_level(model.levels[k].offset, net.parameters())).collect()
}

#[test]
fn regression_lowers_the_variance_of_every_square_net_and_keeps_the_mean() {
    const REPETITIONS: u32 = 60;
    let case = Case { size: 16, batch: 128, ..Case::DEFAULT };
    let global = statistics(case, Baseline::Global, REPETITIONS);
    let regression = statistics(case, Baseline::Regression, REPETITIONS);
    let ratios: Vec<f64> = regression.iter().zip(&global).map(|(r, g)| r.1 / g.1).collect();
    // The prototype's ratios for sides 16, 8, 4 were 0.79, 0.21, 0.036 in mid-training.
    assert!(ratios[0] < 1.1 && ratios[1] < 1.0 && ratios[2] < 0.5 && ratios[3] < 0.1, "{ratios:?}");
    for (level, (r, g)) in regression.iter().zip(&global).enumerate() {
        // If both means are the same, their squared distance is the sum of their variances on average.
        let distance: f64 = r.0.iter().zip(&g.0).map(|(a, b)| (a - b).powi(2)).sum();
        let expected = (r.1 + g.1) / f64::from(REPETITIONS);
        assert!(distance < 2.0 * expected, "level {level}: {distance:e} instead of {expected:e}");
    }
}

#[test]
fn residuals_have_no_mean_and_no_more_variance_than_rewards() {
    let case = Case { size: 16, batch: 300, ..Case::DEFAULT };
    let model = case.model();
    let mut backend = case.cpu::<f64>();
    backend.write(Tensor::Parameters, &case.parameters(3)).unwrap();
    let mut kernels = schedule::sampling(&model, false);
    kernels.extend(schedule::rewards(&model));
    kernels.extend(schedule::advantages(&model, Baseline::Regression));
    backend.run(&kernels, &Inputs { seed: 1, beta: BETA, reward_per_site: 0.9, ..Inputs::SAMPLING }).unwrap();
    let (rewards, advantages) =
        (backend.read(Tensor::Reward).unwrap(), backend.read(Tensor::Advantage).unwrap());
    for (level, _, geometry) in model.nets() {
        let first = model.hierarchy.blocks_before(level) * case.batch;
        let rows = first..first + geometry.blocks * case.batch;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let variance = |values: &[f64]| {
            let centre = mean(values);
            values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / values.len() as f64
        };
        let residuals: Vec<f64> = advantages[rows.clone()].iter().map(|a| a * case.batch as f64).collect();
        assert!(mean(&residuals).abs() < 1e-9, "level {level}: residuals have mean {}", mean(&residuals));
        let left = variance(&residuals) / variance(&rewards[rows]);
        let bound = [1.0 + 1e-12, 1.0, 1.0, 0.9][level];
        assert!(left <= bound, "level {level}: {left} of the variance is left");
    }
}
