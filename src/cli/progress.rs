//! A progress bar on a terminal, plain lines elsewhere; always on standard error.

use super::output::{colourful, is_quiet, tell};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Shortest time between plain lines.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Progress of one long job.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    total: u64,
    done: u64,
    message: String,
    started: Instant,
    started_at: u64,
    last_line: Instant,
}

impl Progress {
    /// Starts at `done` of `total` units of `what`.
    pub(super) fn new(what: &'static str, done: u64, total: u64) -> Self {
        let bar = (std::io::stderr().is_terminal() && !is_quiet()).then(|| {
            let bar = if colourful() { "{wide_bar:.cyan}" } else { "{wide_bar}" };
            let style = ProgressStyle::with_template(&format!(
                "{bar} {{prefix}} {{pos}}/{{len}}  {{msg}}  {{eta}} left"
            ))
            .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(total).with_style(style).with_prefix(what).with_position(done);
            bar.reset_eta();
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            what,
            total,
            done,
            message: String::new(),
            started: now,
            started_at: done,
            last_line: now,
        }
    }

    pub(super) fn advance(&mut self, done: u64) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if self.last_line.elapsed() >= LINE_EVERY || done == self.total {
            self.last_line = Instant::now();
            tell(&format!("{} {}/{}  {}  {} left", self.what, done, self.total, self.message, self.left()));
        }
    }

    pub(super) fn say(&mut self, message: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(message.clone());
        }
        self.message = message;
    }

    /// Leaves the bar as it is and goes to the next line.
    pub(super) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.abandon();
            tell("");
        }
    }

    fn left(&self) -> String {
        let done = self.done - self.started_at;
        if done == 0 {
            return "?".to_owned();
        }
        let seconds = self.started.elapsed().as_secs_f64() * (self.total - self.done) as f64 / done as f64;
        indicatif::HumanDuration(Duration::from_secs_f64(seconds)).to_string()
    }
}
