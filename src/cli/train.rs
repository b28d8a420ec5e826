//! `han-gpu train`.

use super::company;
use super::flags::ForTrain;
use super::grow::{self, Growth};
use super::heading;
use super::interrupt::Stopped;
use super::settings::SettingArguments;
use super::training::{Resources, by_resume, execute, open};
use super::verdict::{self, Strict};
use crate::counted::counted;
use crate::estimate::{Estimate, Verification};
use crate::io::{RunFolder, Summary};
use crate::ranks::Ranks;
use std::path::{Path, PathBuf};
use toml::Value;

/// Train a network and write a run folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu train                            the 16 x 16 lattice at beta = 0.44
  han-gpu train --size 32 --beta 0.42 --out runs/a
  han-gpu train --preset published --steps 2000
  han-gpu train my.toml --lr 0.005         flags override the file
  han-gpu train --grow 16,32,64            one from the nets of the other
  han-gpu train --resume runs/a            go on where a run was stopped")]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingArguments<ForTrain>,
    /// Train sizes such as 16,32,64, each from the one before
    ///
    /// Train these sizes in turn, each from the nets of the one before, for example 16,32,64; repeat the command to go on
    /// after a stop
    #[arg(
        long,
        value_name = "SIZES",
        value_delimiter = ',',
        help_heading = heading::TRAINING,
        conflicts_with_all = ["size", "init_from", "resume"]
    )]
    grow: Option<Vec<u32>>,
    #[command(flatten)]
    resources: Resources,
    /// Run folder [default: a new one under runs/]
    #[arg(long, value_name = "DIR", help_heading = heading::RUN_FOLDER)]
    out: Option<PathBuf>,
    /// Overwrite an existing run
    #[arg(long, help_heading = heading::RUN_FOLDER)]
    force: bool,
    /// Continue the run in DIR, with its settings
    ///
    /// Continue the run in DIR; only --device, --nice-gpu and --retune may be given with it
    #[arg(
        long,
        value_name = "DIR",
        help_heading = heading::RUN_FOLDER,
        conflicts_with_all = ["config", "preset", "set", "memory", "out", "force"]
    )]
    resume: Option<PathBuf>,
    #[command(flatten)]
    strict: Strict,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, ranks: &Ranks) -> anyhow::Result<()> {
    if !ranks.is_first() {
        return company::follow(ranks, &arguments.resources);
    }
    let trained = trained(arguments, ranks);
    if trained.as_ref().map_or_else(|error| error.is::<Stopped>(), |_| true) {
        company::dismiss(ranks);
    }
    let (summary, folder) = trained?;
    let json = arguments.json;
    match &summary {
        Some(summary) if json => super::print_json(summary)?,
        Some(summary) => super::print(&describe(summary, folder.path()))?,
        // All sizes were trained by earlier calls.
        None => verdict::tell_of(&folder),
    }
    let doubts: Vec<String> = folder.verification().iter().flat_map(Verification::doubts).cloned().collect();
    arguments.strict.check(&doubts)
}

/// The run, or the last of several, and its summary unless it was finished before.
fn trained(arguments: &Arguments, ranks: &Ranks) -> anyhow::Result<(Option<Summary>, RunFolder)> {
    let finished = |(summary, folder)| (Some(summary), folder);
    Ok(match (&arguments.resume, &arguments.grow) {
        (Some(path), _) => finished(resume(path, arguments, ranks)?),
        (None, Some(sizes)) => {
            let Arguments { settings, out, force, resources, .. } = arguments;
            let resolve = |more: &[(&'static str, Value)]| settings.resolve(more.iter().cloned());
            grow::run(&Growth { sizes, out: out.as_deref(), force: *force, resources, ranks }, resolve)?
        }
        (None, None) => finished(start(arguments, ranks)?),
    })
}

fn start(arguments: &Arguments, ranks: &Ranks) -> anyhow::Result<(Summary, RunFolder)> {
    let mut config = arguments.settings.resolve([])?;
    if !config.init_from.is_empty()
        && let Ok((from, _)) = RunFolder::open(Path::new(&config.init_from))
    {
        verdict::tell_of(&from);
    }
    // The device first: a run that cannot start should leave no folder behind.
    let backend = open(&mut config, &arguments.resources, ranks)?;
    let folder = match &arguments.out {
        Some(path) => RunFolder::create(path, &config, arguments.force)?,
        None => RunFolder::create_numbered(&RunFolder::default_path(&config), &config)?,
    };
    Ok((execute(&config, backend, &folder, &by_resume(&folder), ranks)?, folder))
}

fn resume(path: &Path, arguments: &Arguments, ranks: &Ranks) -> anyhow::Result<(Summary, RunFolder)> {
    let (folder, mut config) = RunFolder::open(path)?;
    if let Some(wanted) = arguments.settings.flag("device").and_then(Value::as_str) {
        config.device = wanted.to_owned();
    }
    let backend = open(&mut config, &arguments.resources, ranks)?;
    Ok((execute(&config, backend, &folder, &by_resume(&folder), ranks)?, folder))
}

fn describe(summary: &Summary, folder: &Path) -> String {
    let forward = summary
        .forward
        .map(|forward| format!(", {:.4} from {} of Monte Carlo", forward.ess.value, forward.count));
    let kl_of = if summary.ln_z_exact.is_some() { "exact ln Z" } else { "estimated ln Z" };
    let exact = summary.ln_z_exact.map(|ln_z| format!("   exact {ln_z:.6}"));
    let deviation = summary.ln_z_deviation.map(|sigma| format!(", off by {sigma:+.1} sigma"));
    let mut lines = vec![format!(
        "trained {} in {:.1} s on {}",
        counted(summary.steps, "step"),
        summary.elapsed_s,
        summary.device
    )];
    let free_energy =
        |estimate: Estimate| format!("F/N       {:.8} +- {:.1e} J", estimate.value, estimate.error);
    lines.extend(summary.free_energy_per_site.map(free_energy));
    lines.extend([
        format!(
            "ln Z      {:.6} +- {:.6}{}{}",
            summary.ln_z.value,
            summary.ln_z.error,
            exact.unwrap_or_default(),
            deviation.unwrap_or_default()
        ),
        format!(
            "bound     {:.8} +- {:.1e}, the variational upper bound on beta F/N",
            summary.beta_f_per_site.value, summary.beta_f_per_site.error
        ),
        format!("KL        {:.5} +- {:.1e} nats (against the {kl_of})", summary.kl.value, summary.kl.error),
        format!(
            "ESS       {:.4} from {}{}",
            summary.ess,
            counted(summary.samples, "sample"),
            forward.unwrap_or_default()
        ),
        verdict::describe(&summary.verification),
        format!("results in {}", folder.display()),
    ]);
    lines.join("\n")
}
