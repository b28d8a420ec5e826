//! The command line: one file per subcommand; nothing but arguments, progress and printing.
//!
//! Results go to standard output, progress and messages to standard error. Exit code 2 for wrong usage, 3 for suspect
//! results under `--strict`, 129, 130 and 143 after SIGHUP, Ctrl-C and SIGTERM, 1 for the rest.
mod bench;
mod bottom;
mod columns;
mod company;
mod devices;
mod evaluate;
mod exact;
mod export;
mod family;
mod figures;
mod flags;
mod grow;
mod heading;
mod interrupt;
mod manual;
mod mc;
mod measure;
mod memory;
mod network;
mod neuralrg;
mod output;
mod plan;
mod plot;
mod progress;
mod rbm;
mod renormalise;
mod runs;
mod sample;
mod scan;
mod settings;
mod system;
mod threads;
mod train;
mod training;
mod verdict;
mod words;

use crate::error::Error;
use crate::io::{FlowFolder, MachineFolder, RunFolder};
use crate::ranks::Ranks;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use output::{complain, in_a_line, print, print_json, tell, tell_of_slow_curves};
use std::path::Path;
use std::process::ExitCode;

/// Train, sample and evaluate hierarchical autoregressive networks for the Ising model, on any GPU or without one.
#[derive(Debug, Parser)]
#[command(name = "han-gpu", version, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    loudness: output::Loudness,
    #[command(flatten)]
    threads: threads::Threads,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(Box<train::Arguments>),
    Sample(sample::Arguments),
    Evaluate(evaluate::Arguments),
    Measure(measure::Arguments),
    Mc(mc::Arguments),
    Scan(Box<scan::Arguments>),
    Plot(plot::Arguments),
    Runs(runs::Arguments),
    Exact(exact::Arguments),
    Devices(devices::Arguments),
    Plan(plan::Arguments),
    Bench(bench::Arguments),
    Export(export::Arguments),
    Rbm(rbm::Arguments),
    Neuralrg(neuralrg::Arguments),
    Renormalise(renormalise::Arguments),
    Completions(manual::Completions),
    Manual(manual::Manual),
}

/// The exit code of results that are suspect.
const SUSPECT: u8 = 3;

/// How long other ranks wait with an error for the first one to tell it.
const SAY_ONCE: std::time::Duration = std::time::Duration::from_secs(1);

/// Parses the arguments, runs the command and reports errors.
pub fn main() -> ExitCode {
    quiet_mesa();
    let matches = command_line().try_get_matches().unwrap_or_else(|error| refuse(&error));
    let Arguments { loudness, threads, command } =
        Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    loudness.set();
    let ranks = Ranks::join().unwrap_or_else(|error| {
        complain(&format!("error: {error}"));
        std::process::exit(1)
    });
    if !ranks.is_first() {
        output::be_quiet();
    }
    let ready = output::check_places(&matches).and_then(|()| Ok(threads.set()?));
    let result = ready.and_then(|()| run(command, &ranks));
    let stopped = result.as_ref().map_or_else(|error| error.is::<interrupt::Stopped>(), |()| true);
    if let Err(error) = &result {
        if !ranks.is_first() && !stopped {
            // The first rank mostly says the same, and ends the job before this one speaks.
            std::thread::sleep(SAY_ONCE);
        }
        let rank = if ranks.is_first() { String::new() } else { format!("rank {}: ", ranks.rank()) };
        complain(&format!("{rank}{}{error}", if stopped { "" } else { "error: " }));
    }
    let code = exit_code(&result, stopped);
    // The other ranks may wait for this one.
    if !stopped && code != SUSPECT {
        ranks.abort(code);
    }
    ExitCode::from(code)
}

fn exit_code(result: &anyhow::Result<()>, stopped: bool) -> u8 {
    match (interrupt::exit_code().filter(|_| stopped), result) {
        (Some(code), _) => code,
        (None, Ok(())) => 0,
        (None, Err(error)) => match () {
            () if error.downcast_ref::<Error>().is_some_and(Error::is_usage) => 2,
            () if error.is::<verdict::Suspect>() => SUSPECT,
            () => 1,
        },
    }
}

/// All commands with all their flags.
fn command_line() -> clap::Command {
    words::understood(Arguments::command())
}

/// Ends the program with clap's message, and with what was probably meant.
fn refuse(error: &clap::Error) -> ! {
    let Some(meant) = meant(error) else { error.exit() };
    let _ = error.print();
    complain(&format!("\n{meant}"));
    std::process::exit(2)
}

/// The command that was probably meant by arguments that were refused: to go on with a run, or to train its network further.
fn meant(error: &clap::Error) -> Option<String> {
    let named = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(given)) => vec![given.as_str()],
        Some(ContextValue::Strings(given)) => given.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let given = [named(ContextKind::InvalidArg), named(ContextKind::PriorArg)].concat();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let path = Path::new(*given.first()?);
            let command = match () {
                () if RunFolder::exists(path) => "train",
                () if MachineFolder::exists(path) => "rbm train",
                () if FlowFolder::exists(path) => "neuralrg train",
                () => return None,
            };
            let path = path.display();
            Some(format!(
                "{path} is the folder of a run; to go on with it: han-gpu {command} --resume {path}"
            ))
        }
        ErrorKind::ArgumentConflict if given.iter().any(|given| given.starts_with("--resume")) => Some(
            "A run that goes on keeps its settings: its learning rate falls to the last of its steps.\n\
             To train its network further, or otherwise, start another run from it:\n  \
             han-gpu train RUN/config.toml --init-from RUN --steps 8000 --out NEW"
                .to_owned(),
        ),
        _ => None,
    }
}

fn run(command: Command, ranks: &Ranks) -> anyhow::Result<()> {
    match command {
        Command::Train(arguments) => train::run(&arguments, ranks),
        Command::Sample(arguments) => sample::run(&arguments, ranks),
        Command::Measure(arguments) => measure::run(&arguments, ranks),
        Command::Scan(arguments) => scan::run(&arguments, ranks),
        Command::Mc(arguments) => mc::run(&arguments, ranks),
        // Other commands have no work for several.
        _ if !ranks.is_first() => Ok(()),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Plot(arguments) => plot::run(&arguments),
        Command::Runs(arguments) => runs::run(&arguments),
        Command::Exact(arguments) => exact::run(&arguments),
        Command::Devices(arguments) => devices::run(arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Rbm(arguments) => rbm::run(&arguments),
        Command::Neuralrg(arguments) => neuralrg::run(&arguments),
        Command::Renormalise(arguments) => renormalise::run(&arguments),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Manual(arguments) => manual::manual(&arguments),
    }
}

/// Mesa's device selection layer complains on standard error where there is no desktop. It only reorders adapters, which
/// we choose by kind and name, so it is switched off.
fn quiet_mesa() {
    // SAFETY: this is the first thing the process does; no other thread runs that could read the environment.
    unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
}
