//! `han-gpu neuralrg variables`.

use super::super::columns::aligned;
use super::super::figures::{FigureArguments, Place};
use super::super::progress::wait;
use super::super::{print, print_json, tell};
use super::{Learned, check_range, named, open};
use crate::io::check_memory;
use crate::lattice::Ensemble;
use crate::mc::Pool;
use crate::measure::{brief, short};
use crate::neuralrg::{
    Couplings, Fields, Information, Latents, Noise, Response, couplings, information, latents, responses,
};
use crate::plot::{self, Picture, Pictures, Scale, Tone};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// Fewest and most configurations.
const COUNTS: (u64, u64) = (100, 1 << 24);
/// Fields that responses are averaged over.
const RESPONSES: usize = 256;
/// Steps from one configuration to the next in latent space.
const STEPS: usize = 8;
/// Pixels of a field's side.
const PIXELS: usize = 192;
/// Purposes of noise: fields given spins, coarse fields, and the coins of a mixture.
const GIVEN: u32 = 7;
const COARSE: u32 = 8;
const COINS: u32 = 10;
/// Keeps the Monte Carlo apart from other chains of the seed.
const SALT: u32 = 0x7a21;
/// Bytes of a site in spins, fields, latent numbers and derivatives.
const BYTES_PER_SITE: usize = 32;

/// The variables that a flow makes of the field, scale by scale: the renormalisation group that it has learned.
///
/// Spins by cluster Monte Carlo, with fields drawn given them, are taken to latent numbers. Writes latents.csv (moments by scale: 1 and 3 where the flow is perfect), information.csv
/// (mutual information of neighbours of a scale and across scales, before and after), couplings.csv (the interaction of coarse fields, fitted to their exact ln q), responses.csv, and
/// figures: responses dz/dx as pictures, information, and a way between two configurations through latent space.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu neuralrg variables runs/neuralrg --count 10000")]
pub(super) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Configurations
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Seed of configurations [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    #[command(flatten)]
    figures: FigureArguments,
    /// Folder of tables and figures [default: RUN/variables]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check_range("count", arguments.count as u64, COUNTS.0, COUNTS.1)?;
    let learned = open(&arguments.run)?;
    let (flow, dual) = (&learned.flow, &learned.dual);
    check_memory("count", arguments.count, BYTES_PER_SITE * dual.sites())?;
    let seed = arguments.seed.unwrap_or(learned.settings.seed);
    tell("drawing spins by Monte Carlo");
    let ensemble = Ensemble { system: dual.system().clone(), beta: dual.beta() };
    let draw = || Pool::new(&ensemble, arguments.count, seed ^ SALT);
    let pool = wait("drawing configurations by Monte Carlo", draw)?;
    let x = dual.draw_field(pool.spins(), Noise::new(seed, GIVEN, 0));
    let (z, _) = flow.infer(&flow.unturned(&x, Noise::new(seed, COINS, 0)));
    let place = Place::new(
        arguments.out.clone().unwrap_or_else(|| arguments.run.join("variables")),
        arguments.figures,
        false,
    )?;
    tell("moments, information, couplings and responses");
    let latents = latents(flow, &z);
    let information = information(flow, &x, &z);
    let couplings = couplings(flow, Noise::new(seed, COARSE, 0), arguments.count);
    let rows = z.to_rows();
    let few = Fields::of_rows(&rows[..RESPONSES.min(arguments.count) * dual.sites()], dual.sites());
    let responses = responses(flow, &few);
    place.write_table("latents", &latents.iter().map(of_latents).collect::<Vec<_>>())?;
    place.write_table("information", &information.iter().map(of_information).collect::<Vec<_>>())?;
    place.write_table("couplings", &couplings.iter().map(of_couplings).collect::<Vec<_>>())?;
    place.write_table("responses", &of_responses(&learned, &responses))?;
    let of = named(&learned.settings);
    if !information.is_empty() {
        let title = format!("Mutual information of neighbours, {of}");
        place.write("information", &plot::information(&title, &information))?;
    }
    place.write("responses", &response_pictures(&learned, &responses))?;
    place.write("interpolation", &interpolation(&learned, &rows[..2 * dual.sites()]))?;
    if arguments.json {
        return print_json(&json!({
            "run": learned.path,
            "count": arguments.count,
            "latents": latents,
            "information": information,
            "couplings": couplings,
        }));
    }
    print(&describe(&of, &latents, &information, &couplings, &place))
}

#[derive(Debug, Serialize)]
struct LatentsRow {
    scale: usize,
    sites: usize,
    square: f64,
    square_error: f64,
    fourth: f64,
    fourth_error: f64,
}

fn of_latents(latents: &Latents) -> LatentsRow {
    let &Latents { scale, sites, square, fourth } = latents;
    LatentsRow {
        scale,
        sites,
        square: square.value,
        square_error: square.error,
        fourth: fourth.value,
        fourth_error: fourth.error,
    }
}

#[derive(Debug, Serialize)]
struct InformationRow {
    scale: usize,
    other_scale: usize,
    distance: usize,
    before: f64,
    before_error: f64,
    after: f64,
    after_error: f64,
}

fn of_information(found: &Information) -> InformationRow {
    let &Information { scale, other, distance, before, after } = found;
    InformationRow {
        scale,
        other_scale: other,
        distance,
        before: before.value,
        before_error: before.error,
        after: after.value,
        after_error: after.error,
    }
}

#[derive(Debug, Serialize)]
struct CouplingsRow {
    scale: usize,
    side: usize,
    square: f64,
    square_error: f64,
    neighbours: f64,
    neighbours_error: f64,
    diagonals: f64,
    diagonals_error: f64,
    fourth: f64,
    fourth_error: f64,
    explained: f64,
}

fn of_couplings(found: &Couplings) -> CouplingsRow {
    let &Couplings { scale, side, square, neighbours, diagonals, fourth, explained } = found;
    CouplingsRow {
        scale,
        side,
        square: square.value,
        square_error: square.error,
        neighbours: neighbours.value,
        neighbours_error: neighbours.error,
        diagonals: diagonals.value,
        diagonals_error: diagonals.error,
        fourth: fourth.value,
        fourth_error: fourth.error,
        explained,
    }
}

#[derive(Debug, Serialize)]
struct ResponseRow {
    scale: usize,
    latent_row: usize,
    latent_column: usize,
    row: usize,
    column: usize,
    derivative: f64,
}

fn of_responses(learned: &Learned, responses: &[Response]) -> Vec<ResponseRow> {
    let side = learned.settings.architecture.size as usize;
    let of_site = |response: &Response, site: usize| ResponseRow {
        scale: response.scale,
        latent_row: response.site / side,
        latent_column: response.site % side,
        row: site / side,
        column: site % side,
        derivative: response.derivative[site],
    };
    let of_response =
        |response: &'_ Response| (0..side * side).map(|site| of_site(response, site)).collect::<Vec<_>>();
    responses.iter().flat_map(of_response).collect()
}

/// Responses as pictures, each in units of its largest derivative.
fn response_pictures(learned: &Learned, responses: &[Response]) -> Pictures {
    let side = learned.settings.architecture.size as usize;
    let picture = |response: &Response| {
        let largest = response.derivative.iter().fold(f64::MIN_POSITIVE, |most, value| most.max(value.abs()));
        let tone = |&value: &f64| Tone::Number((value / largest) as f32);
        Picture { line: side, tones: response.derivative.iter().map(tone).collect() }
    };
    Pictures {
        title: format!("Responses dz/dx, {}", named(&learned.settings)),
        rows: Vec::new(),
        columns: responses.iter().map(|response| format!("scale {}", response.scale)).collect(),
        width: responses.len(),
        pictures: responses.iter().map(picture).collect(),
        pixels: PIXELS,
        scale: Scale::Numbers(["-largest".to_owned(), "largest".to_owned()]),
    }
}

/// Mean spins tanh x on the way between two configurations, `[2][sites]` latent numbers: along the circle through both, on which all steps are as likely as latent numbers are.
fn interpolation(learned: &Learned, ends: &[f32]) -> Pictures {
    let side = learned.settings.architecture.size as usize;
    let (from, to) = ends.split_at(side * side);
    let at = |step: usize| {
        let angle = step as f32 / STEPS as f32 * std::f32::consts::FRAC_PI_2;
        let (sine, cosine) = angle.sin_cos();
        from.iter().zip(to).map(move |(from, to)| cosine * from + sine * to)
    };
    let z: Vec<f32> = (0..=STEPS).flat_map(at).collect();
    let (x, _) = learned.flow.generate(&Fields::of_rows(&z, side * side));
    let picture =
        |x: &[f32]| Picture { line: side, tones: x.iter().map(|x| Tone::Number(x.tanh())).collect() };
    Pictures {
        title: format!(
            "From one configuration to another through latent space, {}",
            named(&learned.settings)
        ),
        rows: Vec::new(),
        columns: (0..=STEPS).map(|step| format!("{step}/{STEPS}")).collect(),
        width: STEPS + 1,
        pictures: x.to_rows().chunks_exact(side * side).map(picture).collect(),
        pixels: PIXELS / 2,
        scale: Scale::Numbers(["mean spin -1".to_owned(), "1".to_owned()]),
    }
}

fn describe(
    of: &str,
    latents: &[Latents],
    information: &[Information],
    couplings: &[Couplings],
    place: &Place,
) -> String {
    let mut lines =
        vec![of.to_owned(), "latent numbers  scale  sites  mean z^2            mean z^4".to_owned()];
    lines.extend(latents.iter().map(|of| {
        format!("{:>21}  {:>5}  {:<18}  {}", of.scale, of.sites, brief(of.square), brief(of.fourth))
    }));
    lines.push("information     scales  distance  field               latent numbers   [nats]".to_owned());
    lines.extend(information.iter().map(|of| {
        let scales = format!("{}, {}", of.scale, of.other);
        format!("{scales:>22}  {:>8}  {:<18}  {}", of.distance, brief(of.before), brief(of.after))
    }));
    let head = ["coarse field  scale", "side", "x^2", "neighbours", "diagonals", "x^4", "explained"];
    let rows = couplings.iter().map(|of| {
        let [square, neighbours, diagonals, fourth] =
            [of.square, of.neighbours, of.diagonals, of.fourth].map(short);
        let explained = format!("{:.1} %", 100.0 * of.explained);
        [of.scale.to_string(), of.side.to_string(), square, neighbours, diagonals, fourth, explained]
    });
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    lines.extend(aligned(['>'; 7], &rows));
    lines.push(format!("tables and figures in {}", place.folder().display()));
    lines.join("\n")
}
