//! Exact results against a table from arithmetic of many digits, and as a user asks for them.

use crate::cli::succeed;
use han_gpu::disorder::Disorder;
use han_gpu::exact::{ln_z, refusal, solve};
use han_gpu::io::read_couplings;
use han_gpu::lattice::{Interaction, Lattice, LatticeKind, System};
use std::path::{Path, PathBuf};

/// Written by tools/exact_reference.py: size, beta, ln Z, U / N and C / N at J = 1, H = 0.
const REFERENCE: &str = include_str!("exact_reference.csv");

/// By the same script: lattice, size, J, H, beta, ln Z, U / N and C / N.
const SMALL_REFERENCE: &str = include_str!("exact_small_reference.csv");

fn numbers<const N: usize>(line: &str) -> [f64; N] {
    let numbers: Vec<f64> = line.split(',').map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

fn rows() -> Vec<[f64; 5]> {
    REFERENCE.lines().skip(1).map(numbers).collect()
}

/// The second table, without its first column: what has the numbers of a row.
fn small_rows() -> impl Iterator<Item = (LatticeKind, [f64; 7])> {
    SMALL_REFERENCE.lines().skip(1).map(|line| {
        let (name, rest) = line.split_once(',').unwrap();
        let kind = LatticeKind::ALL.into_iter().find(|kind| kind.name() == name).unwrap();
        (kind, numbers(rest))
    })
}

fn system(side: u32, coupling: f64, field: f64) -> System {
    System::uniform(Lattice::square(side).unwrap(), Interaction { coupling, field })
}

#[test]
fn all_digits_of_the_reference_table_at_every_size_and_temperature() {
    let mut worst = [0.0_f64; 3];
    for [size, beta, expected @ ..] in rows() {
        let exact = solve(&system(size as u32, 1.0, 0.0), beta).unwrap();
        let found = [exact.ln_z, exact.energy_per_site, exact.specific_heat];
        assert!(exact.specific_heat > 0.0, "size {size}, beta {beta}: {exact:?}");
        for (which, limit) in [1e-10, 1e-8, 1e-8].into_iter().enumerate() {
            let error = (found[which] / expected[which] - 1.0).abs();
            assert!(error < limit, "size {size}, beta {beta}: {found:?}, expected {expected:?}");
            worst[which] = worst[which].max(error);
        }
    }
    println!("worst relative errors of ln Z, U and C: {worst:?}");
}

#[test]
fn all_digits_of_the_reference_table_with_fields_and_frustration() {
    let mut worst = [0.0_f64; 3];
    for (kind, [size, coupling, field, beta, expected @ ..]) in small_rows() {
        let lattice = Lattice::new(kind, size as u32).unwrap();
        let exact = solve(&System::uniform(lattice, Interaction { coupling, field }), beta).unwrap();
        let found = [exact.ln_z, exact.energy_per_site, exact.specific_heat];
        for (which, limit) in [1e-13, 1e-11, 1e-11].into_iter().enumerate() {
            let error = (found[which] / expected[which] - 1.0).abs();
            assert!(
                error < limit,
                "{lattice}, J {coupling}, H {field}, beta {beta}: {found:?}, not {expected:?}"
            );
            worst[which] = worst[which].max(error);
        }
    }
    println!("worst relative errors of ln Z, U and C: {worst:?}");
}

#[test]
fn nothing_is_negative_or_infinite_beyond_the_table() {
    for side in [5, 6, 9, 10, 11, 100, 1023, 1024] {
        for (coupling, beta) in
            [(1.0, 0.0), (0.0, 1.0), (1.0, 1e-300), (1.0, 1e-9), (1.0, 95.0), (1000.0, 0.1)]
        {
            let exact = solve(&system(side, coupling, 0.0), beta).unwrap();
            let what = format!("side {side}, J = {coupling}, beta = {beta}: {exact:?}");
            assert!(exact.ln_z.is_finite() && (0.0..1e-10).contains(&exact.specific_heat), "{what}");
            let k = beta * coupling;
            let bond = if k < 1.0 { k } else { 1.0 };
            assert!(
                (exact.energy_per_site + 2.0 * coupling * bond).abs() <= 1e-12 * coupling * bond,
                "{what}"
            );
        }
    }
}

#[test]
fn what_cannot_be_solved_is_none() {
    for (side, coupling, field) in [(11, 1.0, 0.1), (16, -1.0, 0.1), (11, -1.0, 0.0), (1023, -1.0, 0.0)] {
        let system = system(side, coupling, field);
        assert!(solve(&system, 0.4).is_none() && ln_z(&system, 0.4).is_none());
    }
    for side in [11, 16] {
        let lattice = Lattice::triangular(side).unwrap();
        let system = System::uniform(lattice, Interaction { coupling: 1.0, field: 0.0 });
        assert!(solve(&system, 0.4).is_none() && refusal(&system).to_string().contains("triangular"));
    }
    for (side, coupling, field) in [(9, -1.0, 0.0), (10, -1.0, 0.2), (1022, -1.0, 0.0), (1023, 1.0, 0.0)] {
        let system = system(side, coupling, field);
        let exact = solve(&system, 0.4).unwrap();
        assert_eq!(ln_z(&system, 0.4), Some(exact.ln_z));
    }
}

/// Against traces of powers of the transfer matrix in numpy.
#[test]
fn the_command_solves_small_sizes_with_frustration_and_field() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for (arguments, expected) in [
        ("--size 2 --beta 0.4", 4.113_274_011_058_828),
        ("--size 3 --beta 0.7 --coupling -1", 8.914_023_388_227_841),
        ("--size 5 --beta 0.5 --coupling -1 --field 0.3", 23.951_665_498_138_16),
        ("--size 6 --beta 0.4 --field 0.3", 34.755_999_372_898_21),
        ("--size 9 --beta 0.5 --coupling -1", 80.389_794_056_546_25),
        ("--size 8 --beta 0.6 --field 0.05", 79.343_975_198_894_11),
        ("--size 8 --beta 2 --coupling -1 --lattice triangular", 148.659_575_959_968_12),
    ] {
        let printed = succeed(folder, &format!("exact {arguments} --json")).stdout;
        let exact: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let found = exact["ln_z"].as_f64().unwrap();
        assert!((found / expected - 1.0_f64).abs() < 1e-12, "{arguments}: {found}, not {expected}");
    }
}

/// A file of numpy.random.default_rng: `choice([-1, 1], size=(2, L, L))` of seed 1, or `normal(size=(2, 8, 8))` of seed 2.
fn couplings(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/couplings").join(name)
}

#[test]
fn single_couplings_have_the_known_partition_functions() {
    let known = [
        ("pm1_8.npy", 8, [59.772_342_254_997_16, 96.653_808_345_310_95, 183.336_488_981_513_87]),
        ("pm1_16.npy", 16, [238.208_477_596_377_72, 383.222_866_276_890_4, 731.448_615_249_070_8]),
        ("gaussian_8.npy", 8, [57.745_198_821_993_014, 87.594_919_688_511_48, 160.628_295_688_028_66]),
    ];
    for (file, side, expected) in known {
        let system = read_couplings(&couplings(file), Lattice::square(side).unwrap(), 0).unwrap();
        // Couplings that are no multiples of one another are rounded to 1e-7 of the largest.
        let tolerance = if file.starts_with("pm1") { 1e-12 } else { 1e-8 };
        for (beta, expected) in [0.5, 1.0, 2.0].into_iter().zip(expected) {
            let found = ln_z(&system, beta).unwrap();
            assert!(
                (found / expected - 1.0).abs() < tolerance,
                "{file}, beta {beta}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn couplings_that_are_all_alike_give_what_uniform_ones_do() {
    for (side, coupling, field) in [(4, 0.7, 0.3), (6, -1.0, 0.0), (12, 1.0, 0.0), (12, -0.5, 0.0)] {
        let lattice = Lattice::square(side).unwrap();
        let (bonds, sites) = (lattice.bonds().count(), lattice.sites());
        let each = System::with_couplings(lattice, &vec![coupling; bonds], &vec![field; sites]).unwrap();
        for beta in [0.0, 0.1, 0.44, 1.0] {
            let (found, expected) =
                (solve(&each, beta).unwrap(), solve(&system(side, coupling, field), beta).unwrap());
            assert!((found.ln_z - expected.ln_z).abs() < 1e-10 * expected.ln_z, "{side}, {beta}: {found:?}");
            assert!(
                (found.energy_per_site - expected.energy_per_site).abs() < 1e-9,
                "{side}, {beta}: {found:?}"
            );
            assert!(
                (found.specific_heat - expected.specific_heat).abs() < 1e-7,
                "{side}, {beta}: {found:?} {expected:?}"
            );
        }
    }
}

#[test]
fn single_couplings_beyond_what_is_solved_are_refused() {
    let drawn = |lattice: Lattice| Disorder::Pm1.system(lattice, 1).unwrap();
    let refused = |system: &System, beta: f64| {
        assert!(solve(system, beta).is_none() && ln_z(system, beta).is_none());
        refusal(system).to_string()
    };
    assert!(refused(&drawn(Lattice::square(33).unwrap()), 1.0).contains("up to size 32"));
    assert!(refused(&drawn(Lattice::cubic(4).unwrap()), 1.0).contains("square"));
    assert!(refused(&drawn(Lattice::square(12).unwrap()), 12.0).contains("smaller beta"));
    let lattice = Lattice::square(12).unwrap();
    let in_a_field = System::with_couplings(lattice, &[1.0; 288], &[0.5; 144]).unwrap();
    assert!(refused(&in_a_field, 1.0).contains("fields on single sites"));
}
