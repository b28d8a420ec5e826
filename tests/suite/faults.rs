//! Faults that a long run survives: a lost device, no memory left, signals. (Full disks: `cli.rs`; NaN: `training.rs`.)

#[cfg(unix)]
use crate::cli::{ended, program};
use crate::harness::{Case, Tolerance, compare, gpu, spins};
use crate::kernels::inputs;
use han_gpu::Error;
use han_gpu::backend::{Backend, Tensor};
use han_gpu::conditional::Widths;
use han_gpu::config::Config;
use han_gpu::gpu::Gpu;
use han_gpu::io::RunFolder;
use han_gpu::schedule::{self, Shape};
use han_gpu::train::{Event, train};
use std::ops::ControlFlow;
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use std::sync::Arc;

fn config() -> Config {
    Config {
        size: 8,
        batch: 64,
        steps: 30,
        exact_bottom: 2,
        width: Widths::all(1),
        metrics_every: 4,
        checkpoint_every: 7,
        evaluation_samples: 100,
        verification_samples: 0,
        ..Config::default()
    }
}

fn checkpoint(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("checkpoint.safetensors")).unwrap()
}

#[test]
fn a_lost_device_ends_the_run_and_the_last_checkpoint_goes_on() {
    let (device, config) = (gpu(), config());
    let model = Arc::new(config.model().unwrap());
    let on_own_device = || Gpu::open(&device.adapter, model.clone(), config.batch).unwrap();
    let on_host_device = || {
        let (device, queue) = pollster::block_on(device.adapter.request_device(&Default::default())).unwrap();
        Gpu::new(&device, &queue, model.clone(), config.batch).unwrap()
    };
    let temporary = tempfile::tempdir().unwrap();
    let whole = temporary.path().join("whole");
    let folder = RunFolder::create(&whole, &config, false).unwrap();
    let start = folder.load_checkpoint(&config, &model).unwrap();
    let go_on = |_: Event<'_>| ControlFlow::Continue(());
    train(&config, &mut on_own_device(), &folder, start.clone(), &mut { go_on }).unwrap().unwrap();
    for (name, mut backend) in [("own", on_own_device()), ("host", on_host_device())] {
        let path = temporary.path().join(name);
        let folder = RunFolder::create(&path, &config, false).unwrap();
        let lost = backend.wgpu_device().clone();
        let mut lose_at_10 = |event: Event<'_>| {
            if matches!(event, Event::Step(10)) {
                lost.destroy();
            }
            ControlFlow::Continue(())
        };
        let error = train(&config, &mut backend, &folder, start.clone(), &mut lose_at_10).unwrap_err();
        assert!(matches!(error, Error::Device { .. }), "{name}: {error:?}");
        assert!(error.to_string().contains("lost"), "{name}: {error}");
        let left = folder.load_checkpoint(&config, &model).unwrap();
        assert_eq!(left.step, 7, "{name}: the last checkpoint before the fault");
        train(&config, &mut on_own_device(), &folder, left, &mut { go_on }).unwrap().unwrap();
        assert_eq!(checkpoint(&path), checkpoint(&whole), "{name}");
    }
}

/// A software adapter's memory is that of the process, which a shell can limit.
#[cfg(target_os = "linux")]
#[test]
fn a_batch_that_does_not_fit_into_memory_is_cut_and_a_hopeless_one_refused() {
    let adapter = gpu().adapter.get_info();
    // Mesa 22 says when there is no memory left. Mesa 25 hands out addresses where nothing is, SwiftShader crashes in threads of its own.
    if adapter.driver != "llvmpipe" || !adapter.driver_info.starts_with("Mesa 22.") {
        println!("left out: {} {} does not say when memory is full", adapter.name, adapter.driver_info);
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let program = program();
    let train = "train --batch 1048576 --steps 1 --set evaluation_samples=2 --set verification_samples=0 \
                 --set objective=reverse --set pool=100";
    let limited = |kibibytes: u32, arguments: &str, out: &str| {
        // Few threads and one heap: stacks count too, and the heaps that threads may or may not open.
        let limits =
            format!("export LP_NUM_THREADS=1 RAYON_NUM_THREADS=2 MALLOC_ARENA_MAX=1; ulimit -v {kibibytes}");
        let script =
            format!("{limits}; exec {program} {train} {arguments} --out {out} --device '{}'", adapter.name);
        ended(Command::new("sh").current_dir(folder).args(["-c", &script]).output().unwrap())
    };
    let cut = limited(880_000, "--preset published --size 4", "cut");
    assert_eq!(cut.code, 0, "{}", cut.stderr);
    let chunk = RunFolder::open(&folder.join("cut")).unwrap().1.chunk;
    assert!((1 << 20) % chunk == 0 && (2..1 << 20).contains(&chunk), "{chunk} configurations at a time");
    // The libraries of a machine decide how much of a limit is left. The network fits into a generous one, and one that
    // the device just fills leaves nothing for the host: the test needs a limit between the two.
    let mut messages = Vec::new();
    let limits = (0..10).flat_map(|step| [880_000 - 20_000 * step, 880_000 + 20_000 * step]);
    let refused = limits.skip(1).any(|kibibytes| {
        let hopeless = limited(kibibytes, "--size 128 --width 16", "hopeless");
        assert_ne!(hopeless.code, 0, "{}", hopeless.stderr);
        assert!(!folder.join("hopeless").exists(), "{}", hopeless.stderr);
        let named =
            ["out of memory for ", "smaller lattice"].iter().all(|part| hopeless.stderr.contains(part));
        messages.push(hopeless.stderr);
        named && hopeless.code == 1
    });
    assert!(refused, "no limit is refused by name: {messages:#?}");
}

#[cfg(unix)]
mod signals {
    use super::*;
    use crate::cli::{command, succeed};
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Stdio};
    use std::time::Duration;

    const RUN: &str = "train --size 8 --batch 64 --steps 3000 --device cpu --set evaluation_samples=50 \
                       --set verification_samples=0 --set checkpoint_every=3000";

    fn send(signal: &str, child: &Child) {
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    }

    /// Starts a run in `out`, sends a signal once `ready` says so, and gives exit code and messages.
    fn interrupted(folder: &Path, arguments: &str, signal: &str, ready: impl Fn() -> bool) -> (i32, String) {
        let mut child =
            command(folder, arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        while !ready() {
            assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be interrupted");
            std::thread::sleep(Duration::from_millis(5));
        }
        send(signal, &child);
        let ended = ended(child.wait_with_output().unwrap());
        (ended.code, ended.stderr)
    }

    fn rows(run: &Path) -> usize {
        std::fs::read_to_string(run.join("metrics.csv")).unwrap_or_default().lines().count()
    }

    #[test]
    fn signals_finish_the_step_write_a_checkpoint_and_say_how_to_go_on() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        succeed(folder, &format!("{RUN} --out whole"));
        for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
            let out = format!("run{code}");
            let run = folder.join(&out);
            let (found, messages) =
                interrupted(folder, &format!("{RUN} --out {out}"), signal, || rows(&run) > 20);
            assert_eq!(found, code, "{messages}");
            let hint = format!("han-gpu train --resume {out}");
            assert!(messages.contains(&hint) && !messages.contains("error"), "{messages}");
            let (run, config) = RunFolder::open(&run).unwrap();
            let step = run.load_checkpoint(&config, &config.model().unwrap()).unwrap().step;
            assert!(step > 0 && step < 3000, "stopped at step {step}");
            succeed(folder, &format!("train --resume {out}"));
            assert_eq!(checkpoint(&folder.join(&out)), checkpoint(&folder.join("whole")), "after {signal}");
        }
    }

    /// As timeout(1) sends them: to the process, and to its group.
    #[test]
    fn one_signal_that_comes_twice_is_one() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        let run = folder.join("run");
        let mut child = command(folder, &format!("{RUN} --out run"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while rows(&run) < 20 {
            assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be interrupted");
            std::thread::sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id, &id]).status().unwrap().success());
        let ended = ended(child.wait_with_output().unwrap());
        assert_eq!(ended.code, 143, "{}", ended.stderr);
        assert!(ended.stderr.contains("han-gpu train --resume run"), "{}", ended.stderr);
    }

    #[test]
    fn the_closing_evaluation_is_interrupted_too_and_done_by_resuming() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        let long = "train --size 8 --batch 64 --steps 8 --device cpu --set metrics_every=1 \
                    --set evaluation_samples=1000000000 --out run";
        // The last row comes before the last checkpoint, and that before the evaluation.
        let run = folder.join("run");
        let (code, messages) = interrupted(folder, long, "-INT", || {
            let checkpoint = std::fs::read(run.join("checkpoint.safetensors")).unwrap_or_default();
            checkpoint.windows(10).any(|bytes| bytes == b"\"step\":\"8\"")
        });
        assert_eq!(code, 130, "{messages}");
        assert!(messages.contains("--resume run"), "{messages}");
        assert!(!folder.join("run/summary.json").exists());
    }

    #[test]
    fn a_second_signal_ends_the_program_at_once() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        // A step of this takes seconds; the signals come within it.
        let slow = "train --size 64 --batch 2048 --width 8 --steps 50 --device cpu --out run";
        let mut child = command(folder, slow).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let first = lines.next().unwrap();
        assert!(first.starts_with("device "), "{first}");
        // The handlers are there from the line on that names the device, and the answer comes at once.
        send("-INT", &child);
        assert!(lines.any(|line| line.contains("once more ends at once")));
        send("-INT", &child);
        assert_eq!(ended(child.wait_with_output().unwrap()).code, 130);
        let (run, config) = RunFolder::open(&folder.join("run")).unwrap();
        let left = run.load_checkpoint(&config, &config.model().unwrap()).unwrap();
        assert_eq!(left.step, 0, "it did not wait for the end of the step");
    }
}

/// Rates and time left come from a monotonic clock: nothing in the program asks the one that people and networks set.
#[test]
fn nothing_depends_on_a_clock_that_can_jump() {
    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.iter().any(|text| text.contains("Instant::now()")), "time is measured somewhere");
    for text in found {
        assert!(!["SystemTime", "UNIX_EPOCH"].iter().any(|name| text.contains(name)), "{text}");
    }
}

/// Mesa's software driver ends loops after 65,535 turns. Shapes are chosen so that it never does; here one is forced that is cut
/// there.
#[test]
fn what_a_driver_cuts_short_is_infinite_and_not_wrong() {
    let device = gpu();
    let case = Case { size: 64, batch: 4, width: 5, exact_bottom: 8, ..Case::DEFAULT };
    let mut gpu = device.own_backend(case);
    gpu.force_shape(Shape::Lane { group: 1, rows: 1 });
    let mut twin = case.cpu::<f64>();
    let (spins, kernels) = (spins(&twin, 1), schedule::evaluation(&case.model()));
    for backend in [&mut gpu as &mut dyn Backend, &mut twin] {
        backend.write(Tensor::Parameters, &case.parameters(3)).unwrap();
        backend.write_spins(&spins).unwrap();
        backend.run(&kernels, &inputs(1)).unwrap();
    }
    let [found, expected] =
        [&mut gpu as &mut dyn Backend, &mut twin].map(|backend| backend.read(Tensor::LnQ).unwrap());
    let (complete, cut): (Vec<_>, Vec<_>) =
        found.into_iter().zip(expected).partition(|(found, _)| found.is_finite());
    let (found, expected): (Vec<_>, Vec<_>) = complete.into_iter().unzip();
    let reason = "sums of up to 125 f32 terms";
    compare("ln q", &found, &expected, Tolerance { absolute: 5e-5, relative: 1e-5, reason }).unwrap();
    let info = device.adapter.get_info();
    if info.name.starts_with("llvmpipe") && info.driver_info.starts_with("Mesa 22.") {
        // The four configurations' squares of side 64, and no others.
        assert_eq!(cut.len(), 4);
    }
}
