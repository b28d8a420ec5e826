//! Flows of Boltzmann machines, what is measured of them, and scans, as a user runs them.

use crate::cli::{command, ended, fail, succeed};
use crate::harness::gpu;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Trains a small machine on few configurations.
fn train(folder: &Path, recipe: &str, out: &str) {
    let mut command = command(folder, &format!("rbm train --hidden 12 --steps 600 --out {out} --generate"));
    let output = command.arg(recipe).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn json(folder: &Path, arguments: &str) -> Value {
    serde_json::from_str(&succeed(folder, arguments).stdout).unwrap()
}

/// The same on the device under test, which names itself.
fn json_on_gpu(folder: &Path, arguments: &str) -> Value {
    let device = gpu();
    let name = device.adapter.get_info().name;
    let ended = ended(command(folder, arguments).args(["--device", &name]).output().unwrap());
    assert_eq!(ended.code, 0, "han-gpu {arguments} --device {name:?}: {}", ended.stderr);
    assert!(ended.stderr.contains(&format!("device {name}")), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Estimates of two reports of the same numbers: devices differ by rounding, and a spin in a million is drawn otherwise.
#[track_caller]
fn near(found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            assert!(found.keys().eq(expected.keys()), "{found:?}, {expected:?}");
            let numbers = [found, expected].map(|of| (of.get("value"), of.get("error")));
            if let [(Some(Value::Number(found)), _), (Some(Value::Number(expected)), Some(error))] = numbers {
                let [found, expected] = [found, expected].map(|number| number.as_f64().unwrap());
                let allowed = 0.3 * error.as_f64().unwrap_or(0.0) + 1e-3 * expected.abs();
                assert!((found - expected).abs() <= allowed, "{found}, {expected} +- {error}");
                return;
            }
            found.values().zip(expected.values()).for_each(|(found, expected)| near(found, expected));
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len());
            found.iter().zip(expected).for_each(|(found, expected)| near(found, expected));
        }
        (Value::Number(found), Value::Number(expected)) => {
            let [found, expected] = [found, expected].map(|number| number.as_f64().unwrap());
            assert!((found - expected).abs() <= 0.01, "{found}, {expected}");
        }
        _ => assert_eq!(found, expected),
    }
}

fn value(of: &Value, path: &[&str]) -> f64 {
    path.iter().fold(of, |of, key| &of[*key])["value"].as_f64().unwrap()
}

#[test]
fn flows_leave_both_ends_and_are_read_at_every_iteration() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    train(folder, "size=4 temperatures=0:6:1 count=100", "run");
    let report = json(folder, "rbm flow run --iterations 6 --count 200 --device cpu --format svg --json");
    let flows = report["flows"].as_array().unwrap();
    assert_eq!(flows.len(), 4);
    for flow in flows {
        let iterations = flow["iterations"].as_array().unwrap();
        assert_eq!(iterations.len(), 7);
        let (first, last) = (&iterations[0], &iterations[6]);
        match flow["start"].as_str() {
            Some("0") => {
                assert_eq!(value(first, &["energy_per_site"]), -2.0);
                assert_eq!(value(first, &["temperature", "pseudo_likelihood"]), 0.0);
            }
            Some("inf") => assert!(value(first, &["energy_per_site"]).abs() < 0.2, "{first}"),
            other => panic!("{other:?}"),
        }
        // What the machine learned lies between both ends.
        let energy = value(last, &["energy_per_site"]);
        assert!((-1.99..-0.5).contains(&energy), "{flow}");
    }
    let table = fs::read_to_string(folder.join("run/flow/flow.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 4 * 7);
    assert!(
        table
            .starts_with("run,hidden,seed,kind,start,field,iteration,energy_per_site,energy_per_site_error,")
    );
    for name in ["flow", "distributions", "fixed_points", "microstates"] {
        assert!(folder.join(format!("run/flow/{name}.svg")).is_file(), "{name}");
    }
    // On a GPU flows and the network end at the same place.
    near(
        &json_on_gpu(folder, "rbm flow run --iterations 6 --count 200 --format svg --out on_gpu --json"),
        &report,
    );
    // The same again from a file, with the same seed.
    let again =
        "rbm flow run --spins run/data.npz --kind gibbs --iterations 2 --format svg --out again --json";
    let report = json(folder, again);
    assert_eq!(report, json(folder, again));
    assert_eq!(report["flows"][0]["start"], "given");
}

#[test]
fn reconstructions_are_measured_beside_monte_carlo_and_features_are_drawn() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    train(folder, "size=5 temperatures=1:4:1 count=100", "run");
    let report = json(
        folder,
        "rbm measure run --temperatures 1.2:2.0:0.2 --fields 0,1 --device cpu --format svg --json",
    );
    for kind in ["gibbs", "mean-field"] {
        let some = format!(
            "rbm measure run --temperatures 1.5,2.5 --count 100 --sweeps 3 --kind {kind} --out some --json"
        );
        near(&json_on_gpu(folder, &some), &json(folder, &format!("{some} --device cpu")));
    }
    let points = report["points"].as_array().unwrap();
    assert_eq!(points.len(), 10);
    for point in points {
        let [machine, monte_carlo] = ["machine", "monte_carlo"].map(|of| value(point, &[of, "order"]));
        assert!((machine - monte_carlo).abs() < 0.3 && monte_carlo > 0.7, "{point}");
    }
    for of in ["machine", "monte_carlo"] {
        let exponent = value(&report, &["exponents", of, "exponent"]);
        assert!((-0.1..0.3).contains(&exponent), "{of}: {exponent}");
    }
    assert_eq!(fs::read_to_string(folder.join("run/measure/measure.csv")).unwrap().lines().count(), 11);
    for name in ["measure", "exponents"] {
        assert!(folder.join(format!("run/measure/{name}.svg")).is_file(), "{name}");
    }
    succeed(folder, "plot run --format svg");
    assert!(folder.join("run/training.svg").is_file());
    let report = json(folder, "rbm features run --format svg --json");
    assert_eq!(report["singular_values"].as_array().unwrap().len(), 12);
    for name in ["weights", "singular_values"] {
        assert!(folder.join(format!("run/features/{name}.svg")).is_file(), "{name}");
    }
}

#[test]
fn scans_train_every_machine_once() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let scan = |more: &str| {
        let arguments = format!(
            "rbm scan --hidden 4,8 --seeds 2 --iterations 2 --count 50 --format svg --out scan {more}"
        );
        let mut command = command(folder, &arguments);
        command.args(["--generate", "size=3 temperatures=1,2,3 fields=0,0.5 count=50"]).output().unwrap()
    };
    let first = scan("--steps 100 --json");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let report: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(report["points"].as_array().unwrap().len(), 4);
    let checkpoint = folder.join("scan/hidden4/seed1/machine.safetensors");
    let before = fs::metadata(&checkpoint).unwrap().modified().unwrap();
    let second = scan("--steps 100 --json");
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(fs::metadata(&checkpoint).unwrap().modified().unwrap(), before);
    for name in ["by_hidden_H0", "by_hidden_H0.5", "by_field_hidden4", "by_field_hidden8"] {
        assert!(folder.join(format!("scan/{name}.svg")).is_file(), "{name}");
    }
    let table = String::from_utf8(scan("--steps 100").stdout).unwrap();
    for part in
        ["hidden 8, H = 0.5, maximum of C at T = ", "T by energy", "by pseudo-likelihood", "gibbs, T = inf"]
    {
        assert!(table.contains(part), "{part}: {table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let other = scan("--steps 200");
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("other settings"));
}

#[test]
fn bad_flows_and_measurements_are_refused_by_name() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    train(folder, "size=3 temperatures=2 count=200", "run");
    train(folder, "size=4 temperatures=2 count=200", "other");
    for (arguments, code, told) in [
        ("rbm flow nowhere", 1, &["nowhere"][..]),
        ("rbm flow run other", 2, &["other", "3 x 3"]),
        ("rbm flow run --from T=-1", 2, &["from", "-1"]),
        ("rbm flow run --from T=", 2, &["from"]),
        ("rbm flow run --iterations 0", 2, &["iterations = 0"]),
        ("rbm flow run --count 1", 2, &["count = 1"]),
        ("rbm flow run --temperatures 2", 2, &["temperatures"]),
        ("rbm flow run --spins other/data.npz", 1, &["4, 4]", "[N, 3, 3]"]),
        ("rbm flow run --field nan", 2, &["field"]),
        ("rbm flow run --device voodoo", 2, &["voodoo", "cpu"]),
        ("rbm measure run --device voodoo", 2, &["voodoo", "cpu"]),
        ("rbm measure run --kind both", 2, &["kind", "both"]),
        ("rbm measure run --sweeps 0", 2, &["sweeps = 0"]),
        ("rbm measure run --temperatures 1e-9", 2, &["temperatures", "at most 100"]),
        ("rbm measure run --count 4294967295", 2, &["count = 4294967295", "memory"]),
        ("rbm sample run --count 4294967295 --out s.npz", 2, &["count = 4294967295", "memory"]),
        ("rbm flow run run", 2, &["run = run", "twice"]),
        ("rbm flow run --from T=0,inf,0", 2, &["from = 0", "twice"]),
        ("rbm train --resume run --steps 1000", 2, &["resume = run", "--device"]),
        (
            "rbm measure run --temperatures 0:1:0.5",
            2,
            &["temperatures = 0:1:0.5", "0 is out of range", "above 0"],
        ),
        ("rbm measure run --temperatures 1,2,1", 2, &["temperatures = 1,2,1", "1 is there twice"]),
        ("rbm measure run --fields 0,x", 2, &["fields = 0,x", "\"x\" is no number", "finite"]),
        ("rbm flow run --temperatures 2,1", 2, &["temperatures = 2,1", "2 stands before 1"]),
        ("rbm flow run --temperatures=-1,2", 2, &["temperatures = -1,2", "-1 is out of range", "0 or above"]),
        ("rbm scan --generate size=x", 2, &["generate = size=x", "whole number, 1 to"]),
        ("rbm scan --generate temperatures=1,-2", 2, &["generate = temperatures=1,-2", "-2 is out of range"]),
        ("rbm scan --generate lattice=hexagonal", 2, &["lattice=hexagonal", "square, triangular or cubic"]),
        ("rbm measure run --window 0.5:0.1", 2, &["window", "0.5:0.1"]),
        ("rbm features run --units 0", 2, &["units = 0"]),
        ("rbm scan --generate size=3", 2, &["generate", "temperatures"]),
    ] {
        fail(folder, arguments, code, told);
    }
    assert!(!folder.join("run/flow").exists() && !folder.join("run/measure").exists());
}
