//! The gradient of the f64 twin against central differences, and what masks promise.

use crate::contract::SUBJECTS;
use crate::harness::{BETA, Case, Tolerance, all_pass, compare, gpu, spins};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::cpu::Cpu;
use han_gpu::gpu::Gpu;
use han_gpu::lattice::Spins;
use han_gpu::random::philox;
use han_gpu::schedule::{self, Adam, Baseline, Inputs, Kernel, Shape};

fn inputs() -> Inputs {
    Inputs {
        adam: Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: 0.0, scale_rate: true, skip_rate: 0.5 },
        seed: 1,
        beta: BETA,
        ..Inputs::SAMPLING
    }
}

/// Every subject, and deep nets on several levels.
fn cases() -> Vec<Case> {
    let deep = Case { width: 2, depth: 3, field: 0.2, gauge: false, ..Case::DEFAULT };
    let one_layer = Case { size: 4, ..Case::DEFAULT };
    SUBJECTS.into_iter().chain([deep, one_layer]).map(|case| Case { batch: 6, ..case }).collect()
}

/// Advantages that differ from block to block, so that every block's weight is tested.
fn advantages(length: usize) -> Vec<f32> {
    (0..length).map(|at| (philox([8, 8], [at as u32, 0, 0, 0])[0] as f32 / u32::MAX as f32) - 0.5).collect()
}

/// `sum over blocks of advantage * ln q`: what backward differentiates.
fn weighted_ln_q(twin: &mut Cpu<f64>, case: Case, parameters: &[f64], advantages: &[f32]) -> f64 {
    twin.write_f64(Tensor::Parameters, parameters);
    twin.run(&schedule::evaluation(&case.model()), &inputs()).unwrap();
    let ln_q = twin.read(Tensor::LnQ).unwrap();
    ln_q.iter().zip(advantages).map(|(ln_q, &advantage)| ln_q * f64::from(advantage)).sum()
}

#[test]
fn the_twin_s_gradient_agrees_with_central_differences() {
    let mut results = Vec::new();
    for case in cases() {
        let mut twin = case.cpu::<f64>();
        let spins = spins(&twin, 2);
        twin.write_spins(&spins).unwrap();
        let parameters: Vec<f64> = case.parameters(6).into_iter().map(f64::from).collect();
        let mut advantages = advantages(twin.read(Tensor::Advantage).unwrap().len());
        // What is differentiated is ln q of all images together, which stands where their configurations do.
        for (level, geometry) in case.model().hierarchy.levels.iter().enumerate() {
            let first = case.model().hierarchy.blocks_before(level);
            advantages[(first + geometry.blocks) * case.batch..(first + geometry.net_blocks()) * case.batch]
                .fill(0.0);
        }
        weighted_ln_q(&mut twin, case, &parameters, &advantages);
        twin.write(Tensor::Advantage, &advantages).unwrap();
        let shared = case.mixture.then_some(Kernel::ShareAdvantage { level: 0 });
        let kernels: Vec<_> = shared.into_iter().chain(schedule::gradient(&case.model())).collect();
        twin.run(&kernels, &inputs()).unwrap();
        let gradient = twin.read(Tensor::Gradient).unwrap();
        // Every tensor is probed at several places; the kinks of PReLU are 1e-6 wide and not met.
        let model = case.model();
        let probes: Vec<usize> = model
            .tensors()
            .iter()
            .flat_map(|place| {
                let used: Vec<usize> = place.ranges().flatten().filter(|&at| parameters[at] != 0.0).collect();
                let step = used.len().div_ceil(14).max(1);
                used.into_iter().step_by(step).collect::<Vec<_>>()
            })
            .collect();
        if probes.is_empty() {
            assert_eq!(model.parameters, 0, "{case:?}");
            continue;
        }
        assert!(probes.len() > 40 || model.used_parameters() < 100, "{case:?}");
        let h = 1e-6;
        let difference = |at: usize, twin: &mut Cpu<f64>| {
            let mut moved = parameters.clone();
            moved[at] += h;
            let above = weighted_ln_q(twin, case, &moved, &advantages);
            moved[at] -= 2.0 * h;
            (above - weighted_ln_q(twin, case, &moved, &advantages)) / (2.0 * h)
        };
        let expected: Vec<f64> = probes.iter().map(|&at| difference(at, &mut twin)).collect();
        let found: Vec<f64> = probes.iter().map(|&at| gradient[at]).collect();
        let tolerance =
            Tolerance { absolute: 1e-7, relative: 1e-6, reason: "rounding of differences over 2e-6" };
        results.push(compare(&format!("gradient of {case:?}"), &found, &expected, tolerance));
    }
    all_pass(results);
}

#[test]
fn a_likelihood_step_weights_all_blocks_alike() {
    let device = gpu();
    let case = Case { batch: 20, exact_bottom: 4, ..Case::DEFAULT };
    let model = case.model();
    let mut kernels: Vec<_> = schedule::likelihood_step(&model);
    kernels.pop();
    for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
        let spins = spins(backend, 2);
        backend.write(Tensor::Parameters, &case.parameters(6)).unwrap();
        backend.write_spins(&spins).unwrap();
        backend.run(&kernels, &inputs()).unwrap();
        assert!(backend.read(Tensor::Advantage).unwrap().iter().all(|a| (a + 0.05).abs() < 1e-7));
        assert!(backend.read(Tensor::Gradient).unwrap().iter().any(|g| g.abs() > 1e-3));
        assert_eq!(backend.read_spins().unwrap(), spins, "given configurations are not touched");
    }
}

#[test]
fn masked_weights_get_exactly_zero_gradient_and_never_move() {
    let device = gpu();
    let deep = Case { width: 2, depth: 3, field: 0.2, gauge: false, ..Case::DEFAULT };
    // A hierarchy, one on another lattice, a dense net, and one of a limited reach.
    let chosen = [SUBJECTS[1], SUBJECTS[4], SUBJECTS[6], SUBJECTS[16], SUBJECTS[36], deep];
    for case in chosen.map(|case| Case { batch: 20, ..case }) {
        let model = case.model();
        let mut gpu = device.backend(case);
        let mut cpu = case.cpu::<f32>();
        for backend in [&mut gpu as &mut dyn Backend, &mut cpu] {
            backend.write(Tensor::Parameters, &case.parameters(2)).unwrap();
            for step in 1..=2 {
                let inputs = Inputs { step, learning_rate: 0.01, ..inputs() };
                backend.run(&schedule::training_step(&model, Baseline::Regression), &inputs).unwrap();
            }
            let (gradient, parameters) =
                (backend.read(Tensor::Gradient).unwrap(), backend.read(Tensor::Parameters).unwrap());
            let (mut masked, mut moving) = (0, 0);
            for (k, net, _) in model.nets() {
                for weights in net.weights() {
                    for at in 0..weights.sources * weights.targets {
                        let index = model.levels[k].offset + weights.offset + at;
                        if !weights.sees(at % weights.targets, at / weights.targets) {
                            assert_eq!(gradient[index].to_bits(), 0, "{} at {at} of {case:?}", weights.name);
                            assert_eq!(
                                parameters[index].to_bits(),
                                0,
                                "{} at {at} of {case:?}",
                                weights.name
                            );
                            masked += 1;
                        } else if gradient[index] != 0.0 {
                            moving += 1;
                        }
                    }
                }
            }
            assert!(masked > 20 && moving > 100, "{masked} masked, {moving} moving weights");
        }
    }
}

#[test]
fn a_later_site_never_changes_an_earlier_conditional() {
    let device = gpu();
    // Without the gauge, which the boundary's first spin fixes for all later sites.
    let large = Case { size: 16, batch: 20, gauge: false, ..Case::DEFAULT };
    for case in SUBJECTS.into_iter().filter(|case| !case.gauge).chain([large]) {
        let mut cpu = case.cpu::<f32>();
        // Networks of colours have the shape that fits them.
        let shapes = match case.spins {
            Spins::Ising => vec![Some(Shape::lane(case.width)), Some(Shape::tile(case.width))],
            Spins::Potts { .. } => vec![None],
        };
        let backend = |shape: Option<Shape>| {
            let mut gpu = device.backend(case);
            shape.into_iter().for_each(|shape| gpu.force_shape(shape));
            gpu
        };
        let mut backends: Vec<Gpu> = shapes.into_iter().map(backend).collect();
        let spins = spins(&cpu, 3);
        for (level, net, geometry) in case.model().nets() {
            for site in [0, net.own / 2, net.own - 1] {
                let flipped = flipped(&spins, case, geometry.block_sites(0)[geometry.border + site] as usize);
                let (images, rows) = (geometry.images, geometry.blocks * case.batch);
                let check = |what: &str, before: Vec<f64>, after: Vec<f64>| {
                    let numbers = net.encoding.numbers();
                    let of_block = |logits: &[f64], site: usize| -> Vec<f64> {
                        // Of all numbers of the site, and of all passes.
                        let first =
                            |at: usize| (site * numbers + at / images) * images * rows + at % images * rows;
                        let of_number = |at: usize| &logits[first(at)..][..case.batch];
                        (0..numbers * images).flat_map(of_number).copied().collect()
                    };
                    for earlier in 0..=site {
                        let (before, after) = (of_block(&before, earlier), of_block(&after, earlier));
                        assert_eq!(
                            before, after,
                            "{what}, level {level}: site {site} changes site {earlier}"
                        );
                    }
                    for later in site + 1..net.own {
                        let (before, after) = (of_block(&before, later), of_block(&after, later));
                        assert_ne!(
                            before, after,
                            "{what}, level {level}: site {site} does not reach site {later}"
                        );
                    }
                };
                let on_gpu = |gpu: &mut Gpu, spins: &[i8]| {
                    evaluate(gpu, case, spins);
                    gpu.logits(level).unwrap()
                };
                for (number, gpu) in backends.iter_mut().enumerate() {
                    check(["lane shape", "tile shape"][number], on_gpu(gpu, &spins), on_gpu(gpu, &flipped));
                }
                let mut on_cpu = |spins: &[i8]| {
                    evaluate(&mut cpu, case, spins);
                    cpu.logits(level)
                };
                check("CPU", on_cpu(&spins), on_cpu(&flipped));
            }
        }
    }
}

fn evaluate(backend: &mut dyn Backend, case: Case, spins: &[i8]) {
    backend.write(Tensor::Parameters, &case.parameters(2)).unwrap();
    backend.write_spins(spins).unwrap();
    backend.run(&schedule::evaluation(&case.model()), &inputs()).unwrap();
}

/// All configurations with one site flipped, or of another colour.
fn flipped(spins: &[i8], case: Case, site: usize) -> Vec<i8> {
    let mut flipped = spins.to_vec();
    for spin in flipped.iter_mut().skip(site).step_by(case.model().hierarchy.sites) {
        *spin = match case.spins {
            Spins::Ising => -*spin,
            Spins::Potts { states } => (*spin + 1) % states as i8,
        };
    }
    flipped
}
