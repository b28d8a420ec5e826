//! Exact boxes: ln Z by enumeration of 3 x 3 squares under all borders and of a 3 x 3 x 3 cube, and of others by a transfer matrix
//! between whole layers; drawn insides against derivatives of ln Z.

use crate::harness::{Case, Tolerance, all_pass, compare, gpu, spins};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::BoxFactors;
use han_gpu::hierarchy::{Bond, Layers};
use han_gpu::lattice::LatticeKind;
use han_gpu::random::philox;
use han_gpu::sample::reward_per_site;
use han_gpu::schedule::{self, Inputs};

/// Borders of block 0, one per configuration; all other spins are +1.
fn configurations(case: Case, border: impl Fn(usize, usize) -> i8) -> Vec<i8> {
    let model = case.model();
    let level = model.hierarchy.levels.last().unwrap();
    let mut spins = vec![1; case.batch * model.hierarchy.sites];
    for (row, spins) in spins.chunks_mut(model.hierarchy.sites).enumerate() {
        for (local, &site) in level.block_sites(0)[..level.border].iter().enumerate() {
            spins[site as usize] = border(row, local);
        }
    }
    spins
}

/// Rewards -ln Z of block 0 in every configuration.
fn free_energies(backend: &mut dyn Backend, case: Case, beta: f64, spins: &[i8]) -> Vec<f64> {
    backend.write_spins(spins).unwrap();
    let model = case.model();
    // A shift as training uses it: rewards near zero keep their digits.
    let per_site = ((2.0 * beta * case.coupling.abs() * 4096.0).round() / 4096.0) as f32;
    let inputs = Inputs { seed: 1, beta, reward_per_site: per_site, ..Inputs::SAMPLING };
    backend.run(&schedule::sum_out_bottom(&model), &inputs).unwrap();
    let first = model.hierarchy.blocks_before(model.bottom().unwrap()) * case.batch;
    let bottom = &model.hierarchy.levels[model.bottom().unwrap()];
    let shift = inputs.reward_shift(&model.system).of(bottom.bonds.len(), bottom.own);
    backend.read(Tensor::Reward).unwrap()[first..first + case.batch].iter().map(|r| r - shift).collect()
}

/// `exp(beta J sum of bonds + beta H sum of spins)` from spins on a grid with its border, without the transfer's help.
fn weight(case: Case, beta: f64, width: usize, border: &[i8], interior: impl Fn(usize, usize) -> i8) -> f64 {
    let spin = |i: usize, j: usize| match (i, j) {
        (0, j) => border[j - 1],
        (i, j) if j == width + 1 => border[width + i - 1],
        (i, j) if i == width + 1 => border[2 * width + j - 1],
        (i, 0) => border[3 * width + i - 1],
        (i, j) => interior(i - 1, j - 1),
    };
    let (mut bonds, mut field) = (0_i32, 0_i32);
    for line in 1..=width {
        for step in 0..=width {
            bonds += i32::from(spin(line, step) * spin(line, step + 1));
            bonds += i32::from(spin(step, line) * spin(step + 1, line));
        }
        field += (1..=width).map(|step| i32::from(spin(line, step))).sum::<i32>();
    }
    (beta * (case.coupling * f64::from(bonds) + case.field * f64::from(field))).exp()
}

fn check(case: Case, beta: f64, spins: &[i8], expected: &[f64]) -> Vec<Result<(), String>> {
    let device = gpu();
    let mut found = vec![
        ("f64".to_owned(), free_energies(&mut case.cpu::<f64>(), case, beta, spins), 1e-11),
        ("f32".to_owned(), free_energies(&mut case.cpu::<f32>(), case, beta, spins), 1e-5),
        ("GPU".to_owned(), free_energies(&mut device.backend(case), case, beta, spins), 1e-5),
    ];
    let mut gpu = device.own_backend(case);
    for shape in gpu.box_shapes() {
        gpu.force_box_shape(shape);
        found.push((format!("{shape:?}"), free_energies(&mut gpu, case, beta, spins), 1e-5));
    }
    let one = |(name, found, absolute): (String, Vec<f64>, f64)| {
        let tolerance = Tolerance { absolute, relative: 0.0, reason: "the promise of the exact squares" };
        compare(&format!("-ln Z, {name}, beta {beta}, {case:?}"), &found, expected, tolerance)
    };
    found.into_iter().map(one).collect()
}

#[test]
fn three_by_three_interiors_agree_with_enumeration_under_all_borders() {
    let default = Case { exact_bottom: 4, batch: 1 << 12, ..Case::DEFAULT };
    let field = Case { coupling: -0.7, field: 0.3, gauge: false, ..default };
    let mut results = Vec::new();
    for (case, beta) in [(default, 0.44), (default, 2.0), (field, 0.8)] {
        let border = |row: usize, local: usize| if row >> local & 1 == 1 { 1 } else { -1 };
        let ln_z = |row: usize| {
            let border: Vec<i8> = (0..12).map(|local| border(row, local)).collect();
            let interior =
                |state: usize| move |i: usize, j: usize| if state >> (3 * i + j) & 1 == 1 { 1 } else { -1 };
            (0..1 << 9).map(|state| weight(case, beta, 3, &border, interior(state))).sum::<f64>().ln()
        };
        let expected: Vec<f64> = (0..case.batch).map(|row| -ln_z(row)).collect();
        results.extend(check(case, beta, &configurations(case, border), &expected));
    }
    all_pass(results);
}

/// ln Z of a box: a vector over the states of a layer, times a dense matrix for every further layer, from the bonds of its level alone.
fn layer_transfer(case: Case, beta: f64, border: &[i8]) -> f64 {
    let model = case.model();
    let level = model.hierarchy.levels.last().unwrap();
    let bits = Layers::of(&level.extent).bits;
    let spin = |state: usize, site: usize| if state >> site & 1 == 1 { 1.0 } else { -1.0 };
    // Layer and site of an own site.
    let own = |local: u32| (local as usize).checked_sub(level.border).map(|own| (own / bits, own % bits));
    let within = |state: usize, layer: usize| {
        let of_bond = |bond: &Bond| match (own(bond.earlier), own(bond.later)) {
            (None, Some((i, j))) if i == layer => f64::from(border[bond.earlier as usize]) * spin(state, j),
            (Some((h, k)), Some((i, j))) if i == layer && h == layer => spin(state, k) * spin(state, j),
            _ => 0.0,
        };
        let bonds: f64 = level.bonds.iter().map(of_bond).sum();
        let field: f64 = (0..bits).map(|j| spin(state, j)).sum();
        beta * (case.coupling * bonds + case.field * field)
    };
    let between = |a: usize, b: usize| {
        let equal = bits as f64 - 2.0 * f64::from((a ^ b).count_ones());
        beta * case.coupling * equal
    };
    let ln_sum = |terms: &mut dyn Iterator<Item = f64>| {
        let terms: Vec<f64> = terms.collect();
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + terms.iter().map(|term| (term - largest).exp()).sum::<f64>().ln()
    };
    let states = 0..1_usize << bits;
    let mut ln_layer: Vec<f64> = states.clone().map(|state| within(state, 0)).collect();
    for i in 1..level.own / bits {
        ln_layer = states
            .clone()
            .map(|state| {
                let before = &mut ln_layer.iter().enumerate().map(|(above, ln)| ln + between(above, state));
                within(state, i) + ln_sum(before)
            })
            .collect();
    }
    ln_sum(&mut ln_layer.into_iter())
}

/// ln Z of a box from all states of its inside, each of which differs from the one before by one spin (Gray's code).
fn all_states(case: Case, beta: f64, border: &[i8]) -> f64 {
    let model = case.model();
    let level = model.hierarchy.levels.last().unwrap();
    let sites = level.own;
    let mut neighbours = vec![Vec::new(); sites];
    // Sums of the neighbours of every site; all spins are -1 at the start.
    let mut around = vec![0; sites];
    for bond in &level.bonds {
        let later = bond.later as usize - level.border;
        match (bond.earlier as usize).checked_sub(level.border) {
            None => around[later] += i64::from(border[bond.earlier as usize]),
            Some(earlier) => {
                neighbours[later].push(earlier);
                neighbours[earlier].push(later);
                around[later] -= 1;
                around[earlier] -= 1;
            }
        }
    }
    let outside = |site: usize| around[site] + neighbours[site].len() as i64;
    let inside = neighbours.iter().map(Vec::len).sum::<usize>() as i64 / 2;
    let mut bonds = inside - (0..sites).map(outside).sum::<i64>();
    let (mut spins, mut up) = (vec![-1; sites], 0);
    let most = level.bonds.len() as i64;
    let mut counts = vec![0_u32; (2 * most as usize + 1) * (sites + 1)];
    for state in 1..=1_u64 << sites {
        counts[(bonds + most) as usize * (sites + 1) + up] += 1;
        let site = state.trailing_zeros() as usize;
        if site == sites {
            break;
        }
        bonds -= 2 * spins[site] * around[site];
        spins[site] = -spins[site];
        up = if spins[site] > 0 { up + 1 } else { up - 1 };
        neighbours[site].iter().for_each(|&neighbour| around[neighbour] += 2 * spins[site]);
    }
    assert_eq!(counts.iter().map(|&count| u64::from(count)).sum::<u64>(), 1 << sites);
    let ln_weight = |at: usize| {
        let (bonds, up) = ((at / (sites + 1)) as f64 - most as f64, (at % (sites + 1)) as f64);
        beta * (case.coupling * bonds + case.field * (2.0 * up - sites as f64))
    };
    let there = || (0..counts.len()).filter(|&at| counts[at] > 0);
    let largest = there().map(ln_weight).fold(f64::NEG_INFINITY, f64::max);
    largest + there().map(|at| f64::from(counts[at]) * (ln_weight(at) - largest).exp()).sum::<f64>().ln()
}

#[test]
fn a_cube_agrees_with_the_sum_over_its_134_million_states() {
    let cube = Case { lattice: LatticeKind::Cubic, size: 8, exact_bottom: 4, batch: 2, ..Case::DEFAULT };
    let case = Case { coupling: -0.7, field: 0.3, gauge: false, ..cube };
    let level = case.model().hierarchy.levels.last().unwrap().clone();
    assert_eq!((level.border, level.own), (54, 27));
    let random = |row: usize, local: usize| border(row + 4, local);
    let borders =
        (0..case.batch).map(|row| (0..level.border).map(|local| random(row, local)).collect::<Vec<i8>>());
    let expected: Vec<f64> = borders.map(|border| -all_states(case, 0.6, &border)).collect();
    all_pass(check(case, 0.6, &configurations(case, random), &expected));
}

/// Borders from random to ordered, and the most frustrated ones.
fn border(row: usize, local: usize) -> i8 {
    let word = philox([5, 5], [row as u32, local as u32, 0, 0])[0];
    match row {
        0 => 1,
        1 => {
            if local.is_multiple_of(2) {
                1
            } else {
                -1
            }
        }
        2 => {
            if local < 14 {
                1
            } else {
                -1
            }
        }
        _ => {
            if (word % 24) < 2 + row as u32 {
                1
            } else {
                -1
            }
        }
    }
}

#[test]
fn boxes_agree_with_a_transfer_matrix_between_layers() {
    let seven = Case { size: 16, exact_bottom: 8, batch: 20, ..Case::DEFAULT };
    let of_seven = [(1.0, 0.0, 0.1), (1.0, 0.0, 0.44), (1.0, 0.0, 2.0), (-0.7, 0.3, 1.3)];
    let strips = Case { exact_length: 16, ..seven };
    let short = Case { size: 8, exact_bottom: 4, exact_length: 8, ..seven };
    let cubes = Case { lattice: LatticeKind::Cubic, size: 4, exact_bottom: 4, batch: 7, ..Case::DEFAULT };
    let bars = Case { size: 8, exact_length: 8, batch: 3, ..cubes };
    let cases = of_seven.map(|system| (seven, system)).into_iter().chain([
        (strips, (1.0, 0.0, 0.44)),
        (strips, (-0.7, 0.3, 1.3)),
        (short, (-1.0, 0.2, 0.6)),
        (cubes, (1.0, 0.0, 0.22)),
        (cubes, (-0.7, 0.3, 1.0)),
        (bars, (1.0, 0.1, 0.3)),
    ]);
    let mut results = Vec::new();
    for (case, (coupling, field, beta)) in cases {
        let case = Case { coupling, field, gauge: field == 0.0, ..case };
        let sites = case.model().hierarchy.levels.last().unwrap().border;
        let borders: Vec<Vec<i8>> =
            (0..case.batch).map(|row| (0..sites).map(|local| border(row, local)).collect()).collect();
        let expected: Vec<f64> = borders.iter().map(|border| -layer_transfer(case, beta, border)).collect();
        results.extend(check(case, beta, &configurations(case, border), &expected));
    }
    all_pass(results);
}

#[test]
fn every_shape_gives_the_ln_q_of_the_f64_twin() {
    let device = gpu();
    let mut results = Vec::new();
    // Workgroups with some boxes to spare, whatever the shape.
    let square = Case { size: 16, exact_bottom: 8, batch: 13, field: 0.2, gauge: false, ..Case::DEFAULT };
    let small = Case { exact_bottom: 4, ..square };
    let bars = Case { lattice: LatticeKind::Cubic, size: 8, exact_length: 8, batch: 5, ..small };
    let strips = [Case { exact_length: 8, ..small }, Case { exact_length: 16, ..square }];
    let cubes = Case { size: 4, exact_length: 0, ..bars };
    for case in [small, square].into_iter().chain(strips).chain([bars, cubes]) {
        let kernels = &schedule::evaluation(&case.model())[case.model().bottom().unwrap()..];
        let ln_q = |backend: &mut dyn Backend| {
            backend.write_spins(&spins(backend, 4)).unwrap();
            backend.run(kernels, &Inputs { seed: 1, beta: 0.44, ..Inputs::SAMPLING }).unwrap();
            let first = case.model().hierarchy.blocks_before(case.model().bottom().unwrap()) * case.batch;
            backend.read(Tensor::LnQ).unwrap().split_off(first)
        };
        let expected = ln_q(&mut case.cpu::<f64>());
        let mut gpu = device.own_backend(case);
        let mut of_shapes = Vec::new();
        for shape in gpu.box_shapes() {
            gpu.force_box_shape(shape);
            let tolerance = Tolerance { absolute: 1e-5, relative: 1e-6, reason: "f32" };
            let found = ln_q(&mut gpu);
            results.push(compare(&format!("{shape:?}, {case:?}"), &found, &expected, tolerance));
            let inputs = Inputs { seed: 1, beta: 0.44, ..Inputs::SAMPLING };
            gpu.run(&schedule::draw_bottom(&case.model()), &inputs).unwrap();
            of_shapes.push((found, gpu.read_spins().unwrap(), gpu.read(Tensor::LnQ).unwrap()));
        }
        for pair in of_shapes.windows(2) {
            assert!(pair[0].0 == pair[1].0 && pair[0].1 == pair[1].1, "shapes differ, {case:?}");
            let rounding = Tolerance { absolute: 1e-6, relative: 2e-7, reason: "the last digit of ln q" };
            results.push(compare(&format!("drawn, {case:?}"), &pair[1].2, &pair[0].2, rounding));
        }
    }
    all_pass(results);
}

#[test]
fn the_largest_beta_of_exact_squares_stays_finite() {
    let device = gpu();
    for (coupling, field) in [(1.0, 0.0), (-1.0, 1.0)] {
        let gauge = field == 0.0;
        let case = Case { size: 16, exact_bottom: 8, batch: 20, coupling, field, gauge, ..Case::DEFAULT };
        let beta = han_gpu::conditional::max_box_beta(2);
        let spins = configurations(case, border);
        let expected: Vec<f64> = spins
            .chunks(256)
            .map(|spins| {
                let model = case.model();
                let level = model.hierarchy.levels.last().unwrap();
                let border: Vec<i8> =
                    level.block_sites(0)[..28].iter().map(|&site| spins[site as usize]).collect();
                -layer_transfer(case, beta, &border)
            })
            .collect();
        let tolerance = Tolerance { absolute: 1e-4, relative: 1e-6, reason: "f32 at beta = 4" };
        for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
            let found = free_energies(backend, case, beta, &spins);
            compare(backend.device(), &found, &expected, tolerance).unwrap();
        }
    }
}

#[test]
fn drawn_interiors_have_the_means_that_ln_z_predicts() {
    let device = gpu();
    let square = Case { size: 16, exact_bottom: 8, batch: 4000, field: 0.15, gauge: false, ..Case::DEFAULT };
    let cubes = Case { lattice: LatticeKind::Cubic, size: 4, exact_bottom: 4, batch: 2000, ..square };
    let strips = Case { exact_length: 16, ..square };
    for case in [
        Case { exact_bottom: 4, ..square },
        square,
        strips,
        cubes,
        Case { size: 8, exact_length: 8, ..cubes },
    ] {
        // All configurations share one border; their insides are independent.
        let (model, beta, h) = (case.model(), 0.4, 1e-5);
        let sites = model.hierarchy.sites;
        let level = model.hierarchy.levels.last().unwrap();
        let spins = configurations(case, |_, local| border(9, local));
        let ln_z = |coupling: f64, field: f64| {
            let moved = Case { coupling, field, batch: 1, ..case };
            -free_energies(&mut moved.cpu::<f64>(), moved, beta, &spins[..sites])[0]
        };
        let derivative = |plus: f64, minus: f64| (plus - minus) / (2.0 * h * beta);
        let means = [
            derivative(ln_z(1.0 + h, 0.15), ln_z(1.0 - h, 0.15)),
            derivative(ln_z(1.0, 0.15 + h), ln_z(1.0, 0.15 - h)),
        ];
        for backend in [&mut device.backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
            backend.write_spins(&spins).unwrap();
            backend
                .run(&schedule::draw_bottom(&model), &Inputs { seed: 3, beta, ..Inputs::SAMPLING })
                .unwrap();
            let drawn = backend.read_spins().unwrap();
            let sums: Vec<[f64; 2]> = drawn
                .chunks(sites)
                .map(|spins| {
                    let spin = |local: u32| f64::from(spins[level.sites[local as usize] as usize]);
                    let bonds = level.bonds.iter().map(|bond| spin(bond.earlier) * spin(bond.later)).sum();
                    [bonds, (level.border..level.inputs()).map(|local| spin(local as u32)).sum()]
                })
                .collect();
            for (which, expected) in means.into_iter().enumerate() {
                let values: Vec<f64> = sums.iter().map(|sums| sums[which]).collect();
                let found = han_gpu::estimate::Estimate::mean(&values);
                assert!(found.error > 0.0 && found.error < 0.5);
                let off = found.deviation(expected);
                assert!(off.abs() < 4.0, "{which}: {found:?}, expected {expected} on {}", backend.device());
            }
        }
    }
}

#[test]
fn scaled_factors_give_back_the_boltzmann_weights() {
    let case = Case { exact_bottom: 8, ..Case::DEFAULT };
    let model = case.model();
    let factors =
        BoxFactors::new(&model.hierarchy.levels[model.bottom().unwrap()], model.system.interaction, 0.5);
    let ratio = (-1.0_f64).exp();
    let [different, same] = factors.bond;
    let [both_different, mixed, both_same, none] = factors.earlier;
    assert_eq!(none, 0.0, "there is no third bond");
    assert_eq!(factors.field, [1.0, 1.0], "without a field");
    assert!((0.999..=1.0).contains(&same) && (0.999..=1.0).contains(&both_same));
    let close = |found: f64, expected: f64, by: f64| {
        assert!((found / expected - 1.0).abs() < by, "{found} for {expected}")
    };
    close(different, same * ratio, 1e-15);
    close(mixed, both_same * ratio, 1e-15);
    close(both_different, mixed * ratio, 1e-15);
    // 49 pairs, and 14 bonds to the right and below.
    assert!((factors.rest + 49.0 * both_same.ln() + 14.0 * same.ln()).abs() < 1e-15);
    assert_eq!(factors.scale, 0.5 * 112.0 + factors.rest);
    // What a device sees of them.
    let seen = |factor: f64| f64::from(factor as f32);
    close(seen(different) / seen(same), ratio, 1e-9);
    close(seen(mixed) / seen(both_same), ratio, 1e-9);
    close(seen(both_different) / seen(both_same), ratio * ratio, 1e-9);
}

/// Errors that have a direction add up over the squares of a lattice: here over as many as 1024 x 1024 sites have, four times those of
/// 512 x 512.
#[test]
fn errors_of_exact_squares_have_no_direction() {
    let device = gpu();
    for exact_bottom in [4, 8] {
        // In order most squares are the same.
        for (coupling, field, order) in [(1.0, 0.0, 0), (-0.7, 0.3, 0), (1.0, 0.0, 40), (1.0, 0.0003, 40)] {
            for beta in [0.2, 0.44, 0.9] {
                let case = Case {
                    size: 64,
                    exact_bottom,
                    batch: 256,
                    coupling,
                    field,
                    gauge: false,
                    ..Case::DEFAULT
                };
                let model = case.model();
                let per_site = reward_per_site(&model, beta);
                let first = model.hierarchy.blocks_before(model.bottom().unwrap()) * case.batch;
                let mut exact = case.cpu::<f64>();
                // Domains, a few spins long, with interiors as they are drawn: what is rare has a large ln q.
                let word = |site: usize| philox([5, 9], [site as u32 / 5, 0, 0, 0])[0];
                let up = |site: usize| match order {
                    0 => word(site) % 10 < 3 + 5 * (site as u32 >> 12 & 1),
                    rare => !word(site).is_multiple_of(5 * rare),
                };
                let borders: Vec<i8> =
                    (0..case.batch << 12).map(|site| if up(site) { 1 } else { -1 }).collect();
                exact.write_spins(&borders).unwrap();
                exact
                    .run(&schedule::draw_bottom(&model), &Inputs { seed: 2, beta, ..Inputs::SAMPLING })
                    .unwrap();
                let spins = exact.read_spins().unwrap();
                let evaluation = &schedule::evaluation(&model)[model.bottom().unwrap()..];
                let run = |backend: &mut dyn Backend| {
                    backend.write_spins(&spins).unwrap();
                    let inputs = Inputs { seed: 1, beta, reward_per_site: per_site, ..Inputs::SAMPLING };
                    backend.run(&schedule::sum_out_bottom(&model), &inputs).unwrap();
                    backend.run(evaluation, &inputs).unwrap();
                    [Tensor::Reward, Tensor::LnQ]
                        .map(|of_blocks| backend.read(of_blocks).unwrap().split_off(first))
                };
                let expected = run(&mut exact);
                for backend in [&mut device.own_backend(case) as &mut dyn Backend, &mut case.cpu::<f32>()] {
                    for (what, (found, expected)) in
                        ["-ln Z", "ln q"].iter().zip(run(backend).iter().zip(&expected))
                    {
                        let apart: f64 =
                            found.iter().zip(expected).map(|(found, expected)| found - expected).sum();
                        assert!(
                            apart.abs() < 1.5e-3,
                            "{what}: {apart} off, {case:?}, beta {beta}, {}",
                            backend.device()
                        );
                    }
                }
            }
        }
    }
}
