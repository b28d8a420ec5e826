//! Networks whose boxes a tensor network draws, as a user asks for them.

use crate::cli::{fail, succeed};
use ndarray::{Array1, Array3};
use ndarray_npy::{NpzReader, read_npy, write_npy};
use serde_json::Value;
use std::fs::File;

const QUICK: &str =
    "train --batch 64 --set width=1 --device cpu --set evaluation_samples=1000 --set verification_samples=0";

#[test]
fn a_large_bond_dimension_is_the_exact_bottom() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for (number, more) in
        ["--size 8", "--size 8 --field 0.2", "--size 8 --beta 1 --couplings pm1"].iter().enumerate()
    {
        succeed(folder, &format!("{QUICK} --steps 20 {more} --out run{number}"));
        let run = format!("run{number} --device cpu");
        succeed(folder, &format!("sample {run} --count 40 --out own.npz"));
        let mut npz = NpzReader::new(File::open(folder.join("own.npz")).unwrap()).unwrap();
        let own: Array1<f64> = npz.by_name("ln_q").unwrap();
        succeed(
            folder,
            &format!("evaluate {run} --spins own.npz --bottom mps --bond-dimension 16 --out tensor.npy"),
        );
        let tensor: Array1<f64> = read_npy(folder.join("tensor.npy")).unwrap();
        let worst = own.iter().zip(&tensor).map(|(own, tensor)| (own - tensor).abs()).fold(0.0, f64::max);
        assert!(worst < 2e-5, "{more}: {worst}");
    }
}

#[test]
fn samples_have_the_ln_q_that_evaluation_gives_them_and_measure_finds_ln_z() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("{QUICK} --size 16 --steps 150 --out run"));
    let bottom = "--device cpu --bottom mps --bond-dimension 6";
    for side in [16, 8] {
        let text = format!("sample run --count 70 --batch 33 {bottom} --bottom-side {side} --out drawn.npz");
        if side == 8 {
            // The network has strips of 8 x 16 and no net that cuts them.
            fail(folder, &text, 2, &["bottom_side = 8 ", "boxes of this network: 16, 8x16"]);
            continue;
        }
        succeed(folder, &text);
        let mut npz = NpzReader::new(File::open(folder.join("drawn.npz")).unwrap()).unwrap();
        let spins: Array3<i8> = npz.by_name("spins").unwrap();
        let ln_q: Array1<f64> = npz.by_name("ln_q").unwrap();
        write_npy(folder.join("spins.npy"), &spins).unwrap();
        succeed(folder, &format!("evaluate run {bottom} --spins spins.npy --out given.npy"));
        let given: Array1<f64> = read_npy(folder.join("given.npy")).unwrap();
        let worst = given.iter().zip(&ln_q).map(|(given, ln_q)| (given - ln_q).abs()).fold(0.0, f64::max);
        assert!(worst < 2e-5, "{worst}");
    }
    let json = |more: &str| -> Value {
        serde_json::from_str(&succeed(folder, &format!("measure run --count 2000 --json {more}")).stdout)
            .unwrap()
    };
    let (own, tensor) = (json("--device cpu"), json(&format!("{bottom} --verify")));
    assert!(tensor["ln_z"]["deviation"].as_f64().unwrap().abs() < 4.0, "{}", tensor["ln_z"]);
    let kl = |json: &Value| json["kl"]["value"].as_f64().unwrap();
    assert!(kl(&tensor) < 0.7 * kl(&own), "{} and {}", kl(&tensor), kl(&own));
    assert_eq!(tensor["verification"]["status"], "verified", "{}", tensor["verification"]);
}

#[test]
fn levels_add_up_to_the_divergence_and_a_small_bond_dimension_is_told_of() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("{QUICK} --size 16 --steps 150 --out strips"));
    succeed(folder, &format!("{QUICK} --size 8 --exact-bottom 2 --cut crosses --steps 60 --out spins"));
    for (run, levels) in [("strips", 3), ("spins", 4)] {
        let text = format!("measure {run} --count 2000 --device cpu --by-level --bond-dimension 12 --json");
        let json: Value = serde_json::from_str(&succeed(folder, &text).stdout).unwrap();
        let of_levels = json["by_level"].as_array().unwrap();
        assert_eq!(of_levels.len(), levels, "{run}");
        assert_eq!(json["by_level_count"], 2000, "{run}");
        assert!(json["by_level_elapsed_s"].as_f64().unwrap() > 0.0, "{run}");
        let number = |value: &Value, part: &str| value["kl"][part].as_f64().unwrap();
        let sum: f64 = of_levels.iter().map(|level| number(level, "value")).sum();
        let error =
            of_levels.iter().map(|level| number(level, "error")).fold(number(&json, "error"), f64::hypot);
        assert!((sum - number(&json, "value")).abs() < 5.0 * error, "{run}: {sum} and {}", json["kl"]);
        assert_eq!(number(&of_levels[levels - 1], "value"), 0.0, "{run}: what is exact");
        assert_eq!(json["warnings"].as_array().unwrap().len(), 0, "{run}: {}", json["warnings"]);
    }
    let text = "measure strips --count 500 --device cpu --by-level --bond-dimension 1";
    let told = succeed(folder, text).stdout;
    assert!(told.contains("larger --bond-dimension") && told.contains("of 500 samples"), "{told}");
    let poor = "measure strips --count 500 --device cpu --bottom mps --bond-dimension 1 --verify";
    let told = succeed(folder, poor).stdout;
    assert!(told.contains("SUSPECT") && told.contains("a larger --bond-dimension first"), "{told}");
}

#[test]
fn larger_exact_boxes_and_tensor_networks_of_the_same_boxes_agree() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("{QUICK} --size 32 --steps 3 --out run"));
    succeed(folder, "sample run --count 20 --device cpu --out own.npz");
    let ln_q = |bottom: &str| -> Array1<f64> {
        succeed(folder, &format!("evaluate run --device cpu --spins own.npz {bottom} --out ln_q.npy"));
        read_npy(folder.join("ln_q.npy")).unwrap()
    };
    for lengths in ["16", "16x32"] {
        let exact = ln_q(&format!("--exact-bottom {lengths}"));
        let tensor = ln_q(&format!("--bottom mps --bottom-side {lengths} --bond-dimension 16"));
        let worst = exact.iter().zip(&tensor).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 2e-4, "{lengths}: {worst}");
        let own = ln_q("");
        assert!(own.iter().zip(&exact).any(|(a, b)| (a - b).abs() > 1e-2), "{lengths} changes nothing");
    }
}

#[test]
fn a_boundary_alone_is_learned_where_a_tensor_network_draws_the_inside() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let train = format!("{QUICK} --size 8 --bottom mps --bond-dimension 6");
    succeed(folder, &format!("{train} --steps 80 --out run"));
    let json: Value =
        serde_json::from_str(&succeed(folder, "measure run --count 2000 --verify --json").stdout).unwrap();
    assert_eq!(json["verification"]["status"], "verified", "{}", json["verification"]);
    assert!(json["kl"]["value"].as_f64().unwrap() < 0.3, "{}", json["kl"]);
    let text = "measure run --count 1000 --by-level --symmetrise z2";
    fail(folder, text, 2, &["leave out --by-level"]);
    let json: Value =
        serde_json::from_str(&succeed(folder, "measure run --count 1000 --by-level --json").stdout).unwrap();
    let levels = json["by_level"].as_array().unwrap();
    assert_eq!(levels.len(), 2, "{}", json["by_level"]);
    let of_inside = levels[1]["kl"]["value"].as_f64().unwrap();
    assert!(of_inside.abs() < 1e-4, "{of_inside}");
    // A mixed objective goes through forward steps, too.
    succeed(folder, &format!("{train} --steps 20 --objective mixed --set pool=200 --out mixed"));
    let many = "train --size 8 --bottom mps --bond-dimension 17 --steps 2 --device 0 --out many";
    fail(folder, many, 2, &["more than 16 states", "CPU alone"]);
    fail(folder, "train --size 8 --lattice triangular --bottom mps --steps 2 --out other", 2, &["square"]);
}

#[test]
fn bottoms_that_a_network_cannot_have_are_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("{QUICK} --size 8 --steps 2 --out square"));
    succeed(folder, &format!("{QUICK} --size 4 --lattice cubic --steps 2 --out cube"));
    for (text, said) in [
        ("square --bottom mps --bond-dimension 0", "bond_dimension = 0"),
        ("square --bottom mps --bond-dimension -1", "1 to 64"),
        ("square --bottom mps --bottom-side 6", "boxes of this network: 8"),
        ("square --bottom mps --bottom-side 16", "bottom_side = 16"),
        ("square --bottom mps --bottom-side eight", "a side such as 16"),
        ("square --bottom mps --bottom-side 8x12", "bottom_side = 8x12"),
        ("square --exact-bottom 4", "boxes of this network: 8"),
        ("square --exact-bottom 8 --bottom mps", "--bottom"),
        ("square --by-level --symmetrise transpose", "leave out --by-level"),
        ("square --bond-dimension 4", "--bottom"),
        ("cube --bottom mps", "square lattice"),
    ] {
        fail(folder, &format!("measure {text} --count 10 --device cpu"), 2, &[said]);
    }
}

#[test]
fn a_gpu_and_the_cpu_draw_boxes_of_a_tensor_network_alike() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let run = "--size 8 --bottom mps --bond-dimension 4 --batch 16 --steps 12 --set width=1";
    let few = "--set evaluation_samples=100 --set verification_samples=0 --seed 3";
    succeed(folder, &format!("train {run} {few} --device 0 --out run"));
    let drawn: Vec<Array1<f64>> = ["0", "cpu"]
        .into_iter()
        .map(|device| {
            succeed(
                folder,
                &format!("sample run --count 60 --batch 20 --device {device} --out {device}.npz"),
            );
            let mut npz = NpzReader::new(File::open(folder.join(format!("{device}.npz"))).unwrap()).unwrap();
            npz.by_name("ln_q").unwrap()
        })
        .collect();
    // A number may fall between two roundings of a probability.
    let alike = drawn[0].iter().zip(&drawn[1]).filter(|(gpu, cpu)| (*gpu - *cpu).abs() < 1e-4).count();
    assert!(alike > 55, "{alike} of 60 configurations");
    succeed(folder, "evaluate run --spins 0.npz --device cpu --out given.npy");
    let given: Array1<f64> = read_npy(folder.join("given.npy")).unwrap();
    let worst = given.iter().zip(&drawn[0]).map(|(given, drawn)| (given - drawn).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-4, "{worst}");
}
