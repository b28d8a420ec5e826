//! The program's words: results on standard output; progress, warnings and the log on standard error.

use super::columns::{WIDTH, wrapped};
use crate::error::Error;
use crate::exact;
use crate::io::Table;
use crate::plot;
use clap::ArgMatches;
use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::EnvFilter;

/// How much is said beside results.
#[derive(Debug, clap::Args)]
pub(super) struct Loudness {
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = super::words::LAST + 1)]
    quiet: bool,
    /// Log what is done; twice: in detail; RUST_LOG: by module
    ///
    /// Log what is done; twice: in detail. RUST_LOG, where it is set, says it by module
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = super::words::LAST + 2)]
    verbose: u8,
}

static QUIET: AtomicBool = AtomicBool::new(false);

impl Loudness {
    /// Holds from now on.
    pub(super) fn set(&self) {
        QUIET.store(self.quiet, Ordering::Relaxed);
        let default = match (self.quiet, self.verbose) {
            (true, _) => "off",
            // The GPU stack's warnings are about drivers, and nothing that a user can do anything about.
            (false, 0) => "han_gpu=warn",
            (false, 1) => "warn,han_gpu=info",
            (false, _) => "info,han_gpu=debug",
        };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(colourful())
            .without_time()
            // Otherwise it panics where standard error is closed.
            .log_internal_errors(false)
            .init();
    }
}

/// Says nothing but errors from now on.
pub(super) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether progress is shown.
pub(super) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Whether standard error takes colours: it is a terminal, and NO_COLOR is not set.
pub(super) fn colourful() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}

/// Says something on standard error, unless that is not wanted; nobody has to listen.
pub(super) fn tell(text: &str) {
    if !is_quiet() {
        complain(text);
    }
}

/// Says so before the exact curve of a scan is solved, where that takes a minute.
pub(super) fn tell_of_slow_curves(table: &Table) {
    if plot::systems(table).iter().any(exact::is_slow) {
        tell(
            "solving lattices exactly at 16 temperatures for the curves of the figures; this may take a minute",
        );
    }
}

/// Says what went wrong, always.
pub(super) fn complain(text: &str) {
    super::progress::beside_the_bar(|| {
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "{}", fitted(&printable(text), stderr.is_terminal()));
    });
}

/// Prints to standard output; a reader that has gone away (`| head`) is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let text = fitted(text, stdout.is_terminal());
    match writeln!(stdout, "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

pub(super) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Words at the start of lines that give reasons, which may be long.
const REASONED: [&str; 3] = ["WARNING", "SUSPECT", "verified"];

/// A text as a terminal shows it: long lines of reasons are broken between words, and go on below their first reason. Elsewhere each stays one line, for programs that look for it.
fn fitted(text: &str, is_terminal: bool) -> Cow<'_, str> {
    let is_long = |line: &str| {
        line.chars().count() > WIDTH && REASONED.iter().any(|word| line.trim_start().starts_with(word))
    };
    if !is_terminal || !text.lines().any(is_long) {
        return Cow::Borrowed(text);
    }
    let lines = text.lines().map(|line| if is_long(line) { broken(line) } else { line.to_owned() });
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// A line of a word and its reasons in lines that fit.
fn broken(line: &str) -> String {
    let before = line.len() - line.trim_start().len();
    let word = line[before..].find(' ').unwrap_or_default();
    let rest = line[before + word..].trim_start();
    wrapped(&line[..line.len() - rest.len()], rest)
}

/// Arguments that name a file or folder to write, in any command.
const PLACES: [&str; 3] = ["out", "keep", "folder"];

/// Refuses `-` for a file or folder to write: elsewhere it means standard output, where no command writes files.
pub(super) fn check_places(matches: &ArgMatches) -> anyhow::Result<()> {
    let Some((_, command)) = matches.subcommand() else { return Ok(()) };
    // Commands of commands.
    check_places(command)?;
    for place in PLACES {
        // Not every command has each of them.
        let given = command.try_get_raw(place).ok().flatten();
        if given.is_some_and(|mut names| names.any(|name| name == "-")) {
            let expected = "files are not written to standard output; name one, or ./- for one of that name";
            return Err(Error::setting(place, "-", expected).into());
        }
    }
    Ok(())
}

/// Messages quote files of other people: what would steer the terminal is written out.
fn printable(message: &str) -> String {
    written_out(message, |character| character.is_control() && character != '\n')
}

/// A text in one line, with nothing that would steer the terminal.
pub(super) fn in_a_line(text: &str) -> String {
    written_out(text, char::is_control)
}

/// A text with the characters that steer the terminal written out.
fn written_out(text: &str, steers: impl Fn(char) -> bool) -> String {
    let written = |character: char| match steers(character) {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Arguments;
    use clap::CommandFactory;

    #[test]
    fn every_file_or_folder_that_a_command_writes_is_known() {
        let read =
            ["run", "resume", "init_from", "spins", "reference", "config", "paths", "couplings", "compare"];
        for command in Arguments::command().get_subcommands().filter(|command| command.get_name() != "help") {
            let names_path = |argument: &&clap::Arg| {
                let names = argument.get_value_names().unwrap_or_default();
                argument.get_value_parser().type_id() == std::any::TypeId::of::<std::path::PathBuf>()
                    || names.iter().any(|name| name.starts_with("FILE") || name == "DIR")
            };
            for argument in command.get_arguments().filter(names_path) {
                let id = argument.get_id().as_str();
                assert!(read.contains(&id) || PLACES.contains(&id), "{} {id}", command.get_name());
            }
        }
    }

    #[test]
    fn reasons_fit_a_terminal_and_are_one_line_elsewhere() {
        let reasons = "the effective sample size is 0.998 by the network's own samples and 0.970 by 2000 configurations; ";
        let text = format!(
            "ESS       0.9985\nSUSPECT   {}\nresults in {}",
            reasons.repeat(3).trim(),
            "x".repeat(90)
        );
        assert_eq!(fitted(&text, false), text);
        let shown = fitted(&text, true);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.len() > 5 && lines[1].starts_with("SUSPECT   the effective"), "{shown}");
        for line in &lines[1..lines.len() - 1] {
            assert!(line.len() <= WIDTH, "{shown}");
        }
        assert!(
            lines[2..lines.len() - 1]
                .iter()
                .all(|line| line.starts_with("          ") && &line[10..11] != " ")
        );
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&shown), words(&text));
    }

    #[test]
    fn messages_cannot_steer_the_terminal() {
        assert_eq!(printable("no key \"\u{1b}[2Jx\u{9b}\"\nnext"), "no key \"\\u{1b}[2Jx\\u{9b}\"\nnext");
    }
}
