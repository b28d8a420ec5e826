//! Monte Carlo against all states, against a plain Metropolis of this file, and against itself from opposite starts.

use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::{Colours, Head, Model, NetOptions, Network, Widths};
use han_gpu::config::Config;
use han_gpu::cpu::Cpu;
use han_gpu::error::Error;
use han_gpu::estimate::{Estimate, forward};
use han_gpu::hierarchy::{Cut, SiteOrder};
use han_gpu::io::RunFolder;
use han_gpu::lattice::{Ensemble, Interaction, Lattice, Symmetry, System};
use han_gpu::mc::{Algorithm, Pool, Setup, Simulation, equilibrate, thermalise};
use han_gpu::measure::{
    MonteCarlo, MonteCarloCheck, Sweeps, measure_chains, monte_carlo_check, reference_log_weights,
};
use han_gpu::random::Stream;
use han_gpu::train::train;
use rand::RngExt;
use std::ops::ControlFlow;
use std::sync::Arc;

const FIELDS: [f64; 4] = [0.1, 0.5, 1.0, 3.0];
const BETAS: [f64; 3] = [0.3, 0.6, 1.0];

fn ensemble(side: u32, coupling: f64, field: f64, beta: f64) -> Ensemble {
    let (lattice, interaction) = (Lattice::square(side).unwrap(), Interaction { coupling, field });
    System::uniform(lattice, interaction).at(beta).unwrap()
}

/// Ferromagnets and antiferromagnets in every field at every temperature.
fn systems_in_a_field(side: u32) -> Vec<Ensemble> {
    let of_field = |field| {
        BETAS
            .into_iter()
            .flat_map(move |beta| [1.0, -1.0].map(|coupling| ensemble(side, coupling, field, beta)))
    };
    FIELDS.into_iter().flat_map(of_field).collect()
}

/// Energy and magnetisation of a configuration.
fn observe(ensemble: &Ensemble, spins: &[i8]) -> [f64; 2] {
    let total: i64 = spins.iter().map(|&spin| i64::from(spin)).sum();
    [ensemble.system.energy(spins), total as f64]
}

/// All configurations of a small lattice with their log weights `-beta E`.
fn states(ensemble: &Ensemble) -> Vec<(Vec<i8>, f64)> {
    let sites = ensemble.system.lattice.sites();
    let spins = |state: u32| (0..sites).map(|site| if state >> site & 1 == 1 { 1 } else { -1 }).collect();
    (0..1_u32 << sites)
        .map(spins)
        .map(|spins: Vec<i8>| {
            let energy = observe(ensemble, &spins)[0];
            (spins, -ensemble.beta * energy)
        })
        .collect()
}

/// Exact means of energy and magnetisation; the error is the standard deviation of a single configuration.
fn enumerated(ensemble: &Ensemble) -> [Estimate; 2] {
    let states = states(ensemble);
    let most = states.iter().map(|(_, ln_w)| *ln_w).fold(f64::NEG_INFINITY, f64::max);
    let weight = |ln_w: f64| (ln_w - most).exp();
    let z: f64 = states.iter().map(|(_, ln_w)| weight(*ln_w)).sum();
    [0, 1].map(|which| {
        let mean_of = |of: &dyn Fn(f64) -> f64| {
            states
                .iter()
                .map(|(spins, ln_w)| weight(*ln_w) * of(observe(ensemble, spins)[which]))
                .sum::<f64>()
                / z
        };
        let value = mean_of(&|x| x);
        Estimate { value, error: mean_of(&|x| (x - value).powi(2)).sqrt() }
    })
}

/// An exact mean, with the error that independent configurations leave: where excitations are rare, none may be seen.
fn of_count(exact: Estimate, count: usize) -> Estimate {
    Estimate { error: exact.error / (count as f64).sqrt(), ..exact }
}

/// Means over independent groups of configurations.
fn means(groups: &[[f64; 2]]) -> [Estimate; 2] {
    [0, 1].map(|which| Estimate::mean(&groups.iter().map(|group| group[which]).collect::<Vec<_>>()))
}

/// Energy and magnetisation of a pool, from the means of its chains.
fn of_pool(ensemble: &Ensemble, count: usize, seed: u32) -> [Estimate; 2] {
    let pool = Pool::new(ensemble, count, seed).unwrap();
    let sites = ensemble.system.lattice.sites();
    let groups: Vec<[f64; 2]> = pool
        .spins()
        .chunks(count / 64 * sites)
        .map(|chain| {
            let sum = chain.chunks(sites).map(|spins| observe(ensemble, spins));
            sum.fold([0.0; 2], |sum, now| [sum[0] + now[0], sum[1] + now[1]])
        })
        .map(|sums| sums.map(|sum| sum / (count / 64) as f64))
        .collect();
    assert_eq!(groups.len(), 64);
    means(&groups)
}

#[track_caller]
fn agrees(ensemble: &Ensemble, what: &str, found: Estimate, expected: Estimate) {
    // A chain that never moved has no error.
    let error = found.error.hypot(expected.error).max(1e-9);
    let deviation = (found.value - expected.value) / error;
    assert!(deviation.abs() < 4.0, "{ensemble:?}: {what} {found:?}, {expected:?}: {deviation:+.1} sigma");
}

#[test]
fn pools_in_a_field_have_the_energy_and_magnetisation_of_all_states() {
    for ensemble in systems_in_a_field(4) {
        let [energy, magnetisation] = of_pool(&ensemble, 8192, 1);
        let exact = enumerated(&ensemble).map(|exact| of_count(exact, 8192));
        agrees(&ensemble, "energy", energy, exact[0]);
        agrees(&ensemble, "magnetisation", magnetisation, exact[1]);
    }
}

/// A Metropolis of its own, site by site in random order, from order: means of energy and magnetisation.
fn plain_metropolis(ensemble: &Ensemble, chains: u32, sweeps: usize) -> [Estimate; 2] {
    let (side, sites) = (ensemble.system.lattice.side(), ensemble.system.lattice.sites());
    let chain = |seed: u32| {
        let mut stream = Stream::new(1000 + seed, 5);
        let odd =
            |site: u32| ensemble.system.interaction.coupling < 0.0 && (site / side + site % side) % 2 == 1;
        let mut spins: Vec<i8> = (0..sites as u32).map(|site| if odd(site) { -1 } else { 1 }).collect();
        let mut sums = [0.0; 2];
        for sweep in 0..2 * sweeps {
            for _ in 0..sites {
                let site = stream.random_range(0..sites as u32);
                let (row, column) = (site / side, site % side);
                let neighbours = [
                    (row + 1, column),
                    (row + side - 1, column),
                    (row, column + 1),
                    (row, column + side - 1),
                ];
                let sum: i8 = neighbours
                    .iter()
                    .map(|&(row, column)| spins[ensemble.system.lattice.site([0, row, column]) as usize])
                    .sum();
                let spin = f64::from(spins[site as usize]);
                let cost = 2.0 * spin * ensemble.system.interaction.local_field(sum.into(), 1);
                if stream.random::<f64>() < (-ensemble.beta * cost).exp() {
                    spins[site as usize] *= -1;
                }
            }
            if sweep >= sweeps {
                let now = observe(ensemble, &spins);
                sums = [sums[0] + now[0], sums[1] + now[1]];
            }
        }
        sums.map(|sum| sum / sweeps as f64)
    };
    means(&(0..chains).map(chain).collect::<Vec<_>>())
}

#[test]
fn pools_in_a_field_agree_with_a_long_plain_metropolis() {
    for ensemble in systems_in_a_field(16) {
        let [energy, magnetisation] = of_pool(&ensemble, 2048, 2);
        let expected = plain_metropolis(&ensemble, 12, 400);
        agrees(&ensemble, "energy", energy, expected[0]);
        agrees(&ensemble, "magnetisation", magnetisation, expected[1]);
    }
}

/// A network after a few steps: good, but not perfect.
fn trained(ensemble: &Ensemble, seed: u32) -> Cpu<f32> {
    let Interaction { coupling, field } = ensemble.system.interaction;
    let config = Config {
        size: 4,
        beta: ensemble.beta,
        coupling,
        field,
        seed,
        steps: 800,
        batch: 256,
        gauge: false,
        mixture: false,
        reach: 0,
        exact_bottom: 4,
        evaluation_samples: 100,
        verification_samples: 0,
        ..Config::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(&folder.path().join("run"), &config, false).unwrap();
    let mut cpu = Cpu::<f32>::new(Arc::new(config.model().unwrap()), 256);
    let start = run.load_checkpoint(&config, cpu.model()).unwrap();
    train(&config, &mut cpu, &run, start, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    cpu
}

#[test]
fn the_forward_figures_are_those_of_all_states() {
    for (number, ensemble) in systems_in_a_field(4).into_iter().enumerate() {
        let mut cpu = trained(&ensemble, number as u32);
        let identity = [Symmetry::default()];
        let states = states(&ensemble);
        let spins: Vec<i8> = states.iter().flat_map(|(spins, _)| spins).copied().collect();
        let ln_w = reference_log_weights(&mut cpu, &identity, ensemble.beta, &spins, |_| ()).unwrap();
        let most = states.iter().map(|(_, ln_p)| *ln_p).fold(f64::NEG_INFINITY, f64::max);
        let z: f64 = states.iter().map(|(_, ln_p)| (ln_p - most).exp()).sum();
        let ln_z = most + z.ln();
        // Under p: E[w], E[1 / w], E[ln w] with w over Z.
        let sums = states.iter().zip(&ln_w).fold([0.0; 3], |sums, ((_, ln_p), ln_w)| {
            let (p, ln_w) = ((ln_p - ln_z).exp(), ln_w - ln_z);
            [sums[0] + p * ln_w.exp(), sums[1] + p * (-ln_w).exp(), sums[2] + p * ln_w]
        });
        assert!((sums[1] - 1.0).abs() < 1e-4, "q does not sum to 1: {}", sums[1]);
        let (ln_z, go_on) = (Estimate::exact(ln_z), &mut |_| ControlFlow::Continue(()));
        let check = monte_carlo_check(&mut cpu, &identity, ensemble.beta, 2000, 9, ln_z, go_on).unwrap();
        let MonteCarloCheck::Forward(found) = check else { panic!("{ensemble:?}: {check:?}") };
        agrees(&ensemble, "forward ESS", found.ess, Estimate::exact(1.0 / (sums[0] * sums[1])));
        agrees(&ensemble, "forward KL", found.kl, Estimate::exact(sums[2]));
        assert!(found.kl.value > -4.0 * found.kl.error, "{ensemble:?}: {found:?}");
    }
}

fn measured(
    ensemble: &Ensemble,
    algorithm: Algorithm,
    chains: usize,
    sweeps: usize,
    seed: u32,
) -> MonteCarlo {
    let setup = Setup { ensemble: ensemble.clone(), algorithm, chains, seed };
    let mut simulation = Simulation::new(setup, "cpu").unwrap();
    let equilibrium = equilibrate(&mut simulation).unwrap();
    assert_eq!(equilibrium.fault, None, "{ensemble:?}, {algorithm:?}");
    let sweeps = Sweeps { chains, thermalisation: equilibrium.sweeps, sweeps, every: 1 };
    measure_chains(&mut simulation, sweeps, |_, _| Ok(()), |_| ControlFlow::Continue(())).unwrap()
}

fn quantity(found: &MonteCarlo, name: &str) -> Estimate {
    found.statistics.quantities.iter().find(|quantity| quantity.meaning.name == name).unwrap().estimate
}

#[test]
fn every_algorithm_samples_every_side() {
    for side in [2, 3, 4] {
        for (coupling, field) in [(1.0, 0.0), (-1.0, 0.0), (0.8, 0.3), (-1.0, 1.5)] {
            let ensemble = ensemble(side, coupling, field, 0.4);
            let sites = ensemble.system.lattice.sites() as f64;
            let exact = enumerated(&ensemble).map(|exact| exact.value / sites);
            for algorithm in [
                Algorithm::Wolff,
                Algorithm::SwendsenWang,
                Algorithm::Metropolis,
                Algorithm::Hybrid,
                Algorithm::Tempering,
            ] {
                let found = measured(&ensemble, algorithm, 32, 2000, 3);
                let named = format!("{algorithm:?} energy");
                agrees(&ensemble, &named, quantity(&found, "energy_per_site"), Estimate::exact(exact[0]));
                let named = format!("{algorithm:?} magnetisation");
                agrees(&ensemble, &named, quantity(&found, "magnetisation"), Estimate::exact(exact[1]));
                assert_eq!(found.warnings(), Vec::<String>::new(), "{ensemble:?}, {algorithm:?}");
            }
        }
    }
}

#[test]
fn nothing_is_conserved_where_clusters_are_single_spins_or_the_whole_lattice() {
    for (side, coupling, beta) in
        [(2, -2.0, 0.0), (4, 1.0, 1e-6), (4, 0.0, 0.7), (4, 1.0, 1.0), (4, -1.0, 1.2)]
    {
        let ensemble = ensemble(side, coupling, 0.0, beta);
        let states = states(&ensemble);
        let z: f64 = states.iter().map(|(_, ln_w)| ln_w.exp()).sum();
        let size = |spins: &[i8]| observe(&ensemble, spins)[1].abs() / ensemble.system.lattice.sites() as f64;
        let exact = states.iter().map(|(spins, ln_w)| size(spins) * ln_w.exp()).sum::<f64>() / z;
        for seed in 0..8 {
            let found = measured(&ensemble, Algorithm::Wolff, 16, 1000, seed);
            agrees(&ensemble, "|m|", quantity(&found, "abs_magnetisation"), Estimate::exact(exact));
            agrees(&ensemble, "m", quantity(&found, "magnetisation"), Estimate::exact(0.0));
        }
        // One cluster in two sweeps must move a chain too.
        let pool = Pool::new(&ensemble, 2000, 1).unwrap();
        let sizes: Vec<f64> = pool.spins().chunks(ensemble.system.lattice.sites()).map(size).collect();
        let found = Estimate::mean(&sizes);
        agrees(
            &ensemble,
            "|m| of a pool",
            Estimate { error: 2.0 * found.error, ..found },
            Estimate::exact(exact),
        );
    }
}

#[test]
fn single_spins_do_not_turn_whole_sublattices_over() {
    // At H = 4 |J| a spin between four equal neighbours costs nothing to flip.
    let ensemble = ensemble(4, -1.0, 4.0, 0.5);
    let exact = enumerated(&ensemble);
    for seed in 0..12 {
        let found = measured(&ensemble, Algorithm::Metropolis, 64, 1000, seed);
        let sites = ensemble.system.lattice.sites() as f64;
        agrees(
            &ensemble,
            "energy",
            quantity(&found, "energy_per_site"),
            Estimate::exact(exact[0].value / sites),
        );
        agrees(
            &ensemble,
            "magnetisation",
            quantity(&found, "magnetisation"),
            Estimate::exact(exact[1].value / sites),
        );
    }
}

#[test]
fn clusters_give_the_known_magnetisations() {
    // |m| at beta = 0.44 from long cluster runs: 0.77512(24) and 0.70906(23).
    for (side, known) in
        [(8, Estimate { value: 0.77512, error: 2.4e-4 }), (16, Estimate { value: 0.70906, error: 2.3e-4 })]
    {
        let ensemble = ensemble(side, 1.0, 0.0, 0.44);
        let found = measured(&ensemble, Algorithm::Wolff, 16, 2000, 3);
        agrees(&ensemble, "|m|", quantity(&found, "abs_magnetisation"), known);
    }
    // At beta = 0.6 the correlation length is below 2, so 32 x 32 is infinite (Yang, Phys. Rev. 85, 808, 1952). An antiferromagnet
    // has the same order, with alternating signs.
    let exact = (1.0 - (2.0_f64 * 0.6).sinh().powi(-4)).powf(0.125);
    for (coupling, name) in [(1.0, "abs_magnetisation"), (-1.0, "staggered_magnetisation")] {
        let ensemble = ensemble(32, coupling, 0.0, 0.6);
        let found = measured(&ensemble, Algorithm::Wolff, 16, 500, 3);
        agrees(&ensemble, name, quantity(&found, name), Estimate::exact(exact));
    }
}

#[test]
fn quantities_that_do_not_exist_say_why() {
    let reason = |found: &MonteCarlo, name: &str| {
        let quantities = &found.statistics.quantities;
        quantities.iter().find(|quantity| quantity.meaning.name == name).and_then(|quantity| quantity.missing)
    };
    let antiferromagnet = measured(&ensemble(8, -1.0, 0.0, 0.44), Algorithm::Wolff, 16, 200, 1);
    assert!(
        reason(&antiferromagnet, "correlation_length").is_some_and(|why| why.contains("antiferromagnet"))
    );
    let in_field = measured(&ensemble(16, 1.0, 0.5, 0.6), Algorithm::Hybrid, 16, 2000, 1);
    assert!(reason(&in_field, "binder").is_some_and(|why| why.contains("field")));
    // Without the square of the mean it was 1036 sites.
    let length = quantity(&in_field, "correlation_length").value;
    assert!(length.is_nan() || length < 2.0, "{length}");
    let ferromagnet = measured(&ensemble(8, 1.0, 0.0, 0.44), Algorithm::Wolff, 16, 200, 1);
    assert!(ferromagnet.statistics.quantities.iter().all(|quantity| quantity.missing.is_none()));
}

#[test]
fn pulls_are_normal_for_few_long_chains_and_for_many_short_ones() {
    let ensemble = ensemble(8, 1.0, 0.0, 0.4);
    let exact = han_gpu::exact::solve(&ensemble.system, ensemble.beta).unwrap();
    for (chains, sweeps) in [(4, 1500), (800, 1), (400, 5)] {
        let mut pulls = Vec::new();
        for seed in 0..60 {
            let found = measured(&ensemble, Algorithm::Wolff, chains, sweeps, seed);
            assert_eq!(
                found.warnings(),
                Vec::<String>::new(),
                "{chains} chains of {sweeps} sweeps, seed {seed}"
            );
            pulls.push(quantity(&found, "energy_per_site").deviation(exact.energy_per_site));
        }
        let spread = Estimate::mean(&pulls).error * (pulls.len() as f64).sqrt();
        assert!(
            (0.8..1.25).contains(&spread),
            "{chains} chains of {sweeps} sweeps: pulls spread by {spread}"
        );
    }
}

#[test]
fn chains_that_remember_their_start_are_found_out() {
    // Below the critical temperature single spins leave stripes where the start was random.
    let setup = Setup {
        ensemble: ensemble(32, 1.0, 0.0, 0.8),
        algorithm: Algorithm::Metropolis,
        chains: 32,
        seed: 1,
    };
    for sweeps in [4, 60, 200] {
        let mut simulation = Simulation::new(setup.clone(), "cpu").unwrap();
        let equilibrium = thermalise(&mut simulation, sweeps).unwrap();
        assert!(equilibrium.fault.is_some(), "{sweeps} sweeps: {equilibrium:?}");
        let sweeps = Sweeps { chains: 32, thermalisation: sweeps, sweeps: 20, every: 1 };
        let found = measure_chains(&mut simulation, sweeps, |_, _| Ok(()), |_| ControlFlow::Continue(()));
        let warnings = MonteCarlo { fault: equilibrium.fault, ..found.unwrap() }.warnings().join("; ");
        assert!(warnings.contains("equilibrium") && warnings.contains("wolff"), "{warnings}");
    }
    // Clusters do not care.
    let setup = Setup { algorithm: Algorithm::Wolff, ..setup };
    let mut simulation = Simulation::new(setup.clone(), "cpu").unwrap();
    assert_eq!(thermalise(&mut simulation, 60).unwrap().fault, None);
}

#[test]
fn frozen_chains_of_different_states_are_found_out() {
    // Where the field is weak against six bonds, chains that start against it stay there.
    let lattice = Lattice::triangular(4).unwrap();
    let interaction = Interaction { coupling: 1.0, field: 0.5 };
    for (beta, seed) in [(0.8, 1), (0.8, 3), (1.0, 1), (3.0, 2)] {
        let ensemble = System::uniform(lattice, interaction).at(beta).unwrap();
        let setup = Setup { ensemble, algorithm: Algorithm::Metropolis, chains: 64, seed };
        let mut simulation = Simulation::new(setup, "cpu").unwrap();
        let equilibrium = thermalise(&mut simulation, 128).unwrap();
        assert!(equilibrium.fault.is_some(), "beta {beta}, seed {seed}: {equilibrium:?}");
        let sweeps = Sweeps { chains: 64, thermalisation: 128, sweeps: 400, every: 1 };
        let found = measure_chains(&mut simulation, sweeps, |_, _| Ok(()), |_| ControlFlow::Continue(()));
        let doubts = found.unwrap().doubts().join("; ");
        assert!(doubts.contains("short") || doubts.contains("differ"), "beta {beta}, seed {seed}: {doubts}");
    }
}

#[test]
fn a_negative_forward_kl_is_found_out() {
    // Configurations of another temperature are not from p: the mean of ln w falls short of ln Z.
    let (cold, warm) = (ensemble(4, 1.0, 0.5, 0.6), ensemble(4, 1.0, 0.5, 0.2));
    let options = NetOptions {
        network: Network::Han,
        width: Widths::all(2),
        depth: 1,
        skip: true,
        gauge: false,
        mixture: false,
        reach: 0,
        exact_bottom: 4,
        exact_length: 0,
        bond_dimension: 0,
        cut: Cut::Crosses,
        head: Head::None,
        site_order: SiteOrder::Index,
        colours: Colours::OneHot,
    };
    let mut cpu = Cpu::<f32>::new(Arc::new(Model::new(cold.system.clone(), options).unwrap()), 64);
    let parameters = cpu.model().initial_parameters(1, cold.beta);
    cpu.write(Tensor::Parameters, &parameters).unwrap();
    let pool = Pool::new(&warm, 2000, 1).unwrap();
    let ln_w =
        reference_log_weights(&mut cpu, &[Symmetry::default()], cold.beta, pool.spins(), |_| ()).unwrap();
    let exact = han_gpu::exact::ln_z(&cold.system, cold.beta).unwrap();
    let found = forward(&ln_w, Estimate::exact(exact));
    assert!(found.kl.value < -4.0 * found.kl.error, "{found:?}");
}

#[test]
fn a_gpu_is_refused_where_only_the_cpu_has_the_updates() {
    let setup =
        Setup { ensemble: ensemble(6, 1.0, 0.0, 0.4), algorithm: Algorithm::Metropolis, chains: 4, seed: 1 };
    let error = Simulation::new(setup, "0").err().map(|error| error.to_string()).unwrap();
    assert!(error.contains("device = 0") && error.contains("CPU"), "{error}");
    let refused = Error::NotEquilibrated { system: "L = 8".to_owned(), reason: "chains differ".to_owned() };
    assert!(refused.to_string().contains("--objective reverse"), "{refused}");
}
