//! Where settings start from: the presets, and defaults that follow from other settings.

use super::{Config, FEWEST_REFERENCES, SETTINGS, Section, Setting, Values};
use crate::conditional::{BottomKind, Colours, Head, MOST_ROW_STATES, Network, Widths, max_box_beta};
use crate::config::RateSchedule;
use crate::error::{Error, Result};
use crate::hierarchy::{Cut, SiteOrder};
use crate::lattice::{Interaction, LatticeKind, SpinModel, System};
use crate::schedule::Baseline;
use toml::{Table, Value};

/// Names of the presets.
pub const PRESETS: [&str; 4] = ["default", "quick", "accurate", "published"];

/// The settings of a preset, some of which depend on the side of the lattice.
///
/// # Errors
/// When there is none of that name.
pub(super) fn preset(name: &str, size: f64) -> Result<Config> {
    match name {
        "default" => Ok(Config::default()),
        "quick" => Ok(Config::quick()),
        "accurate" => Ok(Config::accurate(size)),
        "published" => Ok(Config::published()),
        _ => Err(Error::setting("preset", name, format!("there are: {}", PRESETS.join(", ")))),
    }
}

impl Config {
    /// A first look: the default network with an eighth of the default's samples.
    pub(crate) fn quick() -> Self {
        Self { batch: 256, steps: 1000, ..Self::default() }
    }

    /// Wider nets and more samples, as many as docs/ACCURACY.md says what they reach and how long they take.
    pub(crate) fn accurate(size: f64) -> Self {
        // On small lattices a second hidden layer gains more than samples do.
        let (depth, batch, steps) = match size {
            ..=16.0 => (2, 512, 8000),
            ..=32.0 => (1, 512, 8000),
            ..=64.0 => (1, 256, 8000),
            _ => (1, 128, 16_000),
        };
        // Large lattices have more modes that their own samples do not show.
        let forward_share = if size > 64.0 { 0.5 } else { Self::default().forward_share };
        Self { width: Widths::all(8), depth, batch, steps, forward_share, ..Self::default() }
    }

    /// The published net and loss (arXiv:2203.10989; rate from the authors' code): no skip, no gauge.
    pub(crate) fn published() -> Self {
        Self {
            width: Widths::all(1),
            skip: false,
            gauge: false,
            cut: Cut::Crosses,
            exact_bottom: 2,
            batch: 1024,
            steps: 40_000,
            baseline: Baseline::Global,
            learning_rate: 5e-4,
            scale_rate: false,
            rate_schedule: RateSchedule::Constant,
            warmup: 0.0,
            annealing: 0.996,
            ..Self::default()
        }
    }
}

/// Spins up to which pools have their default size.
const POOL_SPINS: f64 = (1 << 28) as f64;
/// Side from which networks lose modes when they only learn from themselves (docs/ACCURACY.md).
const MIXED_FROM: f64 = 64.0;
/// beta |J| from which they do at any side: in the ordered phase a boundary spin against the rest is rare. A gauge by the first spin
/// makes that a mode of its own, which forward steps alone keep; a mixture keeps it from the start.
const FORWARD_FROM: f64 = 0.5;
/// The same in three dimensions.
const CUBIC_MIXED_FROM: f64 = 16.0;
const CUBIC_FORWARD_FROM: f64 = 0.24;

/// The same for Potts spins, as shares of the critical beta J of the square lattice: where many colours order, two phases meet that a network may lose.
const COLOURS_FORWARD_FROM: f64 = 0.95;
const CUBIC_COLOURS_FORWARD_FROM: f64 = 0.5;

/// beta J at which Potts spins of so many colours order on the square lattice.
fn colours_order_at(states: f64) -> f64 {
    states.sqrt().ln_1p()
}

/// Learning rate of linear terms over that of their net (docs/ACCURACY.md).
const SKIP_RATE: f64 = 0.5;

/// Colours, and side, from which they share a net (docs/ACCURACY.md).
const MANY_COLOURS: f64 = 5.0;
const SHARED_FROM: f64 = 16.0;

/// Share of the learning rate of nets with inputs for every colour (docs/ACCURACY.md).
const COLOUR_RATE: f64 = 0.5;

/// Reach of hidden units from side 16 on (docs/ACCURACY.md).
const CUBIC_REACH: i64 = 3;

/// beta |J| below which large cubes learn at a lower rate, in proportion to its third power: there the linear terms, which start from the couplings,
/// are nearly all of the answer, and steps as large as at the critical point lead away from it (docs/ACCURACY.md).
const CUBIC_FULL_RATE_FROM: f64 = 0.2;
/// The least share of the full rate.
const LEAST_RATE: f64 = 0.01;

/// Where bonds have couplings of their own, beta approaches its end as exp(-this) over the run (docs/ACCURACY.md).
const COOLING: f64 = 5.0;
/// Side and beta times the mean |J| from which such networks take twice as many steps.
const LARGE_GLASS: f64 = 16.0;
const COLD_GLASS: f64 = 1.5;

/// Sites, all of them neighbours, up to which Monte Carlo draws configurations in a short time.
const MOST_TEMPERED: f64 = 256.0;
/// Sites from which networks of pairs learn for longer, from more configurations and at a lower rate: else they lose some of them (docs/ACCURACY.md).
const MANY_PAIRED: f64 = 129.0;
/// Share of the rate of such networks of pairs, and of those that learn from themselves alone.
const SLOW_RATE: f64 = 0.3;

/// Sides of the squares and of the cubes whose doubles are summed exactly.
const SQUARE_BOTTOM: f64 = 8.0;
const CUBIC_BOTTOM: f64 = 4.0;

/// Defaults that depend on what was asked for; what is given later overrides them.
pub(super) fn derived_defaults<'a>(
    table: &mut Table,
    config: &Config,
    asked: impl Fn(&str) -> Option<&'a Value>,
) {
    let value = |key: &str, default: f64| asked(key).and_then(number).unwrap_or(default);
    let size = value("size", config.size.into());
    let weighted = weighted(table, &asked);
    let [coupling, field] = match &weighted {
        None => [value("coupling", config.coupling), value("field", config.field)],
        Some(system) => {
            let Interaction { coupling, field } = system.largest_interaction();
            [coupling, field]
        }
    };
    if field != 0.0 {
        table.insert("gauge".to_owned(), Value::Boolean(false));
    }
    let named = |key: &str, name: &str| asked(key).and_then(Value::as_str) == Some(name);
    let is_cubic = named("lattice", LatticeKind::Cubic.name());
    let is_van = named("network", Network::Van.name());
    let has_gauge = asked("gauge").and_then(Value::as_bool).unwrap_or(config.gauge && field == 0.0);
    let is_potts = named("model", SpinModel::Potts.name());
    let states = value("states", 2.0);
    let shares = is_potts && field == 0.0 && states >= MANY_COLOURS && size >= SHARED_FROM;
    let colours =
        asked("colours").and_then(Value::as_str).map_or(shares, |name| name == Colours::Shared.name());
    if is_potts && colours {
        table.insert("colours".to_owned(), Value::String(Colours::Shared.name().to_owned()));
        table.insert("gauge".to_owned(), Value::Boolean(false));
    }
    let has_gauge = has_gauge && !(is_potts && colours);
    let has_mixture = has_gauge && !is_van;
    table.insert("mixture".to_owned(), Value::Boolean(has_mixture));
    let is_mixture = asked("mixture").and_then(Value::as_bool).unwrap_or(has_mixture);
    for (key, default) in [("pool", config.pool), ("verification_samples", config.verification_samples)] {
        let dimensions = match () {
            () if is_cubic => 3,
            () if [LatticeKind::Complete, LatticeKind::Chain]
                .iter()
                .any(|kind| named("lattice", kind.name())) =>
            {
                1
            }
            () => 2,
        };
        let count = (POOL_SPINS / size.powi(dimensions)).clamp(FEWEST_REFERENCES as f64, default as f64);
        table.insert(key.to_owned(), Value::Integer(count as i64));
    }
    let bond = value("beta", config.beta) * coupling.abs();
    let forward_from = match (is_potts, is_cubic) {
        (false, false) => FORWARD_FROM,
        (false, true) => CUBIC_FORWARD_FROM,
        (true, false) => COLOURS_FORWARD_FROM * colours_order_at(states),
        (true, true) => CUBIC_COLOURS_FORWARD_FROM * colours_order_at(states),
    };
    // Without order between colours there is no mode to lose.
    let orders = !is_potts || coupling > 0.0;
    let is_cold = field == 0.0 && bond >= forward_from && orders;
    let safe = if is_cold && !is_mixture && !(is_potts && colours) {
        Some("forward")
    } else if is_cold || size >= if is_cubic { CUBIC_MIXED_FROM } else { MIXED_FROM } {
        Some("mixed")
    } else {
        None
    };
    if is_potts && !colours && config.scale_rate {
        table.insert("learning_rate".to_owned(), Value::Float(COLOUR_RATE * config.learning_rate));
    }
    let is_triangular = named("lattice", LatticeKind::Triangular.name());
    // Without order there is no mode to lose, but conditionals are hard: triangles leave a spin no choice, or all of it, and
    // sectors of ground states are far from one another (docs/ACCURACY.md).
    let is_hard = is_triangular && is_cold && coupling < 0.0;
    if let Some(safe) = safe.filter(|_| config.scale_rate) {
        let safe = if is_hard { "mixed" } else { safe };
        table.insert("objective".to_owned(), Value::String(safe.to_owned()));
        if is_hard {
            table.insert("depth".to_owned(), Value::Integer(3));
            table.insert("forward_share".to_owned(), Value::Float(0.5));
            table.insert("steps".to_owned(), Value::Integer(2 * i64::from(config.steps)));
        }
    }
    if weighted.is_some() && config.scale_rate {
        // Modes are many, and some too rare for a pool of configurations: a network that cools slowly keeps them.
        table.insert("objective".to_owned(), Value::String("reverse".to_owned()));
        let mean = weighted.as_ref().map_or(0.0, System::mean_coupling);
        let is_long = size >= LARGE_GLASS && value("beta", config.beta) * mean >= COLD_GLASS;
        let steps = i64::from(config.steps) * if is_long { 2 } else { 1 };
        table.insert("steps".to_owned(), Value::Integer(steps));
        let steps = value("steps", steps as f64);
        table.insert("annealing".to_owned(), Value::Float((-COOLING / steps).exp()));
    }
    if asked("scale_rate").and_then(Value::as_bool).unwrap_or(config.scale_rate) {
        table.insert("skip_rate".to_owned(), Value::Float(SKIP_RATE));
    }
    if is_cubic && size >= CUBIC_MIXED_FROM && config.scale_rate {
        // Planes of 225 spins and more: width costs more there than steps, and what is far away tells hidden units little.
        table.insert("width".to_owned(), Value::Integer(1));
        table.insert("reach".to_owned(), Value::Integer(if is_van { 0 } else { CUBIC_REACH }));
        table.insert("steps".to_owned(), Value::Integer(2 * i64::from(config.steps)));
        // A bond between colours is worth half of one between spins.
        let of_spins = if is_potts && !colours { COLOUR_RATE } else { 1.0 };
        let bond = if is_potts { bond / 2.0 } else { bond };
        let share = of_spins * (bond / CUBIC_FULL_RATE_FROM).powi(3).clamp(LEAST_RATE, 1.0);
        table.insert("learning_rate".to_owned(), Value::Float(share * config.learning_rate));
    }
    if named("lattice", LatticeKind::Complete.name()) {
        return complete_defaults(table, weighted.is_some(), config, asked);
    }
    let largest = coupling.abs().max(field.abs());
    let most = max_box_beta(if is_cubic { 3 } else { 2 });
    let bottom = if value("beta", config.beta) * largest > most { 2.0 } else { size };
    let has_tensors = asked("bottom").and_then(Value::as_str) == Some(BottomKind::Mps.name());
    let bottom = match () {
        () if has_tensors => size,
        () if is_van => 0.0,
        () if is_triangular => 2.0,
        () if is_potts && weighted.is_some() => 2.0,
        () if is_potts => {
            let possible = colour_bottom(states as u64, is_cubic).min(config.exact_bottom);
            bottom.min(possible.into())
        }
        () if is_cubic => bottom.min(CUBIC_BOTTOM),
        () => bottom.min(config.exact_bottom.into()),
    };
    table.insert("exact_bottom".to_owned(), Value::Integer(bottom as i64));
    let is_square = !(is_van || is_cubic || is_triangular);
    let cut = if is_square && value("exact_length", 0.0) == 0.0 { config.cut } else { Cut::Halves };
    table.insert("cut".to_owned(), Value::String(cut.name().to_owned()));
    let has_halves = asked("cut").and_then(Value::as_str).unwrap_or(cut.name()) == Cut::Halves.name();
    // Boxes twice as long leave fewer spins to nets, in no more time.
    let bottom = value("exact_bottom", bottom);
    let has_bars = (is_square && has_halves && bottom == SQUARE_BOTTOM)
        || (is_cubic && weighted.is_none() && bottom == CUBIC_BOTTOM);
    let length = 2.0 * bottom;
    if has_bars && !is_potts && size >= length {
        table.insert("exact_length".to_owned(), Value::Integer(length as i64));
    }
}

/// Defaults where all sites are neighbours. A network of pairs learns from configurations by Monte Carlo first: one that learns from itself alone loses a part of all
/// configurations when its rate is high (docs/ACCURACY.md). Where Monte Carlo takes long it cools slowly instead, at a lower rate.
fn complete_defaults<'a>(
    table: &mut Table,
    is_weighted: bool,
    config: &Config,
    asked: impl Fn(&str) -> Option<&'a Value>,
) {
    let mut put = |key: &str, value: Value| drop(table.insert(key.to_owned(), value));
    let name = |head: Head| Value::String(head.name().to_owned());
    let is_arnn = asked("network").and_then(Value::as_str).is_none_or(|name| name == Network::Arnn.name());
    put("mixture", Value::Boolean(false));
    put("exact_bottom", Value::Integer(0));
    let number = |key: &str, default: f64| asked(key).and_then(number).unwrap_or(default);
    let size: f64 = number("size", config.size.into());
    let is_small = size <= MOST_TEMPERED;
    let is_reverse = asked("objective").and_then(Value::as_str) == Some("reverse");
    if is_arnn {
        put("network", Value::String(Network::Arnn.name().to_owned()));
        // Without configurations to learn from, its cold start may stay in a wrong state.
        let of_glass = if is_small && !is_reverse { Head::Tap } else { Head::Sk0 };
        put("head", name(if is_weighted { of_glass } else { Head::Cw }));
        let order = if is_weighted { SiteOrder::Strongest } else { SiteOrder::Index };
        put("site_order", Value::String(order.name().to_owned()));
        put("width", Value::Integer(1));
        put("depth", Value::Integer(1));
    }
    let is_exact = is_arnn && !is_weighted && asked("head").is_none_or(|head| *head == name(Head::Cw));
    let is_mixed = is_arnn && !is_exact && !is_reverse && is_small;
    put("objective", Value::String(if is_mixed { "mixed" } else { "reverse" }.to_owned()));
    if is_exact || is_mixed {
        put("annealing", Value::Float(0.0));
        if is_mixed && size >= MANY_PAIRED {
            let is_corrected = asked("head").is_none_or(|head| *head == name(Head::Tap));
            if !is_corrected {
                put("steps", Value::Integer(3 * i64::from(config.steps)));
            }
            put("pool", Value::Integer(4 * config.pool as i64));
            put("forward_share", Value::Float(0.5));
            put("learning_rate", Value::Float(SLOW_RATE * config.learning_rate));
        }
        return;
    }
    let steps = number("steps", config.steps.into());
    put("annealing", Value::Float((-COOLING / steps).exp()));
    if is_arnn {
        put("learning_rate", Value::Float(SLOW_RATE * config.learning_rate));
    }
}

/// The system with couplings of single bonds that is asked for, if there is one that can be read: if not, a check says so later.
fn weighted<'a>(table: &Table, asked: impl Fn(&str) -> Option<&'a Value>) -> Option<System> {
    let is_named = |setting: &&Setting| {
        setting.section == Section::Lattice && !matches!(setting.values, Values::Number(..))
    };
    let lattice = SETTINGS.iter().filter(is_named);
    let mut table = table.clone();
    table.extend(lattice.filter_map(|setting| Some((setting.key.to_owned(), asked(setting.key)?.clone()))));
    let config: Config = table.try_into().ok()?;
    config.system().ok().filter(|system| system.weights.is_some())
}

/// Side of the largest boxes of Potts spins that can be summed exactly.
fn colour_bottom(states: u64, is_cubic: bool) -> u32 {
    let is_possible =
        |bottom: &u32| states.checked_pow(bottom - 1).is_some_and(|rows| rows <= MOST_ROW_STATES);
    if is_cubic { 2 } else { [8, 4].into_iter().find(is_possible).unwrap_or(2) }
}

/// A number of either type.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_float().or(value.as_integer().map(|integer| integer as f64))
}
