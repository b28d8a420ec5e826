//! `han-gpu rbm measure`.

use super::super::columns::{aligned, wrapped};
use super::super::figures::{FigureArguments, Place};
use super::super::progress::Progress;
use super::super::{print, print_json, tell};
use super::{flow, open, thermometers};
use crate::counted::counted;
use crate::error::Error;
use crate::estimate::{PowerLaw, power_law};
use crate::exact;
use crate::io::check_memory;
use crate::lattice::{Ensemble, System};
use crate::mc;
use crate::measure::brief;
use crate::plot::{self, Fitted, Reconstructed};
use crate::random::philox;
use crate::rbm::{Backend, Flow, FlowKind, Thermodynamics, numbers_within};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// Sets the configurations apart from data of the same seed.
const SALT: u32 = 0x3ea;
/// The farthest from the critical temperature that an exponent is fitted, in units of it.
const FARTHEST: f64 = 0.5;

/// Measure U, C, |m| and chi of a machine's reconstructions against temperature and field, beside Monte Carlo.
///
/// Monte Carlo configurations at every temperature and field are reconstructed, and averages are taken of both, as if reconstructions had that temperature. With three temperatures
/// or more in the window below T_c, m = A t^beta is fitted to both. Writes measure.csv and figures.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu rbm measure runs/rbm
  han-gpu rbm measure runs/rbm --temperatures 1.2:2.2:0.1 --sweeps 5
  han-gpu rbm measure runs/rbm --fields 0,0.5,1 --kind mean-field")]
pub(in crate::cli) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Temperatures, as 0.5:5:0.25 or with commas
    #[arg(long, value_name = "LIST", default_value = "0.5:5:0.25")]
    temperatures: String,
    /// Fields H, in the same way; J is 1
    #[arg(long, value_name = "LIST", default_value = "0", allow_hyphen_values = true)]
    fields: String,
    /// Reconstructions of every configuration, one after the other
    #[arg(long, default_value_t = 1)]
    sweeps: u32,
    /// Flow: layers hand on probabilities (mean-field) or drawn units (gibbs)
    #[arg(long, value_enum, default_value = "gibbs")]
    kind: KindName,
    /// Configurations of every temperature and field
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Distances |T - T_c| / T_c below T_c between which exponents are fitted [default: 1 / L to 0.5]
    #[arg(long, value_name = "FROM:TO")]
    window: Option<String>,
    /// Seed of configurations and reconstructions
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// auto, cpu, or index or name of a GPU: reconstructions run there, Monte Carlo on the CPU
    #[arg(long, default_value = "auto")]
    device: String,
    #[command(flatten)]
    figures: FigureArguments,
    /// Folder of the table and the figures [default: RUN/measure]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum KindName {
    MeanField,
    Gibbs,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    flow::check("sweeps", arguments.sweeps, arguments.count)?;
    let kind = match arguments.kind {
        KindName::MeanField => FlowKind::MeanField,
        KindName::Gibbs => FlowKind::Gibbs,
    };
    let temperatures =
        numbers_within(&arguments.temperatures, "temperatures must be above 0", |temperature| {
            temperature > 0.0
        })
        .map_err(|expected| Error::setting("temperatures", &arguments.temperatures, expected))?;
    let fields = numbers_within(&arguments.fields, "fields must be finite numbers", |_| true)
        .map_err(|expected| Error::setting("fields", &arguments.fields, expected))?;
    let learned = open(&arguments.run)?;
    check_memory("count", arguments.count, flow::BYTES_PER_SITE * learned.machine.visible())?;
    let window = window(arguments, learned.machine.lattice.side())?;
    let systems = fields
        .iter()
        .map(|&field| thermometers::system(&learned.machine, field))
        .collect::<crate::Result<Vec<System>>>()?;
    let mut ensembles = Vec::new();
    for system in &systems {
        for &temperature in &temperatures {
            ensembles.push((temperature, mc::at_temperature(system, temperature, "temperatures")?));
        }
    }
    let mut backend = learned.on(&arguments.device)?;
    tell(&format!("device {}", backend.device()));
    let place = Place::new(
        arguments.out.clone().unwrap_or_else(|| arguments.run.join("measure")),
        arguments.figures,
        false,
    )?;
    let points = reconstruct(arguments, kind, backend.as_mut(), &ensembles)?;
    place.write_table("measure", &points.iter().map(row).collect::<Vec<_>>())?;
    let machine = learned.machine;
    let how = counted(arguments.sweeps, &format!("{} reconstruction", kind.name()));
    let title = format!(
        "Thermodynamics by reconstruction, {}{}, {} hidden units, {how}",
        machine.lattice, machine.spins, machine.hidden
    );
    place.write("measure", &plot::reconstruction(&title, &points))?;
    let symmetric = systems.iter().find(|system| system.is_symmetric() && system.critical_beta().is_some());
    let fitted = symmetric.map_or(Vec::new(), |system| fit(system, &points, window));
    if let Some(system) = symmetric.filter(|_| !fitted.is_empty()) {
        let title = format!(
            "Order below T_c, {}{}, fitted from t = {} to {}",
            machine.lattice, machine.spins, window[0], window[1]
        );
        let exact = |t: f64| exact::spontaneous_magnetisation(system, system.critical_beta()? / (1.0 - t));
        place.write("exponents", &plot::exponents(&title, &fitted, exact))?;
    }
    if arguments.json {
        return print_json(&report(arguments, kind, &points, &fitted, window));
    }
    print(&describe(&points, &fitted, window, &place))
}

/// Thermodynamics of Monte Carlo configurations of every ensemble, with its temperature, and of their reconstructions.
fn reconstruct(
    arguments: &Arguments,
    kind: FlowKind,
    backend: &mut dyn Backend,
    ensembles: &[(f64, Ensemble)],
) -> crate::Result<Vec<Reconstructed>> {
    let mut progress = Progress::new("temperature", 0, ensembles.len() as u64);
    let mut points = Vec::new();
    for (temperature, ensemble) in ensembles {
        let key = philox([arguments.seed, SALT], [points.len() as u32, 0, 0, 0])[0];
        let spins = mc::configurations(&ensemble.system, *temperature, arguments.count, key)?;
        let mut flow = Flow::new(backend, kind, &spins, key);
        (0..arguments.sweeps).try_for_each(|_| flow.iterate())?;
        points.push(Reconstructed {
            temperature: *temperature,
            field: ensemble.system.interaction.field,
            machine: Thermodynamics::of(ensemble, &flow.spins()),
            monte_carlo: Thermodynamics::of(ensemble, &spins),
        });
        progress.advance(points.len() as u64);
    }
    progress.finish();
    Ok(points)
}

fn window(arguments: &Arguments, side: u32) -> crate::Result<[f64; 2]> {
    // Three digits are enough for a bound that is a matter of taste.
    let least = (1000.0 / f64::from(side)).round() / 1000.0;
    let Some(text) = &arguments.window else { return Ok([least, FARTHEST]) };
    let numbers: Option<Vec<f64>> = text.split(':').map(|word| word.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[from, to]) if 0.0 < from && from < to && to <= 1.0 => Ok([from, to]),
        _ => Err(Error::setting("window", text, "it must be two rising numbers in 0 to 1, as 0.1:0.5")),
    }
}

/// The order of both below the critical temperature in the window, with its fit; nothing for fewer than three temperatures.
fn fit(system: &System, points: &[Reconstructed], [from, to]: [f64; 2]) -> Vec<Fitted> {
    let critical = system.critical_beta().map_or(0.0, |beta| 1.0 / beta);
    let distance = |point: &Reconstructed| (critical - point.temperature) / critical;
    let field = system.interaction.field;
    let within: Vec<&Reconstructed> = points
        .iter()
        .filter(|point| point.field == field && (from..=to).contains(&distance(point)))
        .collect();
    if within.len() < 3 {
        return Vec::new();
    }
    let of = |name: &'static str, of: fn(&Reconstructed) -> Thermodynamics| {
        let points: Vec<_> = within.iter().map(|point| (distance(point), of(point).order)).collect();
        Fitted { name, law: power_law(&points), points }
    };
    vec![of("machine", |point| point.machine), of("Monte Carlo", |point| point.monte_carlo)]
}

/// A row of the table.
#[derive(Debug, Serialize)]
struct Row {
    temperature: f64,
    field: f64,
    energy_per_site: f64,
    energy_per_site_error: Option<f64>,
    mc_energy_per_site: f64,
    mc_energy_per_site_error: Option<f64>,
    specific_heat: f64,
    specific_heat_error: Option<f64>,
    mc_specific_heat: f64,
    mc_specific_heat_error: Option<f64>,
    order: f64,
    order_error: Option<f64>,
    mc_order: f64,
    mc_order_error: Option<f64>,
    susceptibility: f64,
    susceptibility_error: Option<f64>,
    mc_susceptibility: f64,
    mc_susceptibility_error: Option<f64>,
}

fn row(point: &Reconstructed) -> Row {
    let Reconstructed { machine, monte_carlo, .. } = point;
    Row {
        temperature: point.temperature,
        field: point.field,
        energy_per_site: machine.energy_per_site.value,
        energy_per_site_error: flow::known(machine.energy_per_site),
        mc_energy_per_site: monte_carlo.energy_per_site.value,
        mc_energy_per_site_error: flow::known(monte_carlo.energy_per_site),
        specific_heat: machine.specific_heat.value,
        specific_heat_error: flow::known(machine.specific_heat),
        mc_specific_heat: monte_carlo.specific_heat.value,
        mc_specific_heat_error: flow::known(monte_carlo.specific_heat),
        order: machine.order.value,
        order_error: flow::known(machine.order),
        mc_order: monte_carlo.order.value,
        mc_order_error: flow::known(monte_carlo.order),
        susceptibility: machine.susceptibility.value,
        susceptibility_error: flow::known(machine.susceptibility),
        mc_susceptibility: monte_carlo.susceptibility.value,
        mc_susceptibility_error: flow::known(monte_carlo.susceptibility),
    }
}

fn report(
    arguments: &Arguments,
    kind: FlowKind,
    points: &[Reconstructed],
    fitted: &[Fitted],
    window: [f64; 2],
) -> serde_json::Value {
    let point = |point: &Reconstructed| {
        json!({
            "temperature": point.temperature,
            "field": point.field,
            "machine": point.machine,
            "monte_carlo": point.monte_carlo,
        })
    };
    let law = |law: PowerLaw| json!({ "amplitude": law.amplitude, "exponent": law.exponent });
    let fit = |of: &Fitted| (of.name.to_lowercase().replace(' ', "_"), json!(of.law.map(law)));
    let fits: serde_json::Map<_, _> = fitted.iter().map(fit).collect();
    json!({
        "run": arguments.run,
        "kind": kind,
        "sweeps": arguments.sweeps,
        "points": points.iter().map(point).collect::<Vec<_>>(),
        "window": window,
        "exponents": fits,
    })
}

fn describe(points: &[Reconstructed], fitted: &[Fitted], [from, to]: [f64; 2], place: &Place) -> String {
    let mut rows = vec![["T", "H", "", "machine", "Monte Carlo"].map(str::to_owned)];
    for Reconstructed { temperature, field, machine, monte_carlo, .. } in points {
        let pairs = machine.named().into_iter().zip(monte_carlo.named());
        rows.extend(pairs.map(|((name, machine), (_, monte_carlo))| {
            [temperature.to_string(), field.to_string(), name.to_owned(), brief(machine), brief(monte_carlo)]
        }));
    }
    let mut lines = aligned(['>', '>', '<', '<', '<'], &rows);
    for of in fitted {
        lines.push(match of.law {
            Some(law) => {
                let [amplitude, exponent] = [law.amplitude, law.exponent].map(brief);
                let words = format!("m = A t^beta from t = {from} to {to}: A {amplitude}, beta {exponent}");
                wrapped(&format!("{:<12} ", of.name), &words)
            }
            None => format!("{:<12} no fit of m = A t^beta: the order has no error, or is 0", of.name),
        });
    }
    lines.push(format!("measure.csv and figures in {}", place.folder().display()));
    lines.join("\n")
}
