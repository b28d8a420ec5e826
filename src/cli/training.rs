//! A training run of a command: its device, its folder, and what is told while it runs.

use super::company::announce;
use super::heading;
use super::interrupt::{Interrupt, Stopped};
use super::memory::Memory;
use super::progress::{Progress, Watch, in_words, wait};
use crate::Pace;
use crate::backend::{Backend, Tuning};
use crate::config::Config;
use crate::counted::counted;
use crate::error::Error;
use crate::exact;
use crate::io::{Metrics, RunFolder, Summary};
use crate::lattice::Lattice;
use crate::plot::{self, Format};
use crate::ranks::Ranks;
use crate::train::{Event, train_on_ranks};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Time from which on closing samples take long.
const LONG: Duration = Duration::from_secs(60);

/// The share of the machine that training may take.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Resources {
    #[command(flatten)]
    memory: Memory,
    /// Share of the device's time [default: 1; bare: 0.5]
    ///
    /// Share of the device's time that training may take, so that a desktop stays responsive [default: 1, without a value 0.5]
    #[arg(
        long,
        value_name = "SHARE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0.5",
        help_heading = heading::MACHINE
    )]
    nice_gpu: Option<f64>,
    /// Measure kernel shapes again
    ///
    /// Measure kernel shapes again, instead of taking those that an earlier run on this GPU and driver found fastest
    #[arg(long, help_heading = heading::MACHINE)]
    retune: bool,
}

/// Opens the device of a run, and records which it is and how the batch is cut.
pub(super) fn open(
    config: &mut Config,
    resources: &Resources,
    ranks: &Ranks,
) -> crate::Result<Box<dyn Backend>> {
    let pace = resources.nice_gpu.map_or(Ok(Pace::FULL), Pace::new)?;
    let mut backend = wait("opening the device", || resources.memory.open(config, ranks))?;
    let tuning = if resources.retune { Tuning::Again } else { Tuning::Measured };
    wait("measuring kernel shapes", || backend.tune(tuning))?;
    backend.set_pace(pace);
    Ok(backend)
}

/// Trains in a folder of a set of runs, or goes on with the run that is there; nothing if it is finished. After a stop the command that made the set goes on
/// with it.
pub(super) fn train_one(
    mut config: Config,
    path: &Path,
    force: bool,
    resources: &Resources,
    ranks: &Ranks,
) -> anyhow::Result<Option<(Summary, RunFolder)>> {
    if !force && config.chunk == 0 && RunFolder::exists(path) {
        config.chunk = RunFolder::open(path)?.1.chunk;
    }
    let backend = open(&mut config, resources, ranks)?;
    let folder = if force || !RunFolder::exists(path) {
        RunFolder::create(path, &config, force)?
    } else {
        let (folder, there) = RunFolder::open(path)?;
        // Where it started from may be named otherwise, or have been another neighbour in an earlier call.
        if (Config { init_from: config.init_from.clone(), ..there }) != config {
            let message = "it holds a run with other settings; choose another --out, or remove it";
            return Err(Error::content(path, message).into());
        }
        if folder.is_finished() {
            super::tell(&format!("{} is trained already", path.display()));
            return Ok(None);
        }
        folder
    };
    Ok(Some((execute(&config, backend, &folder, "repeat the command to go on", ranks)?, folder)))
}

/// Trains in a folder from its checkpoint on, under a progress bar. `go_on` says how to go on after a stop.
pub(super) fn execute(
    config: &Config,
    mut backend: Box<dyn Backend>,
    folder: &RunFolder,
    go_on: &str,
    ranks: &Ranks,
) -> anyhow::Result<Summary> {
    let checkpoint = folder.load_checkpoint(config, backend.model())?;
    let interrupt = Interrupt::listen();
    interrupt.goes_on(go_on);
    let run = folder.path().display();
    let others = match ranks.count() {
        1 => String::new(),
        count => format!(" on each of {count} ranks"),
    };
    super::tell(&format!("device {}{others}; run folder {run}", backend.device()));
    if checkpoint.step >= config.steps && folder.is_finished() {
        let (step, more) = (checkpoint.step, config.steps.saturating_mul(2));
        super::tell(&format!(
            "the run is finished at step {step} of {step}, and is evaluated once more;\nto train its network further:\n  han-gpu train {run}/config.toml --init-from {run} --steps {more} --out NEW"
        ));
    }
    // Training asks for it too; the solution is kept.
    wait("solving the lattice exactly", || exact::ln_z(&backend.model().system, config.beta));
    let mut seen = Seen::new(config, checkpoint.step, &interrupt);
    announce(ranks, config, &checkpoint)?;
    let trained = train_on_ranks(ranks, config, backend.as_mut(), Some(folder), checkpoint, &mut |event| {
        seen.see(event)
    });
    drop(seen);
    if let Err(Error::Device { .. } | Error::File { .. }) = &trained {
        super::tell(&format!("the last checkpoint is good; {go_on}"));
    }
    let summary = trained?;
    if summary.is_some()
        && let Err(error) = draw_training(config, folder)
    {
        // The run is whole without its picture.
        super::tell(&format!("warning: {error}"));
    }
    summary.ok_or_else(|| Stopped(format!("training was stopped; {go_on}")).into())
}

/// How a single run goes on.
pub(super) fn by_resume(folder: &RunFolder) -> String {
    format!("go on with: han-gpu train --resume {}", folder.path().display())
}

/// The words that a person sees of a run: one stage after the other, each with its own progress.
struct Seen<'a> {
    config: &'a Config,
    sites: f64,
    interrupt: &'a Interrupt,
    /// Steps of an earlier session.
    done: u32,
    /// Whether Monte Carlo is for the closing check, and not to learn from.
    is_checking: bool,
    monte_carlo: Option<(Watch, Instant)>,
    steps: Option<Progress>,
    evaluation: Option<Progress>,
    /// The end of the last step, from which on closing samples are drawn.
    stepped: Instant,
    /// Whether it was said that closing samples take long.
    is_long: bool,
}

impl<'a> Seen<'a> {
    fn new(config: &'a Config, done: u32, interrupt: &'a Interrupt) -> Self {
        let sites = Lattice::new(config.lattice, config.size).map_or(1.0, |lattice| lattice.sites() as f64);
        let (monte_carlo, steps, evaluation) = (None, None, None);
        let (stepped, is_long) = (Instant::now(), false);
        Self {
            config,
            sites,
            interrupt,
            done,
            is_checking: false,
            monte_carlo,
            steps,
            evaluation,
            stepped,
            is_long,
        }
    }

    fn see(&mut self, event: Event<'_>) -> ControlFlow<()> {
        let Config { evaluation_samples, pool, .. } = *self.config;
        match event {
            Event::MonteCarlo(stage) => {
                let (watch, _) = self.monte_carlo.get_or_insert_with(|| {
                    if !self.is_checking {
                        super::tell(&format!(
                            "{} by Monte Carlo to learn from",
                            counted(pool, "configuration")
                        ));
                    }
                    (Watch::new(self.interrupt), Instant::now())
                });
                return watch.see(stage);
            }
            Event::Step(step) => {
                self.steps().advance(step.into());
                self.stepped = Instant::now();
            }
            Event::Metrics(metrics) => {
                let line = line(metrics, self.config, self.sites);
                self.steps().say(line);
            }
            Event::Checkpoint(_) => (),
            Event::Checking(count) => {
                self.is_checking = true;
                self.evaluation.as_mut().map(Progress::finish);
                super::tell(&format!("closing check: {} by Monte Carlo", counted(count, "configuration")));
            }
            Event::Evaluated(count) => {
                self.steps.as_mut().map(Progress::finish);
                let new = || Progress::new("evaluation sample", 0, evaluation_samples as u64);
                let evaluation = self.evaluation.get_or_insert_with(new);
                if let Some(time) =
                    long(self.stepped.elapsed(), count, evaluation_samples).filter(|_| !self.is_long)
                {
                    self.is_long = true;
                    super::tell(&format!(
                        "{evaluation_samples} closing samples take about {}; for fewer begin with --set evaluation_samples=N, or stop here, change evaluation_samples in config.toml of the run, and --resume it",
                        in_words(time)
                    ));
                    evaluation.say("fewer: --set evaluation_samples=N".to_owned());
                }
                evaluation.advance(count as u64);
            }
        }
        self.interrupt.flow()
    }

    /// Progress of the steps, which Monte Carlo comes before.
    fn steps(&mut self) -> &mut Progress {
        if let Some((watch, start)) = self.monte_carlo.take() {
            drop(watch);
            super::tell(&format!("drawn in {}", in_words(start.elapsed())));
        }
        self.steps.get_or_insert_with(|| Progress::new("step", self.done.into(), self.config.steps.into()))
    }
}

/// The time that all samples take, by that of the first, where it is above a minute.
fn long(elapsed: Duration, done: usize, all: usize) -> Option<Duration> {
    let time = elapsed.mul_f64(all as f64 / done.max(1) as f64);
    (time > LONG).then_some(time)
}

fn draw_training(config: &Config, folder: &RunFolder) -> crate::Result<PathBuf> {
    let figure = plot::training(config, &folder.metrics()?);
    plot::write(&figure, &folder.path().join("training"), Format::Svg)
}

/// A number in few digits.
fn thousands(number: f64) -> String {
    if number < 1e4 { format!("{number:.0}") } else { format!("{:.0}k", number / 1e3) }
}

/// A row in 40 letters or so. F / N is an upper bound, and stands with its distance from the exact value; while beta changes, it stands in place of that distance and of configurations per second.
fn line(metrics: &Metrics, config: &Config, sites: f64) -> String {
    let Metrics { beta, beta_f_per_site, kl, ess, configurations_per_s, .. } = *metrics;
    // At beta = 0 there is no F; beta F stays finite.
    let scale = if beta > 0.0 { 1.0 / beta } else { 1.0 };
    let free_energy = beta_f_per_site * scale;
    if beta != config.beta {
        return format!("beta {beta:.4}  F/N {free_energy:.6}  ESS {ess:.3}");
    }
    let gap = kl.map(|kl| format!(" gap {:.1e}", kl / sites * scale)).unwrap_or_default();
    format!("F/N {free_energy:.6}{gap}  ESS {ess:.3}  {}/s", thousands(configurations_per_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_samples_are_long_above_a_minute() {
        let second = Duration::from_secs(1);
        assert_eq!(long(second, 500, 50_000), Some(100 * second));
        assert_eq!(long(second, 1000, 50_000), None);
        assert_eq!(long(90 * second, 50_000, 50_000), Some(90 * second));
    }

    #[test]
    fn a_line_of_a_long_run_fits_beside_its_steps() {
        let metrics = Metrics {
            step: 100_000,
            beta: 0.4399,
            beta_f_per_site: -0.931_189_74,
            beta_f_per_site_error: 1e-6,
            energy_per_site: -1.4,
            energy_per_site_error: 1e-3,
            ess: 0.994,
            kl: Some(0.002),
            gradient_norm: 1.0,
            learning_rate: 0.01,
            elapsed_s: 10.0,
            configurations_per_s: 123_456.7,
        };
        for (beta, start, end) in
            [(0.4399, "beta 0.4399  F/N -2.11", "ESS 0.994"), (0.44, "F/N -2.11", "123k/s")]
        {
            let line = line(&Metrics { beta, ..metrics }, &Config::default(), 256.0);
            assert!(line.starts_with(start) && line.ends_with(end), "{line}");
            assert!("........ step 40000/40000  54s left  ".len() + line.len() <= 80, "{line}");
        }
    }
}
