//! Doubt travels with a result: into tables, figures, messages and exit codes; and no error is claimed that nobody knows.

use crate::cli::{fail, run, succeed};
use serde_json::Value;
use std::fs;

/// A network that has learnt nothing: a few effective samples of 200.
const POOR: &str = "train --size 16 --steps 1 --batch 16 --set width=1 --device cpu --set evaluation_samples=200 \
                    --set verification_samples=0";

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn warnings(value: &Value) -> String {
    let warnings = value["warnings"].as_array().unwrap();
    warnings.iter().map(|warning| warning.as_str().unwrap()).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_suspect_run_says_so_wherever_it_is_used() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let trained = succeed(folder, &format!("{POOR} --out run")).stdout;
    assert!(trained.contains("SUSPECT") && trained.contains("--steps"), "{trained}");
    let figures: Vec<&str> = trained.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(figures[1..4], ["F/N", "ln", "bound"], "{trained}");
    for command in [
        "sample run --count 2 --out samples.npz",
        "evaluate run --spins samples.npz --out ln_q.npy",
        "export run --count 2 --out tables",
        "plot run --count 20 --out figures --device cpu",
    ] {
        let said = succeed(folder, command).stderr;
        assert_eq!(said.matches("run is suspect").count(), 1, "{command}: {said}");
        let quiet = succeed(folder, &format!("-q {command}")).stderr;
        assert_eq!(quiet.matches("run is suspect").count(), 1, "{command}: {quiet}");
    }
    let measured = run(folder, "measure run --count 500");
    assert_eq!(measured.stdout.matches("run is suspect").count(), 1, "{}", measured.stdout);
    assert!(measured.stdout.lines().next().unwrap().contains("seed "), "{}", measured.stdout);
    let measured = parsed(&succeed(folder, "measure run --count 500 --json").stdout);
    assert!(warnings(&measured).contains("run is suspect"), "{}", measured["warnings"]);
    // A run that was stopped has no verdict.
    fs::remove_file(folder.join("run/summary.json")).unwrap();
    let said = succeed(folder, "sample run --count 2 --out samples.npz").stderr;
    assert!(said.contains("has not ended") && !said.contains("suspect"), "{said}");
    let measured = run(folder, "-q measure run --count 20000 --json --strict");
    assert_eq!(measured.code, 3, "{}", measured.stderr);
    assert!(warnings(&parsed(&measured.stdout)).contains("has not ended"), "{}", measured.stdout);
}

#[test]
fn strict_commands_end_with_3_where_a_result_is_suspect() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let good = "train --size 4 --steps 200 --batch 128 --device cpu --set evaluation_samples=2000 --out good --strict";
    succeed(folder, good);
    succeed(folder, "measure good --count 2000 --strict --verify");
    let refused = |command: &str| {
        let ended = run(folder, command);
        assert_eq!(ended.code, 3, "{command}: {}", ended.stderr);
        assert!(ended.stderr.contains("--strict"), "{command}: {}", ended.stderr);
        assert!(!ended.stdout.is_empty(), "{command}: the result itself is still wanted");
        ended
    };
    let trained = refused(&format!("{POOR} --out poor --strict --json"));
    assert_eq!(parsed(&trained.stdout)["verification"]["status"], "suspect");
    refused("measure poor --count 500 --strict");
    succeed(folder, "mc --size 8 --beta 0.4 --sweeps 500 --strict");
    refused(
        "mc --size 16 --beta 1 --sweeps 20 --algorithm metropolis --thermalisation 1 --device cpu --strict",
    );
    let scan = "scan --beta-from 0.3 --beta-to 0.44 --points 2 --size 16 --steps 1 --set batch=16 --set width=1 --device cpu \
                --set evaluation_samples=200 --set verification_samples=0 --count 500 --mc-sweeps 10 --out scan";
    let table = refused(&format!("{scan} --strict")).stdout;
    assert!(table.lines().next().unwrap().ends_with("|m|") && table.contains(", suspect"), "{table}");
    let rows = parsed(&succeed(folder, &format!("{scan} --json")).stdout);
    assert_eq!(
        (&rows[1]["status"], &rows[1]["mc_status"]),
        (&"suspect".into(), &"verified".into()),
        "{rows}"
    );
    let said = succeed(folder, scan).stderr;
    assert!(said.matches("WARNING").count() >= 2, "{said}");
    let point = fs::read_to_string(folder.join("scan/L16/beta0.44/measurement.json")).unwrap();
    assert!(warnings(&parsed(&point)).contains("effective samples"), "{point}");
    let csv = fs::read_to_string(folder.join("scan/table.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with(",status,mc_status"), "{csv}");
    assert!(csv.lines().nth(2).unwrap().ends_with(",suspect,verified"), "{csv}");
    let figure = fs::read_to_string(folder.join("scan/scan.svg")).unwrap();
    assert!(figure.contains("network, suspect"), "suspect points are not marked");
    let plotted = succeed(folder, "-q plot scan/table.csv --format svg --out figures").stderr;
    assert!(plotted.contains("1 of 2 points is suspect"), "{plotted}");
}

#[test]
fn a_deviation_above_five_errors_is_a_warning() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    // In the ordered phase, learning from its own samples alone, a network keeps one of the two signs of most spins.
    let train = "train --size 8 --beta 0.6 --steps 1000 --batch 64 --objective reverse --device cpu --set gauge=false \
                 --set skip=false --exact-bottom 2 --set evaluation_samples=2000 --seed 2 --out run";
    let trained = succeed(folder, train).stdout;
    assert!(trained.contains("SUSPECT") && trained.contains("misses a part"), "{trained}");
    assert!(trained.contains("--objective forward"), "{trained}");
    let measured = parsed(&succeed(folder, "measure run --count 5000 --json").stdout);
    let deviation = measured["ln_z"]["deviation"].as_f64().unwrap();
    assert!(deviation.abs() > 5.0, "{deviation}");
    let said = warnings(&measured);
    assert!(said.contains("ln Z is") && said.contains("sigma"), "{said}");
}

#[test]
fn errors_that_nobody_knows_are_null() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let frozen = "mc --size 4 --beta 3 --sweeps 6 --chains 2";
    let found = parsed(&succeed(folder, &format!("{frozen} --json")).stdout);
    for key in ["energy_per_site", "specific_heat", "abs_magnetisation"] {
        assert!(found[key]["value"].is_f64() && found[key]["error"].is_null(), "{key}: {}", found[key]);
        assert!(found[key]["deviation"].is_null(), "{key}: {}", found[key]);
    }
    assert_eq!(found["warnings"].as_array().unwrap().len(), 1, "{}", found["warnings"]);
    assert!(warnings(&found).contains("never changed"), "{}", found["warnings"]);
    let text = succeed(folder, frozen).stdout;
    assert!(text.contains("+- ?") && !text.contains("sigma"), "{text}");
    succeed(
        folder,
        "train --size 4 --steps 20 --batch 32 --device cpu --set evaluation_samples=200 --out run",
    );
    for count in [1, 2] {
        let found = parsed(&succeed(folder, &format!("measure run --count {count} --json")).stdout);
        assert!(
            found["ln_z"]["deviation"].is_null() && found["ln_z"]["error"].is_null(),
            "{}",
            found["ln_z"]
        );
        assert!(warnings(&found).contains("too few"), "{}", found["warnings"]);
        let text = succeed(folder, &format!("measure run --count {count}")).stdout;
        assert!(!text.contains("sigma"), "{text}");
    }
}

#[test]
fn quantities_without_meaning_give_the_reason() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let mc = |arguments: &str| {
        let arguments = format!("mc {arguments} --sweeps 300");
        (parsed(&succeed(folder, &format!("{arguments} --json")).stdout), succeed(folder, &arguments).stdout)
    };
    let (json, text) = mc("--size 8 --beta 0.5 --coupling -1");
    let reason = json["correlation_length"]["reason"].as_str().unwrap();
    assert!(reason.contains("antiferromagnet") && text.contains(reason), "{text}");
    assert!(json["staggered_magnetisation"]["value"].as_f64().unwrap() > 0.7, "{json}");
    assert!(text.contains("|m_s|"), "{text}");
    let (json, text) = mc("--size 8 --beta 0.4 --field 0.1");
    let reason = json["binder"]["reason"].as_str().unwrap();
    assert!(reason.contains("field") && text.contains(reason), "{text}");
    assert_eq!(json["algorithm"], "hybrid");
    assert!(json.get("staggered_magnetisation").is_none());
}

#[test]
fn monte_carlo_takes_every_side() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for (system, algorithm) in [
        ("--size 2 --beta 0.3", "wolff"),
        ("--size 7 --beta 0.4", "wolff"),
        ("--size 5 --beta 0.6 --coupling -1", "hybrid"),
        ("--size 6 --beta 0.4 --field 0.3", "hybrid"),
        ("--size 9 --beta 0.4 --algorithm metropolis", "metropolis"),
    ] {
        let found = parsed(&succeed(folder, &format!("mc {system} --sweeps 4000 --json")).stdout);
        assert_eq!(found["algorithm"], algorithm, "{system}");
        for key in ["energy_per_site", "specific_heat"] {
            let deviation = found[key]["deviation"].as_f64().unwrap();
            assert!(deviation.abs() < 4.0, "{system}: {}", found[key]);
        }
        assert_eq!(found["warnings"], Value::Array(Vec::new()), "{system}");
    }
    fail(folder, "mc --size 1 --beta 0.4 --sweeps 10", 2, &["size = 1", "2 to 1024"]);
    fail(folder, "mc --size 9 --beta 0.4 --sweeps 10 --device 0", 2, &["device = 0", "CPU"]);
    succeed(folder, "mc --size 7 --beta 0.4 --sweeps 10 --out configurations.npz");
}

#[test]
fn a_forward_run_in_a_field_learns_from_equilibrium() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let train = "train --size 16 --beta 0.6 --field 0.5 --objective forward --steps 300 --batch 128 --device cpu --json \
                 --set evaluation_samples=5000 --set pool=4096 --out run";
    let found = parsed(&succeed(folder, train).stdout);
    assert_eq!(found["verification"]["status"], "verified", "{}", found["verification"]);
    let energy = found["energy_per_site"]["value"].as_f64().unwrap();
    assert!((energy + 2.4527).abs() < 0.002, "{energy}");
    let [kl, error] = ["value", "error"].map(|part| found["forward"]["kl"][part].as_f64().unwrap());
    assert!(kl > -4.0 * error && kl < 0.05, "{kl} +- {error}");
}

#[test]
fn perfect_networks_of_frozen_lattices_are_not_suspect() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for (beta, coupling) in [(1.5, 1.0), (2.0, 1.0), (3.0, -1.0), (1.0, 0.0)] {
        let network = format!("run-{beta}-{coupling}");
        let settings =
            format!("--size 4 --beta {beta} --coupling {coupling} --steps 300 --batch 128 --device cpu");
        let train = format!("train {settings} --set evaluation_samples=5000 --out {network} --strict");
        succeed(folder, &train);
        for count in [2000, 20_000] {
            let ended = run(folder, &format!("measure {network} --count {count} --strict --json"));
            assert_eq!(ended.code, 0, "{network}: {}", ended.stderr);
            let found = parsed(&ended.stdout);
            assert!(
                found["specific_heat"]["value"].as_f64().unwrap() >= 0.0,
                "{network}: {}",
                found["specific_heat"]
            );
            let ln_z = &found["ln_z"];
            assert!(ln_z["deviation"].as_f64().unwrap().abs() < 4.0, "{network}: {ln_z}");
        }
        succeed(folder, &format!("mc --size 4 --beta {beta} --coupling {coupling} --sweeps 200 --json"));
    }
    // Nothing can change where there is no energy.
    let free = parsed(&succeed(folder, "mc --size 4 --beta 1 --coupling 0 --sweeps 500 --json").stdout);
    assert_eq!(free["warnings"], Value::Array(Vec::new()), "{free}");
}
