//! `renormalise` as a user runs it: tables, figures, and refusals.

use crate::cli::{fail, succeed};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn json(folder: &Path, arguments: &str) -> Value {
    serde_json::from_str(&succeed(folder, &format!("renormalise {arguments} --json")).stdout).unwrap()
}

/// Columns of a CSV file by name, as text.
fn column(path: &Path, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let at = reader.headers().unwrap().iter().position(|header| header == name).unwrap();
    reader.records().map(|record| record.unwrap()[at].to_owned()).collect()
}

fn numbers(path: &Path, name: &str) -> Vec<f64> {
    column(path, name).iter().map(|cell| cell.parse().unwrap()).collect()
}

fn assert_figures(folder: &Path, names: &[&str]) {
    for name in names {
        let svg = fs::read_to_string(folder.join(format!("{name}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{name}.svg");
        assert!(fs::read(folder.join(format!("{name}.png"))).unwrap().starts_with(b"\x89PNG"), "{name}.png");
    }
}

#[test]
fn the_map_has_its_fixed_point_and_flows_away_from_it() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let told = succeed(folder, "renormalise map").stdout;
    assert!(
        told.contains("K* = 0.506981019") && told.contains("slope 1.448922") && told.contains("nu = 0.93461")
    );
    assert!(
        told.contains("K_c = 0.440686794") && told.contains("order") && told.contains("disorder"),
        "{told}"
    );
    let table = json(folder, "map --from 1.9,2 --iterations 3 --out map");
    let number = |value: &Value| value.as_f64().unwrap();
    let fixed = &table["fixed_point"];
    assert!((number(&fixed["coupling"]) * number(&fixed["temperature"]) - 1.0).abs() < 1e-15);
    let step = &table["starts"][0]["exact_step"];
    let four = (4.0_f64 / 1.9).cosh().ln();
    assert!((number(&step["next_nearest"]) - four / 8.0).abs() < 1e-14, "{step}");
    assert!((number(&step["four"]) - four / 8.0 + (2.0_f64 / 1.9).cosh().ln() / 2.0).abs() < 1e-14, "{step}");
    let flows = table["flows"].as_array().unwrap();
    assert!(flows.len() == 2 && flows.iter().all(|flow| flow.as_array().unwrap().len() == 4));
    let temperatures = numbers(&folder.join("map/map.csv"), "temperature");
    assert!(
        (temperatures[0] - 1.9).abs() < 1e-15 && temperatures[3] < 1.9 && temperatures[7] > 2.0,
        "{temperatures:?}"
    );
    assert_figures(&folder.join("map"), &["decimation"]);
}

#[test]
fn chains_flow_to_disorder_and_keep_their_free_energy() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, "renormalise chain --couplings 1.5,-1.5 --iterations 50 --out chain");
    let path = folder.join("chain/chain.csv");
    let (couplings, constants) = (numbers(&path, "coupling"), numbers(&path, "constant_per_site"));
    assert!(couplings[0] == 1.5 && couplings[50] == 0.0 && couplings[51] == -1.5);
    assert_eq!(couplings[1..51], couplings[52..], "the sign of J goes in the first step");
    assert!((constants[50] - (2.0 * 1.5_f64.cosh()).ln()).abs() < 1e-14, "{}", constants[50]);
    assert_figures(&folder.join("chain"), &["chain"]);
    let flows = json(folder, "chain --from 0.5 --field 0.1 --iterations 4 --out in-field");
    let fields: Vec<f64> = (0..5).map(|at| flows[0][at]["field"].as_f64().unwrap()).collect();
    assert!(fields[0] == 0.1 && fields.is_sorted(), "{fields:?}");
    assert_figures(&folder.join("in-field"), &["chain"]);
}

#[test]
fn blocks_are_made_of_monte_carlo_and_of_files() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let drawn = "blocks --size 32 --temperatures 1.8,3 --count 20 --down-to 4 --seed 1";
    let rows = json(folder, &format!("{drawn} --out drawn"));
    let path = folder.join("drawn/blocks.csv");
    assert_eq!(column(&path, "side"), ["32", "16", "8", "4", "32", "16", "8", "4"]);
    assert_eq!(rows.as_array().unwrap().len(), 8);
    let couplings = numbers(&path, "coupling");
    assert!(
        (couplings[0] * 1.8 - 1.0).abs() < 0.1 && (couplings[4] * 3.0 - 1.0).abs() < 0.1,
        "{couplings:?}"
    );
    assert!(couplings[2] > couplings[0] && couplings[6] < couplings[4], "{couplings:?}");
    assert_figures(&folder.join("drawn"), &["couplings", "blocks"]);
    // The same seed is the same table.
    succeed(folder, &format!("renormalise {drawn} --out again --format png"));
    assert_eq!(fs::read(&path).unwrap(), fs::read(folder.join("again/blocks.csv")).unwrap());
    assert!(!folder.join("again/blocks.svg").exists());
    succeed(folder, "mc --size 16 --beta 0.4 --sweeps 200 --out configs.npz");
    succeed(
        folder,
        "renormalise blocks --spins configs.npz --beta 0.4 --down-to 2 --ties corner --out of-file",
    );
    let path = folder.join("of-file/blocks.csv");
    assert_eq!(column(&path, "side"), ["16", "8", "4", "2"]);
    assert!(
        (numbers(&path, "coupling")[0] / 0.4 - 1.0).abs() < 0.02 && column(&path, "temperature")[0] == "2.5"
    );
    // The file tells its temperature, and another one is a mistake.
    let told = succeed(folder, "renormalise blocks --spins configs.npz --out told");
    assert!(told.stdout.contains("T = 2.5, "), "{}", told.stdout);
    assert_eq!(column(&folder.join("told/blocks.csv"), "temperature")[0], "2.5");
    fail(folder, "renormalise blocks --spins configs.npz --beta 0.3 --out other", 2, &["beta = 0.3", "0.4"]);
}

#[test]
fn bad_values_are_refused_by_name_and_leave_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for (arguments, expected) in [
        ("map --from 0", &["from = 0"] as &[&str]),
        ("map --from 2 --couplings 0.5", &["--couplings"]),
        ("map --iterations 0", &["iterations = 0", "1 to 10000"]),
        ("chain --couplings 1e9", &["couplings = 1000000000"]),
        ("chain --field inf", &["field = inf"]),
        ("blocks --size 100", &["size = 100", "25", "power of two"]),
        ("blocks --size 33", &["size = 33", "even"]),
        ("blocks --size 2048", &["size = 2048", "1024"]),
        ("blocks --size 16 --down-to 16", &["down-to = 16", "below the size"]),
        ("blocks --size 16 --count 1", &["count = 1", "two configurations"]),
        ("blocks --size 16 --temperatures 0", &["temperatures = 0", "above 0"]),
        ("blocks --size 16 --temperatures 0.001", &["temperatures = 0.001", "at most 100"]),
        ("blocks --size 16 --ties other", &["other", "random", "corner"]),
        ("blocks --beta 0.4", &["--spins"]),
        ("blocks --size 16 --beta 0.4", &["--spins"]),
        ("blocks --size 2", &["size = 2", "4 at least"]),
        ("blocks --size 7", &["size = 7", "even"]),
        ("blocks --spins nowhere.npy --count 4", &["--count"]),
    ] {
        fail(folder, &format!("renormalise {arguments} --out out"), 2, expected);
    }
    fail(folder, "renormalise blocks --spins nowhere.npy --out out", 1, &["nowhere.npy"]);
    succeed(folder, "mc --lattice cubic --size 4 --beta 0.2 --sweeps 20 --out cubes.npz");
    fail(folder, "renormalise blocks --spins cubes.npz --out out", 1, &["cubes.npz", "square lattice"]);
    for (more, expected) in [("--lattice triangular", "6 neighbours"), ("--field 0.5", "H = 0.5")] {
        succeed(folder, &format!("mc --size 8 --beta 0.2 {more} --sweeps 20 --out foreign.npz"));
        fail(folder, "renormalise blocks --spins foreign.npz --out out", 1, &["foreign.npz", expected]);
    }
    succeed(folder, "mc --size 9 --beta 0.2 --sweeps 20 --out odd.npz");
    fail(folder, "renormalise blocks --spins odd.npz --down-to 4 --out out", 2, &["size = 9", "even"]);
    fail(folder, "renormalise map --out -", 2, &["out = -"]);
    assert!(!folder.join("out").exists());
}
