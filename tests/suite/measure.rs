//! Physics from networks and from Monte Carlo, against exact results and each other; whether errors are right.

use crate::harness::{BETA, Case, all_pass, gpu, spins};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::Widths;
use han_gpu::config::Config;
use han_gpu::cpu::Cpu;
use han_gpu::estimate::Estimate;
use han_gpu::exact::solve;
use han_gpu::io::RunFolder;
use han_gpu::lattice::{Ensemble, Interaction, Lattice, SymmetryGroup, System};
use han_gpu::mc::{Algorithm, Setup, Simulation};
use han_gpu::measure::{
    Measurement, Method, MonteCarlo, Settings, Sweeps, measure, measure_chains, symmetrised_ln_q,
};
use han_gpu::schedule::{Inputs, Kernel};
use han_gpu::train::train;
use std::ops::ControlFlow;
use std::sync::Arc;

const FERROMAGNET: Interaction = Interaction { coupling: 1.0, field: 0.0 };

fn ensemble(side: u32, interaction: Interaction, beta: f64) -> Ensemble {
    System::uniform(Lattice::square(side).unwrap(), interaction).at(beta).unwrap()
}

/// A trained network on the CPU.
fn trained(config: &Config) -> Cpu<f32> {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(&folder.path().join("run"), config, false).unwrap();
    let mut cpu = Cpu::<f32>::new(Arc::new(config.model().unwrap()), config.batch);
    let start = run.load_checkpoint(config, cpu.model()).unwrap();
    train(config, &mut cpu, &run, start, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    cpu
}

fn quick(size: u32, steps: u32) -> Config {
    let resolved = Config { size, steps, batch: 128, width: Widths::all(1), ..Config::default() };
    Config { evaluation_samples: 100, verification_samples: 0, ..resolved }
}

fn measured(backend: &mut dyn Backend, count: usize, seed: u32, symmetries: SymmetryGroup) -> Measurement {
    let settings = Settings { count, seed, beta: BETA, method: Method::Both, symmetries };
    measure(backend, &settings, |_| Ok(()), |_| ControlFlow::Continue(())).unwrap()
}

fn simulated(ensemble: &Ensemble, algorithm: Algorithm, sweeps: Sweeps, device: &str) -> MonteCarlo {
    let setup = Setup { ensemble: ensemble.clone(), algorithm, chains: sweeps.chains, seed: 7 };
    let mut simulation = Simulation::new(setup, device).unwrap();
    simulation.thermalise(sweeps.thermalisation).unwrap();
    measure_chains(&mut simulation, sweeps, |_, _| Ok(()), |_| ControlFlow::Continue(())).unwrap()
}

fn of(quantities: &[han_gpu::measure::Quantity], name: &str) -> Estimate {
    quantities.iter().find(|quantity| quantity.meaning.name == name).unwrap().estimate
}

/// Whether two independent estimates agree.
#[track_caller]
fn agree(what: &str, a: Estimate, b: Estimate) {
    let error = a.error.hypot(b.error);
    assert!(error > 0.0 && (a.value - b.value).abs() < 4.0 * error, "{what}: {a:?}, {b:?}");
}

#[test]
fn a_gpu_counts_and_flips_exactly_as_the_cpu() {
    let device = gpu();
    let mut results = Vec::new();
    for (size, batch, coupling, field) in
        [(4, 1, 1.0, 0.0), (8, 63, -0.8, 0.3), (16, 130, 1.0, 0.0), (32, 3, 0.7, -0.1), (128, 5, 1.0, 0.0)]
    {
        let case = Case { size, batch, coupling, field, gauge: false, ..Case::DEFAULT };
        let (mut gpu, mut cpu) = (device.backend(case), case.cpu::<f32>());
        let random = spins(&gpu, 3);
        gpu.write_spins(&random).unwrap();
        cpu.write_spins(&random).unwrap();
        for step in 1..=5 {
            let inputs = Inputs { step, seed: 9, first_configuration: 100, beta: BETA, ..Inputs::SAMPLING };
            for kernel in
                [Kernel::Metropolis { colour: 0 }, Kernel::Metropolis { colour: 1 }, Kernel::Observables]
            {
                gpu.run(&[kernel], &inputs).unwrap();
                cpu.run(&[kernel], &inputs).unwrap();
            }
        }
        let (found, expected) = (gpu.read_spins().unwrap(), cpu.read_spins().unwrap());
        let moved = expected.iter().zip(&random).filter(|(a, b)| a != b).count();
        assert!(moved > expected.len() / 50, "hardly anything moved: {moved} of {}", expected.len());
        results.push((found == expected).then_some(()).ok_or(format!("{case:?}: spins differ")));
        let same = gpu.read_observables().unwrap() == cpu.read_observables().unwrap();
        results.push(same.then_some(()).ok_or(format!("{case:?}: observables differ")));
    }
    all_pass(results);
}

#[test]
fn metropolis_samples_the_boltzmann_distribution_in_every_kind_of_field() {
    let sweeps = Sweeps { chains: 64, thermalisation: 200, sweeps: 2000, every: 1 };
    // Ordered along a field, and nearly free in one: there every sweep turns most spins over.
    for (coupling, field, beta) in [
        (1.0, 0.0, 0.35),
        (1.0, 0.2, 0.4),
        (-0.8, 0.3, 0.5),
        (1.0, 0.5, 0.6),
        (0.1, 1.0, 0.1),
        (1.0, 0.0, 0.02),
    ] {
        let ensemble = ensemble(4, Interaction { coupling, field }, beta);
        let exact = solve(&ensemble.system, beta).unwrap();
        let found = simulated(&ensemble, Algorithm::Metropolis, sweeps, "cpu");
        let energy = of(&found.statistics.quantities, "energy_per_site");
        assert!(energy.deviation(exact.energy_per_site).abs() < 4.0, "{energy:?}, {exact:?}");
        let specific_heat = of(&found.statistics.quantities, "specific_heat");
        assert!(specific_heat.deviation(exact.specific_heat).abs() < 4.0, "{specific_heat:?}, {exact:?}");
    }
}

#[test]
fn metropolis_on_a_gpu_makes_the_same_chains() {
    let device = gpu();
    let adapter = device.adapter.get_info().name;
    let sweeps = Sweeps { chains: 70, thermalisation: 20, sweeps: 40, every: 1 };
    let ensemble = ensemble(8, Interaction { coupling: 1.0, field: 0.2 }, 0.4);
    let [cpu, gpu] =
        ["cpu", &adapter].map(|device| simulated(&ensemble, Algorithm::Metropolis, sweeps, device));
    let energy = |found: &MonteCarlo| of(&found.statistics.quantities, "energy_per_site");
    assert_eq!(energy(&cpu), energy(&gpu));
}

#[test]
fn metropolis_and_wolff_agree_and_have_the_known_magnetisation() {
    let ensemble = ensemble(8, FERROMAGNET, BETA);
    let wolff = Sweeps { chains: 16, thermalisation: 200, sweeps: 5000, every: 1 };
    let metropolis = Sweeps { chains: 64, thermalisation: 500, sweeps: 4000, every: 1 };
    let wolff = simulated(&ensemble, Algorithm::Wolff, wolff, "cpu");
    let metropolis = simulated(&ensemble, Algorithm::Metropolis, metropolis, "cpu");
    for name in ["energy_per_site", "abs_magnetisation", "susceptibility", "binder", "correlation_length"] {
        agree(name, of(&wolff.statistics.quantities, name), of(&metropolis.statistics.quantities, name));
    }
    // arXiv:2203.10989's figure for cluster updates.
    let known = Estimate { value: 0.77512, error: 0.00024 };
    for found in [&wolff, &metropolis] {
        assert!(found.warnings().is_empty(), "{:?}", found.warnings());
        agree("|m|", of(&found.statistics.quantities, "abs_magnetisation"), known);
        let energy = of(&found.statistics.quantities, "energy_per_site");
        let exact = solve(&ensemble.system, BETA).unwrap().energy_per_site;
        assert!(energy.deviation(exact).abs() < 4.0, "{energy:?}, {exact}");
    }
    assert!(metropolis.tau_int_sweeps() > wolff.tau_int_sweeps(), "single spins are slower than clusters");
}

#[test]
fn errors_are_right_over_forty_seeds() {
    let mut cpu = trained(&quick(8, 60));
    let exact = solve(&cpu.model().system, BETA).unwrap();
    let sweeps = Sweeps { chains: 16, thermalisation: 200, sweeps: 15_000, every: 1 };
    let reference = simulated(&ensemble(8, FERROMAGNET, BETA), Algorithm::Wolff, sweeps, "cpu");
    let reference = of(&reference.statistics.quantities, "abs_magnetisation");
    let known = [
        ("ln_z", exact.ln_z),
        ("energy_per_site", exact.energy_per_site),
        ("abs_magnetisation", reference.value),
    ];
    let found: Vec<Measurement> =
        (0..40).map(|seed| measured(&mut cpu, 2000, 1000 + seed, SymmetryGroup::default())).collect();
    assert!(found[0].importance.ess.value < 0.995, "weights that are all equal test little");
    for (name, exact) in known {
        for (method, by_weights) in [("NIS", true), ("NMCMC", false)] {
            if name == "ln_z" && !by_weights {
                continue;
            }
            let pull = |measurement: &Measurement| {
                let chain = &measurement.chain.as_ref().unwrap().statistics.quantities;
                of(if by_weights { &measurement.quantities } else { chain }, name).deviation(exact)
            };
            let pulls: Vec<f64> = found.iter().map(pull).collect();
            let mean = Estimate::mean(&pulls);
            let spread = mean.error * (pulls.len() as f64).sqrt();
            assert!((0.8..=1.25).contains(&spread), "{method}, {name}: pulls have deviation {spread}");
            assert!(
                mean.value.abs() < 4.0 / (pulls.len() as f64).sqrt(),
                "{method}, {name}: biased, {mean:?}"
            );
        }
    }
}

#[test]
fn importance_sampling_and_the_markov_chain_agree() {
    for (size, steps) in [(8, 60), (16, 150)] {
        let mut cpu = trained(&quick(size, steps));
        let found = measured(&mut cpu, 20_000, 1, SymmetryGroup::default());
        let chain = found.chain.as_ref().unwrap();
        assert!((0.3..0.999).contains(&chain.acceptance), "{}", chain.acceptance);
        let tau = chain.statistics.energy.as_ref().unwrap().tau_int;
        assert!(tau.value > 1.0, "{tau:?}");
        for quantity in &chain.statistics.quantities {
            agree(quantity.meaning.name, quantity.estimate, of(&found.quantities, quantity.meaning.name));
        }
        for quantity in &found.quantities {
            let deviation = quantity.deviation().unwrap_or_default();
            assert!(deviation.abs() < 4.0, "L = {size}: {quantity:?}");
        }
        for (r, (a, b)) in found.correlation.iter().zip(&chain.statistics.correlation).enumerate() {
            agree(&format!("G({})", r + 1), *a, *b);
        }
        // Nearest neighbours make the energy.
        let energy = of(&found.quantities, "energy_per_site");
        assert!((found.correlation[0].value + energy.value / 2.0).abs() < 1e-9);
    }
}

#[test]
fn averages_over_symmetries_are_normalised_and_invariant() {
    let case = Case { size: 4, batch: 1 << 16, gauge: false, width: 2, ..Case::DEFAULT };
    let mut cpu = case.cpu::<f64>();
    cpu.write(Tensor::Parameters, &case.parameters(5)).unwrap();
    let lattice = Lattice::square(4).unwrap();
    let all: Vec<i8> = (0..1_u32 << 16)
        .flat_map(|state| (0..16).map(move |site| if state >> site & 1 == 1 { 1 } else { -1 }))
        .collect();
    let group = SymmetryGroup::parse(
        "translations=2x2,reflections,transpose,z2",
        &ensemble(4, FERROMAGNET, BETA).system,
    )
    .unwrap();
    let elements = group.elements(lattice);
    let ln_q = symmetrised_ln_q(&mut cpu, &elements, BETA, &all, |_| ()).unwrap();
    let total: f64 = ln_q.iter().map(|ln_q| ln_q.exp()).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    let plain = symmetrised_ln_q(&mut cpu, &elements[..1], BETA, &all, |_| ()).unwrap();
    // All spins flipped is the state's complement.
    let same = |values: &[f64], state: usize| (values[state] - values[0xffff - state]).abs() < 1e-9;
    assert!((0..1 << 16).step_by(37).all(|state| same(&ln_q, state)));
    assert!(
        !(0..1 << 16).step_by(37).all(|state| same(&plain, state)),
        "the network itself is not symmetric"
    );
}

#[test]
fn symmetries_raise_the_effective_sample_size_and_keep_the_averages() {
    let mut cpu = trained(&quick(16, 80));
    let plain = measured(&mut cpu, 4000, 1, SymmetryGroup::default());
    let group = SymmetryGroup::parse("translations=2x2,transpose,z2", &ensemble(4, FERROMAGNET, BETA).system)
        .unwrap();
    let averaged = measured(&mut cpu, 4000, 1, group);
    assert_eq!(averaged.images, 8, "spin reversal is built into the network");
    let (before, after) = (plain.importance.ess, averaged.importance.ess);
    assert!(after.value > before.value + before.error, "{before:?}, {after:?}");
    for quantity in averaged.quantities.iter().filter(|quantity| quantity.exact.is_some()) {
        assert!(quantity.deviation().unwrap().abs() < 4.0, "{quantity:?}");
    }
}

#[test]
fn an_untrained_network_is_said_to_be_no_use() {
    let config = Config { size: 32, width: Widths::all(1), ..Config::default() };
    let mut cpu = Cpu::<f32>::new(Arc::new(config.model().unwrap()), 100);
    let parameters = cpu.model().initial_parameters(0, BETA);
    cpu.write(Tensor::Parameters, &parameters).unwrap();
    let found = measured(&mut cpu, 500, 0, SymmetryGroup::default());
    let warnings = found.warnings().join("; ");
    assert!(warnings.contains("effective samples") && warnings.contains("of all weight"), "{warnings}");
    let text = found.describe();
    assert!(["ESS", "G(1)", "G(16)", "gap"].iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn results_do_not_depend_on_the_batch_and_stopping_keeps_what_is_done() {
    let config = quick(8, 30);
    let mut cpu = trained(&config);
    let parameters: Vec<f32> =
        cpu.read(Tensor::Parameters).unwrap().iter().map(|value| *value as f32).collect();
    let whole = measured(&mut cpu, 1000, 4, SymmetryGroup::default());
    let mut other = Cpu::<f32>::new(Arc::new(config.model().unwrap()), 77);
    other.write(Tensor::Parameters, &parameters).unwrap();
    let again = measured(&mut other, 1000, 4, SymmetryGroup::default());
    assert_eq!(whole.quantities, again.quantities);
    let settings = Settings {
        count: 1000,
        seed: 4,
        beta: BETA,
        method: Method::Nis,
        symmetries: SymmetryGroup::default(),
    };
    let mut kept = 0;
    let keep = |_| {
        kept += 1;
        Ok(())
    };
    let stop = |done| if done >= 300 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let part = measure(&mut other, &settings, keep, stop).unwrap();
    assert_eq!((part.count, kept), (308, 308));
    assert!(part.quantities.iter().all(|quantity| quantity.estimate.value.is_finite()));
}
