//! Couplings of single bonds and fields on single sites: networks and exact boxes know them, and equal ones give what one coupling does.

use crate::harness::{BETA, Case, Tolerance, compare, gpu, spins};
use crate::kernels::inputs;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::Model;
use han_gpu::cpu::Cpu;
use han_gpu::disorder::Disorder;
use han_gpu::estimate::Estimate;
use han_gpu::lattice::{LatticeKind, System};
use han_gpu::mc::{Algorithm, Setup, Simulation, equilibrate};
use han_gpu::sample::evaluate;
use han_gpu::schedule::Kernel;
use std::sync::Arc;

const CLOSE: Tolerance = Tolerance { absolute: 1e-4, relative: 1e-6, reason: "the promise of the formats" };

/// Squares, strips, cubes and single spins at the bottom.
fn cases() -> [Case; 4] {
    let weighted = Case {
        size: 16,
        batch: 4,
        disorder: Some(Disorder::Gaussian),
        gauge: false,
        field: 0.3,
        ..Case::DEFAULT
    };
    [
        Case { exact_bottom: 8, ..weighted },
        Case { exact_bottom: 8, exact_length: 16, ..weighted },
        Case { size: 8, lattice: LatticeKind::Cubic, exact_bottom: 4, ..weighted },
        Case { size: 8, lattice: LatticeKind::Triangular, ..weighted },
    ]
}

#[test]
fn what_is_exact_at_the_bottom_follows_its_own_couplings_and_fields() {
    let device = gpu();
    for case in cases() {
        let model = case.model();
        let system = &model.system;
        let (sites, bottom) = (system.lattice.sites(), model.hierarchy.levels.last().unwrap());
        for backend in
            [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>(), &mut case.cpu::<f64>()]
        {
            backend.write(Tensor::Parameters, &case.parameters(5)).unwrap();
            let before = spins(backend, 3);
            // Other spins at the bottom alone: what nets give is the same.
            let mut after = before.clone();
            for block in 0..bottom.blocks {
                for &site in bottom.block_sites(block)[bottom.border..].iter().step_by(3) {
                    after.chunks_mut(sites).for_each(|spins| spins[site as usize] *= -1);
                }
            }
            let [first, second] =
                [&before, &after].map(|spins| evaluate(backend, BETA, spins, |_| ()).unwrap());
            let energy =
                |spins: &[i8]| spins.chunks(sites).map(|spins| system.energy(spins)).collect::<Vec<_>>();
            let expected: Vec<f64> = energy(&before)
                .iter()
                .zip(energy(&after))
                .map(|(before, after)| BETA * (before - after))
                .collect();
            let found: Vec<f64> = first.iter().zip(second).map(|(first, second)| second - first).collect();
            compare(&format!("{case:?} on {}", backend.device()), &found, &expected, CLOSE).unwrap();
        }
    }
}

/// The same model with its one coupling and field written out for every bond and site, and its parameters from those of the uniform one.
fn written_out(uniform: &Model, parameters: &[f32]) -> (Arc<Model>, Vec<f32>) {
    let System { lattice, interaction, .. } = uniform.system;
    let couplings = vec![interaction.coupling; lattice.bonds().count()];
    let system =
        System::with_couplings(lattice, &couplings, &vec![interaction.field; lattice.sites()]).unwrap();
    let weighted = Model::new(system, uniform.options).unwrap();
    let mut copied = vec![0.0; weighted.parameters];
    for (k, net, level) in weighted.nets() {
        let like =
            uniform.nets().find(|(_, _, like)| (like.name, &like.extent) == (level.name, &level.extent));
        let from = uniform.levels[like.unwrap().0].offset;
        copied[weighted.levels[k].offset..][..net.parameters()]
            .copy_from_slice(&parameters[from..][..net.parameters()]);
    }
    (Arc::new(weighted), copied)
}

#[test]
fn equal_couplings_give_what_one_coupling_does() {
    let device = gpu();
    for case in cases() {
        let case = Case { disorder: None, coupling: -0.7, ..case };
        let uniform = case.model();
        let parameters = case.parameters(5);
        let (weighted, copied) = written_out(&uniform, &parameters);
        assert_eq!(weighted.hierarchy.blocks(), uniform.hierarchy.blocks());
        let mut backends: [Box<dyn Backend>; 2] =
            [Box::new(device.backend(case)), Box::new(device.plain(weighted, case.batch))];
        let configurations = spins(&*backends[0], 3);
        backends[0].write(Tensor::Parameters, &parameters).unwrap();
        backends[1].write(Tensor::Parameters, &copied).unwrap();
        let [expected, found] = backends
            .each_mut()
            .map(|backend| evaluate(&mut **backend, BETA, &configurations, |_| ()).unwrap());
        compare(&format!("{case:?}"), &found, &expected, CLOSE).unwrap();
    }
}

/// Systems of replicas: all sites neighbours, and lattices with four to six neighbours, in fields of their own.
fn replicas() -> [Case; 4] {
    let case = Case {
        size: 4,
        batch: 70,
        disorder: Some(Disorder::Gaussian),
        gauge: false,
        field: 0.3,
        ..Case::DEFAULT
    };
    [
        case,
        Case { lattice: LatticeKind::Triangular, ..case },
        Case { lattice: LatticeKind::Cubic, disorder: None, ..case },
        Case { lattice: LatticeKind::Complete, disorder: Some(Disorder::Sk), size: 21, ..case },
    ]
}

#[test]
fn replicas_move_alike_on_both_backends_and_leave_the_sums_of_their_spins() {
    let device = gpu();
    for case in replicas() {
        let system = case.system();
        let model = Arc::new(Model::without_network(system.clone()));
        let betas: Vec<f32> = (0..case.batch).map(|replica| 0.05 * replica as f32).collect();
        let mut results = Vec::new();
        for backend in [
            &mut device.plain(model.clone(), case.batch) as &mut dyn Backend,
            &mut Cpu::<f64>::new(model.clone(), case.batch),
        ] {
            backend.write(Tensor::Betas, &betas).unwrap();
            backend.write_spins(&spins(backend, 3)).unwrap();
            for step in 1..4 {
                backend.run(&[Kernel::SweepReplicas], &inputs(step)).unwrap();
            }
            results.push((backend.read_spins().unwrap(), backend.read_sums().unwrap()));
        }
        let sites = system.lattice.sites();
        let [(found, sums), (expected, _)] = &results[..] else { panic!("two backends") };
        let is_same = |(a, b): &(&[i8], &[i8])| a == b;
        let same = found.chunks(sites).zip(expected.chunks(sites)).filter(is_same).count();
        // About one random number in a million falls between the roundings of a probability on both backends, so that one replica may differ.
        assert!(same + 1 >= case.batch, "{} of {system} differ", case.batch - same);
        for (spins, sums) in found.chunks(sites).zip(sums) {
            let exact = [system.bond_sum(spins), system.spin_sum(spins)];
            assert_eq!(sums.map(i64::from), exact, "{system}");
        }
        assert!(found.contains(&1) && found.contains(&-1));
    }
}

#[test]
fn tempering_draws_from_the_boltzmann_distribution() {
    let square =
        Case { size: 4, disorder: Some(Disorder::Gaussian), gauge: false, field: 0.3, ..Case::DEFAULT };
    let triangular =
        Case { lattice: LatticeKind::Triangular, disorder: Some(Disorder::Pm1), field: 0.0, ..square };
    let complete = Case { lattice: LatticeKind::Complete, disorder: Some(Disorder::Sk), size: 16, ..square };
    let device = gpu().adapter.get_info().name;
    for (case, device) in
        [(square, "cpu"), (triangular, "cpu"), (complete, "cpu"), (triangular, &device), (complete, &device)]
    {
        let ensemble = case.system().at(0.9).unwrap();
        // Means over all states of energy, its square and a product of distant spins.
        let values = |spins: &[i8]| {
            let energy = ensemble.system.energy(spins);
            [energy, energy * energy, f64::from(spins[0] * spins[10])]
        };
        let (mut total, mut expected) = (0.0, [0.0; 3]);
        for state in 0..1_u32 << 16 {
            let spins: Vec<i8> = (0..16).map(|site| if state >> site & 1 == 1 { 1 } else { -1 }).collect();
            let values = values(&spins);
            let weight = (-0.9 * values[0]).exp();
            total += weight;
            expected.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
        }
        let setup =
            Setup { ensemble: ensemble.clone(), algorithm: Algorithm::Tempering, chains: 64, seed: 4 };
        let mut simulation = Simulation::new(setup, device).unwrap();
        assert_eq!(equilibrate(&mut simulation).unwrap().fault, None);
        // Every chain gives one independent mean.
        let mut means = vec![[0.0; 3]; 64];
        for _ in 0..500 {
            simulation.sweep(1).unwrap();
            for (mean, spins) in means.iter_mut().zip(simulation.spins().unwrap().chunks(16)) {
                mean.iter_mut().zip(values(spins)).for_each(|(mean, value)| *mean += value / 500.0);
            }
        }
        for (which, expected) in expected.into_iter().enumerate() {
            let found = Estimate::mean(&means.iter().map(|mean| mean[which]).collect::<Vec<_>>());
            let off = found.deviation(expected / total);
            assert!(
                found.error > 0.0 && off.abs() < 4.0,
                "{which}: {found:?}, expected {}",
                expected / total
            );
        }
    }
}
