//! What makes the command pleasant: completions, man pages, quiet and loud runs, export, sharing the device.

use crate::cli::{command, ended, fail, succeed};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const TINY: &str = "train --size 4 --batch 32 --steps 20 --device cpu --set evaluation_samples=50 \
                    --set verification_samples=0 --force --out run";

#[test]
fn shells_and_man_know_every_command() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let help = succeed(folder, "--help").stdout;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  "))
        // Descriptions go on in lines that start further right.
        .filter_map(|line| line.split(' ').next().filter(|name| !name.is_empty() && *name != "help"))
        .collect();
    assert!(commands.len() > 10 && commands.contains(&"train"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = succeed(folder, &format!("completions {shell}")).stdout;
        assert!(commands.iter().all(|name| script.contains(name)), "{shell}");
    }
    succeed(folder, "manual man/pages");
    for name in commands {
        let page = fs::read_to_string(folder.join(format!("man/pages/han-gpu-{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    fs::write(folder.join("file"), "").unwrap();
    fail(folder, "manual file", 1, &["file"]);
    fail(folder, "completions tcsh", 2, &["tcsh"]);
}

/// Words that a shell completes, with what has been typed and what comes of it.
const COMPLETED: [(&str, &str); 5] = [
    ("train --obj", "--objective"),
    ("train --objective rev", "reverse"),
    ("measure --method nm", "nmcmc"),
    ("sample --device c", "cpu"),
    ("rbm tr", "train"),
];

#[test]
fn shells_complete_real_words() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let of_bash = "source ./words; COMP_WORDS=(han-gpu $WORDS); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); \
                   _han__gpu han-gpu \"${COMP_WORDS[-1]}\" \"${COMP_WORDS[-2]}\"; echo \"${COMPREPLY[@]}\"";
    // An interactive shell in a terminal of its own, which completes the line that is typed into it and runs it.
    let of_zsh = "zmodload zsh/zpty; zpty z zsh -f -i; \
                  zpty -w z 'autoload -Uz compinit; compinit -u -D; source ./words; han-gpu() { print -r -- \"$@\" > typed; }'; \
                  rm -f typed; zpty -w z \"han-gpu $WORDS\"$'\\t'; \
                  for i in {1..200}; do [[ -s typed ]] && break; sleep 0.05; zpty -r -t z seen; done; zpty -d z; cat typed";
    let of_fish = "source ./words; complete -C \"han-gpu $WORDS\" | string replace -r '\\t.*' ''";
    for (shell, flag, program) in
        [("bash", "--norc", of_bash), ("zsh", "-f", of_zsh), ("fish", "-N", of_fish)]
    {
        fs::write(folder.join("words"), succeed(folder, &format!("completions {shell}")).stdout).unwrap();
        for (typed, expected) in COMPLETED {
            let completed = Command::new(shell)
                .args([flag, "-c", program])
                .env("WORDS", typed)
                .env("HOME", folder)
                .current_dir(folder)
                .stdin(Stdio::null())
                .output();
            let Ok(completed) = completed else {
                println!("left out: there is no {shell} here");
                break;
            };
            let completed = ended(completed);
            // zsh puts flag and value into one word.
            let found = completed.stdout.split([' ', '\n', '=']).any(|word| word == expected);
            assert!(found, "{shell}: {typed} became {:?} {}", completed.stdout, completed.stderr);
        }
    }
}

/// A command's help on a terminal of 80 columns.
fn help(folder: &Path, name: &str) -> String {
    ended(command(folder, &format!("{name} --help")).env("COLUMNS", "80").output().unwrap()).stdout
}

/// The words of a text, whatever its lines are.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_help_of_train_fits_two_screens_and_has_all_in_the_manual() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let help = help(folder, "train");
    assert!(help.lines().count() <= 76, "{help}");
    for part in [
        "[default: 512]",
        "[default: 4000*]",
        "[reverse, forward, mixed; default: reverse*]",
        "[square, triangular, cubic, complete, chain; default: square]",
        "[default, quick, accurate, published]",
        "[default: RAYON_NUM_THREADS, or all]",
        "in full: han-gpu help train",
    ] {
        assert!(words(&help).contains(part), "{part}: {help}");
    }
    let full = words(&succeed(folder, "help train").stdout);
    for part in [
        "8000 where depth is 3 by default",
        "preset published: 40000",
        "[possible values: reverse, forward, mixed]",
        "quick: batch 256, steps 1000",
        "accurate, to size 64: batch 256, steps 8000, width 8",
        "[default: RAYON_NUM_THREADS, or one for every core]",
    ] {
        assert!(full.contains(part), "{part}: {full}");
    }
    assert!(
        !full.contains("[default: RAYON_NUM_THREADS, or all]"),
        "short help stands there once more: {full}"
    );
}

/// Commands, and those of commands.
fn names(folder: &Path, name: &str) -> Vec<String> {
    let help = help(folder, name);
    let inner = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let inner = inner.map_while(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with([' ', '-']));
    let inner = inner.filter_map(|line| line.split(' ').next()).filter(|inner| *inner != "help");
    let inner = inner.flat_map(|inner| names(folder, format!("{name} {inner}").trim())).collect::<Vec<_>>();
    if inner.is_empty() { vec![name.to_owned()] } else { inner }
}

#[test]
fn the_help_of_every_command_fits_two_screens_of_80_columns() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let names = names(folder, "");
    assert!(names.len() > 25 && names.iter().any(|name| name == "rbm train"), "{names:?}");
    for name in names {
        let help = help(folder, &name);
        assert!(help.lines().count() <= 80, "{name}: {help}");
        assert!(words(&help).contains(&format!("han-gpu help {name}")), "{name}: {help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        let full = succeed(folder, &format!("help {name}")).stdout;
        assert!(full.lines().count() >= help.lines().count(), "{name}: {full}");
    }
}

#[test]
fn whole_numbers_have_exponents_and_threads_a_number() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let told = succeed(folder, &format!("{TINY} --threads 1").replace("--steps 20", "--steps 2e1"));
    assert!(
        told.stdout.contains("trained 20 steps") && told.stdout.contains("CPU, 1 thread\n"),
        "{}",
        told.stdout
    );
    fs::write(folder.join("my.toml"), "[lattice]\nsize = 4\n[training]\nsteps = 1e1\nbatch = 3.2e1\n")
        .unwrap();
    let quick = "--device cpu --set evaluation_samples=5e1 --set verification_samples=0";
    let told = succeed(folder, &format!("train my.toml {quick} --out other"));
    assert!(told.stdout.contains("trained 10 steps"), "{}", told.stdout);
    assert!(succeed(folder, "sample run --count 1e2 --out s.npz").stdout.contains("100 configurations"));
    let with_variable = |threads: &str, arguments: &str| {
        ended(command(folder, arguments).env("RAYON_NUM_THREADS", threads).output().unwrap())
    };
    for threads in ["abc", "-1", "1.5", "100000"] {
        let refused = with_variable(threads, "exact --size 4 --beta 0.4");
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(&format!("RAYON_NUM_THREADS = {threads}")), "{}", refused.stderr);
    }
    assert_eq!(with_variable("abc", "--threads 1 exact --size 4 --beta 0.4").code, 0);
    for threads in ["", "0", "2"] {
        assert_eq!(with_variable(threads, "exact --size 4 --beta 0.4").code, 0, "{threads}");
    }
    for (flag, value) in [("--count", "-5"), ("--seed", "-1")] {
        fail(folder, &format!("measure run {flag} {value}"), 2, &[value, "negative"]);
    }
    fail(folder, "scan --beta -0.5:0.5:0.5 --size 4", 2, &["beta = -0.5"]);
    fail(folder, "scan --beta 1e30 --size 4", 2, &["beta = 1e30"]);
    fail(folder, "scan --beta 0.6:0.2:0.1 --size 4", 2, &["write 0.2:0.6:0.1"]);
}

#[test]
fn a_quiet_run_says_its_result_and_a_loud_one_what_it_does() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let quiet = succeed(folder, &format!("--quiet {TINY}"));
    assert_eq!(quiet.stderr, "");
    assert!(quiet.stdout.contains("ln Z"), "{}", quiet.stdout);
    fail(folder, "train --quiet --size 5", 2, &["size = 5"]);
    let loud = succeed(folder, &format!("{TINY} -v")).stderr;
    assert!(loud.contains("INFO") && loud.contains("checkpoint written"), "{loud}");
    assert!(!loud.contains('\u{1b}'), "a file gets no colours: {loud}");
    let by_module = command(folder, TINY).env("RUST_LOG", "han_gpu::io=info").output().unwrap();
    let by_module = ended(by_module).stderr;
    assert!(by_module.contains("checkpoint written") && !by_module.contains("device opened"), "{by_module}");
    fail(folder, "devices --quiet --verbose", 2, &["--verbose"]);
}

#[test]
fn a_run_is_exported_as_tables() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, TINY);
    succeed(folder, "export run --count 70 --device cpu --out tables/new");
    let read = |name: &str| fs::read_to_string(folder.join("tables/new").join(name)).unwrap();
    assert_eq!(read("metrics.csv"), fs::read_to_string(folder.join("run/metrics.csv")).unwrap());
    let summary = read("summary.csv");
    assert!(summary.starts_with("quantity,value,error\n") && summary.contains("\nln_z,"), "{summary}");
    let samples = read("samples.csv");
    assert_eq!(samples.lines().count(), 71);
    assert!(samples.starts_with("ln_q,energy,spin_sum,spins\n"), "{samples}");
    for row in samples.lines().skip(1) {
        let [ln_q, energy, spin_sum, spins] = row.split(',').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let up = spins.matches('u').count() as i64;
        assert_eq!((spins.len(), spins.matches('d').count() as i64), (16, 16 - up));
        // Spreadsheets take cells that begin so for formulas.
        assert!(!spins.starts_with(['=', '+', '-', '@']), "{spins}");
        assert_eq!(spin_sum.parse::<i64>().unwrap(), 2 * up - 16);
        assert!(ln_q.parse::<f64>().unwrap() < 0.0);
        // Bonds of a 4 x 4 torus, by hand.
        let spin = |x: usize, y: usize| if spins.as_bytes()[y % 4 * 4 + x % 4] == b'u' { 1 } else { -1 };
        let places = (0..4).flat_map(|y| (0..4).map(move |x| (x, y)));
        let bonds: i64 = places.map(|(x, y)| spin(x, y) * (spin(x + 1, y) + spin(x, y + 1))).sum();
        assert_eq!(energy.parse::<f64>().unwrap(), -bonds as f64);
    }
    let told = succeed(folder, "export run --count 5 --device cpu --out tables/tensor --bottom mps").stdout;
    assert!(told.contains("figures of the network's own bottom"), "{told}");
    assert_eq!(fs::read_to_string(folder.join("tables/tensor/summary.csv")).unwrap(), summary);
    fail(folder, "export run --count 0 --out tables", 2, &["count = 0"]);
    fail(folder, "export nowhere --out tables", 1, &["nowhere"]);
}

#[test]
fn a_run_without_metrics_is_neither_plotted_nor_exported() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, TINY);
    let table = folder.join("run/metrics.csv");
    let header = fs::read_to_string(&table).unwrap().lines().next().unwrap().to_owned();
    let there = || fs::read_dir(folder.join("run")).unwrap().count();
    let before = there();
    // As a run leaves it that is killed before its first row, and before its table.
    fs::write(&table, header + "\n").unwrap();
    let again = "han-gpu train run/config.toml --out NEW";
    for way_out in [again, "han-gpu train --resume run"] {
        for _ in 0..2 {
            for command in ["plot run", "plot run --out figures", "export run --out tables --device cpu"] {
                fail(folder, command, 1, &["run/metrics.csv", "no row", way_out]);
            }
            fs::remove_file(&table).ok();
        }
        fs::remove_file(folder.join("run/summary.json")).ok();
    }
    assert_eq!(there(), before - 2);
    assert!(!folder.join("figures").exists() && !folder.join("tables").exists());
}

#[test]
fn a_finished_run_says_so_and_what_to_do_next() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, TINY);
    let told = succeed(folder, "train --resume run").stderr;
    let further = "train run/config.toml --init-from run --steps 40 --out NEW";
    assert!(told.contains("finished at step 20 of 20") && told.contains(further), "{told}");
    succeed(folder, further);
    // A table that is lost comes again by the command that the message names.
    fs::remove_file(folder.join("run/metrics.csv")).unwrap();
    assert!(succeed(folder, "train --resume run").stderr.contains("train run/config.toml --out NEW"));
    succeed(folder, "train run/config.toml --out OTHER");
    succeed(folder, "plot OTHER");
    let flow = "neuralrg train --size 4 --temperature 3 --repeat 1 --hidden 2 --layers 2 --steps 4 --batch 8 --out flow";
    assert!(!succeed(folder, flow).stderr.contains("finished"));
    let told = succeed(folder, "neuralrg train --resume flow").stderr;
    for part in [
        "finished at step 4 of 4",
        "neuralrg train --steps 8 --out NEW",
        "next: han-gpu neuralrg measure flow",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    succeed(folder, "neuralrg measure flow --count 50");
}

#[test]
fn one_thing_is_no_plural() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let told = succeed(folder, &TINY.replace("--steps 20", "--steps 1")).stdout;
    assert!(told.contains("trained 1 step in "), "{told}");
    let told = succeed(folder, "sample run --count 1 --out s.npz --device cpu");
    assert!(
        told.stdout.contains("1 configuration in s.npz") && told.stderr.contains("after 1 step\n"),
        "{}",
        told.stderr
    );
    assert!(succeed(folder, "measure run --count 1 --device cpu").stdout.contains("of 1 sample, "));
}

#[test]
fn damaged_runs_are_listed_with_the_file_that_is_damaged() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let sound = TINY.replace("--out run", "--out runs/sound");
    succeed(folder, &sound);
    let cut = [
        ("config.toml", 30),
        ("checkpoint.safetensors", 100),
        ("checkpoint.safetensors", 5000),
        ("checkpoint.safetensors", 0),
        ("summary.json", 40),
        ("metrics.csv", 20),
    ];
    for (number, (file, length)) in cut.iter().enumerate() {
        let run = folder.join(format!("runs/cut{number}"));
        fs::create_dir(&run).unwrap();
        for entry in fs::read_dir(folder.join("runs/sound")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, run.join(path.file_name().unwrap())).unwrap();
        }
        let whole = fs::read(run.join(file)).unwrap();
        assert!(whole.len() > *length, "{file} has {} bytes", whole.len());
        fs::write(run.join(file), &whole[..*length]).unwrap();
    }
    fs::create_dir(folder.join("runs/flow")).unwrap();
    fs::write(folder.join("runs/flow/flow.toml"), "size =").unwrap();
    let list = succeed(folder, "runs").stdout;
    assert_eq!(list.matches("\nruns/").count(), cut.len() + 2, "{list}");
    // A long status stands on a line of its own.
    let line = |run: &str| {
        let rows = list.split("\nruns/").find(|row| format!("runs/{row}").starts_with(&format!("{run} ")));
        rows.unwrap().trim_end().to_owned()
    };
    assert!(line("runs/sound").ends_with("suspect"), "{list}");
    assert!(line("runs/flow").ends_with("damaged: flow.toml"), "{list}");
    for (number, (file, _)) in cut.iter().enumerate() {
        assert!(line(&format!("runs/cut{number}")).ends_with(&format!("damaged: {file}")), "{list}");
    }
}

#[test]
fn tables_fit_80_columns_whatever_names_runs_have() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let long = format!("runs/{}", "a_rather_long_name_".repeat(5));
    succeed(folder, &TINY.replace("--out run", "--out runs/short"));
    succeed(folder, &TINY.replace("--out run", &format!("--out {long} --beta 0.3")));
    let quick = "--steps 10 --batch 32 --device cpu";
    for (command, figures) in [
        ("runs".to_owned(), &["run  ", "suspect", "0.3 ", &long] as &[&str]),
        (format!("runs --compare runs/short {long}"), &["A  runs/short", &long, "beta ", "kl ", "status"]),
        ("devices".to_owned(), &["cpu   native backend"]),
        ("plan --size 64 --kernels --gflops 1e4 --gbytes 800".to_owned(), &[
            "parameters", "calls", "727177", "0   boundary", "backward_weights", "memory: ", "ms",
        ]),
        ("bench --size 8 --batch 32 --device cpu --repeats 2".to_owned(), &["Gflop/s", "of limit", "sum of kernels"]),
        ("bench --size 8 --batch 32 --device cpu --repeats 2 --kernels".to_owned(), &["backward_weights", "adam"]),
        (format!("scan --size 4 --beta 0.3,0.44 --count 500 --mc-sweeps 100 {quick}"), &[
            "L = 4, beta = 0.3: ESS 0.", "; Monte Carlo verified", "F/N", "network ", "exact ", "-2.6636507",
        ]),
        (
            "neuralrg scan --size 4 --temperature 3 --repeat 1,2 --hidden 2 --layers 3 --steps 10 --batch 16 --out flows".to_owned(),
            &["all flows: both, scales all, layers 3, depth 1, hidden 2", "repeat 1 ", "repeat 2 ", "KL"],
        ),
    ] {
        let table = succeed(folder, &command).stdout;
        for figure in figures {
            assert!(table.contains(figure), "{command}: {figure} is not in {table}");
        }
        for line in table.lines().filter(|line| !line.contains(&long)) {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

#[test]
fn results_never_take_the_place_of_a_file_of_a_run() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    succeed(folder, TINY);
    succeed(folder, "sample run --count 10 --out samples.npz --device cpu");
    for file in ["config.toml", "checkpoint.safetensors", "metrics.csv", "summary.json"] {
        let before = fs::read(folder.join("run").join(file)).unwrap();
        for command in [
            "sample run --count 10 --device cpu --out",
            "evaluate run --spins samples.npz --device cpu --out",
            "measure run --count 100 --device cpu --keep",
            "mc --size 4 --beta 0.4 --sweeps 10 --out",
        ] {
            fail(folder, &format!("{command} run/{file}"), 1, &[file, "part of a run"]);
        }
        assert_eq!(fs::read(folder.join("run").join(file)).unwrap(), before, "{file}");
    }
    succeed(folder, "sample run --count 10 --out run/samples.npz --device cpu");
}

#[test]
fn a_nice_run_learns_the_same() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let checkpoint = || fs::read(folder.join("run/checkpoint.safetensors")).unwrap();
    succeed(folder, TINY);
    let whole = checkpoint();
    succeed(folder, &format!("{TINY} --nice-gpu=0.5"));
    assert_eq!(checkpoint(), whole);
    succeed(folder, &format!("{TINY} --nice-gpu"));
    for share in ["0", "-1", "1.5", "1e-300", "nan"] {
        fail(folder, &format!("{TINY} --nice-gpu={share}"), 2, &["--nice-gpu"]);
    }
    assert_eq!(checkpoint(), whole, "what was refused left the run alone");
}
