//! `han-gpu train`.

use super::grow::{self, Growth};
use super::settings::{parse_setting, settings_file};
use super::training::{Resources, execute, open};
use super::verdict::{self, Strict};
use crate::config::{Config, resolve};
use crate::estimate::Estimate;
use crate::io::{RunFolder, Summary};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Train a network and write a run folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu train                                  the 16 x 16 lattice at beta = 0.44
  han-gpu train --size 32 --beta 0.42 --out runs/a
  han-gpu train --preset published --steps 2000
  han-gpu train my.toml --lr 0.005               flags override the file
  han-gpu train --grow 16,32,64                  one lattice from the nets of the other
  han-gpu train --resume runs/a                  go on where a run was stopped")]
pub(super) struct Arguments {
    /// Settings as TOML; the keys are those of a run's config.toml
    config: Option<PathBuf>,
    /// Side of the lattice, a power of two from 4 to 1024 [default: 16]
    #[arg(long)]
    size: Option<i64>,
    /// Inverse temperature [default: 0.44]
    #[arg(long, allow_negative_numbers = true)]
    beta: Option<f64>,
    /// Coupling J; negative for the antiferromagnet [default: 1]
    #[arg(long, value_name = "J", allow_negative_numbers = true)]
    coupling: Option<f64>,
    /// Field H [default: 0]
    #[arg(long, value_name = "H", allow_negative_numbers = true)]
    field: Option<f64>,
    /// Which sites are neighbours: square, or triangular (six; J < 0 is frustrated) [default: square]
    #[arg(long, value_name = "NAME")]
    lattice: Option<String>,
    /// han: a net for every level of a hierarchy; van: one dense net over all sites, row by row [default: han]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Configurations per step
    #[arg(long)]
    batch: Option<i64>,
    /// Training steps
    #[arg(long)]
    steps: Option<i64>,
    /// Largest learning rate, after the warm-up
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Hidden units per site
    #[arg(long)]
    width: Option<i64>,
    /// Hidden layers, 1 to 3
    #[arg(long)]
    depth: Option<i64>,
    /// Side of the squares that are summed exactly, without nets: 8, 4 or 2 [default: 8]
    #[arg(long, value_name = "SIDE")]
    exact_bottom: Option<i64>,
    /// reverse, forward (learn from Monte Carlo) or mixed (from forward to reverse)
    /// [default: reverse; mixed from size 64 on, forward in the ordered phase]
    #[arg(long, value_name = "NAME")]
    objective: Option<String>,
    /// Start from the nets of another run: of the same size, or of half the size and the same beta
    #[arg(long, value_name = "DIR")]
    init_from: Option<String>,
    /// Train these sizes in turn, each from the nets of the one before, for example 16,32,64; repeat the command to go on
    /// after a stop
    #[arg(long, value_name = "SIZES", value_delimiter = ',', conflicts_with_all = ["size", "init_from", "resume"])]
    grow: Option<Vec<u32>>,
    /// Seed of parameters and samples
    #[arg(long)]
    seed: Option<i64>,
    /// auto, cpu, or index or name of a GPU (see `han-gpu devices`)
    #[arg(long)]
    device: Option<String>,
    #[command(flatten)]
    resources: Resources,
    /// Starting point of all settings: default or published
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Any other setting of config.toml, for example --set skip=false
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Run folder [default: a new one under runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite an existing run
    #[arg(long)]
    force: bool,
    /// Continue the run in DIR; only --device, --nice-gpu and --retune may be given with it
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "config", "size", "beta", "coupling", "field", "lattice", "network", "batch", "steps", "lr", "width", "depth", "exact_bottom", "seed", "preset", "set",
        "objective", "init_from", "memory",
        "out", "force"
    ])]
    resume: Option<PathBuf>,
    #[command(flatten)]
    strict: Strict,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let json = arguments.json;
    let finished = |(summary, folder)| (Some(summary), folder);
    let (summary, folder) = match (&arguments.resume, &arguments.grow) {
        (Some(path), _) => finished(resume(path, arguments)?),
        (None, Some(sizes)) => {
            let Arguments { out, force, resources, .. } = arguments;
            let resolve = |more| resolve_arguments(arguments, more);
            grow::run(&Growth { sizes, out: out.as_deref(), force: *force, resources }, resolve)?
        }
        (None, None) => finished(start(arguments)?),
    };
    match &summary {
        Some(summary) if json => super::print_json(summary)?,
        Some(summary) => super::print(&describe(summary, folder.path()))?,
        // All sizes were trained by earlier calls.
        None => verdict::tell_of(&folder),
    }
    let doubts: Vec<String> = folder.verification().iter().flat_map(verdict::doubts).collect();
    arguments.strict.check(&doubts)
}

fn start(arguments: &Arguments) -> anyhow::Result<(Summary, RunFolder)> {
    let mut config = resolve_arguments(arguments, [])?;
    if !config.init_from.is_empty()
        && let Ok((from, _)) = RunFolder::open(Path::new(&config.init_from))
    {
        verdict::tell_of(&from);
    }
    // The device first: a run that cannot start should leave no folder behind.
    let backend = open(&mut config, &arguments.resources)?;
    let folder = match &arguments.out {
        Some(path) => RunFolder::create(path, &config, arguments.force)?,
        None => RunFolder::create_numbered(&default_folder(&config), &config)?,
    };
    Ok((execute(&config, backend, &folder)?, folder))
}

/// Settings of the file and the flags, and more that win over both.
fn resolve_arguments<const N: usize>(
    arguments: &Arguments,
    more: [(&str, Value); N],
) -> anyhow::Result<Config> {
    let (file, source) = settings_file(arguments.config.as_deref())?;
    let mut flags = flags(arguments)?;
    flags.extend(more.map(|(key, value)| (key.to_owned(), value)));
    Ok(resolve(arguments.preset.as_deref(), file, flags, &source)?)
}

fn resume(path: &Path, arguments: &Arguments) -> anyhow::Result<(Summary, RunFolder)> {
    let (folder, mut config) = RunFolder::open(path)?;
    if let Some(wanted) = &arguments.device {
        config.device = wanted.clone();
    }
    let backend = open(&mut config, &arguments.resources)?;
    Ok((execute(&config, backend, &folder)?, folder))
}

/// Settings given as flags, as a layer over the file.
fn flags(arguments: &Arguments) -> anyhow::Result<Table> {
    let mut table = Table::new();
    for setting in &arguments.set {
        table.extend(parse_setting(setting)?);
    }
    let integers = [
        ("size", arguments.size),
        ("batch", arguments.batch),
        ("steps", arguments.steps),
        ("width", arguments.width),
        ("depth", arguments.depth),
        ("exact_bottom", arguments.exact_bottom),
        ("seed", arguments.seed),
    ];
    let numbers = [
        ("beta", arguments.beta),
        ("coupling", arguments.coupling),
        ("field", arguments.field),
        ("learning_rate", arguments.lr),
    ];
    let integers = integers.into_iter().filter_map(|(key, value)| Some((key, Value::Integer(value?))));
    let numbers = numbers.into_iter().filter_map(|(key, value)| Some((key, Value::Float(value?))));
    let names = [
        ("lattice", &arguments.lattice),
        ("network", &arguments.network),
        ("device", &arguments.device),
        ("objective", &arguments.objective),
        ("init_from", &arguments.init_from),
    ];
    let names = names.into_iter().filter_map(|(key, value)| Some((key, Value::String(value.clone()?))));
    table.extend(integers.chain(numbers).chain(names).map(|(key, value)| (key.to_owned(), value)));
    Ok(table)
}

/// Where a run goes if nothing is said, with a number if there is one already.
fn default_folder(config: &Config) -> PathBuf {
    format!("runs/L{}-beta{}", config.size, config.beta).into()
}

fn describe(summary: &Summary, folder: &Path) -> String {
    let forward = summary
        .forward
        .map(|forward| format!(", {:.4} from {} of Monte Carlo", forward.ess.value, forward.count));
    let kl_of = if summary.ln_z_exact.is_some() { "exact ln Z" } else { "estimated ln Z" };
    let exact = summary.ln_z_exact.map(|ln_z| format!("   exact {ln_z:.6}"));
    let deviation = summary.ln_z_deviation.map(|sigma| format!(", off by {sigma:+.1} sigma"));
    let mut lines =
        vec![format!("trained {} steps in {:.1} s on {}", summary.steps, summary.elapsed_s, summary.device)];
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
        format!("KL        {:.5} +- {:.5} nats (against the {kl_of})", summary.kl.value, summary.kl.error),
        format!(
            "ESS       {:.4} from {} samples{}",
            summary.ess,
            summary.samples,
            forward.unwrap_or_default()
        ),
        verdict::describe(&summary.verification),
        format!("results in {}", folder.display()),
    ]);
    lines.join("\n")
}
