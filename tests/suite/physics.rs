//! Trained networks against exact results.

use crate::harness::{BETA, Case, gpu};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::{Model, Widths};
use han_gpu::config::{Config, Objective};
use han_gpu::cpu::Cpu;
use han_gpu::estimate::{Status, importance};
use han_gpu::exact::{ln_z, solve};
use han_gpu::io::RunFolder;
use han_gpu::io::{Metrics, Summary};
use han_gpu::sample::{Draws, centred_reward_per_site, log_weights, reward_per_site};
use han_gpu::schedule::{self, Inputs, Kernel};
use han_gpu::train::train;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Trains on a backend in a temporary folder; returns the rows of metrics and the summary.
fn trained(config: &Config, backend: &mut dyn Backend) -> (Vec<Metrics>, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(&folder.path().join("run"), config, false).unwrap();
    let start = run.load_checkpoint(config, backend.model()).unwrap();
    let mut rows = Vec::new();
    let summary = train(config, backend, &run, start, &mut |event| {
        if let han_gpu::train::Event::Metrics(metrics) = event {
            rows.push(*metrics);
        }
        ControlFlow::Continue(())
    });
    (rows, summary.unwrap().unwrap())
}

fn model(config: &Config) -> Arc<Model> {
    Arc::new(config.model().unwrap())
}

#[test]
fn an_eight_by_eight_network_reaches_its_bound() {
    let config = Config { size: 8, steps: 600, batch: 256, exact_bottom: 2, ..Config::default() };
    let mut cpu = Cpu::<f32>::new(model(&config), config.batch);
    let (_, summary) = trained(&config, &mut cpu);
    let deviation = summary.ln_z_deviation.unwrap();
    assert!(deviation.abs() < 4.0, "NIS ln Z off by {deviation} sigma from 50,000 samples");
    assert!(summary.kl.value > -4.0 * summary.kl.error, "F_q is a bound: KL = {:?}", summary.kl);
    assert!(summary.kl.value < 0.02 && summary.ess > 0.96, "KL {:?}, ESS {}", summary.kl, summary.ess);
}

#[test]
fn ln_z_of_a_sixteen_by_sixteen_network_agrees_with_kaufman() {
    let config = Config { steps: 500, width: Widths::all(1), ..Config::default() };
    let mut cpu = Cpu::<f32>::new(model(&config), config.batch);
    let (_, summary) = trained(&config, &mut cpu);
    assert_eq!(summary.samples, 50_000);
    assert!(summary.ln_z_deviation.unwrap().abs() < 4.0, "{summary:?}");
    assert!(summary.kl.value < 0.1 && summary.ess > 0.8, "{summary:?}");
}

#[test]
fn a_field_and_an_antiferromagnet_are_learned_too() {
    for (size, coupling, field, beta) in [(4, 1.0, 0.3, 0.5), (8, -1.0, 0.0, 0.44)] {
        let gauge = field == 0.0;
        let config = Config {
            size,
            coupling,
            field,
            beta,
            gauge,
            exact_bottom: 4,
            steps: 400,
            batch: 256,
            evaluation_samples: 20_000,
            ..Config::default()
        };
        let mut cpu = Cpu::<f32>::new(model(&config), config.batch);
        let (_, summary) = trained(&config, &mut cpu);
        let exact = solve(&config.model().unwrap().system, beta).unwrap();
        assert_eq!(summary.ln_z_exact, Some(exact.ln_z));
        assert!(summary.ln_z_deviation.unwrap().abs() < 4.0, "{summary:?}");
        assert!(summary.kl.value < 0.03, "{summary:?}");
    }
}

#[test]
fn learning_from_monte_carlo_reaches_the_distribution_too() {
    let config = Config {
        size: 16,
        width: Widths::all(1),
        steps: 300,
        batch: 256,
        objective: Objective::Forward,
        pool: 2048,
        evaluation_samples: 10_000,
        ..Config::default()
    };
    let mut cpu = Cpu::<f32>::new(model(&config), config.batch);
    let (_, summary) = trained(&config, &mut cpu);
    assert!(summary.ln_z_deviation.unwrap().abs() < 4.0, "{summary:?}");
    assert!(summary.kl.value < 0.1 && summary.ess > 0.8, "{summary:?}");
    assert_eq!(summary.verification.status, Status::Verified, "{summary:?}");
}

#[test]
fn importance_sampling_is_exact_for_an_untrained_network() {
    let device = gpu();
    let case = Case { size: 4, batch: 1000, field: 0.2, gauge: false, ..Case::DEFAULT };
    let model = case.model();
    let exact = solve(&model.system, 0.3).unwrap();
    for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
        backend.write(Tensor::Parameters, &model.initial_parameters(1, 0.3)).unwrap();
        let samples =
            log_weights(backend, Draws { seed: 4, beta: 0.3, count: 40_000 }, |_| ControlFlow::Continue(()))
                .unwrap();
        let result = importance(&samples.ln_w);
        assert!(result.ln_z.deviation(exact.ln_z).abs() < 4.0, "{result:?}, exact {}", exact.ln_z);
        // Reweighted energies are exact as well; their error is bounded by the spread over root of the effective number.
        let largest = samples.ln_w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = samples.ln_w.iter().map(|ln_w| (ln_w - largest).exp()).collect();
        let energy = weights.iter().zip(&samples.energy).map(|(w, e)| w * e).sum::<f64>()
            / weights.iter().sum::<f64>();
        let error = (exact.specific_heat * 16.0 / 0.09 / (result.ess.value * 40_000.0)).sqrt();
        let expected = exact.energy_per_site * 16.0;
        assert!((energy - expected).abs() < 5.0 * error, "U = {energy} +- {error}, exact {expected}");
    }
}

#[test]
fn larger_lattices_train_on_both_backends_and_respect_the_bound() {
    let device = gpu();
    for (size, batch, steps) in [(32, 48, 24), (64, 24, 18)] {
        let config = Config {
            size,
            width: Widths::all(1),
            batch,
            steps,
            cut: Case::DEFAULT.cut,
            exact_bottom: 2,
            learning_rate: 0.001,
            metrics_every: 1,
            evaluation_samples: 64,
            ..Config::default()
        };
        let case = Case { size, batch, ..Case::DEFAULT };
        let model = config.model().unwrap();
        let exact = ln_z(&model.system, config.beta).unwrap();
        let sites = f64::from(size * size);
        for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
            let (rows, summary) = trained(&config, backend);
            let third = rows.len() / 3;
            let mean = |rows: &[Metrics]| {
                rows.iter().map(|row| row.beta_f_per_site).sum::<f64>() / rows.len() as f64
            };
            let thirds = [mean(&rows[..third]), mean(&rows[third..2 * third]), mean(&rows[2 * third..])];
            assert!(
                thirds[0] > thirds[1] && thirds[1] > thirds[2],
                "F falls steadily: {thirds:?} on {}",
                backend.device()
            );
            for row in &rows {
                let below = -exact / sites - row.beta_f_per_site;
                assert!(below < 4.0 * row.beta_f_per_site_error, "F_q below F at step {}: {row:?}", row.step);
            }
            assert!(summary.kl.value > -4.0 * summary.kl.error, "{summary:?}");
        }
    }
}

/// All spins up, or a chessboard of them where neighbours repel.
fn ground_state(case: Case) -> Vec<i8> {
    let spin = |at: u32| if case.coupling < 0.0 && (at / case.size + at) % 2 == 1 { -1 } else { 1 };
    (0..case.batch).flat_map(|_| (0..case.size * case.size).map(spin)).collect()
}

/// With the shift that `log_weights` takes for a network that is as far from Z as this one.
#[test]
fn ln_w_keeps_its_digits_on_large_lattices() {
    let device = gpu();
    let ising = Case { batch: 2, ..Case::DEFAULT };
    let in_field = Case { coupling: -0.7, field: 0.3, gauge: false, ..ising };
    for (size, exact_bottom) in [256, 512].into_iter().flat_map(|size| [8, 2].map(|bottom| (size, bottom))) {
        // Ordered configurations repeat themselves in thousands of blocks, and so would their errors.
        for (case, drawn_at, ordered_at) in [(ising, BETA, 0.7), (in_field, 0.9, 0.9)] {
            let case = Case { size, exact_bottom, ..case };
            let mut twin = case.cpu::<f64>();
            let mut backends: [Box<dyn Backend>; 2] =
                [Box::new(device.own_backend(case)), Box::new(case.cpu::<f32>())];
            for (beta, ordered) in [(drawn_at, false), (ordered_at, true)] {
                assert_ln_w_keeps_its_digits(case, (beta, ordered), &mut twin, &mut backends);
            }
        }
    }
}

fn assert_ln_w_keeps_its_digits(
    case: Case,
    (beta, ordered): (f64, bool),
    twin: &mut dyn Backend,
    backends: &mut [Box<dyn Backend>],
) {
    let model = case.model();
    let parameters = case.parameters_at(7, beta);
    let mut inputs =
        Inputs { seed: 3, beta, reward_per_site: reward_per_site(&model, beta), ..Inputs::SAMPLING };
    let mut kernels: Vec<_> = model.nets().map(|(level, ..)| Kernel::EvaluateLevel { level }).collect();
    kernels.extend(schedule::sum_out_bottom(&model));
    kernels.extend(schedule::rewards(&model));
    twin.write(Tensor::Parameters, &parameters).unwrap();
    let spins = if ordered {
        ground_state(case)
    } else {
        twin.run(&schedule::sampling(&model, true), &inputs).unwrap();
        twin.read_spins().unwrap()
    };
    for backend in backends.iter_mut() {
        backend.write(Tensor::Parameters, &parameters).unwrap();
    }
    let rewards = |backend: &mut dyn Backend, inputs: &Inputs| {
        backend.write_spins(&spins).unwrap();
        backend.run(&kernels, inputs).unwrap();
        backend.read(Tensor::Reward).unwrap()[..case.batch].to_vec()
    };
    let uncentred = rewards(twin, &inputs);
    let mean = uncentred.iter().sum::<f64>() / case.batch as f64;
    inputs.reward_per_site = centred_reward_per_site(inputs.reward_per_site, mean, model.hierarchy.sites);
    let expected = rewards(twin, &inputs);
    for backend in backends {
        let found = rewards(&mut **backend, &inputs);
        let apart: Vec<f64> = found.iter().zip(&expected).map(|(found, expected)| found - expected).collect();
        let what = format!("{case:?}, beta {beta}, ordered: {ordered}, {}", backend.device());
        assert!(apart.iter().all(|apart| apart.abs() < 1e-3), "{what}: ln w is {apart:?} off");
    }
}
