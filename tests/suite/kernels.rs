//! Every GPU kernel against its f64 twin, over sizes around the workgroup's, several nets and both kernel shapes.

use crate::contract::SUBJECTS;
use crate::harness::{BETA, Case, TestGpu, Tolerance, all_pass, compare, gpu, spins};
use half::f16;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::{Model, Network, Storage};
use han_gpu::gpu::Gpu;
use han_gpu::hierarchy::Cut;
use han_gpu::lattice::Spins;
use han_gpu::schedule::{self, Adam, Baseline, Chunk, Inputs, Kernel, Shape};
use std::sync::Arc;

const ADAM: Adam =
    Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: 0.0, scale_rate: true, skip_rate: 0.5 };

pub(crate) fn inputs(step: u32) -> Inputs {
    let per_site = 0.93;
    Inputs {
        seed: 5,
        step,
        first_configuration: 1000,
        beta: BETA,
        reward_per_site: per_site,
        learning_rate: 0.01,
        adam: ADAM,
        chunk: Chunk::WHOLE,
    }
}

/// Nets and batches: 1, around a workgroup of 64, a prime, many groups; every width and depth of interest; with and
/// without skip, gauge and field.
fn cases() -> Vec<Case> {
    let default = Case::DEFAULT;
    let of_subjects = SUBJECTS
        .into_iter()
        .filter(|case| (case.lattice, case.network, case.mixture, case.spins) != Default::default());
    let mut cases: Vec<Case> = of_subjects.collect();
    cases.extend([
        Case { batch: 1, ..default },
        Case { batch: 63, ..default },
        Case { batch: 64, skip: false, gauge: false, ..default },
        Case { batch: 65, width: 2, depth: 2, ..default },
        Case { batch: 97, width: 3, depth: 3, skip: false, ..default },
        Case { batch: 31, width: 20, ..default },
        Case { size: 4, batch: 1000, field: 0.3, gauge: false, coupling: -0.7, ..default },
        Case { size: 16, batch: 70, width: 2, ..default },
        Case { size: 16, batch: 37, mixture: true, ..default },
        // Exact squares of both sides, in every kind of field.
        Case { size: 16, batch: 37, exact_bottom: 8, ..default },
        Case { size: 16, batch: 21, exact_bottom: 4, field: -0.2, gauge: false, ..default },
        Case { batch: 130, exact_bottom: 8, coupling: -0.9, field: 0.1, gauge: false, ..default },
        // Halves.
        Case { size: 16, batch: 41, cut: Cut::Halves, exact_bottom: 8, width: 2, ..default },
        Case {
            batch: 68,
            cut: Cut::Halves,
            exact_bottom: 4,
            coupling: -0.9,
            field: 0.1,
            gauge: false,
            ..default
        },
        // Strips.
        Case { size: 16, batch: 19, exact_bottom: 8, exact_length: 16, width: 2, ..default },
        Case {
            batch: 66,
            exact_bottom: 4,
            exact_length: 8,
            coupling: -0.9,
            field: 0.1,
            gauge: false,
            ..default
        },
        // More sites than a workgroup has lanes, more sources than are staged at a time.
        Case { size: 64, batch: 3, ..default },
        // So many rows and units that lanes of graphics cards take four rows together in backward_hidden, not all of one block.
        Case { size: 4, batch: 4098, width: 20, ..default },
        // Batches in fours, which software adapters take four configurations at a time.
        Case { batch: 36, width: 2, ..default },
        Case { batch: 44, depth: 2, ..default },
        Case { size: 16, batch: 68, exact_bottom: 8, ..default },
        // So many rows that lanes share the sums over their slices, and workgroups go through several chunks of them.
        Case { batch: 8200, ..default },
    ]);
    cases
}

/// Both shapes on a device that offers nothing, and one where lanes share loads if the adapter lets them; networks of pairs have one shape, and so have those of colours.
fn variants(device: &TestGpu, case: Case) -> Vec<(&'static str, Gpu)> {
    if case.network == Network::Arnn {
        return vec![("pairs", device.backend(case))];
    }
    if case.spins != Spins::Ising {
        return vec![("a lane per row", device.backend(case)), ("all features", device.own_backend(case))];
    }
    let shaped = |mut gpu: Gpu, shape: Shape| {
        gpu.force_shape(shape);
        gpu
    };
    let (lane, tile) = (Shape::lane(case.width), Shape::tile(case.width));
    vec![
        ("a lane per row", shaped(device.backend(case), lane)),
        ("tiles", shaped(device.backend(case), tile)),
        ("all features", shaped(device.own_backend(case), lane)),
    ]
}

/// Runs kernels on both backends and compares one tensor.
fn both(gpu: &mut Gpu, twin: &mut dyn Backend, kernels: &[Kernel], inputs: &Inputs) {
    gpu.run(kernels, inputs).unwrap();
    twin.run(kernels, inputs).unwrap();
}

#[test]
fn evaluation_reward_and_backward_agree_with_the_f64_twin() {
    let device = gpu();
    let mut results = Vec::new();
    for case in cases() {
        for (variant, mut gpu) in variants(&device, case) {
            let mut twin = case.cpu::<f64>();
            let parameters = case.parameters(3);
            let spins = spins(&gpu, 1);
            for backend in [&mut gpu as &mut dyn Backend, &mut twin] {
                backend.write(Tensor::Parameters, &parameters).unwrap();
                backend.write_spins(&spins).unwrap();
            }
            let mut check = |tensor: Tensor,
                             gpu: &mut Gpu,
                             twin: &mut dyn Backend,
                             absolute: f64,
                             relative: f64,
                             reason| {
                let (found, expected) = (gpu.read(tensor).unwrap(), twin.read(tensor).unwrap());
                let what = format!("{tensor:?} of {case:?} with {variant}");
                results.push(compare(&what, &found, &expected, Tolerance { absolute, relative, reason }));
            };
            let step = inputs(1);
            both(&mut gpu, &mut twin, &schedule::evaluation(&case.model()), &step);
            check(
                Tensor::LnQ,
                &mut gpu,
                &mut twin,
                2e-5,
                1e-5,
                "sums of up to 60 f32 terms, exp good to 2e-6",
            );
            // The free energy of the last level, then rewards up the tree.
            let mut kernels = schedule::sum_out_bottom(&case.model());
            kernels.extend(schedule::rewards(&case.model()));
            both(&mut gpu, &mut twin, &kernels, &step);
            check(Tensor::Reward, &mut gpu, &mut twin, 2e-4, 1e-5, "f32 sums over the whole tree");
            if case.batch == 1 {
                continue;
            }
            for baseline in [Baseline::Regression, Baseline::Global] {
                both(&mut gpu, &mut twin, &schedule::advantages(&case.model(), baseline), &step);
                let reason = "differences of rewards, over the batch";
                check(Tensor::Advantage, &mut gpu, &mut twin, 5e-4 / case.batch as f64, 1e-3, reason);
            }
            both(&mut gpu, &mut twin, &schedule::gradient(&case.model()), &step);
            if case.model().parameters == 0 {
                continue;
            }
            let scale = twin.read(Tensor::Gradient).unwrap().iter().fold(0.0, |m: f64, g| m.max(g.abs()));
            assert!(scale > 1e-3, "gradients of {case:?} are too small to test");
            check(
                Tensor::Gradient,
                &mut gpu,
                &mut twin,
                3e-5 * scale,
                1e-3,
                "f32 sums over all rows that cancel",
            );
            both(&mut gpu, &mut twin, &[Kernel::Adam], &step);
            check(Tensor::FirstMoment, &mut gpu, &mut twin, 3e-6 * scale, 1e-3, "a tenth of the gradient");
            check(Tensor::SecondMoment, &mut gpu, &mut twin, 1e-7 * scale * scale, 2e-3, "its square");
        }
    }
    all_pass(results);
}

#[test]
fn nets_in_16_bits_are_near_the_f64_twin_and_take_less_memory() {
    let device = gpu();
    if !device.adapter.features().contains(wgpu::Features::SHADER_F16) {
        println!("left out: {} offers no 16-bit floats", device.adapter.get_info().name);
        return;
    }
    // The latter reads four weights at once, and may take four rows to a lane.
    let cases = [
        Case { width: 2, depth: 2, size: 16, batch: 130, ..Case::DEFAULT },
        Case { width: 4, size: 16, batch: 132, ..Case::DEFAULT },
    ];
    all_pass(cases.into_iter().flat_map(|case| near_the_twin_in_16_bits(&device, case)));
}

fn near_the_twin_in_16_bits(device: &TestGpu, case: Case) -> Vec<Result<(), String>> {
    let half = Arc::new(Model { storage: Storage::F16, ..Model::clone(&case.model()) });
    assert!(Gpu::memory(&half, case.batch) < Gpu::memory(&case.model(), case.batch));
    let offering = |required_features| {
        let descriptor = wgpu::DeviceDescriptor { required_features, ..Default::default() };
        let (device, queue) = pollster::block_on(device.adapter.request_device(&descriptor)).unwrap();
        Gpu::new(&device, &queue, half.clone(), case.batch)
    };
    let refused = offering(wgpu::Features::empty()).unwrap_err().to_string();
    assert!(refused.contains("16-bit"), "{refused}");
    let everything = || device.own(half.clone(), case.batch);
    let only_16_bits = offering(wgpu::Features::SHADER_F16).unwrap();
    let only_these = || only_16_bits.sharing(half.clone(), case.batch).unwrap();
    let (parameters, mut results) = (case.parameters(3), Vec::new());
    let mut twin = case.cpu::<f64>();
    let spins = spins(&twin, 1);
    let mut kernels = schedule::evaluation(&case.model());
    kernels.push(Kernel::Likelihood);
    kernels.extend(schedule::gradient(&case.model()));
    twin.write(Tensor::Parameters, &parameters).unwrap();
    twin.write_spins(&spins).unwrap();
    twin.run(&kernels, &inputs(1)).unwrap();
    for (mut gpu, shape) in [
        (everything(), Shape::lane(case.width)),
        (everything(), Shape::tile(case.width)),
        (only_these(), Shape::quad_lane(case.width, case.depth)),
        (only_these(), Shape::wide_tile(case.width)),
    ] {
        gpu.force_shape(shape);
        gpu.write(Tensor::Parameters, &parameters).unwrap();
        gpu.write_spins(&spins).unwrap();
        gpu.run(&kernels, &inputs(1)).unwrap();
        for (tensor, absolute) in [(Tensor::LnQ, 2e-2), (Tensor::Gradient, 2e-3)] {
            let tolerance = Tolerance {
                absolute,
                relative: 1e-2,
                reason: "11 bits of every parameter and pre-activation",
            };
            let [found, expected] = [gpu.read(tensor).unwrap(), twin.read(tensor).unwrap()];
            let what = format!("{tensor:?} of {case:?} with {shape:?}");
            results.push(compare(&what, &found, &expected, tolerance));
            let largest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(largest > 1e-6, "{what} differs by {largest}: are these 16 bits?");
        }
    }
    results
}

#[test]
fn nets_in_16_bits_see_rounded_parameters_of_the_host_and_of_adam_alike() {
    let device = gpu();
    if !device.adapter.features().contains(wgpu::Features::SHADER_F16) {
        println!("left out: {} offers no 16-bit floats", device.adapter.get_info().name);
        return;
    }
    let case = Case { width: 2, depth: 2, size: 8, batch: 70, ..Case::DEFAULT };
    let half = Arc::new(Model { storage: Storage::F16, ..Model::clone(&case.model()) });
    let spins = spins(&case.cpu::<f64>(), 1);
    let open = |parameters: &[f32]| {
        let mut gpu = device.own(half.clone(), case.batch);
        gpu.write(Tensor::Parameters, parameters).unwrap();
        gpu.write_spins(&spins).unwrap();
        gpu
    };
    let ln_q = |gpu: &mut Gpu| {
        gpu.run(&schedule::evaluation(&case.model()), &inputs(1)).unwrap();
        gpu.read(Tensor::LnQ).unwrap()
    };
    let parameters = case.parameters(3);
    let mut gpu = open(&parameters);
    let first = ln_q(&mut gpu);
    let rounded: Vec<f32> = parameters.iter().map(|&p| f16::from_f32(p).to_f32()).collect();
    assert_ne!(rounded, parameters);
    assert_eq!(ln_q(&mut open(&rounded)), first, "nets see what rounding cuts off");

    let mut kernels = vec![Kernel::Likelihood];
    kernels.extend(schedule::gradient(&case.model()));
    kernels.push(Kernel::Adam);
    gpu.run(&kernels, &inputs(1)).unwrap();
    let trained: Vec<f32> =
        gpu.read(Tensor::Parameters).unwrap().into_iter().map(|parameter| parameter as f32).collect();
    assert!(trained.iter().any(|&p| f16::from_f32(p).to_f32() != p), "the optimiser works in 16 bits");
    let second = ln_q(&mut gpu);
    assert_ne!(second, first);
    assert_eq!(ln_q(&mut open(&trained)), second, "Adam and the host round otherwise");
}

#[test]
fn sampling_draws_the_twin_s_spins() {
    let device = gpu();
    let mut results = Vec::new();
    for case in cases() {
        for (variant, mut gpu) in variants(&device, case) {
            let mut twin = case.cpu::<f64>();
            let parameters = case.parameters(4);
            gpu.write(Tensor::Parameters, &parameters).unwrap();
            twin.write(Tensor::Parameters, &parameters).unwrap();
            let mut kernels = schedule::sampling(&case.model(), true);
            kernels.extend(schedule::energies(&case.model()));
            both(&mut gpu, &mut twin, &kernels, &inputs(9));
            let sites = case.model().hierarchy.sites;
            let (found, expected) = (gpu.read_spins().unwrap(), twin.read_spins().unwrap());
            let same: Vec<bool> =
                found.chunks(sites).zip(expected.chunks(sites)).map(|(a, b)| a == b).collect();
            // A spin flips where the uniform number falls between two roundings of the same probability: about 1e-6 a site.
            let flipped = same.iter().filter(|same| !**same).count();
            assert!(
                flipped <= 1 + case.batch / 500,
                "{flipped} configurations differ for {case:?} with {variant}"
            );
            let up = expected.iter().filter(|&&spin| spin == 1).count();
            assert!(up > 0 && up < expected.len(), "all spins are equal for {case:?}");
            let kept = |values: Vec<f64>| -> Vec<f64> {
                values
                    .chunks(case.batch)
                    .flat_map(|row| row.iter().zip(&same).filter(|(_, s)| **s).map(|(x, _)| *x))
                    .collect()
            };
            let (found, expected) =
                (kept(gpu.read(Tensor::LnQ).unwrap()), kept(twin.read(Tensor::LnQ).unwrap()));
            let tolerance =
                Tolerance { absolute: 2e-5, relative: 1e-5, reason: "sums of up to 60 f32 terms" };
            results.push(compare(&format!("ln q of {case:?} with {variant}"), &found, &expected, tolerance));
            let sums = gpu.read_sums().unwrap().into_iter().zip(twin.read_sums().unwrap());
            assert!(sums.zip(&same).all(|((a, b), same)| !same || a == b), "integer sums of {case:?}");
        }
    }
    all_pass(results);
}

/// Planted faults: each is a wrong kernel as the comparisons above would meet it, and none may pass.
#[test]
fn one_wrong_weight_gradient_sign_or_probability_fails_the_comparison() {
    let case = Case { width: 2, depth: 2, ..Case::DEFAULT };
    let model = case.model();
    let (mut found, mut twin) = (case.cpu::<f32>(), case.cpu::<f64>());
    let parameters = case.parameters(3);
    let spins = spins(&twin, 1);
    let mut kernels = schedule::evaluation(&model);
    kernels.extend(schedule::sum_out_bottom(&model));
    kernels.extend(schedule::rewards(&model));
    kernels.extend(schedule::advantages(&model, Baseline::Global));
    kernels.extend(schedule::gradient(&model));
    let run = |backend: &mut dyn Backend, parameters: &[f32]| {
        backend.write(Tensor::Parameters, parameters).unwrap();
        backend.write_spins(&spins).unwrap();
        backend.run(&kernels, &inputs(1)).unwrap();
        [Tensor::LnQ, Tensor::Gradient].map(|tensor| backend.read(tensor).unwrap())
    };
    let [ln_q, gradient] = run(&mut twin, &parameters);
    let scale = gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    let of_ln_q = Tolerance { absolute: 2e-5, relative: 1e-5, reason: "as above" };
    let of_gradient = Tolerance { absolute: 3e-5 * scale, relative: 1e-3, reason: "as above" };
    let [same_ln_q, same_gradient] = run(&mut found, &parameters);
    all_pass([
        compare("ln q", &same_ln_q, &ln_q, of_ln_q),
        compare("gradient", &same_gradient, &gradient, of_gradient),
    ]);

    for place in model.tensors() {
        let mut wrong = parameters.clone();
        let at = place.ranges().flatten().max_by(|&a, &b| wrong[a].abs().total_cmp(&wrong[b].abs())).unwrap();
        wrong[at] = -wrong[at];
        let [ln_q_found, _] = run(&mut found, &wrong);
        assert!(
            compare("ln q", &ln_q_found, &ln_q, of_ln_q).is_err(),
            "a wrong sign in {} passes",
            place.name
        );
    }
    let largest =
        (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs())).unwrap();
    let mut wrong = gradient.clone();
    wrong[largest] = -wrong[largest];
    assert!(compare("gradient", &wrong, &gradient, of_gradient).is_err());
    // One probability of 0.5 that is 0.5001 instead.
    let mut wrong = ln_q.clone();
    wrong[7] += (0.5001_f64 / 0.5).ln();
    assert!(compare("ln q", &wrong, &ln_q, of_ln_q).is_err());
}
