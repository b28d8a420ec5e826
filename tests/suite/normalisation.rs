//! q is a probability distribution, and the sampler draws from it.

use crate::contract::SUBJECTS;
use crate::harness::{BETA, Case, Tolerance, compare, gpu, spins};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::Network;
use han_gpu::disorder::Disorder;
use han_gpu::lattice::{LatticeKind, Spins};
use han_gpu::random::SpinKey;
use han_gpu::sample::{Draws, Samples, draw, evaluate};
use han_gpu::schedule::{self, Inputs};

const STATES: usize = 1 << 16;

fn case() -> Case {
    Case { size: 4, batch: 4096, width: 2, depth: 2, ..Case::DEFAULT }
}

/// All states of the 4 x 4 lattice.
fn all_states() -> Vec<i8> {
    (0..STATES)
        .flat_map(|state| (0..16).map(move |site| if state >> site & 1 == 1 { 1 } else { -1 }))
        .collect()
}

fn sum_of_q(backend: &mut dyn Backend, case: Case) -> f64 {
    backend.write(Tensor::Parameters, &case.parameters(5)).unwrap();
    let ln_q = evaluate(backend, BETA, &all_states(), |_| ()).unwrap();
    assert_eq!(ln_q.len(), STATES);
    ln_q.iter().map(|ln_q| ln_q.exp()).sum()
}

#[test]
fn q_sums_to_one_over_all_states() {
    let device = gpu();
    let weighted = Case { disorder: Some(Disorder::Gaussian), gauge: false, field: 0.3, ..case() };
    let is_small = |case: &Case| case.model().hierarchy.sites == 16 && case.spins == Spins::Ising;
    let small = SUBJECTS.into_iter().filter(is_small);
    let small = small.chain([weighted, Case { exact_bottom: 4, ..weighted }]);
    for case in small.map(|case| Case { batch: 4096, ..case }) {
        let exact = sum_of_q(&mut case.cpu::<f64>(), case);
        assert!((exact - 1.0).abs() <= 1e-12, "f64 twin: sum of q is 1 {:+e} for {case:?}", exact - 1.0);
        let cpu = sum_of_q(&mut case.cpu::<f32>(), case);
        assert!((cpu - 1.0).abs() <= 1e-5, "f32 CPU: sum of q is 1 {:+e} for {case:?}", cpu - 1.0);
        let gpu = sum_of_q(&mut device.backend(case), case);
        assert!((gpu - 1.0).abs() <= 1e-5, "GPU: sum of q is 1 {:+e} for {case:?}", gpu - 1.0);
    }
}

/// Sums of q over all states of the own sites of a level's first block, whose border is given.
fn sum_over_block(backend: &mut dyn Backend, case: Case, level: usize, spins: &[i8]) -> f64 {
    let model = case.model();
    let (geometry, states) = (&model.hierarchy.levels[level], case.spins.states());
    let own = &geometry.block_sites(0)[geometry.border..];
    let first_row = model.hierarchy.blocks_before(level) * case.batch;
    let (count, mut sum) = (states.pow(own.len() as u32), 0.0);
    for first in (0..count).step_by(case.batch) {
        let configuration = |state: usize| {
            let mut spins = spins.to_vec();
            let mut rest = state.min(count - 1);
            for &site in own {
                spins[site as usize] = (rest % states) as i8;
                rest /= states;
            }
            spins
        };
        let spins: Vec<i8> = (first..first + case.batch).flat_map(configuration).collect();
        backend.write_spins(&spins).unwrap();
        backend.run(&schedule::evaluation(&model), &Inputs { beta: BETA, ..Inputs::SAMPLING }).unwrap();
        let ln_q = backend.read(Tensor::LnQ).unwrap();
        let here = &ln_q[first_row..][..case.batch.min(count - first)];
        sum += here.iter().map(|ln_q| ln_q.exp()).sum::<f64>();
    }
    sum
}

#[test]
fn q_of_colours_sums_to_one_over_every_block_given_its_border() {
    let device = gpu();
    let small =
        |case: &Case| matches!(case.spins, Spins::Potts { states: 3..=5 }) && case.network == Network::Han;
    for case in SUBJECTS.into_iter().filter(small).map(|case| Case { batch: 4096, ..case }) {
        let model = case.model();
        let mut twin = case.cpu::<f64>();
        let mut others: [(Box<dyn Backend>, &str); 2] =
            [(Box::new(case.cpu::<f32>()), "CPU"), (Box::new(device.backend(case)), "GPU")];
        let parameters = case.parameters(5);
        twin.write(Tensor::Parameters, &parameters).unwrap();
        others.iter_mut().for_each(|(backend, _)| backend.write(Tensor::Parameters, &parameters).unwrap());
        let spins = &spins(&twin, 3)[..model.hierarchy.sites];
        for (level, geometry) in model.hierarchy.levels.iter().enumerate() {
            let states = (case.spins.states() as f64).powi(geometry.own as i32);
            if states > 4e6 {
                continue;
            }
            let sum = sum_over_block(&mut twin, case, level, spins);
            assert!((sum - 1.0).abs() <= 1e-12, "f64 twin, level {level}: 1 {:+e} for {case:?}", sum - 1.0);
            for (backend, name) in others.iter_mut().filter(|_| states <= 1e5) {
                let sum = sum_over_block(&mut **backend, case, level, spins);
                assert!((sum - 1.0).abs() <= 1e-5, "{name}, level {level}: 1 {:+e} for {case:?}", sum - 1.0);
            }
        }
    }
}

#[test]
fn the_gauge_makes_q_even() {
    for case in [case(), Case { mixture: true, ..case() }] {
        let mut twin = case.cpu::<f64>();
        twin.write(Tensor::Parameters, &case.parameters(5)).unwrap();
        let ln_q = evaluate(&mut twin, BETA, &all_states(), |_| ()).unwrap();
        for (state, ln_q_of_state) in ln_q.iter().enumerate() {
            let difference = ln_q_of_state - ln_q[STATES - 1 - state];
            assert!(difference.abs() < 1e-13, "state {state:#x} and its opposite: {difference:e}");
        }
    }
}

fn samples(backend: &mut dyn Backend, case: Case, seed: u32, count: usize) -> Samples {
    backend.write(Tensor::Parameters, &case.parameters(5)).unwrap();
    let mut all = Samples::default();
    draw(backend, Draws { seed, beta: BETA, count }, |samples| {
        all.spins.extend(samples.spins);
        all.ln_q.extend(samples.ln_q);
        all.energy.extend(samples.energy);
        Ok(())
    })
    .unwrap();
    all
}

#[test]
fn sampled_frequencies_follow_q() {
    const COUNT: usize = 200_000;
    let device = gpu();
    for case in [case(), Case { exact_bottom: 4, ..case() }, Case { mixture: true, ..case() }] {
        let mut twin = case.cpu::<f64>();
        twin.write(Tensor::Parameters, &case.parameters(5)).unwrap();
        let q: Vec<f64> =
            evaluate(&mut twin, BETA, &all_states(), |_| ()).unwrap().iter().map(|x| x.exp()).collect();
        for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
            let drawn = samples(backend, case, 12, COUNT);
            let mut counts = vec![0.0; STATES];
            for spins in drawn.spins.chunks(16) {
                let state = spins
                    .iter()
                    .enumerate()
                    .fold(0, |state, (site, &spin)| state | usize::from(spin == 1) << site);
                counts[state] += 1.0;
            }
            // Chi-square over states expected at least ten times, all others in one bin.
            let (mut chi_square, mut bins, mut rest) = (0.0, 0, [0.0; 2]);
            for (count, q) in counts.iter().zip(&q) {
                let expected = q * COUNT as f64;
                if expected >= 10.0 {
                    chi_square += (count - expected).powi(2) / expected;
                    bins += 1;
                } else {
                    rest = [rest[0] + count, rest[1] + expected];
                }
            }
            chi_square += (rest[0] - rest[1]).powi(2) / rest[1];
            let freedom = f64::from(bins);
            assert!(bins > 500, "only {bins} states are frequent enough to test");
            let sigma = (2.0 * freedom).sqrt();
            assert!(
                (chi_square - freedom).abs() < 4.0 * sigma,
                "chi^2 = {chi_square:.0} for {bins} bins on {}",
                backend.device()
            );
        }
    }
}

#[test]
fn the_sampler_s_ln_q_and_energy_are_those_of_its_spins() {
    let device = gpu();
    for case in [
        Case { size: 8, batch: 100, field: 0.3, gauge: false, coupling: 0.8, ..case() },
        Case { size: 32, batch: 16, width: 1, depth: 1, ..case() },
        Case { size: 16, batch: 70, exact_bottom: 8, field: -0.2, gauge: false, ..case() },
        Case { size: 8, batch: 40, exact_bottom: 4, ..case() },
        Case { lattice: LatticeKind::Triangular, size: 8, batch: 40, ..case() },
        Case { disorder: Some(Disorder::Pm1), size: 16, batch: 40, exact_bottom: 4, ..case() },
        Case {
            disorder: Some(Disorder::Gaussian),
            field: 0.3,
            gauge: false,
            size: 16,
            exact_bottom: 8,
            ..case()
        },
        Case { disorder: Some(Disorder::Gaussian), field: 0.3, gauge: false, size: 8, batch: 40, ..case() },
    ]
    .into_iter()
    .chain(SUBJECTS)
    {
        let system = case.model().system.clone();
        for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
            let drawn = samples(backend, case, 3, 150);
            let evaluated = evaluate(backend, BETA, &drawn.spins, |_| ()).unwrap();
            let tolerance =
                Tolerance { absolute: 1e-4, relative: 1e-6, reason: "the promise of the formats" };
            compare("ln q of sample and evaluate", &evaluated, &drawn.ln_q, tolerance).unwrap();
            for (spins, energy) in drawn.spins.chunks(system.lattice.sites()).zip(&drawn.energy) {
                assert_eq!(*energy, system.energy(spins));
            }
        }
    }
}

#[test]
fn samples_do_not_depend_on_the_batch_and_do_on_the_seed() {
    let device = gpu();
    let (small, large) = (Case { batch: 37, ..case() }, Case { batch: 100, ..case() });
    let on_gpu = [small, large].map(|case| samples(&mut device.backend(case), case, 8, 90));
    assert_eq!(on_gpu[0], on_gpu[1]);
    let on_cpu = [small, large].map(|case| samples(&mut case.cpu::<f32>(), case, 8, 90));
    assert_eq!(on_cpu[0], on_cpu[1]);
    assert_ne!(on_cpu[0].spins, samples(&mut small.cpu::<f32>(), small, 9, 90).spins);
}

#[test]
fn every_site_has_random_numbers_of_its_own() {
    // Two configurations, levels, blocks or steps that shared a number would correlate samples.
    let key = SpinKey { seed: 1, step: 1, configuration: 1, level: 1, block: 1 };
    let others = [
        SpinKey { seed: 2, ..key },
        SpinKey { step: 2, ..key },
        SpinKey { configuration: 2, ..key },
        SpinKey { level: 2, ..key },
        SpinKey { block: 2, ..key },
    ];
    for other in others {
        assert_ne!(key.uniform(0), other.uniform(0), "{other:?}");
    }
}
