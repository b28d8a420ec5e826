//! Measuring, simulating, scanning and plotting as a user does.

use crate::cli::{command, ended, fail, succeed};
use ndarray::Array1;
use ndarray_npy::NpzReader;
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;

const QUICK: &str = "train --size 8 --batch 64 --steps 40 --set width=1 --device cpu --set evaluation_samples=200 \
                     --set verification_samples=0";

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[track_caller]
fn is_estimate(value: &Value, key: &str) {
    let finite = |part: &str| value[key][part].as_f64().is_some_and(f64::is_finite);
    assert!(finite("value") && finite("error"), "{key}: {}", value[key]);
}

#[test]
fn a_measurement_is_one_json_object_with_every_estimate() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("{QUICK} --out run"));
    let json =
        |more: &str| parsed(&succeed(folder, &format!("measure run --count 3000 --json {more}")).stdout);
    let both = json("--keep kept.npz");
    for key in [
        "ln_z",
        "free_energy_per_site",
        "energy_per_site",
        "entropy_per_site",
        "specific_heat",
        "abs_magnetisation",
        "magnetisation_squared",
        "susceptibility",
        "binder",
        "correlation_length",
        "ess",
        "kl",
        "tau_int_energy",
        "tau_int_abs_magnetisation",
    ] {
        is_estimate(&both, key);
    }
    for key in ["ln_z", "free_energy_per_site", "energy_per_site", "entropy_per_site", "specific_heat"] {
        let deviation = both[key]["deviation"].as_f64().unwrap();
        assert!(both[key]["exact"].is_f64() && deviation.abs() < 4.0, "{key}: {}", both[key]);
        assert!(
            both["nmcmc"][key].is_object()
                != ["ln_z", "free_energy_per_site", "entropy_per_site"].contains(&key)
        );
    }
    assert_eq!(both["correlation"].as_array().unwrap().len(), 4);
    assert!(both["tau_int_convention"].as_str().unwrap().contains("1 + 2 sum"));
    let chain = json("--method nmcmc");
    assert_eq!(chain["energy_per_site"], both["nmcmc"]["energy_per_site"]);
    assert_eq!(chain["ln_z"], both["ln_z"]);
    let weights = json("--method nis --seed 5");
    assert!(weights.get("tau_int_energy").is_none() && weights["ln_z"] != both["ln_z"]);

    let mut npz = NpzReader::new(File::open(folder.join("kept.npz")).unwrap()).unwrap();
    let [ln_w, energy, m] =
        ["ln_w", "energy", "magnetisation"].map(|name| npz.by_name::<_, _>(name).unwrap());
    let (ln_w, energy, m): (Array1<f64>, Array1<f64>, Array1<f64>) = (ln_w, energy, m);
    assert_eq!((ln_w.len(), energy.len()), (3000, 3000));
    let z = ln_w.mapv(f64::exp).mean().unwrap();
    assert!((z.ln() - both["ln_z"]["value"].as_f64().unwrap()).abs() < 1e-9);
    assert!(m.iter().all(|m| m.abs() <= 1.0) && energy.iter().all(|energy| energy.abs() <= 128.0));
}

#[test]
fn reference_configurations_show_what_the_network_misses() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("{QUICK} --out run"));
    let out = "--sweeps 60 --chains 8 --configurations 500 --out configs.npz";
    let simulated = parsed(&succeed(folder, &format!("mc --size 8 --beta 0.44 --json {out}")).stdout);
    for key in ["energy_per_site", "abs_magnetisation", "tau_int_energy"] {
        is_estimate(&simulated, key);
    }
    assert!(simulated["seconds_per_independent_configuration"].as_f64().unwrap() > 0.0);
    let found = parsed(&succeed(folder, "measure run --count 500 --reference configs.npz --json").stdout);
    assert_eq!(found["forward"]["count"], 480);
    is_estimate(&found["forward"], "ess");
    let ess = found["forward"]["ess"]["value"].as_f64().unwrap();
    assert!((0.3..=1.0).contains(&ess), "{ess}");
    is_estimate(&found["forward"], "kl");
    let checked = parsed(&succeed(folder, "measure run --count 2000 --verify --json").stdout);
    assert_eq!(checked["verification"]["status"], "verified", "{}", checked["verification"]);

    // The reference is seen by the same symmetrised q.
    let averaged = "measure run --count 3000 --symmetrise translations=4x4,transpose --verify --json";
    let averaged = parsed(&succeed(folder, averaged).stdout);
    let of = |value: &Value| value["value"].as_f64().unwrap();
    let (own, seen) = (of(&averaged["ess"]), of(&averaged["forward"]["ess"]));
    assert!(
        averaged["images"] == 32 && own > of(&checked["ess"]) && (own - seen).abs() < 0.03,
        "{own}, {seen}"
    );

    succeed(folder, "mc --size 8 --beta 0.4 --sweeps 5 --chains 4 --out warm.npz");
    fail(folder, "measure run --count 10 --reference warm.npz", 1, &["warm.npz", "beta = 0.4", "0.44"]);
    succeed(folder, "mc --size 16 --beta 0.44 --sweeps 5 --chains 4 --out large.npz");
    fail(folder, "measure run --count 10 --reference large.npz", 1, &["large.npz", "16, 16", "8, 8"]);
    fail(folder, "measure run --count 10 --reference none.npz", 1, &["none.npz"]);
}

#[test]
fn wrong_numbers_are_refused_and_poor_networks_warned_of() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("{QUICK} --out run"));
    fail(folder, "measure run --count 0", 2, &["count = 0", "1 to"]);
    fail(folder, "measure run --count 10 --symmetrise rotations", 2, &["rotations", "translations"]);
    fail(folder, "measure nothing --count 10", 1, &["nothing", "no run"]);
    fail(folder, "mc --size 8 --beta 0.44 --sweeps 0", 2, &["sweeps = 0"]);
    fail(folder, "mc --size 8 --beta -1 --sweeps 10", 2, &["beta = -1"]);
    fail(folder, "plot nowhere.csv", 1, &["nowhere.csv"]);
    fail(folder, "scan --beta-from 0.3 --beta-to 0.4 --points 0 --size 8", 2, &["points = 0"]);
    fail(folder, "scan --beta-from 0.3 --beta-to 900 --points 3 --size 8", 2, &["beta = "]);
    assert!(!folder.join("runs").exists(), "a scan that cannot end was begun");
    succeed(
        folder,
        "train --size 32 --steps 1 --batch 16 --set width=1 --device cpu --set evaluation_samples=20 \
         --set verification_samples=0 --out untrained",
    );
    let poor = succeed(folder, "measure untrained --count 200").stdout;
    assert!(poor.contains("WARNING") && poor.contains("effective samples"), "{poor}");
    let single = succeed(folder, "measure run --count 1").stdout;
    assert!(single.contains("WARNING"), "{single}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_measurement_reports_what_it_has() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("{QUICK} --out run"));
    let mut child = command(folder, "measure run --count 1000000000 --json --device cpu")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first line of progress: samples are being drawn.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.starts_with("sample ")));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let rest = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>().join("\n"));
    let ended = ended(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{}", rest.join().unwrap());
    let found = parsed(&ended.stdout);
    let count = found["count"].as_u64().unwrap();
    assert!(count > 0 && count < 1_000_000_000, "{count}");
    is_estimate(&found, "ln_z");
}

#[test]
fn a_scan_keeps_its_nets_where_their_defaults_change_along_the_way() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let scan = "scan --lattice triangular --coupling=-1 --beta-from 0.4 --beta-to 0.6 --points 2 --size 4 --steps 10 \
                --batch 32 --count 200 --mc-sweeps 0 --device cpu --out scan";
    succeed(folder, scan);
    for beta in ["0.4", "0.6"] {
        let config = fs::read_to_string(folder.join(format!("scan/L4/beta{beta}/config.toml"))).unwrap();
        assert!(config.contains("depth = 3") && config.contains("steps = 10"), "{config}");
    }
}

#[test]
fn a_scan_goes_through_lists_of_betas_fields_and_couplings() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let quick = "--size 4 --steps 5 --batch 32 --set evaluation_samples=50 --set verification_samples=0 --device cpu \
                 --count 200 --mc-sweeps 5 --out scan";
    let scan = succeed(folder, &format!("scan --beta 0.2:0.4:0.2 --field 0,0.5 --coupling 1,-1 {quick}"));
    for part in ["point 8 of 8: L = 4, beta = 0.4, J = -1, H = 0.5, about ", " left"] {
        assert!(scan.stderr.contains(part), "{}", scan.stderr);
    }
    // Every network is followed by what it can be compared with.
    for part in [
        "L = 4, beta = 0.2: ESS ",
        "\nexact ",
        "\nMonte Carlo ",
        "J = -1, H = 0.5: ESS",
        "; Monte Carlo ",
        "(",
    ] {
        assert!(scan.stdout.contains(part), "{part}: {}", scan.stdout);
    }
    for point in ["J1/H0/beta0.2", "J1/H0.5/beta0.4", "J-1/H0/beta0.2", "J-1/H0.5/beta0.4"] {
        assert!(folder.join("scan/L4").join(point).join("summary.json").is_file(), "{point}");
    }
    let svg = fs::read_to_string(folder.join("scan/magnetisation.svg")).unwrap();
    for label in ["L = 4, J = 1, H = 0, network", "L = 4, J = -1, H = 0.5, Monte Carlo"] {
        assert!(svg.contains(label), "{label} is not in the figure");
    }
    let found = parsed(&succeed(folder, "runs scan --json").stdout);
    assert_eq!(found.as_array().unwrap().len(), 8);
    let listed = succeed(folder, "runs scan").stdout;
    assert!(listed.contains("KL") && listed.contains("scan/L4/J-1/H0.5/beta0.4"), "{listed}");
    assert_eq!(listed.matches("  han  ").count(), 8, "{listed}");
    for table in [&scan.stdout, &listed] {
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }
    let both = succeed(folder, "runs --compare scan/L4/J1/H0/beta0.2 scan/L4/J-1/H0/beta0.4").stdout;
    for row in ["beta", "coupling", "ess", "status"] {
        assert!(both.lines().any(|line| line.starts_with(row)), "{both}");
    }
    assert!(!both.lines().any(|line| line.starts_with("size")), "{both}");
    fail(folder, "runs nowhere", 1, &["nowhere", "no such folder"]);
    let dense = "scan --beta-from 0.40069 --beta-to 0.48069 --points 3 --spacing critical";
    succeed(folder, &format!("{dense} {quick}").replace("--out scan", "--out dense"));
    let points = fs::read_dir(folder.join("dense/L4")).unwrap();
    let names: Vec<String> = points.map(|point| point.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("beta0.44068")), "{names:?}");
    fail(folder, &format!("scan --beta 0.1:0.5 {quick}"), 2, &["first:last:step"]);
    fail(folder, &format!("scan --beta 0.1 --points 3 {quick}"), 2, &["--beta", "--points"]);
    let example = "--beta-from 0.3 --beta-to 0.6 --points 7";
    for (given, missing) in [
        ("", "a scan needs betas"),
        ("--spacing critical", "a scan needs betas"),
        ("--beta-from 0.3", "--beta-to and --points are missing"),
        ("--beta-to 0.3", "--beta-from and --points are missing"),
        ("--beta-from 0.3 --beta-to 0.4", "--points is missing"),
        ("--beta-to 0.4 --points 3", "--beta-from is missing"),
    ] {
        fail(folder, &format!("scan {given} {quick}"), 2, &[missing, example, "--beta 0.3,0.44"]);
    }
    fail(
        folder,
        &format!("scan --lattice triangular --coupling=-1 {} {quick}", dense.strip_prefix("scan ").unwrap()),
        2,
        &["--spacing = critical", "no critical point"],
    );
}

#[test]
fn a_scan_goes_on_where_it_was_and_its_figures_are_drawn() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let scan = |points: u32| {
        format!(
            "scan --beta-from 0.3 --beta-to 0.4 --points {points} --size 4,8 --steps 10 --set batch=32 --set width=1 \
             --set evaluation_samples=100 --set verification_samples=0 --device cpu --count 500 --mc-sweeps 10 --out scan"
        )
    };
    succeed(folder, &scan(2));
    let network = folder.join("scan/L8/beta0.4/checkpoint.safetensors");
    let first = fs::metadata(&network).unwrap().modified().unwrap();
    let again = succeed(folder, &format!("{} --json", scan(2)));
    assert_eq!(
        fs::metadata(&network).unwrap().modified().unwrap(),
        first,
        "a finished point was trained again"
    );
    let rows = parsed(&again.stdout);
    assert_eq!(rows.as_array().unwrap().len(), 4);
    for row in rows.as_array().unwrap() {
        assert!(row["mc_abs_magnetisation_error"].as_f64().unwrap() > 0.0, "{row}");
        assert!(row["free_energy_per_site_exact"].as_f64().unwrap() < -2.0, "{row}");
    }
    let table = fs::read_to_string(folder.join("scan/table.csv")).unwrap();
    assert!(table.starts_with("size,beta,coupling,field,ess,ess_error,kl,"), "{table}");
    for name in ["magnetisation", "extensive", "scan"] {
        is_picture(&folder.join("scan"), name);
    }
    succeed(folder, "plot scan/L8/beta0.4 --count 300 --out figures --device cpu");
    succeed(folder, "plot scan/table.csv --out figures");
    succeed(folder, "plot scan/table.csv --out print --format all --dpi 192");
    let width =
        |path: &str| u32::from_be_bytes(fs::read(folder.join(path)).unwrap()[16..20].try_into().unwrap());
    assert_eq!(width("print/scan.png"), 2 * width("figures/scan.png"));
    let pdf = fs::read(folder.join("print/scan.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.4") && folder.join("print/scan.svg").is_file());
    fail(folder, "plot scan/table.csv --dpi 1", 2, &["--dpi = 1"]);
    for name in
        ["training", "configurations", "configurations_by_level", "weights", "autocorrelation", "scan"]
    {
        is_picture(&folder.join("figures"), name);
    }
    let svg = fs::read_to_string(folder.join("figures/scan.svg")).unwrap();
    for text in ["β   [1/J]", "U/N   [J]", "L = 8, exact", "L = 4, network", "Monte Carlo"] {
        assert!(svg.contains(text), "{text:?} is not in the figure");
    }
}

#[test]
fn networks_are_compared_in_one_table_and_one_figure() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let scan = |networks: &str| {
        format!(
            "scan --lattice complete --couplings cw --size 12 --networks {networks} --beta-from 0.5 --beta-to 1.5 --points 3 \
             --steps 5 --batch 32 --set evaluation_samples=100 --set verification_samples=0 --device cpu --count 500 \
             --mc-sweeps 10 --out scan"
        )
    };
    fail(folder, &scan("cw,linear,cw"), 2, &["cw", "twice"]);
    fail(folder, &scan("sk0:2"), 2, &["no hidden layers"]);
    fail(folder, &format!("{} --head sk0", scan("cw,linear")), 2, &["head = \"sk0\"", "--networks"]);
    fail(folder, &format!("{} --set network=van", scan("cw,linear")), 2, &["network", "--networks"]);
    assert!(!folder.join("scan").exists(), "a scan that cannot end was begun");
    // A file of settings may have a network of its own.
    fs::write(folder.join("settings.toml"), "head = \"linear\"\nnetwork = \"arnn\"\nlattice = \"complete\"")
        .unwrap();
    let scan = |networks: &str| scan(networks).replacen("scan ", "scan settings.toml ", 1);
    let rows = parsed(&succeed(folder, &format!("{} --json", scan("cw,linear,van:2"))).stdout);
    let names: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["network"].as_str().unwrap()).collect();
    assert_eq!(names, ["cw", "cw", "cw", "linear", "linear", "linear", "van:2", "van:2", "van:2"]);
    for row in rows.as_array().unwrap() {
        let has_monte_carlo = row["mc_energy_per_site"].is_number();
        assert_eq!(has_monte_carlo, row["network"] == "cw", "the first network alone has one: {row}");
        assert!(row["kl"].as_f64().unwrap() < if row["network"] == "cw" { 1e-4 } else { 2.0 }, "{row}");
    }
    let deep = fs::read_to_string(folder.join("scan/L12/van-2/beta1.5/config.toml")).unwrap();
    assert!(deep.contains("depth = 2") && deep.contains("van-2/beta1\""), "{deep}");
    is_picture(&folder.join("scan"), "networks");
    succeed(folder, "plot scan/table.csv --out figures --format svg");
    let svg = fs::read_to_string(folder.join("figures/networks.svg")).unwrap();
    for text in ["N = 12, exact", "N = 12, linear", "N = 12, van:2", "N = 12, Monte Carlo", "1 - F / F exact"]
    {
        assert!(svg.contains(text), "{text:?} is not in the figure");
    }
}

fn is_picture(folder: &Path, name: &str) {
    let svg = fs::read_to_string(folder.join(format!("{name}.svg"))).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{name}.svg");
    let png = fs::read(folder.join(format!("{name}.png"))).unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 2000, "{name}.png");
}

/// Runs a program of the guide where Python has its modules; if not, gives the files that it would have written.
fn written_by_python(folder: &Path, program: &str) -> Vec<String> {
    use std::process::Command;
    let modules: Vec<&str> = program.lines().filter(|line| line.starts_with("import ")).collect();
    let python = |program: &str| Command::new("python3").current_dir(folder).args(["-c", program]).output();
    let has_modules = python(&modules.join("\n")).is_ok_and(|output| output.status.success());
    if !has_modules {
        println!("left out: no Python here does {}", modules.join(", "));
        return program.split('"').filter(|word| word.ends_with(".npz")).map(str::to_owned).collect();
    }
    let ended = ended(python(program).unwrap());
    assert_eq!(ended.code, 0, "{program}: {}", ended.stderr);
    Vec::new()
}

#[test]
fn every_command_of_the_guide_works() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/GUIDE.md")).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let blocks: Vec<(&str, &str)> = guide
        .split("\n```")
        .filter_map(|block| block.split_once('\n'))
        .filter(|(language, _)| ["sh", "python"].contains(language))
        .collect();
    let commands = blocks.iter().filter(|(language, _)| *language == "sh").flat_map(|(_, text)| text.lines());
    assert!(
        commands.count() > 40 && blocks.iter().filter(|(language, _)| *language == "python").count() == 2
    );
    let mut lacks = Vec::new();
    for (language, text) in blocks {
        if language == "python" {
            lacks.extend(written_by_python(folder, text));
            continue;
        }
        for line in text.lines().filter(|line| !line.is_empty()) {
            let arguments = line.strip_prefix("han-gpu ").unwrap_or_else(|| panic!("not a command: {line}"));
            if lacks.iter().any(|file: &String| arguments.contains(file)) {
                println!("left out for lack of NumPy: {line}");
                continue;
            }
            // What stands between quotes is one word.
            let parts = arguments.split('"').enumerate();
            let words = parts.flat_map(|(number, part)| match number % 2 {
                0 => part.split_whitespace().collect(),
                _ => vec![part],
            });
            let ended = ended(command(folder, "").args(words).output().unwrap());
            assert_eq!(ended.code, 0, "{line}: {}", ended.stderr);
            assert!(!ended.stdout.contains("WARNING"), "{line}: {}", ended.stdout);
        }
    }
    for file in [
        "samples.npz",
        "configs.npz",
        "runs/scan/magnetisation.svg",
        "figures/weights.png",
        "figures/scan.svg",
    ] {
        assert!(temporary.path().join(file).is_file(), "{file} is missing");
    }
}
