//! What `plan` says that a run takes, against what it takes.

use crate::harness::{Case, gpu as test_gpu};
use han_gpu::backend::{Backend, Tensor};
use han_gpu::gpu::{self, Gpu};

/// The most that prediction and measurement may differ by.
const SHARE: f64 = 0.1;

fn assert_near(what: &str, planned: u64, taken: u64) {
    let ratio = taken as f64 / planned as f64;
    assert!((ratio - 1.0).abs() < SHARE, "{what}: {planned} bytes planned, {taken} taken");
}

/// Two networks, one with most of its memory in parameters, one in hidden units; large enough that what wgpu rounds up to is small.
#[test]
fn a_gpu_takes_the_memory_that_is_planned() {
    for case in [
        Case { size: 128, batch: 16, width: 8, exact_bottom: 8, ..Case::DEFAULT },
        Case { size: 32, batch: 4096, width: 1, ..Case::DEFAULT },
    ] {
        let model = case.model();
        let mut backend = Gpu::open(&test_gpu().adapter, model.clone(), case.batch).unwrap();
        let parameters = model.initial_parameters(0, 0.44);
        backend.write(Tensor::Parameters, &parameters).unwrap();
        let Some(report) = backend.wgpu_device().generate_allocator_report() else {
            println!("left out: this driver's memory is not allocated by wgpu");
            return;
        };
        assert_near("GPU", Gpu::memory(&model, case.batch), report.total_reserved_bytes);
    }
}

#[test]
fn vulkan_tells_how_much_memory_an_adapter_has() {
    for adapter in gpu::list().iter().filter(|adapter| adapter.backend == "vulkan") {
        let bytes = adapter.memory_bytes.expect("Vulkan tells");
        assert!((1 << 28..1 << 42).contains(&bytes), "{}: {bytes} bytes", adapter.name);
    }
}

#[cfg(target_os = "linux")]
mod process {
    use super::assert_near;
    use crate::cli::{command, succeed};
    use std::path::Path;
    use std::process::Stdio;
    use std::time::Duration;

    /// What the program takes before it trains anything.
    const PROGRAM: u64 = 14 << 20;

    /// The most memory that a command had until just before its end.
    fn peak(folder: &Path, arguments: &str) -> u64 {
        let mut child = command(folder, arguments).stdout(Stdio::null()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut kibibytes = 0;
        loop {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            kibibytes = line.map_or(kibibytes, |line| line.trim().trim_end_matches(" kB").parse().unwrap());
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success());
                return kibibytes << 10;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Checkpoint and evaluation included.
    #[test]
    fn training_on_the_cpu_takes_the_memory_that_is_planned() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        for shape in ["--size 256 --batch 16", "--size 128 --batch 256 --preset published"] {
            let plan: serde_json::Value =
                serde_json::from_str(&succeed(folder, &format!("plan {shape} --json")).stdout).unwrap();
            let run = "--steps 2 --device cpu --set objective=reverse --set evaluation_samples=32 --set verification_samples=0 --quiet \
                       --force --out run";
            let taken = peak(folder, &format!("train {shape} {run}"));
            assert_near(shape, plan["cpu_memory_bytes"].as_u64().unwrap() + PROGRAM, taken);
        }
    }
}
