//! Closed chains: what is exact of them, Monte Carlo beside it, and commands that refuse them with the way out.

use crate::cli::{fail, succeed};
use han_gpu::exact::{magnetisation_per_site, solve};
use han_gpu::lattice::{Interaction, Lattice, System};
use serde_json::Value;
use std::path::Path;

fn exact(arguments: &str) -> Value {
    let ended = succeed(Path::new("."), &format!("exact --lattice chain --json {arguments}"));
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn the_command_solves_chains_of_any_length() {
    let table = exact("--size 5 --beta 0.7 --field 0.3");
    let (k, h): (f64, f64) = (0.7, 0.21);
    let root = (h.sinh().powi(2) + (-4.0 * k).exp()).sqrt();
    let [larger, smaller] = [1.0, -1.0].map(|sign| k.exp() * (h.cosh() + sign * root));
    let number = |key: &str| table[key].as_f64().unwrap();
    assert!((number("ln_z") - (larger.powi(5) + smaller.powi(5)).ln()).abs() < 1e-13);
    let ratio = (smaller / larger).powi(5);
    let magnetisation = h.sinh() / root * (1.0 - ratio) / (1.0 + ratio);
    assert!((number("magnetisation_per_site") - magnetisation).abs() < 1e-14);
    let entropy = 0.7 * number("energy_per_site") + number("ln_z") / 5.0;
    assert!((number("entropy_per_site") - entropy).abs() < 1e-14);
    for (size, beta, coupling) in [(1_048_576, 100, 1), (1_048_575, 100, -1), (2, 0, 1)] {
        let table = exact(&format!("--size {size} --beta {beta} --coupling {coupling}"));
        assert_eq!(table["magnetisation_per_site"], 0.0, "{table}");
        assert!(table["specific_heat"].as_f64().unwrap() < 1e-12, "{table}");
    }
    let text = succeed(Path::new("."), "exact --lattice chain --size 9 --beta 1 --field 0.5").stdout;
    assert!(text.contains("\nmagnetisation         0."), "{text}");
    let glass = exact("--size 3000 --beta 1 --couplings gaussian");
    assert!(glass.get("magnetisation_per_site").is_none() && glass["ln_z"].as_f64().unwrap() > 2000.0);
}

#[test]
fn derivatives_are_those_of_ln_z() {
    let at = |beta: f64, field: f64| {
        let system = System::uniform(Lattice::chain(37).unwrap(), Interaction { coupling: -0.8, field });
        (solve(&system, beta).unwrap(), magnetisation_per_site(&system, beta).unwrap())
    };
    let (step, beta, field) = (1e-4, 0.9, 0.4);
    let (here, magnetisation) = at(beta, field);
    let slope = |plus: f64, minus: f64| (plus - minus) / (2.0 * step);
    let [before, after] = [-step, step].map(|by| at(beta + by, field).0);
    assert!((here.energy_per_site + slope(after.ln_z, before.ln_z) / 37.0).abs() < 1e-7);
    let heat = -beta * beta * slope(after.energy_per_site, before.energy_per_site);
    assert!((here.specific_heat - heat).abs() < 1e-7);
    let [before, after] = [-step, step].map(|by| at(beta, field + by).0);
    assert!((magnetisation - slope(after.ln_z, before.ln_z) / 37.0 / beta).abs() < 1e-7);
}

#[test]
fn monte_carlo_of_chains_agrees_with_what_is_exact() {
    for arguments in [
        "--size 2 --beta 0.5 --field 0.2",
        "--size 64 --beta 0.8",
        "--size 64 --beta 0.8 --algorithm metropolis",
        "--size 33 --beta 0.7 --coupling -1 --field 0.3",
        "--size 40 --beta 1 --field 0.1 --algorithm swendsen-wang",
        "--size 20 --beta 1 --couplings pm1",
    ] {
        let line = format!("mc --lattice chain {arguments} --sweeps 2000 --json");
        let report: Value = serde_json::from_str(&succeed(Path::new("."), &line).stdout).unwrap();
        for name in ["energy_per_site", "specific_heat", "magnetisation"] {
            // The exact magnetisation is of one coupling for all bonds.
            let Some(deviation) = report[name].get("deviation") else { continue };
            assert!(deviation.as_f64().unwrap().abs() < 4.0, "{line}: {name} {}", report[name]);
        }
        assert!(report["energy_per_site"].get("deviation").is_some(), "{line}");
    }
}

#[test]
fn commands_that_cannot_have_chains_refuse_them_with_the_way_out() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for command in [
        "train --size 16 --beta 0.4 --out run",
        "train --size 1000000 --beta 0.4 --network van --out run",
        "plan --size 16",
        "bench --size 16",
        "scan --size 16 --beta-from 0.1 --beta-to 0.4 --points 2 --out run",
    ] {
        fail(folder, &format!("{command} --lattice chain"), 2, &["lattice = chain", "exact --lattice chain"]);
    }
    fail(
        folder,
        "exact --lattice chain --size 8 --beta 1 --model potts --states 3",
        2,
        &["lattice = chain", "square or cubic"],
    );
    fail(folder, "exact --lattice chain --size 2000000 --beta 1", 2, &["size = 2000000", "1048576"]);
    fail(
        folder,
        "mc --lattice chain --size 5000 --beta 1 --sweeps 10",
        2,
        &["size = 5000", "4096", "exact --lattice chain"],
    );
    fail(
        folder,
        "mc --lattice chain --size 64 --beta 1 --sweeps 10 --device 0",
        2,
        &["device = 0", "lattice = chain", "CPU"],
    );
    let recipe = crate::cli::command(folder, "rbm train --out run")
        .args(["--generate", "size=8 temperatures=1 lattice=chain"])
        .output()
        .unwrap();
    let message = String::from_utf8(recipe.stderr).unwrap();
    assert_eq!(recipe.status.code(), Some(2), "{message}");
    assert!(
        message.contains("lattice = chain") && message.contains("square, triangular or cubic"),
        "{message}"
    );
    assert!(!folder.join("run").exists());
}
