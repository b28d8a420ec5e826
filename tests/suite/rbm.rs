//! Boltzmann machines as a user trains, samples and evaluates them.

use crate::cli::{ended, fail, succeed};
use crate::harness::gpu;
use han_gpu::io::{MachineFolder, read_spins};
use han_gpu::lattice::Spins;
use ndarray::{Array1, Array3};
use ndarray_npy::{NpzWriter, ReadNpyExt, WriteNpyExt};
use std::fs::{self, File};
use std::path::Path;

const SHORT: &str = "--hidden 6 --steps 400 --checkpoint-every 100 --metrics-every 50 --seed 3";

/// Runs `rbm train` with a recipe, which has blanks.
fn train(folder: &Path, recipe: &str, more: &str) {
    let mut command = crate::cli::command(folder, "rbm train --generate");
    let output = command.arg(recipe).args(more.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// All configurations of 3 x 3 spins.
fn all_states() -> Array3<i8> {
    Array3::from_shape_fn(
        (512, 3, 3),
        |(state, row, column)| if state >> (3 * row + column) & 1 == 1 { 1 } else { -1 },
    )
}

#[test]
fn a_machine_learns_the_distribution_of_its_data() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    train(folder, "size=3 temperatures=2.5 count=5000", "--hidden 6 --steps 4000 --out run");
    all_states().write_npy(File::create(folder.join("all.npy")).unwrap()).unwrap();
    let told = succeed(folder, "rbm evaluate run --spins all.npy --out ln_p.npy").stdout;
    assert!(told.contains("a sum over all states of one side"), "{told}");
    let ln_p = Array1::<f64>::read_npy(File::open(folder.join("ln_p.npy")).unwrap()).unwrap();
    let total: f64 = ln_p.iter().map(|ln_p| ln_p.exp()).sum();
    assert!((total - 1.0).abs() < 1e-4, "{total}");
    let data = read_spins(&folder.join("run/data.npz"), &[3, 3], Spins::Ising).unwrap();
    let mut counts = vec![0.0_f64; 512];
    for spins in data.chunks(9) {
        let state = spins.iter().rev().fold(0, |state, &spin| 2 * state + usize::from(spin > 0));
        counts[state] += 1.0 / 5000.0;
    }
    let kl: f64 =
        counts.iter().zip(&ln_p).filter(|(p, _)| **p > 0.0).map(|(p, ln_p)| p * (p.ln() - ln_p)).sum();
    assert!(kl < 0.1, "{kl}");
    // Samples have the same energies as the data, up to what a small machine leaves out.
    succeed(folder, "rbm sample run --count 3000 --sweeps 200 --out samples.npz");
    let samples = read_spins(&folder.join("samples.npz"), &[3, 3], Spins::Ising).unwrap();
    let energy = |spins: &[i8]| {
        let of_site = |spins: &[i8], site: usize| {
            let (row, column) = (site / 3, site % 3);
            i32::from(spins[site] * (spins[row * 3 + (column + 1) % 3] + spins[(row + 1) % 3 * 3 + column]))
        };
        let rows = spins.chunks(9).map(|spins| (0..9).map(|site| of_site(spins, site)).sum::<i32>());
        f64::from(rows.sum::<i32>()) / (spins.len() as f64 / 9.0)
    };
    assert!((energy(&data) - energy(&samples)).abs() < 0.8, "{}, {}", energy(&data), energy(&samples));
}

#[test]
fn a_run_that_was_stopped_goes_on_bit_for_bit() {
    for more in ["", "--persistent --cd 2 --weight-decay 0.01"] {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        let recipe = "size=4 temperatures=1,2,3 fields=0,0.5 count=60";
        train(folder, recipe, &format!("{SHORT} {more} --out whole"));
        // A run that was killed after its second checkpoint, with a row of metrics beyond it.
        train(folder, recipe, &format!("{SHORT} {more} --out cut"));
        let (whole, settings) = MachineFolder::open(&folder.join("whole")).unwrap();
        let (cut, _) = MachineFolder::open(&folder.join("cut")).unwrap();
        let data = han_gpu::rbm::Data::read(&[folder.join("cut/data.npz")]).unwrap();
        let start = han_gpu::rbm::State::initial(&settings, &data).unwrap();
        let mut training = han_gpu::rbm::Training::new(&settings, &data, &start).unwrap();
        (0..200).try_for_each(|_| training.step()).unwrap();
        cut.save(&settings, &training.state().unwrap()).unwrap();
        fs::remove_file(folder.join("cut/summary.json")).unwrap();
        succeed(folder, "rbm train --resume cut");
        assert_eq!(whole.state(&settings).unwrap(), cut.state(&settings).unwrap(), "{more}");
        let files =
            ["whole", "cut"].map(|run| fs::read(folder.join(run).join("machine.safetensors")).unwrap());
        assert!(files[0] == files[1], "{more}");
        assert_eq!(fs::read_to_string(folder.join("cut/metrics.csv")).unwrap().lines().count(), 9);
    }
}

#[test]
fn machines_of_colours_and_of_odd_sides_are_trained_and_evaluated() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    train(
        folder,
        "size=5 model=potts states=3 temperatures=0,1 count=100",
        "--hidden 30 --steps 400 --out run",
    );
    let told = succeed(folder, "rbm evaluate run --spins run/data.npz --out ln_p.npy").stdout;
    assert!(told.contains("annealed"), "{told}");
    let ln_p = Array1::<f64>::read_npy(File::open(folder.join("ln_p.npy")).unwrap()).unwrap();
    assert!(ln_p.len() == 200 && ln_p.iter().all(|ln_p| ln_p.is_finite() && *ln_p < 1.0));
    succeed(folder, "rbm sample run --count 20 --sweeps 5 --out samples.npz");
    read_spins(&folder.join("samples.npz"), &[5, 5], Spins::Potts { states: 3 }).unwrap();
    succeed(folder, "rbm evaluate run --spins samples.npz --free-energy --out weights.npy");
}

#[test]
fn a_gpu_named_on_the_command_line_trains_samples_evaluates_and_resumes() {
    let adapter = gpu();
    let name = adapter.adapter.get_info().name;
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let recipe = "size=4 model=potts states=3 temperatures=1,2 count=150";
    let on = |device: &str, arguments: &str| {
        let mut command = crate::cli::command(folder, arguments);
        if arguments.contains("--generate") {
            command.arg(recipe);
        }
        let ended = ended(command.args(["--device", device]).output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let told = if device == "cpu" { "device CPU" } else { &name };
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    };
    let learn = "rbm train --hidden 40 --steps 60 --metrics-every 30 --batch 50 --seed 2 --persistent";
    for (device, run) in [("cpu", "cpu"), (name.as_str(), "gpu")] {
        on(device, &format!("{learn} --out {run} --generate"));
        on(device, &format!("rbm sample {run} --count 30 --sweeps 8 --out {run}.npz"));
        on(device, &format!("rbm evaluate {run} --spins cpu/data.npz --free-energy --out {run}.npy"));
    }
    let [(cpu, on_cpu), (gpu, on_gpu)] =
        ["cpu", "gpu"].map(|run| MachineFolder::open(&folder.join(run)).unwrap());
    assert_eq!([on_cpu.device.as_str(), &on_gpu.device], ["cpu", &name], "recorded by name");
    // The same numbers are drawn, so that both runs learn the same up to rounding.
    let weights = [(&cpu, &on_cpu), (&gpu, &on_gpu)]
        .map(|(run, settings)| run.state(settings).unwrap().parameters.weights);
    let differ = weights[0].iter().zip(&weights[1]).map(|(cpu, gpu)| (cpu - gpu).abs()).fold(0.0, f32::max);
    assert!(differ < 1e-3, "{differ}");
    let energies = ["cpu.npy", "gpu.npy"]
        .map(|file| Array1::<f64>::read_npy(File::open(folder.join(file)).unwrap()).unwrap());
    let differ = energies[0].iter().zip(&energies[1]).map(|(cpu, gpu)| (cpu - gpu).abs()).fold(0.0, f64::max);
    assert!(differ < 1e-2 && energies[0].len() == 300, "{differ}");
    let spins = ["cpu.npz", "gpu.npz"]
        .map(|file| read_spins(&folder.join(file), &[4, 4], Spins::Potts { states: 3 }).unwrap());
    let same = spins[0].chunks(16).zip(spins[1].chunks(16)).filter(|(cpu, gpu)| cpu == gpu).count();
    assert!(same > 20, "{same} of 30 samples agree");
    // A run goes on where it was, and on another device where one is named.
    succeed(folder, "rbm train --resume gpu");
    on("cpu", "rbm train --resume gpu");
    let summary = fs::read_to_string(folder.join("gpu/summary.json")).unwrap();
    assert!(summary.contains("CPU"), "{summary}");
}

#[test]
fn bad_data_and_settings_are_refused_by_name() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let write =
        |name: &str, spins: Array3<i8>| spins.write_npy(File::create(folder.join(name)).unwrap()).unwrap();
    write("good.npy", all_states());
    write("zeros.npy", Array3::zeros((5, 3, 3)));
    write("other.npy", Array3::ones((5, 4, 4)));
    write("none.npy", Array3::ones((0, 3, 3)));
    write("long.npy", Array3::ones((5, 3, 4)));
    let nan = Array3::from_elem((5, 3, 3), f64::NAN);
    nan.write_npy(File::create(folder.join("nan.npy")).unwrap()).unwrap();
    let mut colours = NpzWriter::new(File::create(folder.join("states.npz")).unwrap());
    colours.add_array("spins", &Array3::<i8>::zeros((5, 3, 3))).unwrap();
    colours.add_array("states", &ndarray::arr0(99.0)).unwrap();
    colours.finish().unwrap();
    for (arguments, code, expected) in [
        ("rbm train --data zeros.npy --batch 2 --out run", 1, &["zeros.npy", "0"][..]),
        ("rbm train --data nan.npy --batch 2 --out run", 1, &["nan.npy", "NaN"]),
        ("rbm train --data none.npy --out run", 1, &["none.npy", "none"]),
        ("rbm train --data long.npy --out run", 1, &["long.npy", "[N, L, L]"]),
        ("rbm train --data good.npy other.npy --out run", 1, &["other.npy", "[4, 4]", "[3, 3]"]),
        ("rbm train --data states.npz --out run", 1, &["states.npz", "99"]),
        ("rbm train --data missing.npy --out run", 1, &["missing.npy"]),
        ("rbm train --data good.npy --batch 500 --out run", 2, &["batch = 500", "461"]),
        ("rbm train --data good.npy --hidden 0 --out run", 2, &["hidden = 0"]),
        ("rbm train --data good.npy --cd 0 --out run", 2, &["cd = 0"]),
        ("rbm train --data good.npy --lr -1 --out run", 2, &["lr"]),
        ("rbm train --data good.npy --held-out 1 --out run", 2, &["held_out = 1"]),
        ("rbm train --data good.npy --device voodoo --out run", 2, &["voodoo", "auto, cpu"]),
        ("rbm train --generate size=3 --out run", 2, &["generate", "temperatures"]),
        ("rbm train --resume nowhere", 1, &["nowhere", "machine.toml"]),
        ("rbm train", 2, &["--data"]),
        ("rbm train --data good.npy --device 99 --out run", 2, &["99", "auto, cpu"]),
        ("rbm sample nowhere --count 1 --out s.npz", 1, &["nowhere"]),
    ] {
        fail(folder, arguments, code, expected);
        assert!(!folder.join("run").exists(), "{arguments} left a folder");
    }
    succeed(folder, "rbm train --data good.npy --steps 20 --out run");
    fail(folder, "rbm train --data good.npy --steps 20 --out run", 2, &["run", "--force"]);
    fail(folder, "rbm sample run --count 0 --out s.npz", 2, &["count = 0"]);
    fail(folder, "rbm sample run --count 1 --device voodoo --out s.npz", 2, &["voodoo", "auto, cpu"]);
    fail(
        folder,
        "rbm evaluate run --spins good.npy --device voodoo --out p.npy",
        2,
        &["voodoo", "auto, cpu"],
    );
    fail(folder, "rbm evaluate run --spins other.npy --out p.npy", 1, &["other.npy"]);
    fail(folder, "sample run --count 1 --out s.npz", 1, &["run", "han-gpu rbm"]);
    write("good.npy", Array3::ones((512, 3, 3)));
    fail(folder, "rbm train --resume run", 2, &["good.npy", "other configurations"]);
}
