use super::sampler::{BoxSampler, Source};
use crate::disorder::Disorder;
use crate::hierarchy::{Cut, Hierarchy};
use crate::lattice::{Interaction, Lattice, System};

const BETA: f64 = 0.44;

fn uniform(size: u32, field: f64) -> System {
    System::uniform(Lattice::square(size).unwrap(), Interaction { coupling: 1.0, field })
}

/// The whole inside of the lattice, in one box.
fn sampler(system: &System, side: u32, bond_dimension: usize) -> BoxSampler {
    let hierarchy = Hierarchy::bisection(system.lattice, &[side, side]).weighted(system);
    BoxSampler::new(hierarchy.levels.last().unwrap().clone(), 0, system, BETA, bond_dimension)
}

/// All configurations of the inside of a lattice of side 4, with its border fixed.
fn all_insides(system: &System) -> Vec<i8> {
    let lattice = system.lattice;
    let inside: Vec<usize> = (0..lattice.sites()).filter(|site| site % 4 != 0 && site / 4 != 0).collect();
    (0..1 << inside.len())
        .flat_map(|state: u32| {
            let mut spins: Vec<i8> = (0..16).map(|site| if site * 7 % 5 < 2 { -1 } else { 1 }).collect();
            for (bit, &site) in inside.iter().enumerate() {
                spins[site] = if state >> bit & 1 == 1 { 1 } else { -1 };
            }
            spins
        })
        .collect()
}

#[test]
fn conditionals_are_exact_where_the_bond_dimension_is_large_and_normalised_where_it_is_not() {
    let glass = Disorder::Gaussian.system(Lattice::square(4).unwrap(), 3).unwrap();
    for system in [uniform(4, 0.0), uniform(4, -0.3), glass] {
        let spins = all_insides(&system);
        let weights: Vec<f64> = spins.chunks(16).map(|spins| -BETA * system.energy(spins)).collect();
        let ln_z = weights.iter().map(|weight| weight.exp()).sum::<f64>().ln();
        for bond_dimension in [1, 2, 8] {
            let mut ln_q = vec![0.0; weights.len()];
            sampler(&system, 4, bond_dimension).fill_and_add(
                &mut spins.clone(),
                16,
                Source::Given,
                &mut ln_q,
            );
            let sum: f64 = ln_q.iter().map(|ln_q| ln_q.exp()).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{bond_dimension}: {sum}");
            let worst = ln_q.iter().zip(&weights).map(|(ln_q, weight)| (ln_q + ln_z - weight).abs());
            let worst = worst.fold(0.0, f64::max);
            assert!(bond_dimension == 1 || worst < 1e-10, "{bond_dimension}: {worst}");
        }
    }
}

#[test]
fn what_is_drawn_is_evaluated_alike_whatever_the_group() {
    for (cut, side) in [(Cut::Halves, 8), (Cut::Crosses, 8), (Cut::Halves, 16)] {
        let system = uniform(16, 0.1);
        let hierarchy = match cut {
            Cut::Halves => Hierarchy::bisection(system.lattice, &[side, side]),
            Cut::Crosses => Hierarchy::square(system.lattice, side),
        };
        let sampler = BoxSampler::new(hierarchy.levels.last().unwrap().clone(), 0, &system, BETA, 6);
        let (rows, sites) = (37, 256);
        let mut spins = vec![1; rows * sites];
        let source = |first_configuration| Source::Drawn { seed: 3, step: 0, first_configuration };
        let drawn = sampler.fill(&mut spins, sites, source(5));
        let given = sampler.fill(&mut spins.clone(), sites, Source::Given);
        assert_eq!(drawn, given, "side {side}");
        let mut alone = spins[20 * sites..21 * sites].to_vec();
        let of_alone = sampler.fill(&mut alone, sites, source(25));
        let blocks = of_alone.len();
        assert_eq!(alone, spins[20 * sites..21 * sites]);
        assert_eq!(of_alone, drawn[20 * blocks..21 * blocks]);
        assert!(spins.contains(&-1));
    }
}
