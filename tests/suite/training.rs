//! Training: trajectories against the twin, repeatability, resuming, divergence.

use crate::harness::{BETA, Case, Tolerance, all_pass, compare, gpu};
use han_gpu::Error;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::Widths;
use han_gpu::config::{Config, Objective, resolve};
use han_gpu::cpu::Cpu;
use han_gpu::io::{Checkpoint, Metrics, RunFolder};
use han_gpu::sample::{Draws, log_weights, reward_per_site};
use han_gpu::schedule::{self, Baseline, Chunk, Inputs, Plan};
use han_gpu::train::{Event, Trainer, train};
use std::ops::ControlFlow;
use std::path::Path;

fn steps(backend: &mut dyn Backend, case: Case, seed: u32, count: u32) -> Vec<f64> {
    let model = case.model();
    backend.write(Tensor::Parameters, &model.initial_parameters(3, BETA)).unwrap();
    for tensor in [Tensor::FirstMoment, Tensor::SecondMoment] {
        backend.write(tensor, &vec![0.0; model.parameters]).unwrap();
    }
    let config = Config::default();
    for step in 1..=count {
        let inputs = Inputs {
            step,
            learning_rate: 0.01,
            adam: config.adam(),
            seed,
            beta: BETA,
            reward_per_site: reward_per_site(&model, BETA),
            ..Inputs::SAMPLING
        };
        backend.run(&schedule::training_step(&model, Baseline::Regression), &inputs).unwrap();
    }
    backend.read(Tensor::Parameters).unwrap()
}

fn root_mean_square(values: impl Iterator<Item = f64>) -> f64 {
    let squares: Vec<f64> = values.map(|x| x * x).collect();
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

#[test]
fn ten_adam_steps_follow_the_f64_twin() {
    // Adam divides by the gradient's own size, so where a gradient nearly cancels, rounding shows at full size: the norm of
    // the difference is compared with the norm of the way travelled.
    const LARGEST: f64 = 2e-4;
    // Now and then rounding takes a unit over the kink of its PReLU, or a spin over its random number, in one of some thousand
    // rows, which is no error. Hence three runs, of which two must agree to the above, the third to this.
    const ONE_ROW: f64 = 1e-2;
    const SEEDS: [u32; 3] = [21, 22, 23];
    let device = gpu();
    for case in [
        Case { batch: 128, ..Case::DEFAULT },
        Case { batch: 96, width: 2, depth: 2, skip: false, gauge: false, ..Case::DEFAULT },
        Case { size: 16, batch: 64, exact_bottom: 8, ..Case::DEFAULT },
    ] {
        let start: Vec<f64> = case.model().initial_parameters(3, BETA).into_iter().map(f64::from).collect();
        let expected = SEEDS.map(|seed| steps(&mut case.cpu::<f64>(), case, seed, 10));
        for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
            let mut apart = [0, 1, 2].map(|run| {
                let travelled = root_mean_square(start.iter().zip(&expected[run]).map(|(a, b)| a - b));
                assert!(travelled > 0.005, "ten steps of 0.01 moved parameters by {travelled} only");
                let found = steps(backend, case, SEEDS[run], 10);
                root_mean_square(found.iter().zip(&expected[run]).map(|(a, b)| a - b)) / travelled
            });
            apart.sort_by(f64::total_cmp);
            assert!(
                apart[1] < LARGEST && apart[2] < ONE_ROW,
                "{}: {apart:?} of the way apart, {case:?}",
                backend.device()
            );
        }
    }
}

#[test]
fn the_same_seed_repeats_bit_for_bit_whatever_the_number_of_threads() {
    let device = gpu();
    let case = Case { batch: 100, width: 2, ..Case::DEFAULT };
    assert_eq!(steps(&mut device.backend(case), case, 21, 5), steps(&mut device.backend(case), case, 21, 5));
    let with_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| steps(&mut case.cpu::<f32>(), case, 21, 5))
    };
    assert_eq!(with_threads(1), with_threads(3));
}

#[test]
fn the_recorded_step_has_the_planned_dispatches() {
    let device = gpu();
    let case = Case { batch: 10, ..Case::DEFAULT };
    let model = case.model();
    let plan = Plan::new(&model, case.batch, Baseline::Regression);
    let mut backend = device.backend(case);
    let inputs = Inputs { seed: 1, beta: BETA, ..Inputs::SAMPLING };
    backend.run(&schedule::sampling(&model, true), &inputs).unwrap();
    assert_eq!(backend.dispatches(), model.levels.len(), "one dispatch per level");
    assert_eq!(plan.sampling.dispatches, model.levels.len());
    backend.run(&schedule::training_step(&model, Baseline::Regression), &inputs).unwrap();
    assert_eq!(backend.dispatches() - model.levels.len(), plan.training.dispatches);
}

#[test]
fn chunks_give_the_gradient_of_the_whole_batch() {
    let device = gpu();
    let whole = Case { batch: 128, width: 2, ..Case::DEFAULT };
    let part = Case { batch: 32, ..whole };
    let model = whole.model();
    let parameters = whole.parameters(5);
    let kernels: Vec<_> = schedule::likelihood_step(&model);
    let inputs = Inputs { step: 1, seed: 3, beta: BETA, ..Inputs::SAMPLING };
    let mut reference = whole.cpu::<f64>();
    reference.write(Tensor::Parameters, &parameters).unwrap();
    reference.run(&schedule::sampling(&model, true), &inputs).unwrap();
    let spins = reference.read_spins().unwrap();
    reference.run(&kernels, &inputs).unwrap();
    let expected = reference.read(Tensor::Gradient).unwrap();
    for backend in [&mut device.backend(part) as &mut dyn Backend, &mut part.cpu::<f32>()] {
        backend.write(Tensor::Parameters, &parameters).unwrap();
        for (index, spins) in spins.chunks(spins.len() / 4).enumerate() {
            let chunk = Chunk { index: index as u32, count: 4 };
            backend.write_spins(spins).unwrap();
            backend.run(&kernels[..kernels.len() - 1], &Inputs { chunk, ..inputs }).unwrap();
        }
        let found = backend.read(Tensor::Gradient).unwrap();
        let tolerance =
            Tolerance { absolute: 1e-6, relative: 1e-4, reason: "sums of 32 to 1024 rows at f32" };
        all_pass([compare(backend.device(), &found, &expected, tolerance)]);
    }
}

#[test]
fn a_batch_in_chunks_trains_and_reports_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { batch: 64, chunk: 16, metrics_every: 1, ..small() };
    let model = std::sync::Arc::new(config.model().unwrap());
    let mut backend = Cpu::<f32>::new(model, config.chunk);
    let run = RunFolder::create(&folder.path().join("run"), &config, false).unwrap();
    let start = run.load_checkpoint(&config, backend.model()).unwrap();
    let summary = train(&config, &mut backend, &run, start.clone(), &mut |_| ControlFlow::Continue(()))
        .unwrap()
        .unwrap();
    let rows = run.metrics().unwrap();
    assert_eq!(rows.len(), config.steps as usize);
    let (first, last) = (&rows[0], &rows[rows.len() - 1]);
    assert!(last.kl.unwrap() < 0.7 * first.kl.unwrap(), "KL {:?} to {:?}", first.kl, last.kl);
    assert!(summary.ess > 0.0);
    // The standard error of a mean over 64 configurations, not over 16.
    let mut whole = Cpu::<f32>::new(std::sync::Arc::new(config.model().unwrap()), 64);
    let other = Config { chunk: 64, ..config.clone() };
    let run = RunFolder::create(&folder.path().join("whole"), &other, false).unwrap();
    train(&other, &mut whole, &run, start, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(run.metrics().unwrap()[0].energy_per_site, first.energy_per_site, "the same samples");
    assert_eq!(run.metrics().unwrap()[0].energy_per_site_error, first.energy_per_site_error);
}

#[test]
fn metrics_of_forward_steps_are_those_before_adam_in_every_chunk() {
    // Steps so long that samples after one are quite others.
    let config = Config { batch: 64, steps: 2, metrics_every: 1, learning_rate: 0.3, warmup: 0.0, ..small() };
    let energies = |objective: Objective, chunk: usize| -> Vec<f64> {
        let config = Config { objective, chunk, pool: 256, verification_samples: 0, ..config.clone() };
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::create(&folder.path().join("run"), &config, false).unwrap();
        let mut cpu = Cpu::<f32>::new(std::sync::Arc::new(config.model().unwrap()), chunk);
        let start = run.load_checkpoint(&config, cpu.model()).unwrap();
        train(&config, &mut cpu, &run, start, &mut |_| ControlFlow::Continue(())).unwrap();
        run.metrics().unwrap().iter().map(|row| row.energy_per_site).collect()
    };
    let whole = energies(Objective::Forward, 64);
    let chunked = energies(Objective::Forward, 16);
    assert_eq!(whole[0], energies(Objective::Reverse, 64)[0], "samples of the initial network");
    assert_eq!(chunked[0], whole[0], "samples of the initial network, in chunks");
    assert!((whole[1] - whole[0]).abs() > 0.05, "{whole:?}: the step was short");
    // Gradients that are summed in another order make networks that differ by rounding.
    assert!((chunked[1] - whole[1]).abs() < 0.02, "{chunked:?}, {whole:?}");
}

fn small() -> Config {
    Config {
        size: 8,
        batch: 64,
        steps: 30,
        exact_bottom: 2,
        metrics_every: 4,
        checkpoint_every: 7,
        evaluation_samples: 100,
        ..Config::default()
    }
}

fn case_of(config: &Config) -> Case {
    let Config { size, batch, depth, skip, gauge, cut, exact_bottom, exact_length, .. } = *config;
    Case {
        size,
        batch,
        width: config.width.of(0),
        depth,
        skip,
        gauge,
        cut,
        exact_bottom,
        exact_length,
        ..Case::DEFAULT
    }
}

fn checkpoint_bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("checkpoint.safetensors")).unwrap()
}

#[test]
fn a_resumed_run_ends_where_an_uninterrupted_one_does() {
    let device = gpu();
    let mixed = Config { objective: Objective::Mixed, pool: 100, ..small() };
    let case = case_of(&mixed);
    let on_gpu: &dyn Fn() -> Box<dyn Backend> = &|| Box::new(device.backend(case));
    let on_cpu: &dyn Fn() -> Box<dyn Backend> = &|| Box::new(case.cpu::<f32>());
    for (make, config) in [(on_gpu, small()), (on_cpu, small()), (on_gpu, mixed.clone()), (on_cpu, mixed)] {
        let temporary = tempfile::tempdir().unwrap();
        let [whole, stopped] = ["whole", "stopped"].map(|name| temporary.path().join(name));
        let folder = RunFolder::create(&whole, &config, false).unwrap();
        let start = folder.load_checkpoint(&config, &case.model()).unwrap();
        train(&config, make().as_mut(), &folder, start.clone(), &mut |_| ControlFlow::Continue(()))
            .unwrap()
            .unwrap();

        let folder = RunFolder::create(&stopped, &config, false).unwrap();
        let stop_at_17 = &mut |event: Event<'_>| match event {
            Event::Step(17) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        assert!(train(&config, make().as_mut(), &folder, start, stop_at_17).unwrap().is_none());
        let (folder, read_back) = RunFolder::open(&stopped).unwrap();
        assert_eq!(read_back, config);
        let mut backend = make();
        let checkpoint = folder.load_checkpoint(&config, backend.model()).unwrap();
        assert_eq!(checkpoint.step, 17);
        train(&config, backend.as_mut(), &folder, checkpoint, &mut |_| ControlFlow::Continue(()))
            .unwrap()
            .unwrap();

        assert_eq!(checkpoint_bytes(&whole), checkpoint_bytes(&stopped), "on {}", backend.device());
        assert_eq!(deterministic_columns(&whole), deterministic_columns(&stopped), "on {}", backend.device());
    }
}

fn rows_of(trainer: &mut Trainer<'_>) -> Vec<Metrics> {
    let rows = std::iter::from_fn(|| trainer.next_row().unwrap());
    rows.map(|row| Metrics { elapsed_s: 0.0, configurations_per_s: 0.0, ..row }).collect()
}

#[test]
fn a_trainer_takes_the_steps_of_a_run_in_a_folder_and_may_be_drawn_from_between_them() {
    let device = gpu();
    let config = Config { objective: Objective::Mixed, pool: 100, ..small() };
    let case = case_of(&config);
    let model = case.model();
    let on_gpu: &dyn Fn() -> Box<dyn Backend> = &|| Box::new(device.backend(case));
    let on_cpu: &dyn Fn() -> Box<dyn Backend> = &|| Box::new(case.cpu::<f32>());
    let draws = Draws { seed: 1, beta: BETA, count: 10 };
    for make in [on_gpu, on_cpu] {
        let temporary = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(temporary.path(), &config, false).unwrap();
        let start = folder.load_checkpoint(&config, &model).unwrap();
        train(&config, make().as_mut(), &folder, start, &mut |_| ControlFlow::Continue(())).unwrap();

        let mut backend = make();
        let mut trainer = Trainer::new(&config, backend.as_mut()).unwrap();
        let mut rows = Vec::new();
        while trainer.steps_done() < 13 {
            trainer.step().unwrap();
        }
        let drawn = log_weights(trainer.backend().unwrap(), draws, |_| ControlFlow::Continue(()));
        assert_eq!(drawn.unwrap().ln_w.len(), 10);
        rows.extend(rows_of(&mut trainer));
        let halfway = trainer.checkpoint().unwrap();
        // A row that nobody asks for is not one of the trainer to come.
        (0..3).for_each(|_| trainer.step().unwrap());

        let mut trainer = Trainer::from_checkpoint(&config, backend.as_mut(), halfway).unwrap();
        while trainer.steps_done() < config.steps {
            trainer.step().unwrap();
            rows.extend(rows_of(&mut trainer));
        }
        let trained = trainer.checkpoint().unwrap();
        // Nor is it one of the samples that are drawn next.
        (0..2).for_each(|_| trainer.step().unwrap());
        let drawn = log_weights(backend.as_mut(), draws, |_| ControlFlow::Continue(()));
        assert_eq!(drawn.unwrap().ln_w.len(), 10);
        assert_eq!(trained, folder.load_checkpoint(&config, &model).unwrap(), "on {}", backend.device());
        let written = folder.metrics().unwrap().into_iter();
        let written = written.map(|row| Metrics { elapsed_s: 0.0, configurations_per_s: 0.0, ..row });
        assert_eq!(rows, written.collect::<Vec<_>>(), "on {}", backend.device());
    }
}

#[test]
fn a_trainer_refuses_what_does_not_fit_and_never_hands_out_a_state_that_is_not_finite() {
    let config = small();
    let case = case_of(&config);
    let mut cpu = case.cpu::<f32>();
    let uneven = Config { batch: 96, ..config.clone() };
    let error = Trainer::new(&uneven, &mut cpu).unwrap_err();
    assert!(matches!(error, Error::Setting { name: "batch", .. }), "{error}");
    let start = Checkpoint::initial(&config, &case.model());
    let short = Checkpoint { parameters: vec![0.0; 3], ..start.clone() };
    let error = Trainer::from_checkpoint(&config, &mut cpu, short).unwrap_err();
    assert!(error.to_string().contains("3 values"), "{error}");
    let mut poisoned = start;
    poisoned.parameters[0] = f32::NAN;
    let mut trainer = Trainer::from_checkpoint(&config, &mut cpu, poisoned).unwrap();
    let error = trainer.checkpoint().unwrap_err();
    assert!(matches!(error, Error::NotFinite { level: 0, .. }), "{error}");
    trainer.step().unwrap();
    trainer.finish().unwrap();
    let error = trainer.next_row().unwrap_err();
    assert!(matches!(error, Error::NotFinite { step: 1, .. }), "{error}");
}

/// `metrics.csv` without its clock.
fn deterministic_columns(folder: &Path) -> Vec<String> {
    let table = std::fs::read_to_string(folder.join("metrics.csv")).unwrap();
    table.lines().map(|line| line.split(',').take(10).collect::<Vec<_>>().join(",")).collect()
}

#[test]
fn nan_and_infinity_stop_the_run_with_step_and_level_and_keep_the_checkpoint() {
    let device = gpu();
    let config = small();
    let case = case_of(&config);
    let model = case.model();
    for (level, poison) in [(0, f32::NAN), (1, f32::INFINITY), (2, f32::NAN)] {
        for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
            let temporary = tempfile::tempdir().unwrap();
            let folder = RunFolder::create(temporary.path(), &config, false).unwrap();
            let stop = &mut |event: Event<'_>| match event {
                Event::Step(7) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            };
            let start = folder.load_checkpoint(&config, &model).unwrap();
            train(&config, backend, &folder, start, stop).unwrap();
            let good = checkpoint_bytes(temporary.path());
            let mut poisoned = folder.load_checkpoint(&config, &model).unwrap();
            let net = model.levels[level].conditional.net().unwrap();
            poisoned.parameters[model.levels[level].offset + net.output.bias_offset() + 1] = poison;
            let error =
                train(&config, backend, &folder, poisoned, &mut |_| ControlFlow::Continue(())).unwrap_err();
            let Error::NotFinite { step, level: found, checkpoint_step, .. } = &error else {
                panic!("{error}")
            };
            assert_eq!((*step, *found, *checkpoint_step), (8, level, 7), "{error}");
            assert!(error.to_string().contains("resume"), "{error}");
            assert_eq!(checkpoint_bytes(temporary.path()), good, "the last good checkpoint is kept");
        }
    }
}

#[test]
fn the_published_preset_learns() {
    let flags = "size = 8\nbatch = 128\nsteps = 300\nlearning_rate = 0.005\nannealing = 0.0\nevaluation_samples = 500";
    let config =
        resolve(Some("published"), toml::Table::new(), flags.parse().unwrap(), Path::new("flags")).unwrap();
    assert!(!config.skip && !config.gauge);
    let temporary = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(temporary.path(), &config, false).unwrap();
    let mut backend = Cpu::<f32>::new(case_of(&config).model(), config.batch);
    let mut bounds = Vec::new();
    let start = Checkpoint::initial(&config, backend.model());
    train(&config, &mut backend, &folder, start, &mut |event| {
        if let Event::Metrics(metrics) = event {
            bounds.extend(metrics.kl);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(bounds[bounds.len() - 1] < 0.5 * bounds[0], "gap to exact: {bounds:?}");
    assert!(bounds.iter().all(|&gap| gap > 0.0), "gap to exact: {bounds:?}");
}

#[test]
fn clipping_bounds_the_step() {
    let case = Case { batch: 32, ..Case::DEFAULT };
    let model = case.model();
    let device = gpu();
    for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
        backend.write(Tensor::Parameters, &case.parameters(1)).unwrap();
        let mut inputs = Inputs { step: 1, learning_rate: 0.01, seed: 1, beta: BETA, ..Inputs::SAMPLING };
        inputs.adam = schedule::Adam { beta1: 0.5, clip: 1e-3, ..Config::default().adam() };
        backend.run(&schedule::training_step(&model, Baseline::Regression), &inputs).unwrap();
        let gradient = backend.read(Tensor::Gradient).unwrap();
        let moment = backend.read(Tensor::FirstMoment).unwrap();
        let norm = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!(norm(&gradient) > 0.01, "the gradient itself is not clipped");
        assert!((norm(&moment) / 0.5e-3 - 1.0).abs() < 1e-3, "{} on {}", norm(&moment), backend.device());
    }
}

#[test]
fn divergence_between_metrics_is_found_before_a_checkpoint_is_written() {
    // Metrics far apart, checkpoints close: the look before writing must find it, at the right step.
    let config = Config { metrics_every: 1000, checkpoint_every: 3, ..small() };
    let case = case_of(&config);
    let temporary = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(temporary.path(), &config, false).unwrap();
    let mut backend = case.cpu::<f32>();
    let mut start = Checkpoint::initial(&config, &case.model());
    start.second_moment[5] = f32::NAN;
    let good = checkpoint_bytes(temporary.path());
    let error = train(&config, &mut backend, &folder, start, &mut |_| ControlFlow::Continue(())).unwrap_err();
    let Error::NotFinite { step, level, checkpoint_step, .. } = error else { panic!("{error}") };
    // The first update turns the parameter into NaN; the second step meets it.
    assert_eq!((step, level, checkpoint_step), (2, 0, 0));
    assert_eq!(checkpoint_bytes(temporary.path()), good);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let config = small();
    let folder = RunFolder::create(temporary.path(), &config, false).unwrap();
    let others = [
        ("width", Config { width: Widths::all(2), ..config.clone() }),
        ("beta", Config { beta: 0.3, ..config.clone() }),
        ("seed", Config { seed: 9, ..config.clone() }),
    ];
    for (name, other) in others {
        let error = folder.load_checkpoint(&other, &other.model().unwrap()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
