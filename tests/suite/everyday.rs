//! Two cases of everyday life: a laptop that sleeps and whose terminal is closed, and a job on a cluster that meets its time limit and is queued again.
//! Both end with the same checkpoint as a run that nothing interrupted.
#![cfg(unix)]

use crate::cli::{command, ended, succeed};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const RUN: &str = "train --size 8 --batch 64 --steps 20000 --device cpu --set evaluation_samples=50 \
                   --set verification_samples=0 --set checkpoint_every=5000 --set metrics_every=50";

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn rows(run: &Path) -> usize {
    fs::read_to_string(run.join("metrics.csv")).unwrap_or_default().lines().count()
}

/// Starts a command, and waits until so many rows of metrics are there.
fn started(folder: &Path, arguments: &str, run: &Path, until: usize) -> Child {
    let mut child = command(folder, arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while rows(run) < until {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be interrupted");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

#[track_caller]
fn are_alike(folder: &Path, [first, second]: [&str; 2]) {
    let checkpoint = |run: &str| fs::read(folder.join(run).join("checkpoint.safetensors")).unwrap();
    assert!(checkpoint(first) == checkpoint(second), "the checkpoints of {first} and {second} differ");
    let steps = |run: &str| -> Vec<String> {
        let table = fs::read_to_string(folder.join(run).join("metrics.csv")).unwrap();
        table.lines().map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    assert_eq!(steps(first), steps(second));
    let lines = fs::read_to_string(folder.join(second).join("metrics.jsonl")).unwrap();
    let row = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].to_string();
    assert_eq!(
        steps(second)[1..],
        lines.lines().map(row).collect::<Vec<_>>(),
        "JSON lines are the table's rows"
    );
}

/// Whether these tests run under nohup, whose children never hear of a terminal that is closed; Linux tells.
fn is_under_nohup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[test]
fn a_laptop_sleeps_and_its_terminal_is_closed() {
    if is_under_nohup() {
        println!("left out: SIGHUP is ignored here");
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let (folder, run) = (temporary.path(), temporary.path().join("laptop"));
    succeed(folder, &format!("{RUN} --out whole"));
    let child = started(folder, &format!("{RUN} --out laptop"), &run, 20);
    signal(&child, "-STOP");
    let before = rows(&run);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(rows(&run), before, "a machine that sleeps does not work");
    signal(&child, "-CONT");
    // The shell and the system may both say that the terminal is gone.
    signal(&child, "-HUP");
    signal(&child, "-HUP");
    let ended = ended(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 129, "{}", ended.stderr);
    assert!(ended.stderr.contains("go on with: han-gpu train --resume laptop"), "{}", ended.stderr);
    assert!(!run.join("summary.json").exists());
    succeed(folder, "train --resume laptop");
    are_alike(folder, ["whole", "laptop"]);
}

#[test]
fn a_terminal_that_is_closed_does_not_end_a_run_under_nohup() {
    let temporary = tempfile::tempdir().unwrap();
    let (folder, run) = (temporary.path(), temporary.path().join("detached"));
    let script = format!("trap '' HUP; exec {} {RUN} --out detached", crate::cli::program());
    let mut shell = Command::new("sh");
    let child = shell.current_dir(folder).args(["-c", &script]).env("HAN_GPU_CACHE", "none");
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while rows(&run) < 20 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before the terminal was closed");
        std::thread::sleep(Duration::from_millis(2));
    }
    signal(&child, "-HUP");
    assert!(child.wait().unwrap().success());
    assert!(run.join("summary.json").is_file());
}

#[test]
fn a_job_is_queued_again_after_its_time_limit() {
    let temporary = tempfile::tempdir().unwrap();
    let (folder, run) = (temporary.path(), temporary.path().join("job"));
    succeed(folder, &format!("{RUN} --out whole"));
    // As the guide has it: the same script each time, which goes on where there is something to go on with.
    let job = || match run.join("config.toml").is_file() {
        true => "train --resume job".to_owned(),
        false => format!("{RUN} --out job"),
    };
    for limit in [40, 120] {
        let child = started(folder, &job(), &run, limit);
        signal(&child, "-TERM");
        let ended = ended(child.wait_with_output().unwrap());
        assert_eq!(ended.code, 143, "{}", ended.stderr);
        assert!(ended.stderr.contains("training was stopped"), "{}", ended.stderr);
        // A second signal would leave no time to say it.
        let first = "once more ends at once; in either case go on with: han-gpu train --resume job";
        assert!(ended.stderr.contains(first), "{}", ended.stderr);
    }
    succeed(folder, &job());
    are_alike(folder, ["whole", "job"]);
    // A job that was finished is queued once more: nothing changes.
    succeed(folder, &job());
    are_alike(folder, ["whole", "job"]);
}
