//! Flows as a user trains, samples, evaluates and measures them.

use crate::cli::{fail, succeed};
use han_gpu::estimate::Estimate;
use han_gpu::io::{FlowFolder, read_fields};
use han_gpu::neuralrg::{State, Training};
use ndarray::{Array1, Array3};
use ndarray_npy::{NpzReader, ReadNpyExt, WriteNpyExt};
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;

const SHORT: &str = "--size 4 --temperature 3 --batch 64 --steps 60 --lr 0.01 --metrics-every 10 --seed 2";

fn json(folder: &Path, arguments: &str) -> Value {
    serde_json::from_str(&succeed(folder, arguments).stdout).unwrap()
}

#[test]
fn samples_are_evaluated_as_they_were_drawn_and_spins_have_the_exact_energy() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let more = "--repeat 2 --layers 6 --steps 150 --batch 128";
    let summary = json(
        folder,
        &format!("neuralrg train --size 4 --temperature 3 --lr 0.01 {more} --device cpu --out run --json"),
    );
    let loss = summary["metrics"]["loss"].as_f64().unwrap();
    let kl = summary["metrics"]["kl"].as_f64().unwrap();
    assert!((loss - summary["exact_loss"].as_f64().unwrap() - kl).abs() < 1e-9);
    assert!((-0.05..0.8).contains(&kl), "{kl}");
    assert_eq!(summary["metrics"]["asymmetry"], 0.0);
    succeed(folder, "neuralrg sample run --count 500 --out fields.npz");
    succeed(folder, "neuralrg evaluate run --fields fields.npz --out ln_q.npy");
    let mut archive = NpzReader::new(File::open(folder.join("fields.npz")).unwrap()).unwrap();
    let ln_q: Array1<f64> = archive.by_name("ln_q").unwrap();
    let again = Array1::<f64>::read_npy(File::open(folder.join("ln_q.npy")).unwrap()).unwrap();
    assert!(ln_q.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-3), "{ln_q}, {again}");
    let (spins, energy): (Array3<i8>, Array1<f64>) =
        (archive.by_name("spins").unwrap(), archive.by_name("energy").unwrap());
    for (spins, energy) in spins.outer_iter().zip(&energy) {
        let at = |row: usize, column: usize| f64::from(spins[(row % 4, column % 4)]);
        let bonds = (0..16).map(|site| (site / 4, site % 4));
        let sum: f64 = bonds.map(|(i, j)| at(i, j) * (at(i + 1, j) + at(i, j + 1))).sum();
        assert_eq!(-sum, *energy);
    }
    let measured = json(folder, "neuralrg measure run --count 20000 --json");
    for quantity in ["ln_z", "free_energy_per_site", "energy_per_site", "specific_heat"] {
        if let Some(deviation) = measured[quantity]["deviation"].as_f64() {
            assert!(deviation.abs() < 4.5, "{quantity}: {}", measured[quantity]);
        }
    }
    assert!(measured["ln_z"]["deviation"].is_f64() && measured["kl"]["value"].as_f64().unwrap() > 0.0);
    assert!(measured["forward"]["ess"]["value"].as_f64().unwrap() > 0.02, "{}", measured["forward"]);
    assert!(measured["acceptance"].as_f64().unwrap() > 0.2);
}

#[test]
fn a_flow_that_was_stopped_goes_on_bit_for_bit() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for out in ["whole", "cut"] {
        succeed(folder, &format!("neuralrg train {SHORT} --out {out}"));
    }
    let (cut, settings) = FlowFolder::open(&folder.join("cut")).unwrap();
    let start = State::initial(&settings).unwrap();
    let mut training = Training::on(&settings.device, settings.clone(), start).unwrap();
    (0..25).try_for_each(|_| training.step()).unwrap();
    cut.save(&settings, &training.state().unwrap()).unwrap();
    succeed(folder, "neuralrg train --resume cut");
    let read = |run: &str, file: &str| fs::read(folder.join(run).join(file)).unwrap();
    assert!(read("whole", "flow.safetensors") == read("cut", "flow.safetensors"));
    let losses = |run: &str| -> Vec<String> {
        let table = String::from_utf8(read(run, "metrics.csv")).unwrap();
        table.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect()
    };
    assert_eq!(losses("whole"), losses("cut"));
    assert_eq!(losses("whole").len(), 7);
}

#[test]
fn hybrid_monte_carlo_has_the_exact_energy_in_both_spaces() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, &format!("neuralrg train {SHORT} --repeat 2 --out run"));
    let report =
        json(folder, "neuralrg hmc run --chains 96 --trajectories 400 --thermalise 60 --leaps 5 --json");
    let exact = report["exact_energy_per_site"].as_f64().unwrap();
    let mut tau = Vec::new();
    for space in report["spaces"].as_array().unwrap() {
        let energy = &space["quantities"]["energy_per_site"];
        let [value, error] = ["value", "error"].map(|key| energy[key].as_f64().unwrap());
        assert!((value - exact).abs() < 4.5 * error && error < 0.05, "{space}");
        assert!((0.5..1.0).contains(&space["acceptance"].as_f64().unwrap()), "{space}");
        tau.push(space["quantities"]["magnetisation_squared"]["tau_int"]["value"].as_f64().unwrap());
    }
    assert!(tau.len() == 2 && tau[0] < tau[1], "the flow helps: {tau:?}");
    assert!(folder.join("run/hmc/hmc.csv").is_file() && folder.join("run/hmc/hmc.svg").is_file());
}

#[test]
fn both_magnetisations_are_drawn_at_low_temperatures() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(
        folder,
        "neuralrg train --size 4 --temperature 1.5 --repeat 2 --steps 150 --batch 128 --lr 0.01 --out run",
    );
    succeed(folder, "neuralrg sample run --count 4000 --out fields.npz");
    let mut archive = NpzReader::new(File::open(folder.join("fields.npz")).unwrap()).unwrap();
    let spins: Array3<i8> = archive.by_name("spins").unwrap();
    let sums: Vec<i32> =
        spins.outer_iter().map(|spins| spins.iter().map(|&spin| i32::from(spin)).sum()).collect();
    let up = sums.iter().filter(|&&sum| sum > 0).count() as f64;
    let down = sums.iter().filter(|&&sum| sum < 0).count() as f64;
    // Almost all spins are of one sign, and both signs are as frequent.
    assert!(sums.iter().filter(|sum| sum.abs() >= 12).count() > 3000, "{sums:?}");
    assert!((up - down).abs() < 4.0 * (up + down).sqrt(), "{up}, {down}");
    let measured = json(folder, "neuralrg measure run --count 4000 --json");
    let [own, seen] = ["own", "seen"].map(|side| {
        let of = &measured["overlap"][side];
        Estimate { value: of["value"].as_f64().unwrap(), error: of["error"].as_f64().unwrap() }
    });
    // A lost mode would leave the Monte Carlo alone with half of the distribution.
    assert!((own.value - seen.value).abs() < 4.0 * own.error.hypot(seen.error), "{own:?}, {seen:?}");
    assert!(seen.value > 0.3, "{seen:?}");
}

#[test]
fn flows_learn_from_data_and_tell_their_variables() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, "mc --size 8 --beta 0.4 --sweeps 300 --out configs.npz");
    let more = "--size 8 --temperature 2.5 --repeat 1 --batch 64 --steps 60 --lr 0.01 --json";
    let of_data =
        json(folder, &format!("neuralrg train {more} --data configs.npz --data-share 0.5 --out run"));
    assert!(of_data["metrics"]["data_loss"].is_f64(), "{of_data}");
    fail(folder, "neuralrg train --size 4 --data configs.npz --out other", 2, &["data", "8 x 8"]);
    fail(folder, "neuralrg train --size 8 --data configs.npz --pool 50 --out other", 2, &["--pool"]);
    let drawn = json(folder, &format!("neuralrg train {more} --data-share 0.5 --pool 500 --out drawn"));
    assert!(drawn["metrics"]["data_loss"].is_f64(), "{drawn}");
    let told = json(folder, "neuralrg variables run --count 400 --json");
    let scales: Vec<u64> =
        told["latents"].as_array().unwrap().iter().map(|of| of["sites"].as_u64().unwrap()).collect();
    assert_eq!(scales, [48, 12, 4]);
    for of in told["information"].as_array().unwrap() {
        assert!(of["before"]["value"].as_f64().unwrap() > 0.1, "{of}");
    }
    let files = ["latents", "information", "couplings", "responses"].map(|name| format!("{name}.csv"));
    let figures = ["information", "responses", "interpolation"].map(|name| format!("{name}.svg"));
    for file in files.iter().chain(&figures) {
        assert!(folder.join("run/variables").join(file).is_file(), "{file}");
    }
    fs::remove_file(folder.join("configs.npz")).unwrap();
    fail(folder, "neuralrg train --resume run", 1, &["configs.npz"]);
}

#[test]
fn a_scan_trains_every_form_once() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let scan = "neuralrg scan --size 4 --temperature 3 --repeat 1,2 --hidden 2,4 --layers 3 --steps 20 --batch 32 --out scan";
    let told = json(folder, &format!("{scan} --json"));
    let parameters: Vec<u64> =
        told.as_array().unwrap().iter().map(|row| row["parameters"].as_u64().unwrap()).collect();
    assert!(parameters.len() == 4 && parameters[0] < parameters[1] && parameters[1] < parameters[3]);
    assert!(folder.join("scan/scan.svg").is_file());
    // Repeated, it reads what is there.
    let again = json(folder, &format!("{scan} --json"));
    assert_eq!(told[3]["loss"], again[3]["loss"]);
    fail(folder, &format!("{scan} --lr 0.1"), 2, &["out", "other settings"]);
}

#[test]
fn bad_input_is_refused_by_name_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for (arguments, expected) in [
        ("--size 12", &["size = 12", "power of two"][..]),
        ("--size 128", &["size = 128"]),
        ("--temperature 0", &["temperature = 0"]),
        ("--temperature nan", &["temperature = NaN"]),
        ("--temperature 0.005", &["temperature = 0.005", "at most 100"]),
        ("--size 8 --scales 4", &["scales = 4", "1 to 3"]),
        ("--scales some", &["--scales"]),
        ("--layers 0", &["layers = 0"]),
        ("--hidden 1000", &["hidden = 1000"]),
        ("--steps 0", &["steps = 0"]),
        ("--batch 0", &["batch = 0"]),
        ("--lr -1", &["lr = -1"]),
        ("--parts none", &["disentanglers", "decimators"]),
        ("--device nowhere", &["nowhere"]),
    ] {
        fail(folder, &format!("neuralrg train {arguments} --out out"), 2, expected);
        assert!(!folder.join("out").exists(), "{arguments}");
    }
    succeed(folder, &format!("neuralrg train {SHORT} --out run"));
    fail(folder, &format!("neuralrg train {SHORT} --out run"), 2, &["already holds a run"]);
    fail(folder, "neuralrg train --resume run --steps 100", 2, &["resume"]);
    fail(folder, "neuralrg train --resume nowhere", 1, &["nowhere", "flow.toml"]);
    let write = |name: &str, shape: (usize, usize, usize), value: f32| {
        Array3::from_elem(shape, value).write_npy(File::create(folder.join(name)).unwrap()).unwrap();
    };
    write("nan.npy", (2, 4, 4), f32::NAN);
    write("wide.npy", (2, 8, 8), 0.5);
    write("none.npy", (0, 4, 4), 0.5);
    for (file, expected) in
        [("nan.npy", "x[0, 0, 0] is NaN"), ("wide.npy", "[N, 4, 4]"), ("none.npy", "N >= 1")]
    {
        fail(folder, &format!("neuralrg evaluate run --fields {file} --out q.npy"), 1, &[file, expected]);
        assert!(!folder.join("q.npy").exists());
    }
    fail(folder, "neuralrg train --resume run --data-share 0.5", 2, &["resume"]);
    fail(folder, "neuralrg sample run --count 2 --out run/flow.toml", 1, &["part of a run"]);
    fail(folder, "neuralrg scan --size 4 --repeat 1,1 --out scan", 2, &["named twice"]);
    succeed(folder, "mc --size 4 --beta 1 --sweeps 50 --out cold.npz");
    fail(folder, "neuralrg train --size 4 --temperature 3 --data cold.npz --out other", 1, &["beta 1"]);
    fail(folder, "neuralrg sample run --count 0 --out f.npz", 2, &["count = 0"]);
    fail(folder, "neuralrg hmc run --leaps 0", 2, &["leaps = 0"]);
    succeed(folder, &format!("neuralrg train {SHORT} --symmetry mixture --out mixture"));
    succeed(folder, "neuralrg sample mixture --count 50 --out m.npz");
    succeed(folder, "neuralrg evaluate mixture --fields m.npz --out m.npy");
    let drawn: Array1<f64> =
        NpzReader::new(File::open(folder.join("m.npz")).unwrap()).unwrap().by_name("ln_q.npy").unwrap();
    let evaluated = Array1::<f64>::read_npy(File::open(folder.join("m.npy")).unwrap()).unwrap();
    assert!(drawn.iter().zip(&evaluated).all(|(drawn, evaluated)| (drawn - evaluated).abs() < 1e-3));
    let settings = fs::read_to_string(folder.join("mixture/flow.toml")).unwrap();
    let change = |from: &str, to: &str| {
        assert!(settings.contains(from), "{settings}");
        fs::write(folder.join("mixture/flow.toml"), settings.replace(from, to)).unwrap();
    };
    change("symmetry = \"mixture\"", "");
    fail(
        folder,
        "neuralrg sample mixture --count 2 --out f.npz",
        1,
        &["symmetry = mixture", "symmetry = none"],
    );
    let steps = settings.lines().find(|line| line.starts_with("steps = ")).unwrap();
    change(steps, "steps = 2");
    fail(folder, "neuralrg train --resume mixture", 1, &["put steps back"]);
    change(steps, steps);
    fs::write(folder.join("mixture/summary.json"), "{").unwrap();
    let told = succeed(folder, "neuralrg sample mixture --count 2 --out f.npz").stderr;
    assert!(told.contains("summary.json of mixture cannot be read"), "{told}");
    fs::remove_file(folder.join("f.npz")).unwrap();
    fs::write(folder.join("run/flow.safetensors"), b"junk").unwrap();
    fail(folder, "neuralrg sample run --count 3 --out f.npz", 1, &["flow.safetensors"]);
    assert!(!folder.join("f.npz").exists());
    assert!(read_fields(&folder.join("nowhere.npy"), [4, 4]).is_err());
}
