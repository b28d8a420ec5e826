//! Progress of long work on standard error: a bar on a terminal, plain lines elsewhere.
//!
//! Lines fit 80 columns. Messages of the program that come while a bar is shown stand above it.

use super::interrupt::Interrupt;
use super::output::{colourful, is_quiet, tell};
use crate::counted::counted;
use crate::mc::Stage;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shortest time between plain lines.
const LINE_EVERY: Duration = Duration::from_secs(2);
/// Time after which work that says nothing is named.
const SILENCE: Duration = Duration::from_secs(1);
/// Time between two turns of a spinner.
const TICK: Duration = Duration::from_millis(120);

/// The bar that is shown, if one is.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Writes to standard error while no bar stands in the way.
pub(super) fn beside_the_bar(write: impl FnOnce()) {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match shown {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Progress of one long job.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    /// None where nobody knows how long it takes.
    total: Option<u64>,
    done: u64,
    message: String,
    started: Instant,
    started_at: u64,
    last_line: Instant,
}

impl Progress {
    /// Starts at `done` of `total` units of `what`.
    pub(super) fn new(what: &'static str, done: u64, total: u64) -> Self {
        Self::started(what, done, Some(total))
    }

    /// A bar for work of unknown length.
    pub(super) fn endless(what: &'static str) -> Self {
        Self::started(what, 0, None)
    }

    fn started(what: &'static str, done: u64, total: Option<u64>) -> Self {
        let is_seen = std::io::stderr().is_terminal() && !is_quiet();
        let bar = is_seen.then(|| bar(what, done, total));
        SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&bar);
        let now = Instant::now();
        let message = String::new();
        Self { bar, what, total, done, message, started: now, started_at: done, last_line: now }
    }

    pub(super) fn advance(&mut self, done: u64) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if self.last_line.elapsed() >= LINE_EVERY || self.total == Some(done) {
            self.last_line = Instant::now();
            tell(&self.line());
        }
    }

    pub(super) fn say(&mut self, message: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(message.clone());
        }
        self.message = message;
    }

    /// Leaves the bar as it is, or takes it away if there is no more to see in it, and goes to the next line.
    pub(super) fn finish(&mut self) {
        let Some(bar) = self.bar.take() else { return };
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match self.total {
            Some(_) => {
                bar.abandon();
                tell("");
            }
            None => bar.finish_and_clear(),
        }
    }

    fn line(&self) -> String {
        let Self { what, done, message, .. } = self;
        let line = match self.total {
            Some(total) => format!("{what} {done}/{total}  {} left  {message}", self.left(total)),
            None => format!("{what}: {message}"),
        };
        line.trim_end().to_owned()
    }

    fn left(&self, total: u64) -> String {
        let done = self.done - self.started_at;
        if done == 0 {
            return "?".to_owned();
        }
        in_words(self.started.elapsed().mul_f64((total - self.done) as f64 / done as f64))
    }
}

/// A job that ends early, on an error or a signal, leaves its bar behind.
impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn bar(what: &'static str, done: u64, total: Option<u64>) -> ProgressBar {
    let colour = if colourful() { ".cyan" } else { "" };
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            format!("{{bar:8{colour}}} {{prefix}} {{pos}}/{{len}}  {{eta}} left  {{wide_msg}}"),
        ),
        None => {
            (ProgressBar::new_spinner(), format!("{{spinner{colour}}} {{prefix}}  {{elapsed}}  {{wide_msg}}"))
        }
    };
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = bar.with_style(style).with_prefix(what).with_position(done);
    bar.reset_eta();
    if total.is_none() {
        bar.enable_steady_tick(TICK);
    }
    bar
}

/// Jobs one after the other, and the time that is left for them.
pub(super) struct Jobs {
    /// Work of each; 0: none is left.
    work: Vec<f64>,
    /// Work that was done here, and since when.
    done: f64,
    started: Instant,
}

impl Jobs {
    /// Before the first.
    pub(super) fn new(work: Vec<f64>) -> Self {
        Self { work, done: 0.0, started: Instant::now() }
    }

    /// Tells which job begins, and how long it and all after it will take, as far as those before tell.
    pub(super) fn begin(&mut self, index: usize, what: &str, name: &str) {
        self.done = self.work[..index].iter().sum();
        let left: f64 = self.work[index..].iter().sum();
        let time = (self.done > 0.0 && left > 0.0)
            .then(|| format!(", about {} left", in_words(self.started.elapsed().mul_f64(left / self.done))));
        tell(&format!("{what} {} of {}: {name}{}", index + 1, self.work.len(), time.unwrap_or_default()));
    }
}

/// A time as people say it.
pub(super) fn in_words(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..100 => format!("{seconds}s"),
        100..6000 => format!("{}m", (seconds + 30) / 60),
        _ => format!("{}h {}m", (seconds + 30) / 3600, (seconds + 30) % 3600 / 60),
    }
}

/// Does work that tells nothing of itself; after a second of it a spinner or a line says what it is.
pub(super) fn wait<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    let (done, waits) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waits.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                let progress = Progress::endless(what);
                if progress.bar.is_none() {
                    tell(&format!("{what} ..."));
                }
                let _ = waits.recv();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// Progress of a Monte Carlo: chains come into equilibrium, then configurations are drawn.
pub(super) struct Watch {
    progress: Option<Progress>,
    interrupt: Interrupt,
}

impl Watch {
    /// A Monte Carlo that a signal ends.
    pub(super) fn new(interrupt: &Interrupt) -> Self {
        Self { progress: None, interrupt: interrupt.clone() }
    }

    /// Shows how far it is, and says whether to go on.
    pub(super) fn see(&mut self, stage: Stage) -> ControlFlow<()> {
        match stage {
            Stage::Equilibrating { sweeps } => {
                let progress = self
                    .progress
                    .get_or_insert_with(|| Progress::endless("Monte Carlo comes into equilibrium"));
                progress.say(counted(sweeps, "sweep"));
                progress.advance(sweeps as u64);
            }
            Stage::Drawing { done, of } => {
                if self.progress.as_ref().is_none_or(|progress| progress.total.is_none()) {
                    drop(self.progress.take());
                    self.progress = Some(Progress::new("configuration", 0, of as u64));
                }
                if let Some(progress) = &mut self.progress {
                    progress.advance(done as u64);
                }
            }
        }
        self.interrupt.flow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_words() {
        let words = |seconds| in_words(Duration::from_secs_f64(seconds));
        assert_eq!([words(0.4), words(54.0), words(90.0), words(100.0)], ["0s", "54s", "90s", "2m"]);
        assert_eq!([words(5999.0), words(7260.0), words(36_000.0)], ["100m", "2h 1m", "10h 0m"]);
    }

    #[test]
    fn work_that_is_waited_for_gives_its_result() {
        assert_eq!(wait("counting", || 3), 3);
        assert_eq!(wait("counting", || std::thread::sleep(SILENCE + TICK)), ());
    }

    #[test]
    fn plain_lines_fit_80_columns() {
        let mut progress = Progress::new("step", 0, 400_000);
        progress.advance(123_456);
        progress.say("F/N -2.116362 +1.2e-4  ESS 0.993  123k/s".to_owned());
        assert!(progress.line().len() <= 80, "{}", progress.line());
    }
}
