//! Potts spins: chains against exact values.

use crate::harness::{BETA, Case, gpu};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::{Model, Weights};
use han_gpu::cpu::Cpu;
use han_gpu::disorder::Disorder;
use han_gpu::exact;
use han_gpu::lattice::{Ensemble, Interaction, Lattice, Occupation, Spins, System};
use han_gpu::mc::{Algorithm, Setup, Simulation, equilibrate};
use han_gpu::measure::{MonteCarlo, Sweeps, integrate, measure_chains};
use han_gpu::sample::evaluate;
use han_gpu::schedule::{Inputs, Kernel};
use std::ops::ControlFlow;
use std::sync::Arc;

fn ensemble(lattice: Lattice, states: u32, coupling: f64, field: f64, beta: f64) -> Ensemble {
    let system = System::potts(lattice, Interaction { coupling, field }, states).unwrap();
    Ensemble { system, beta }
}

/// Normal couplings of single bonds, and fields of both signs.
fn single_couplings(side: u32, states: u32, field: f64, beta: f64) -> Ensemble {
    let lattice = Lattice::square(side).unwrap();
    let drawn = Disorder::Gaussian.system(lattice, 3).unwrap();
    let unit = drawn.interaction.coupling;
    let couplings: Vec<f64> =
        drawn.weights.unwrap().bonds.iter().map(|&weight| unit * f64::from(weight)).collect();
    let fields: Vec<f64> = (0..lattice.sites()).map(|site| field * (1.0 - 0.4 * (site % 6) as f64)).collect();
    let system = System::with_couplings(lattice, &couplings, &fields).unwrap();
    system.of_colours(states).unwrap().at(beta).unwrap()
}

fn measured(ensemble: &Ensemble, algorithm: Algorithm, sweeps: usize) -> MonteCarlo {
    let setup = Setup { ensemble: ensemble.clone(), algorithm, chains: 16, seed: 3 };
    let mut simulation = Simulation::new(setup, "cpu").unwrap();
    let equilibrium = equilibrate(&mut simulation).unwrap();
    assert_eq!(equilibrium.fault, None, "{ensemble}");
    let sweeps = Sweeps { chains: 16, thermalisation: equilibrium.sweeps, sweeps, every: 1 };
    measure_chains(&mut simulation, sweeps, |_, _| Ok(()), |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn chains_have_the_exact_energy_and_specific_heat_however_they_move() {
    use Algorithm::{HeatBath, Hybrid, Multicanonical, SwendsenWang, Tempering, Wolff};
    let side = |side: u32| Lattice::square(side).unwrap();
    for (ensemble, algorithms) in [
        (ensemble(side(6), 3, 1.0, 0.0, 1.0), vec![Wolff, SwendsenWang, Hybrid]),
        (ensemble(side(4), 3, 0.8, 0.3, 1.1), vec![Wolff, SwendsenWang, Hybrid]),
        (ensemble(side(4), 4, 1.0, -0.5, 0.9), vec![Wolff, SwendsenWang, Hybrid, HeatBath]),
        (ensemble(side(4), 5, -0.7, 0.4, 1.2), vec![HeatBath]),
        (ensemble(side(3), 5, -1.0, 0.4, 1.2), vec![Hybrid, HeatBath]),
        (ensemble(side(4), 12, 1.0, 0.0, 1.4), vec![Wolff, SwendsenWang, Multicanonical, Tempering]),
        (single_couplings(5, 3, 0.0, 1.6), vec![Tempering]),
        (single_couplings(3, 5, 0.7, 1.2), vec![Tempering]),
        (ensemble(side(2), 32, 1.0, 0.2, 1.5), vec![Hybrid]),
    ] {
        let exact = exact::solve(&ensemble.system, ensemble.beta).unwrap();
        for algorithm in algorithms {
            let found = measured(&ensemble, algorithm, 3000);
            for (name, exact) in
                [("energy_per_site", exact.energy_per_site), ("specific_heat", exact.specific_heat)]
            {
                let quantity =
                    found.statistics.quantities.iter().find(|quantity| quantity.meaning.name == name);
                let sigmas = quantity.unwrap().estimate.deviation(exact);
                assert!(sigmas.abs() < 4.5, "{name} of {ensemble} by {}: {sigmas} sigma", algorithm.name());
            }
        }
    }
}

#[test]
fn two_colours_in_space_are_ising_spins_with_energies_moved() {
    let lattice = Lattice::cubic(4).unwrap();
    let potts = ensemble(lattice, 2, 1.0, 0.0, 0.4);
    let ising = System::uniform(lattice, Interaction { coupling: 0.5, field: 0.0 });
    let exact = exact::solve(&ising, potts.beta).unwrap();
    let found = measured(&potts, Algorithm::Wolff, 3000).statistics.quantities[0].estimate;
    // Three bonds a site, each lower by J / 2.
    let sigmas = found.deviation(exact.energy_per_site - 1.5);
    assert!(sigmas.abs() < 4.5, "{found:?}, {exact:?}");
}

#[test]
fn integrated_energies_give_ln_z() {
    let ensemble = ensemble(Lattice::square(4).unwrap(), 4, 1.0, 0.0, 1.0);
    let sweeps = Sweeps { chains: 8, thermalisation: 1, sweeps: 500, every: 1 };
    let found =
        integrate(
            &ensemble.system,
            ensemble.beta,
            Algorithm::Wolff,
            sweeps,
            1,
            |_| ControlFlow::Continue(()),
        )
        .unwrap()
        .unwrap();
    let exact = exact::ln_z(&ensemble.system, ensemble.beta).unwrap();
    assert!(found.ln_z.deviation(exact).abs() < 4.5, "{:?}, {exact}", found.ln_z);
}

#[test]
fn starts_in_one_colour_and_at_random_that_do_not_agree_are_refused() {
    // Just below the transition temperature of twelve colours both phases live long.
    let ensemble = ensemble(Lattice::square(16).unwrap(), 12, 1.0, 0.0, 1.5);
    let setup = Setup { ensemble, algorithm: Algorithm::Wolff, chains: 8, seed: 1 };
    let mut simulation = Simulation::new(setup, "cpu").unwrap();
    assert_eq!(simulation.setup().ensemble.system.spins, Spins::Potts { states: 12 });
    let short = han_gpu::mc::thermalise(&mut simulation, 40).unwrap();
    assert!(short.fault.is_some());
}

#[test]
fn order_and_colours_are_those_of_all_configurations() {
    for (coupling, field) in [(1.0, 0.4), (-0.8, 0.5)] {
        let ensemble = ensemble(Lattice::square(3).unwrap(), 3, coupling, field, 0.9);
        let mut sums = [0.0; 4];
        for number in 0..3_u32.pow(9) {
            let spins: Vec<i8> = (0..9).map(|site| (number / 3_u32.pow(site) % 3) as i8).collect();
            let occupation = Occupation::of(&spins, 3);
            let weight = (-ensemble.beta * ensemble.system.energy(&spins)).exp();
            let m = occupation.order();
            for (sum, value) in sums.iter_mut().zip([1.0, m, m * m, occupation.of_first()]) {
                *sum += weight * value;
            }
        }
        let [z, m, m_squared, first] = sums;
        let susceptibility = ensemble.beta * 9.0 * (m_squared / z - (m / z).powi(2));
        let found = measured(&ensemble, Algorithm::Hybrid, 3000).statistics.quantities;
        for (name, exact) in [
            ("order_parameter", m / z),
            ("order_parameter_squared", m_squared / z),
            ("first_colour", first / z),
            ("susceptibility", susceptibility),
        ] {
            let quantity = found.iter().find(|quantity| quantity.meaning.name == name).unwrap();
            let sigmas = quantity.estimate.deviation(exact);
            assert!(sigmas.abs() < 4.5, "{name} of {ensemble}: {sigmas} sigma");
        }
    }
}

#[test]
fn two_phases_are_seen_where_there_are_two_and_nowhere_else() {
    let phases = |states: u32, side: u32, beta: f64, sweeps: usize| {
        let ensemble = ensemble(Lattice::square(side).unwrap(), states, 1.0, 0.0, beta);
        measured(&ensemble, Algorithm::Wolff, sweeps).energies.unwrap().phases()
    };
    let two = phases(10, 12, 1.41, 4000).unwrap();
    // 0.696 on the infinite lattice.
    assert!((two.latent_heat.value - 0.72).abs() < 0.04, "{two:?}");
    assert!((0.2..0.95).contains(&two.ordered_share.value), "{two:?}");
    assert_eq!(phases(10, 8, 2.0, 500), None, "in order");
    assert_eq!(phases(10, 8, 0.8, 500), None, "in disorder");
    assert_eq!(phases(3, 8, 1.005, 1000), None, "a continuous transition");
}

#[test]
fn a_replica_between_two_phases_leaves_their_shares_and_crosses_often() {
    let ensemble = ensemble(Lattice::square(12).unwrap(), 16, 1.0, 0.0, 1.602);
    let [slow, fast] = [(Algorithm::Hybrid, 40_000), (Algorithm::Multicanonical, 8000)]
        .map(|(algorithm, sweeps)| measured(&ensemble, algorithm, sweeps));
    let share = |found: &MonteCarlo| found.energies.as_ref().unwrap().phases().unwrap().ordered_share;
    let [slow_share, fast_share] = [&slow, &fast].map(share);
    let error = slow_share.error.hypot(fast_share.error);
    assert!((slow_share.value - fast_share.value).abs() < 4.5 * error, "{slow_share:?}, {fast_share:?}");
    assert!((0.1..0.9).contains(&fast_share.value), "{fast_share:?}");
    let [slow_tau, fast_tau] = [&slow, &fast].map(|found| found.statistics.tau_int.unwrap().value);
    assert!(3.0 * fast_tau < slow_tau, "{slow_tau}, {fast_tau}");
}

/// Parameters of a network of two colours that is the same function as one of Ising spins: an input s is 2 x_0 - 1 of the input x_0 of colour 0, and a logit is that of
/// colour 0.
fn of_two_colours(ising: &Model, potts: &Model, parameters: &[f32]) -> Vec<f32> {
    let mut converted = vec![0.0; potts.parameters];
    for ((k, net, _), (_, of_colours, _)) in ising.nets().zip(potts.nets()) {
        let from = &parameters[ising.levels[k].offset..];
        let to = &mut converted[potts.levels[k].offset..];
        for (weights, twice) in net.weights().zip(of_colours.weights()) {
            convert(from, weights, to, twice);
        }
        // The linear term has no bias of its own.
        if let Some(skip) = &net.skip {
            for target in 0..net.own {
                let visible = 0..skip.visible(target);
                let sum: f32 = visible.map(|source| from[skip.offset + source * skip.targets + target]).sum();
                to[of_colours.output.bias_offset() + 2 * target] -= sum;
            }
        }
    }
    converted
}

fn convert(from: &[f32], weights: &Weights, to: &mut [f32], twice: &Weights) {
    let of_inputs = twice.sources == 2 * weights.sources;
    let per_target = twice.targets / weights.targets;
    for target in 0..weights.targets {
        let there = target * per_target;
        for source in 0..weights.visible(target) {
            let weight = from[weights.offset + source * weights.targets + target];
            let row = if of_inputs { 2 * source } else { source };
            to[twice.offset + row * twice.targets + there] = if of_inputs { 2.0 * weight } else { weight };
            if of_inputs && weights.has_bias {
                to[twice.bias_offset() + there] -= weight;
            }
        }
        if weights.has_bias {
            to[twice.bias_offset() + there] += from[weights.bias_offset() + target];
        }
        if weights.has_slope {
            to[twice.slope_offset() + there] = from[weights.slope_offset() + target];
        }
    }
}

#[test]
fn networks_of_two_colours_are_those_of_ising_spins() {
    let device = gpu();
    let ising = Case { size: 4, batch: 64, width: 3, depth: 2, field: 0.3, gauge: false, ..Case::DEFAULT };
    // A field on spins up is half of one on colour 0, as is a coupling.
    let potts = Case { spins: Spins::Potts { states: 2 }, coupling: 2.0, field: 0.6, ..ising };
    for [ising, potts] in [
        [ising, potts],
        [ising, potts].map(|case| Case { exact_bottom: 4, ..case }),
        [Case { field: 0.0, gauge: true, ..ising }, Case { field: 0.0, gauge: true, ..potts }],
        [
            Case { field: 0.0, gauge: true, mixture: true, exact_bottom: 4, ..ising },
            Case { field: 0.0, gauge: true, mixture: true, exact_bottom: 4, ..potts },
        ],
    ] {
        let parameters = ising.parameters(4);
        let mut twin = ising.cpu::<f64>();
        twin.write(Tensor::Parameters, &parameters).unwrap();
        let spins = crate::harness::spins(&twin, 5);
        let expected = evaluate(&mut twin, BETA, &spins, |_| ()).unwrap();
        let colours: Vec<i8> = spins.iter().map(|&spin| if spin > 0 { 0 } else { 1 }).collect();
        let converted = of_two_colours(&ising.model(), &potts.model(), &parameters);
        let mut backends: [(Box<dyn Backend>, f64); 3] = [
            (Box::new(potts.cpu::<f64>()), 1e-6),
            (Box::new(potts.cpu::<f32>()), 2e-5),
            (Box::new(device.backend(potts)), 2e-5),
        ];
        for (backend, tolerance) in &mut backends {
            backend.write(Tensor::Parameters, &converted).unwrap();
            let found = evaluate(&mut **backend, BETA, &colours, |_| ()).unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < *tolerance, "{potts:?}: {found}, {expected}");
            }
        }
    }
}

#[test]
fn a_heat_bath_on_a_gpu_makes_the_same_chains() {
    let adapter = gpu().adapter.get_info().name;
    for ensemble in [
        ensemble(Lattice::square(8).unwrap(), 3, 1.0, 0.3, 1.0),
        ensemble(Lattice::cubic(4).unwrap(), 7, -0.6, 0.0, 0.8),
    ] {
        let chains = ["cpu", &adapter].map(|device| {
            let setup =
                Setup { ensemble: ensemble.clone(), algorithm: Algorithm::HeatBath, chains: 70, seed: 4 };
            let mut simulation = Simulation::new(setup, device).unwrap();
            simulation.sweep(20).unwrap();
            simulation.spins().unwrap()
        });
        assert_eq!(chains[0], chains[1], "{ensemble}");
        assert!((0..3).all(|colour| chains[0].contains(&colour)));
    }
}

#[test]
fn kernels_of_heat_baths_draw_the_colours_of_their_twin() {
    let device = gpu();
    let of_system = |ensemble: Ensemble, batch: usize| {
        let model = Arc::new(Model::without_network(ensemble.system.clone()));
        let mut on_gpu = device.own(model.clone(), batch);
        let mut twin = Cpu::<f64>::new(model, batch);
        let spins = crate::harness::spins(&twin, 6);
        let inputs = Inputs { seed: 2, step: 7, beta: ensemble.beta, ..Inputs::SAMPLING };
        let drawn = [&mut on_gpu as &mut dyn Backend, &mut twin].map(|backend| {
            backend.write_spins(&spins).unwrap();
            backend.run(&[0, 1].map(|colour| Kernel::HeatBathSweep { colour }), &inputs).unwrap();
            backend.read_spins().unwrap()
        });
        assert_eq!(drawn[0], drawn[1], "{ensemble}");
        assert_ne!(drawn[0], spins, "{ensemble}");
    };
    of_system(ensemble(Lattice::square(4).unwrap(), 2, 0.9, -0.4, 1.0), 1);
    of_system(ensemble(Lattice::square(16).unwrap(), 12, 1.0, 0.0, 1.48), 65);
    // So cold that factors of other colours are 0, and a field that forbids colour 0.
    of_system(ensemble(Lattice::cubic(8).unwrap(), 32, 1.0, -1.0, 100.0), 3);
}
