//! The command as a user runs it: files, messages, exit codes.

use crate::harness::gpu;
use han_gpu::io::read_spins;
use han_gpu::lattice::Spins;
use ndarray::{Array1, Array3};
use ndarray_npy::{NpzReader, ReadNpyExt, WriteNpyExt};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The program: the one that Cargo built with the tests, or, where they were carried to another machine, what HAN_GPU_TEST_PROGRAM
/// names.
pub(crate) fn program() -> String {
    std::env::var("HAN_GPU_TEST_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_han-gpu").to_owned())
}

pub(crate) fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(program());
    command.current_dir(folder).args(arguments.split_whitespace()).stdin(Stdio::null());
    // Tests measure no shapes and leave nothing behind.
    command.env("HAN_GPU_CACHE", "none");
    command
}

pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

pub(crate) fn run(folder: &Path, arguments: &str) -> Ended {
    ended(command(folder, arguments).output().unwrap())
}

#[track_caller]
pub(crate) fn succeed(folder: &Path, arguments: &str) -> Ended {
    let ended = run(folder, arguments);
    assert_eq!(ended.code, 0, "han-gpu {arguments}: {}", ended.stderr);
    ended
}

/// Runs a command that must fail with one message that names the fault, and without a backtrace.
#[track_caller]
pub(crate) fn fail(folder: &Path, arguments: &str, code: i32, expected: &[&str]) {
    let ended = run(folder, arguments);
    assert_eq!(ended.code, code, "han-gpu {arguments}: {}", ended.stderr);
    for part in expected {
        assert!(ended.stderr.contains(part), "han-gpu {arguments}: {:?} lacks {part:?}", ended.stderr);
    }
    assert!(!ended.stderr.contains("panicked") && !ended.stderr.contains("backtrace"), "{}", ended.stderr);
    assert!(ended.stdout.is_empty(), "han-gpu {arguments} wrote {:?}", ended.stdout);
}

const SMALL: &str =
    "train --size 4 --batch 32 --steps 20 --device cpu --set evaluation_samples=50 --set checkpoint_every=5";

fn trained(folder: &Path) -> PathBuf {
    succeed(folder, &format!("{SMALL} --out run"));
    folder.join("run")
}

#[test]
fn a_run_is_trained_sampled_and_evaluated() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let run = trained(folder);
    for name in ["config.toml", "metrics.csv", "summary.json", "checkpoint.safetensors", "training.svg"] {
        assert!(run.join(name).is_file(), "{name} is missing");
    }
    let metrics = fs::read_to_string(run.join("metrics.csv")).unwrap();
    assert!(metrics.starts_with("step,beta,beta_f_per_site,beta_f_per_site_error,energy_per_site,"));
    assert_eq!(metrics.lines().count(), 3, "a header and steps 10 and 20");

    succeed(folder, "sample run --count 70 --seed 4 --out samples.npz");
    let mut npz = NpzReader::new(File::open(folder.join("samples.npz")).unwrap()).unwrap();
    let spins: Array3<i8> = npz.by_name("spins").unwrap();
    let ln_q: Array1<f64> = npz.by_name("ln_q").unwrap();
    let energy: Array1<f64> = npz.by_name("energy").unwrap();
    assert_eq!((spins.dim(), ln_q.len(), energy.len()), ((70, 4, 4), 70, 70));
    let bonds = |s: &ndarray::ArrayView2<i8>| -> i32 {
        (0..16)
            .map(|at| (at / 4, at % 4))
            .map(|(r, c)| i32::from(s[[r, c]] * (s[[(r + 1) % 4, c]] + s[[r, (c + 1) % 4]])))
            .sum()
    };
    for (spins, energy) in spins.outer_iter().zip(&energy) {
        assert_eq!(*energy, -f64::from(bonds(&spins)));
    }

    spins.write_npy(File::create(folder.join("spins.npy")).unwrap()).unwrap();
    succeed(folder, "evaluate run --spins spins.npy --out ln_q.npy");
    let evaluated = Array1::<f64>::read_npy(File::open(folder.join("ln_q.npy")).unwrap()).unwrap();
    for (a, b) in evaluated.iter().zip(&ln_q) {
        assert!((a - b).abs() <= 1e-4 + 1e-6 * b.abs(), "ln q {a} evaluated, {b} sampled");
    }
    assert_eq!(read_spins(&folder.join("spins.npy"), &[4, 4], Spins::Ising).unwrap().len(), 70 * 16);
    // The program's own archive, whatever its name.
    fs::rename(folder.join("samples.npz"), folder.join("samples")).unwrap();
    succeed(folder, "evaluate run --spins samples --out again.npy");
    assert_eq!(fs::read(folder.join("again.npy")).unwrap(), fs::read(folder.join("ln_q.npy")).unwrap());
}

#[test]
fn json_goes_to_standard_output_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let parse = |arguments: &str| -> serde_json::Value {
        let ended = succeed(folder, arguments);
        serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|error| panic!("{arguments}: {error}: {}", ended.stdout))
    };
    let exact = parse("exact --size 16 --beta 0.44 --json");
    assert!((exact["ln_z"].as_f64().unwrap() / 238.387_247_204_239_6 - 1.0).abs() < 1e-10);
    let plan = parse("plan --size 64 --batch 16 --json");
    let levels = plan["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 7, "boundary, five kinds of halves, and exact strips of 8 x 16");
    let dispatches: Vec<_> = levels.iter().map(|level| &level["sampling"]["dispatches"]).collect();
    assert_eq!(dispatches, [3, 1, 1, 1, 1, 1, 1], "the boundary is seen twice, and both are mixed");
    let kernels = levels[1]["kernels"].as_array().unwrap();
    assert_eq!(kernels[0]["kernel"], "sample_level");
    let flops = |value: &serde_json::Value| value["flops"].as_u64().unwrap();
    assert_eq!(kernels.iter().map(flops).sum::<u64>(), flops(&levels[1]["training"]));
    let shared = parse("plan --size 64 --batch 16 --ranks 4 --gbytes-network 1 --step-ms 2 --json");
    let sent = 2.0 * 4.0 * plan["parameters"].as_f64().unwrap() * 3.0 / 4.0;
    let [step, efficiency] = ["step_s", "efficiency"].map(|key| shared["on_ranks"][key].as_f64().unwrap());
    // Six messages of 2 microseconds each; levels are padded to whole quads.
    let expected = 2e-3 + sent / 1e9 + 6.0 * 2e-6;
    assert!((step / expected - 1.0).abs() < 1e-3 && (efficiency - 2e-3 / step).abs() < 1e-12, "{shared}");
    let slow = parse("plan --size 64 --batch 16 --gflops 1 --gbytes 1e6 --json");
    let shortest = slow["training_step_s"].as_f64().unwrap();
    assert!(
        (shortest / (flops(&plan["training"]) as f64 * 1e-9) - 1.0).abs() < 0.01,
        "{shortest} s at 1 Gflop/s"
    );
    let of_kernel = &slow["levels"][1]["kernels"][0];
    let seconds = of_kernel["seconds"].as_f64().unwrap();
    assert!((seconds / (flops(of_kernel) as f64 * 1e-9) - 1.0).abs() < 1e-12, "{seconds} s at 1 Gflop/s");
    let bench = parse("bench --size 8 --batch 32 --device cpu --repeats 2 --json");
    assert!(bench["step"]["median_s"].as_f64().unwrap() > 0.0);
    assert!(bench["kernels"].as_array().unwrap().iter().any(|kernel| kernel["kernel"] == "adam"));
    assert!(bench["idle_share"].is_null(), "host and device are one");
    let levels = bench["levels"].as_array().unwrap();
    let sums =
        |rows: &[serde_json::Value]| rows.iter().map(|row| row["median_s"].as_f64().unwrap()).sum::<f64>();
    let kernels = sums(bench["kernels"].as_array().unwrap());
    assert!((sums(levels) / kernels - 1.0).abs() < 1e-9, "every kernel is part of one row");
    assert!(levels.iter().all(|row| row["of_limit"].as_f64().unwrap() >= 0.0));
    assert!(parse("devices --json")["adapters"].is_array());
    let summary = parse(&format!("{SMALL} --out run --json"));
    assert!(summary["ln_z"]["error"].as_f64().unwrap() > 0.0);
    assert_eq!(
        summary,
        serde_json::from_str::<serde_json::Value>(
            &fs::read_to_string(folder.join("run/summary.json")).unwrap()
        )
        .unwrap()
    );
}

#[test]
fn progress_is_plain_lines_with_every_figure_when_not_on_a_terminal() {
    let temporary = tempfile::tempdir().unwrap();
    let ended = succeed(temporary.path(), &format!("{SMALL} --out run"));
    let last = ended.stderr.lines().rfind(|line| line.starts_with("step ")).unwrap().to_owned();
    for part in ["step 20/20", "F/N -", "gap", "ESS", "/s", "left"] {
        assert!(last.contains(part), "{last:?} lacks {part:?}");
    }
    assert!(ended.stderr.lines().any(|line| line.starts_with("device CPU")), "{}", ended.stderr);
    assert!(ended.stderr.lines().all(|line| line.len() <= 80), "{}", ended.stderr);
}

#[test]
fn a_job_grows_from_size_to_size_and_goes_on_where_it_was() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let grow =
        "train --exact-bottom 2 --width 1 --batch 32 --steps 10 --device cpu --set evaluation_samples=50";
    let sizes = |sizes: &str| format!("{grow} --grow {sizes} --out grown");
    succeed(folder, &sizes("4,8"));
    let first = fs::read(folder.join("grown/L8/checkpoint.safetensors")).unwrap();
    let ended = succeed(folder, &sizes("4,8,16"));
    assert!(ended.stderr.contains("L8 is trained already"), "{}", ended.stderr);
    assert!(ended.stdout.contains("grown/L16"), "{}", ended.stdout);
    assert_eq!(fs::read(folder.join("grown/L8/checkpoint.safetensors")).unwrap(), first);
    fail(folder, &sizes("4,8").replace("--steps 10", "--steps 11"), 1, &["grown/L4", "other settings"]);
    // All is done: nothing to do, and no error.
    assert!(succeed(folder, &sizes("4,8")).stdout.is_empty());
    // A lattice that is one exact square hands nothing on.
    let squares = "train --width 1 --batch 32 --steps 4 --device cpu --set evaluation_samples=50";
    succeed(folder, &format!("{squares} --grow 8,16 --out squares"));
    fail(folder, &format!("{squares} --size 16 --init-from squares/L8"), 2, &["squares/L8", "no net"]);
    // Another beta takes the whole net over.
    succeed(folder, &format!("{grow} --size 8 --beta 0.43 --init-from grown/L8 --out near"));
    let config = fs::read_to_string(folder.join("near/config.toml")).unwrap();
    assert!(config.contains("init_from = \"grown/L8\""), "{config}");
}

#[test]
fn a_gpu_is_timed_in_chunks_and_tells_how_long_it_waits() {
    let device = gpu();
    let info = device.adapter.get_info();
    let temporary = tempfile::tempdir().unwrap();
    // Less than the state of 64 configurations, more than that of 32.
    let shape = "bench --size 8 --preset published --batch 64 --repeats 2 --memory 0.0002 --json";
    let ended = ended(command(temporary.path(), shape).args(["--device", &info.name]).output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let bench: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&bench["batch"], &bench["chunk"]), (&64.into(), &32.into()));
    let step = bench["step"]["median_s"].as_f64().unwrap();
    assert!((bench["configurations_per_s"].as_f64().unwrap() * step / 64.0 - 1.0).abs() < 1e-9);
    if device.adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
        let idle = bench["idle_share"].as_f64().unwrap();
        assert!((0.0..1.0).contains(&idle), "{idle}");
    } else {
        assert!(bench["idle_share"].is_null());
    }
}

#[test]
fn a_batch_that_exceeds_the_memory_given_is_cut_and_the_cut_recorded() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let arguments = "train --size 8 --batch 512 --steps 3 --device cpu --set evaluation_samples=50 --set verification_samples=0 \
        --set checkpoint_every=2 --out run --memory";
    let plan = succeed(folder, "plan --size 8 --batch 128 --json").stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let gib = plan["cpu_memory_bytes"].as_f64().unwrap() / f64::from(1 << 30);
    succeed(folder, &format!("{arguments} {:.9}", 1.01 * gib));
    let config = fs::read_to_string(folder.join("run/config.toml")).unwrap();
    assert!(config.contains("batch = 512\nchunk = 128\n"), "{config}");
    let rows = fs::read_to_string(folder.join("run/metrics.csv")).unwrap();
    assert_eq!(rows.lines().count(), 2, "a row at the last step: {rows}");
}

#[test]
fn a_summary_says_whether_it_was_verified() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let train = "train --size 8 --batch 128 --device cpu --set evaluation_samples=4000 --json";
    let status = |arguments: &str| {
        let ended = succeed(folder, &format!("{train} {arguments}"));
        let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert!(summary["forward"]["ess"]["value"].as_f64().is_some(), "{summary}");
        summary["verification"]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status("--steps 300 --out good"), "verified");
    assert_eq!(status("--steps 300 --objective mixed --out mixed"), "verified");
    // One step from random weights: nothing is learned.
    assert_eq!(status("--steps 1 --set skip=false --beta 0.6 --out bad"), "suspect");
}

#[test]
fn existing_runs_are_kept_unless_forced() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let run = trained(folder);
    let before = fs::read(run.join("checkpoint.safetensors")).unwrap();
    fail(folder, &format!("{SMALL} --seed 1 --out run"), 2, &["run", "--force", "--resume"]);
    assert_eq!(fs::read(run.join("checkpoint.safetensors")).unwrap(), before);
    // A forced run that cannot start leaves the old one alone as well.
    fail(folder, "train --size 5 --out run --force", 2, &["size = 5"]);
    fail(folder, "train --device nonsense --out run --force", 2, &["nonsense", "cpu"]);
    assert_eq!(fs::read(run.join("checkpoint.safetensors")).unwrap(), before);
    succeed(folder, &format!("{SMALL} --seed 1 --out run --force"));
    assert_ne!(fs::read(run.join("checkpoint.safetensors")).unwrap(), before);
    // Without --out every run gets a folder of its own.
    succeed(folder, SMALL);
    succeed(folder, SMALL);
    assert!(folder.join("runs/L4-beta0.44").is_dir() && folder.join("runs/L4-beta0.44-2").is_dir());
}

#[test]
fn runs_started_together_end_in_folders_of_their_own() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let quick = format!("{SMALL} --set verification_samples=0");
    let started: Vec<_> = (0..12)
        .map(|_| command(folder, &quick).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn())
        .collect();
    for child in started {
        let ended = ended(child.unwrap().wait_with_output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    let runs: Vec<_> =
        fs::read_dir(folder.join("runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(runs.len(), 12, "{runs:?}");
    assert!(runs.iter().all(|run| run.join("summary.json").is_file()), "{runs:?}");
}

#[test]
fn wrong_usage_is_refused_by_name_with_exit_code_2() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    trained(folder);
    let config = |text: &str| fs::write(folder.join("config.toml"), text).unwrap();
    for (arguments, expected) in [
        ("train --size 12", &["size = 12", "power of two"][..]),
        ("train --size 2048", &["size = 2048", "1024"]),
        ("train --size 0", &["size = 0"]),
        ("train --beta -0.1", &["beta = -0.1"]),
        ("train --beta nan", &["beta = NaN"]),
        ("train --beta 1e9", &["beta = 1000000000"]),
        ("train --batch 0", &["batch = 0"]),
        ("train --batch 1", &["batch = 1", "2"]),
        ("train --steps 0", &["steps = 0"]),
        ("train --lr -1", &["learning_rate = -1"]),
        ("train --width 0", &["width = 0"]),
        ("train --depth 4", &["depth = 4", "1 to 3"]),
        ("train --field 0.5 --set gauge=true", &["gauge", "field"]),
        ("train --preset best", &["'best'", "--preset", "published"]),
        ("train --device voodoo", &["voodoo", "cpu"]),
        ("train --device 99", &["99", "cpu"]),
        ("train --set stepps=3", &["stepps", "steps"]),
        ("train --set run.steps=3", &["steps = 3", "[run]", "move it to [training]"]),
        ("train --set training=3", &["training is a section"]),
        ("plan --set preset=published", &["preset", "--preset"]),
        ("scan --beta-from 0.3 --beta-to 0.4 --points 2 --size 4 --width 0", &["width = 0"]),
        ("mc --beta 0.4 --sweeps 10", &["--size"]),
        ("mc --size -4 --beta 0.4 --sweeps 10", &["size = -4"]),
        (
            "exact --size 4 --beta 0.4 --lattice kagome",
            &["'kagome'", "--lattice", "square", "triangular", "cubic"],
        ),
        ("exact --size 8 --beta 0.4 --lattice cubic", &["size = 8", "up to size 4", "mc --ln-z"]),
        ("train --lattice cubic --size 64", &["size = 64", "4 to 32"]),
        ("train --lattice cubic --size 8 --exact-bottom 8", &["exact_bottom = 8", "4 or 2"]),
        ("train --lattice cubic --size 8 --beta 2 --exact-bottom 4", &["exact_bottom = 4", "1.8", "use 2"]),
        ("train --size 16 --exact-length 8", &["exact_length = 8", "0 or 16"]),
        ("train --set nothing", &["KEY=VALUE"]),
        ("train --resume run --steps 5", &["--resume", "--steps"]),
        ("sample run --count 0 --out s.npz", &["count = 0"]),
        ("sample run --count 4000000000 --out s.npz", &["count = 4000000000", "memory"]),
        ("sample run --count 1 --batch 0 --out s.npz", &["batch = 0"]),
        ("train --set annealing=1.0", &["annealing = 1"]),
        ("train --set evaluation_samples=1", &["evaluation_samples = 1"]),
        ("exact --size 8 --beta 1 --coupling 200", &["coupling = 200"]),
        ("plan --batch 4611686018427387904", &["batch = 4611686018427387904"]),
        ("exact --size 1 --beta 0.4", &["size = 1", "2 to 1024"]),
        ("exact --size 1025 --beta 0.4", &["size = 1025", "2 to 1024"]),
        (
            "exact --size 11 --beta 0.4 --coupling -1",
            &["size = 11", "frustrated", "up to side 10", "even size"],
        ),
        ("exact --size 8 --beta -1", &["beta = -1"]),
        ("exact --size 8 --beta 1 --couplings pm1 --coupling 2", &["coupling = 2", "leave coupling out"]),
        ("exact --size 8 --beta 1 --couplings pm1 --index-base 2", &["index_base = 2", "0 or 1"]),
        ("exact --size 16 --beta 0.4 --field 1", &["field = 1", "sizes up to 10"]),
        ("exact --size 11 --beta 0.4 --lattice triangular", &["size = 11", "up to size 10"]),
        ("plan --size 8 --batch 0", &["batch = 0"]),
        ("train --batch 64 --set chunk=48", &["chunk = 48", "batch = 64"]),
        ("train --memory 1e-9 --device cpu", &["--memory = 0.00000000", "GiB"]),
        ("train --memory -1", &["--memory = -1"]),
        ("plan --size 8 --gflops 0 --gbytes 1", &["gflops = 0"]),
        ("plan --size 8 --batch 64 --ranks 3 --gbytes-network 1", &["--ranks = 3", "divide the batch"]),
        ("plan --size 8 --ranks 2 --gbytes-network 0", &["--gbytes-network = 0"]),
        ("bench --size 8 --repeats 0 --device cpu", &["repeats = 0"]),
        ("bench --size 7 --device cpu", &["size = 7", "power of two"]),
        ("plan --size 2", &["size = 2", "power of two from 4"]),
        ("train --size 2048", &["size = 2048", "power of two from 4"]),
        ("scan --beta-from 0.3 --beta-to 0.4 --points 2 --size 8,12", &["size = 12", "power of two"]),
        ("train --exact-bottom 12", &["exact_bottom = 12", "8, 4 or 2"]),
        ("train --size 4 --exact-bottom 8", &["exact_bottom = 8", "size = 4"]),
        ("train --beta 5 --exact-bottom 8", &["exact_bottom = 8", "use 2"]),
        ("train --objective rev", &["'rev'", "--objective", "forward", "similar value exists: 'reverse'"]),
        ("train --set objective=best", &["objective = \"best\"", "reverse"]),
        ("train --steps 0.5", &["'0.5'", "--steps", "whole number, as 4000 or 4e3"]),
        ("mc --size 8 --beta 0.4 --sweeps many", &["'many'", "4e3"]),
        ("train --threads 0", &["--threads = 0", "1 to"]),
        ("sample run --count 1e3 --lowest 0 --out s.npz", &["--lowest = 0"]),
        ("rbm train run", &["'run'", "the folder of a run", "han-gpu train --resume run"]),
        ("train --set forward_share=1.5", &["forward_share = 1.5"]),
        ("train --set verification_samples=5", &["verification_samples = 5", "100"]),
        ("train --size 1024 --set pool=1000000", &["pool = 1000000", "2048"]),
        ("train --grow 8,32", &["--grow = 8,32", "twice"]),
        ("train --grow 4,8 --network van", &["--grow = 4,8", "dense"]),
        ("train --grow 8,16 --size 8", &["--grow", "--size"]),
        ("train --size 16 --init-from run", &["init_from = run", "size 4", "16 or 8"]),
        ("train --size 8 --beta 0.3 --init-from run", &["init_from = run", "beta is 0.44"]),
        ("train --size 8 --width 3 --init-from run", &["init_from = run", "width = 4", "width = 3"]),
        ("sample run --count 1 --out -", &["out = -", "./-"]),
        ("evaluate run --spins s.npy --out=-", &["out = -"]),
        ("mc --size 4 --beta 0.4 --sweeps 10 --out -", &["out = -"]),
        ("measure run --count 10 --keep -", &["keep = -"]),
        ("export run --count 10 --out -", &["out = -"]),
        ("train --size 4 --out -", &["out = -"]),
        ("scan --beta-from 0.3 --beta-to 0.4 --points 2 --size 4 --out -", &["out = -"]),
        ("plot run --out -", &["out = -"]),
        ("manual -", &["folder = -"]),
        ("frobnicate", &["frobnicate"]),
    ] {
        fail(folder, arguments, 2, expected);
    }
    config("size = 8");
    fail(folder, "train config.toml --set stepps=3", 2, &["command line", "stepps"]);
    // A setting is given once: what one of two says would be lost without a word.
    fail(folder, "train config.toml --set size=banana --size 4", 2, &["size = 4", "size = \"banana\""]);
    fail(folder, "train config.toml --set steps=3 --set steps=4", 2, &["steps = 3", "steps = 4", "keep one"]);
    fail(
        folder,
        "scan --beta-from 0.3 --beta-to 0.4 --points 2 --size 4 --set beta=0.4",
        2,
        &["beta = 0.4", "sets beta itself"],
    );
    config("size = 8\nlearnig_rate = 0.1");
    fail(folder, "train config.toml", 2, &["config.toml", "line 2", "learnig_rate", "learning_rate"]);
    config("[lattice]\nsize = 12");
    fail(folder, "train config.toml", 2, &["config.toml", "line 2", "size = 12", "power of two"]);
    // What a flag sets is not in the file.
    let of_flag = run(folder, "train config.toml --size 24");
    assert!(of_flag.stderr.contains("size = 24") && !of_flag.stderr.contains("line"), "{}", of_flag.stderr);
    config("[network]\nbatch = 64");
    fail(
        folder,
        "train config.toml",
        2,
        &["config.toml", "line 2", "batch = 64", "[network]", "move it to [training]"],
    );
    config("[trainig]\nbatch = 64");
    fail(folder, "plan config.toml", 2, &["config.toml", "line 1", "[trainig]", "[training]"]);
    config("batch = 64\n[training]\nbatch = 32");
    fail(folder, "bench config.toml", 2, &["config.toml", "batch is given twice"]);
    config("size = [");
    fail(folder, "train config.toml", 2, &["config.toml"]);
    config("size = \"large\"");
    fail(folder, "train config.toml", 2, &["line 1", "size = \"large\""]);
    fail(folder, "train run", 2, &["run: this is the folder of a run", "han-gpu train --resume run"]);
    fs::create_dir(folder.join("empty")).unwrap();
    fail(folder, "train empty", 2, &["empty: this is a folder", "TOML"]);
    for name in ["runs", "-"] {
        assert!(!folder.join(name).exists(), "a refused command leaves nothing behind");
    }
}

#[test]
fn bad_files_are_refused_by_name_with_exit_code_1() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let run = trained(folder);
    fail(folder, "train missing.toml", 1, &["missing.toml"]);
    fail(folder, "train --size 4 --init-from nowhere", 1, &["nowhere", "no run"]);
    fail(folder, "sample nowhere --count 1 --out s.npz", 1, &["nowhere", "no run"]);
    fail(folder, "sample run --count 1 --out no/such/s.npz", 1, &["no/such/s.npz"]);
    fail(folder, "sample run --count 1 --out run", 1, &["regular file"]);
    fail(folder, "sample run --count 1 --out /dev/null", 1, &["/dev/null", "regular file"]);
    fail(folder, "evaluate run --spins missing.npy --out l.npy", 1, &["missing.npy"]);
    let spins = |array: Array3<i8>| array.write_npy(File::create(folder.join("s.npy")).unwrap()).unwrap();
    spins(Array3::ones((3, 8, 8)));
    fail(folder, "evaluate run --spins s.npy --out l.npy", 1, &["[3, 8, 8]", "[N, 4, 4]"]);
    spins(Array3::zeros((3, 4, 4)));
    fail(folder, "evaluate run --spins s.npy --out l.npy", 1, &["spins[0, 0, 0] = 0"]);
    fs::write(folder.join("s.npy"), "this is text").unwrap();
    fail(folder, "evaluate run --spins s.npy --out l.npy", 1, &["s.npy", "no array of NumPy", "numpy.save"]);
    fail(
        folder,
        "measure run --count 10 --reference s.npy",
        1,
        &["s.npy", "numpy.savez", "another kind of file"],
    );
    Array3::<u8>::ones((3, 4, 4)).write_npy(File::create(folder.join("s.npy")).unwrap()).unwrap();
    fail(folder, "evaluate run --spins s.npy --out l.npy", 1, &["\"|u1\"", "2 * x.astype(numpy.int8) - 1"]);
    assert!(!folder.join("l.npy").exists());

    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    fs::write(run.join("config.toml"), config.replace("beta = 0.44", "beta = 0.1")).unwrap();
    fail(folder, "sample run --count 1 --out s.npz", 1, &["beta = 0.44", "beta = 0.1"]);
    fs::write(run.join("config.toml"), config.replace("batch = 32", "")).unwrap();
    fail(folder, "sample run --count 1 --out s.npz", 2, &["config.toml", "batch"]);
    fs::write(run.join("config.toml"), &config).unwrap();

    let checkpoint = run.join("checkpoint.safetensors");
    let bytes = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    fail(folder, "sample run --count 1 --out s.npz", 1, &["checkpoint.safetensors", "truncated"]);
    fail(folder, "train --resume run", 1, &["checkpoint.safetensors", "truncated"]);
    fs::write(&checkpoint, "something else entirely").unwrap();
    fail(folder, "train --resume run", 1, &["checkpoint.safetensors"]);
    fs::remove_file(&checkpoint).unwrap();
    fail(folder, "train --resume run", 1, &["checkpoint.safetensors"]);

    fail(
        folder,
        "train --size 1024 --batch 1000000 --set chunk=1000000 --device cpu",
        1,
        &["CPU", "MiB", "free", "--batch"],
    );
    fs::write(folder.join("file"), "").unwrap();
    fail(folder, &format!("{SMALL} --out file/run"), 1, &["file/run"]);
}

#[test]
fn a_killed_run_resumes_to_the_same_checkpoint() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let long = "train --size 8 --batch 64 --steps 3000 --device cpu --set evaluation_samples=50 --set checkpoint_every=100";
    succeed(folder, &format!("{long} --out whole"));
    let mut child = command(folder, &format!("{long} --out killed")).stderr(Stdio::null()).spawn().unwrap();
    let metrics = folder.join("killed/metrics.csv");
    let rows = || fs::read_to_string(&metrics).unwrap_or_default().lines().count();
    // Some way in, past the first checkpoints and before the end.
    while rows() < 40 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(rows() < 301 && !folder.join("killed/summary.json").exists(), "the run was not interrupted");
    succeed(folder, "train --resume killed");
    let bytes = |name: &str| fs::read(folder.join(name).join("checkpoint.safetensors")).unwrap();
    assert_eq!(bytes("whole"), bytes("killed"));
    let steps = |name: &str| -> Vec<String> {
        let table = fs::read_to_string(folder.join(name).join("metrics.csv")).unwrap();
        table.lines().map(|line| line.split(',').take(10).collect::<Vec<_>>().join(",")).collect()
    };
    assert_eq!(steps("whole"), steps("killed"));
    let left: Vec<_> = fs::read_dir(folder.join("killed")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 6, "{left:?}");
}

#[test]
fn a_run_goes_on_with_the_settings_it_was_started_with() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let run = trained(folder);
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let names = ["checkpoint.safetensors", "metrics.csv"];
    let before = names.map(|name| fs::read(run.join(name)).unwrap());
    for (from, to) in [
        ("steps = 20", "steps = 2000"),
        ("learning_rate = 0.01", "learning_rate = 0.02"),
        ("rate_schedule = \"cosine\"", "rate_schedule = \"constant\""),
    ] {
        assert!(config.contains(from), "{config}");
        fs::write(run.join("config.toml"), config.replace(from, to)).unwrap();
        let [from, to] = [from, to].map(|setting| setting.replace('"', ""));
        fail(folder, "train --resume run", 2, &[&from, &to, "--init-from run"]);
        assert_eq!(names.map(|name| fs::read(run.join(name)).unwrap()), before);
        succeed(folder, "sample run --count 3 --device cpu --out s.npz");
    }
    // What is written, and how often, may change.
    fs::write(run.join("config.toml"), config.replace("metrics_every = 10", "metrics_every = 5")).unwrap();
    succeed(folder, "train --resume run");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_reported_and_leaves_the_old_checkpoint() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let run = trained(folder);
    let before = fs::read(run.join("checkpoint.safetensors")).unwrap();
    // Files may not grow past 4 blocks of 512 bytes: writes fail as they do on a full disk.
    let limited = |arguments: &str| {
        let program = program();
        let script = format!("trap '' XFSZ; ulimit -f 4; exec {program} {arguments}");
        ended(Command::new("sh").current_dir(folder).args(["-c", &script]).output().unwrap())
    };
    let sampled = limited("sample run --count 1000 --out samples.npz");
    assert_eq!(sampled.code, 1, "{}", sampled.stderr);
    assert_eq!(sampled.stderr.matches("samples.npz").count(), 1, "{}", sampled.stderr);
    let last = sampled.stderr.lines().last().unwrap();
    assert!(last.starts_with("error: cannot write samples.npz: "), "{}", sampled.stderr);
    assert!(!folder.join("samples.npz").exists());
    let fresh = limited(&format!("{SMALL} --out other"));
    assert_eq!(fresh.code, 1, "{}", fresh.stderr);
    assert!(fresh.stderr.contains("checkpoint.safetensors"), "{}", fresh.stderr);
    assert!(!folder.join("other").exists(), "a run that could not start leaves no folder");
    assert_eq!(limited(SMALL).code, 1);
    assert!(!folder.join("runs").exists(), "nor those around it");
    let forced = limited(&format!("{SMALL} --seed 3 --out run --force"));
    assert_eq!(forced.code, 1, "{}", forced.stderr);
    assert_eq!(fs::read(run.join("checkpoint.safetensors")).unwrap(), before, "the old run is still whole");
    succeed(folder, "sample run --count 5 --device cpu --out samples.npz");
    let names = |folder: &Path| -> Vec<String> {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    };
    for name in names(folder).into_iter().chain(names(&run)) {
        assert!(!name.starts_with('.'), "{name} is left");
    }
    assert_eq!(names(&run).len(), 6);
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_in_mid_training_leaves_the_last_checkpoint() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    // The table of metrics outgrows the limit of 64 blocks (32 KiB) long before the last step; checkpoints are smaller.
    let program = program();
    let arguments = "train --size 4 --width 1 --batch 8 --steps 2000 --device cpu --out run --set metrics_every=1 --set checkpoint_every=20";
    let script = format!("trap '' XFSZ; ulimit -f 64; exec {program} {arguments}");
    let filled = ended(Command::new("sh").current_dir(folder).args(["-c", &script]).output().unwrap());
    assert_eq!(filled.code, 1, "{}", filled.stderr);
    assert!(filled.stderr.contains("error: cannot write run/metrics.csv"), "{}", filled.stderr);
    // With space again it goes on to the end.
    let resumed = succeed(folder, "train --resume run");
    assert!(resumed.stderr.contains("step 2000/2000"), "{}", resumed.stderr);
    let table = fs::read_to_string(folder.join("run/metrics.csv")).unwrap();
    assert_eq!(table.lines().count(), 2001, "every step has one row");
}

#[test]
fn a_gpu_named_on_the_command_line_trains_samples_and_resumes() {
    let adapter = gpu();
    let name = adapter.adapter.get_info().name;
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let on = |arguments: &str| {
        let output = command(folder, arguments).args(["--device", &name]).output().unwrap();
        let ended = ended(output);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stderr.contains(&format!("device {name}")), "{}", ended.stderr);
    };
    on("train --size 4 --batch 16 --steps 4 --out run --set evaluation_samples=20");
    on("sample run --count 20 --batch 7 --out samples.npz");
    on("train --resume run");
    assert!(
        fs::read_to_string(folder.join("run/config.toml")).unwrap().contains(&name),
        "the device is recorded by name"
    );
}

#[test]
fn settings_come_in_sections_and_runs_of_earlier_versions_without_them_go_on() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let file = "preset = \"published\"\n[lattice]\nsize = 4\nlattice = \"triangular\"\n[training]\nbatch = 32\nsteps = 20\n\
                [run]\ndevice = \"cpu\"\nevaluation_samples = 50\n";
    fs::write(folder.join("my.toml"), file).unwrap();
    succeed(folder, "train my.toml --set training.steps=10 --out run");
    let run = folder.join("run");
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let sections: Vec<&str> = config.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(sections, ["[lattice]", "[network]", "[training]", "[run]"]);
    for setting in ["lattice = \"triangular\"", "width = 1", "batch = 32", "steps = 10", "device = \"cpu\""] {
        assert!(config.lines().any(|line| line == setting), "{config}");
    }
    // The same settings, as the first versions wrote them.
    let is_old = |line: &&str| !line.starts_with('[') && !line.starts_with("storage");
    let flat: String = config.lines().filter(is_old).map(|line| line.to_owned() + "\n").collect();
    fs::write(run.join("config.toml"), flat).unwrap();
    fs::remove_file(run.join("summary.json")).unwrap();
    succeed(folder, "train --resume run");
    succeed(folder, "sample run --count 10 --out s.npz");
    succeed(folder, "measure run --count 20");
    succeed(folder, "train run/config.toml --out again");
    assert_eq!(fs::read_to_string(folder.join("again/config.toml")).unwrap(), config);
    let plan = |arguments: &str| -> serde_json::Value {
        serde_json::from_str(&succeed(folder, &format!("plan {arguments} --json")).stdout).unwrap()
    };
    assert_eq!(
        plan("my.toml")["parameters"],
        plan("--preset published --size 4 --lattice triangular")["parameters"]
    );
}

#[test]
fn commands_share_their_flags_and_group_them_in_help() {
    let temporary = tempfile::tempdir().unwrap();
    let help = |command: &str| succeed(temporary.path(), &format!("{command} --help")).stdout;
    let trained = ["System:", "Network:", "Training:", "Any setting:", "Machine:", "Run folder:", "Options:"];
    for (command, headings) in [
        ("train", &trained[..]),
        ("scan", &[&trained[..], &["Scan:"]].concat()),
        ("plan", &["System:", "Network:", "Any setting:"]),
        ("bench", &["System:", "Network:", "Any setting:", "Machine:"]),
        ("mc", &["System:", "--coupling <J>"]),
        ("exact", &["System:", "--coupling <J>"]),
    ] {
        let help = help(command);
        assert!(headings.iter().all(|heading| help.contains(heading)), "{command}: {help}");
    }
    for flag in
        ["--lattice", "--field", "--network", "--width", "--exact-bottom", "--storage", "--batch", "--set"]
    {
        for command in ["train", "scan", "plan", "bench"] {
            assert!(help(command).contains(&format!("      {flag} <")), "{command} {flag}");
        }
    }
    // Flags that a run settles are refused when it goes on; the device is not.
    for flag in [
        "--size 4",
        "--field 1",
        "--storage f16",
        "--lr 1",
        "--seed 2",
        "--set skip=false",
        "--preset default",
    ] {
        let name = flag.split(' ').next().unwrap();
        fail(
            temporary.path(),
            &format!("train --resume run {flag}"),
            2,
            &["--resume", name, "cannot be used"],
        );
    }
    fail(
        temporary.path(),
        "train --resume run --steps 8000",
        2,
        &["RUN/config.toml --init-from RUN --steps"],
    );
    fail(temporary.path(), "train --resume run --device cpu", 1, &["run", "no run here"]);
}

#[test]
fn help_shows_examples() {
    let temporary = tempfile::tempdir().unwrap();
    for name in
        ["train", "sample", "evaluate", "measure", "mc", "scan", "plot", "exact", "devices", "plan", "bench"]
    {
        let help = succeed(temporary.path(), &format!("{name} --help")).stdout;
        assert!(help.contains("Example") && help.contains(&format!("han-gpu {name}")), "{help}");
    }
}
