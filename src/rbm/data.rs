//! Configurations that machines learn: read from files, or drawn by our own Monte Carlo.

use super::machine::Machine;
use crate::error::{Error, Result};
use crate::io::{SpinsFile, check_memory, read_spins};
use crate::lattice::{Interaction, Lattice, LatticeKind, MAX_STATES, SpinModel, Spins, System};
use crate::mc;
use crate::random::philox;
use std::path::PathBuf;

/// Sets the chains of data apart from those of networks of the same seed.
const SALT: u32 = 0xda7a;
/// Most temperatures and fields together.
const MOST_POINTS: usize = 10_000;

/// Bytes of a configuration for every site while data are drawn: in the pool, among the data, and as bits.
const BYTES_PER_SITE: usize = 4;

/// Configurations of one lattice.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// The sites.
    pub lattice: Lattice,
    /// The spins of the sites.
    pub spins: Spins,
    /// `[count][sites]`.
    pub configurations: Vec<i8>,
    /// `[count]`: temperature and field of every configuration, where they are known.
    pub origins: Option<Vec<[f64; 2]>>,
}

impl Data {
    /// Reads files of spins `[N, L, L]` or `[N, L, L, L]`, one behind the other: those of Ising, or colours where a file has the array `states`.
    ///
    /// # Errors
    /// When there is none, one cannot be read, or they are not all of one lattice and kind.
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        let Some(first) = paths.first() else {
            return Err(Error::setting("data", "", "name at least one file of spins"));
        };
        let SpinsFile { shape, spins } = SpinsFile::look(first)?;
        let lattice = Lattice::of_shape(shape.len(), shape[0])
            .map_err(|error| Error::content(first, error.to_string()))?;
        let mut configurations = Vec::new();
        for path in paths {
            let found = SpinsFile::look(path)?;
            if found != (SpinsFile { shape: shape.clone(), spins }) {
                let message = format!(
                    "it has {found}, and {} has {}; all files must be of one lattice and kind",
                    first.display(),
                    SpinsFile { shape, spins }
                );
                return Err(Error::content(path, message));
            }
            configurations.extend(read_spins(path, &shape, spins)?);
        }
        Ok(Self { lattice, spins, configurations, origins: None })
    }

    /// Draws configurations by Monte Carlo, a pure function of the recipe and the seed. `observe` is told how many temperatures and fields are done.
    ///
    /// # Errors
    /// When the chains at one temperature do not come into equilibrium.
    pub fn draw(recipe: &Recipe, seed: u32, mut observe: impl FnMut(usize)) -> Result<Self> {
        let system = recipe.system(0.0)?;
        let points = recipe.points();
        check_memory("generate", recipe.count * points.len(), BYTES_PER_SITE * system.lattice.sites())?;
        let (mut configurations, mut origins) = (Vec::new(), Vec::new());
        for (number, &[temperature, field]) in points.iter().enumerate() {
            let key = philox([seed, SALT], [number as u32, 0, 0, 0])[0];
            let system = recipe.system(field)?;
            configurations.extend(mc::configurations(&system, temperature, recipe.count, key)?);
            origins.extend(std::iter::repeat_n([temperature, field], recipe.count));
            observe(number + 1);
        }
        Ok(Self { lattice: system.lattice, spins: system.spins, configurations, origins: Some(origins) })
    }

    /// Number of configurations.
    pub fn count(&self) -> usize {
        self.configurations.len() / self.lattice.sites()
    }

    /// `[visible]`: the mean of every visible number, with half a configuration of every kind added so that none is 0 or 1.
    pub fn means(&self, machine: &Machine) -> Vec<f64> {
        let mut sums = vec![0.5; machine.visible()];
        for spins in self.configurations.chunks_exact(self.lattice.sites()) {
            for (site, &spin) in spins.iter().enumerate() {
                if let Some(number) = machine.number(site, spin) {
                    sums[number] += 1.0;
                }
            }
        }
        let total = self.count() as f64 + 0.5 * self.spins.states() as f64;
        sums.iter().map(|sum| sum / total).collect()
    }

    /// A number that tells these configurations from others (FNV-1a, 64 bits).
    pub fn fingerprint(&self) -> u64 {
        let bytes = self.configurations.iter().map(|&spin| spin as u8);
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }
}

/// Temperatures and fields at which configurations are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    kind: LatticeKind,
    size: u32,
    model: SpinModel,
    states: u32,
    temperatures: Vec<f64>,
    fields: Vec<f64>,
    /// Configurations of every temperature and field.
    count: usize,
}

impl Recipe {
    /// Reads `size=10 temperatures=0:6:0.25 fields=0 count=1000`, with `lattice`, `model` and `states` where they are others than the square one of Ising spins. Lists are
    /// `first:last:step`, both ends included, or values with commas between.
    ///
    /// # Errors
    /// When a word is not understood or out of range.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |word: &str, expected: &str| Err(Error::setting("generate", word, expected));
        let mut recipe = Self {
            kind: LatticeKind::default(),
            size: 0,
            model: SpinModel::Ising,
            states: 2,
            temperatures: Vec::new(),
            fields: vec![0.0],
            count: 1000,
        };
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            let Some((key, value)) = word.split_once('=') else {
                return refuse(
                    word,
                    "words are size=10, temperatures=0:6:0.25, fields=0, count=1000, lattice=square, model=ising and states=2",
                );
            };
            if words.contains(&key) {
                return refuse(word, "there is one word of every kind");
            }
            words.push(key);
            let whole = |least: u32, most: u32| {
                let number = value.parse::<u32>().ok().filter(|number| (least..=most).contains(number));
                number.ok_or_else(|| format!("{key} must be a whole number, {least} to {most}"))
            };
            let set = match key {
                "size" => whole(1, u32::MAX).map(|size| recipe.size = size),
                "count" => whole(1, u32::MAX).map(|count| recipe.count = count as usize),
                "states" => whole(2, MAX_STATES).map(|states| recipe.states = states),
                "lattice" => LatticeKind::ALL
                    .into_iter()
                    .find(|kind| kind.name() == value)
                    .map(|kind| recipe.kind = kind)
                    .ok_or_else(|| "lattice must be square, triangular or cubic".to_owned()),
                "model" => SpinModel::ALL
                    .into_iter()
                    .find(|model| model.name() == value)
                    .map(|model| recipe.model = model)
                    .ok_or_else(|| "model must be ising or potts".to_owned()),
                "temperatures" => numbers_within(value, "temperatures must be 0 or above", |value| value >= 0.0)
                    .map(|values| recipe.temperatures = values),
                "fields" => numbers_within(value, "fields must be finite numbers", |_| true)
                    .map(|values| recipe.fields = values),
                _ => Err("there is no such word; there are size, temperatures, fields, count, lattice, model and states".to_owned()),
            };
            set.map_err(|expected| Error::setting("generate", word, expected))?;
        }
        if recipe.size == 0 || recipe.temperatures.is_empty() {
            return refuse(text, "it needs size and temperatures, as size=10 temperatures=0:6:0.25");
        }
        let lattice = Lattice::new(recipe.kind, recipe.size)?;
        if !lattice.is_spatial() || lattice.is_chain() {
            let name = recipe.kind.name();
            return refuse(
                text,
                &format!("lattice = {name} is none of a machine; it must be square, triangular or cubic"),
            );
        }
        if recipe.points().len() > MOST_POINTS {
            return refuse(text, &format!("it has more than {MOST_POINTS} temperatures and fields"));
        }
        for &[temperature, field] in &recipe.points() {
            let system = recipe.system(field)?;
            // Ground states and independent spins need no chains.
            if temperature > 0.0 {
                mc::at_temperature(&system, temperature, "temperatures")?;
            }
        }
        Ok(recipe)
    }

    /// Temperatures and fields together.
    pub fn len(&self) -> usize {
        self.points().len()
    }

    /// Whether there are none; a recipe has some.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Configurations that it draws.
    pub fn configurations(&self) -> usize {
        self.count * self.len()
    }

    /// Fields.
    pub fn fields(&self) -> &[f64] {
        &self.fields
    }

    /// A recipe for every field.
    pub fn by_field(&self) -> Vec<Self> {
        self.fields.iter().map(|&field| Self { fields: vec![field], ..self.clone() }).collect()
    }

    /// Temperatures with their fields.
    fn points(&self) -> Vec<[f64; 2]> {
        let of_field = |&field: &f64| self.temperatures.iter().map(move |&temperature| [temperature, field]);
        self.fields.iter().flat_map(of_field).collect()
    }

    /// The spins in a field, with J = 1.
    ///
    /// # Errors
    /// When the field is out of range.
    pub fn system(&self, field: f64) -> Result<System> {
        let lattice = Lattice::new(self.kind, self.size)?;
        let system = System::uniform(lattice, Interaction::new(1.0, field)?);
        match Spins::new(self.model, self.states)? {
            Spins::Ising => Ok(system),
            Spins::Potts { .. } => system.of_colours(self.states),
        }
    }
}

/// The words that [`Recipe::parse`] reads, lists with commas.
impl std::fmt::Display for Recipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        let Self { kind, size, model, states, temperatures, fields, count } = self;
        write!(f, "size={size} temperatures={} fields={} count={count}", list(temperatures), list(fields))?;
        if *kind != LatticeKind::default() {
            write!(f, " lattice={}", kind.name())?;
        }
        match model {
            SpinModel::Ising => Ok(()),
            SpinModel::Potts => write!(f, " model={} states={states}", model.name()),
        }
    }
}

/// Numbers of a list: `first:last:step`, or with commas between; nothing where it is not understood.
pub fn number_list(text: &str) -> Option<Vec<f64>> {
    match text.contains(':') {
        true => number_range(text).ok(),
        false => text.split(',').map(number).collect(),
    }
}

/// Numbers of a list as [`number_list`] takes them, of which all are allowed and none is there twice; `range` says in words which are.
///
/// # Errors
/// The reason why it is none, with the number that is refused and those that are allowed.
pub fn numbers_within(text: &str, range: &str, is_allowed: impl Fn(f64) -> bool) -> Result<Vec<f64>, String> {
    let list = match text.contains(':') {
        true => number_range(text)?,
        false => {
            let read = |word: &str| {
                let expected =
                    || format!("{word:?} is no number; {range}, with commas between, or first:last:step");
                number(word).ok_or_else(expected)
            };
            text.split(',').map(read).collect::<Result<_, _>>()?
        }
    };
    if let Some(refused) = list.iter().find(|&&value| !is_allowed(value)) {
        return Err(format!("{refused} is out of range: {range}"));
    }
    match (1..list.len()).find(|&at| list[..at].contains(&list[at])) {
        Some(twice) => Err(format!("{} is there twice; leave one out", list[twice])),
        None => Ok(list),
    }
}

/// Numbers of a range `first:last:step`, from the first in whole steps as far as the last.
///
/// # Errors
/// The reason why it is none.
pub fn number_range(text: &str) -> Result<Vec<f64>, String> {
    let parts: Option<Vec<f64>> = text.split(':').map(number).collect();
    let Some(&[first, last, step]) = parts.as_deref() else {
        return Err("a range is three numbers, first:last:step, as 0.1:0.5:0.1".to_owned());
    };
    if step <= 0.0 {
        return Err(format!("the step {step} must be above 0; a range goes up"));
    }
    if last < first {
        return Err(format!("a range goes up: write {last}:{first}:{step}"));
    }
    // Steps add up with rounding.
    let count = ((last - first) / step + 1e-9).floor();
    if count >= MOST_POINTS as f64 {
        let count = if count < 1e15 { (count + 1.0).to_string() } else { format!("{count:e}") };
        return Err(format!("it has {count} numbers, more than {MOST_POINTS}; take a larger step"));
    }
    Ok((0..=count as usize).map(|index| rounded(first + index as f64 * step)).collect())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Whether no value is there twice.
pub fn are_different(values: &[f64]) -> bool {
    (1..values.len()).all(|at| !values[..at].contains(&values[at]))
}

/// 2.4 for 2.4000000000000004: steps add up with rounding.
fn rounded(value: f64) -> f64 {
    let digits = 1e12;
    if value.abs() < 1e3 { (value * digits).round() / digits } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_are_lists_of_temperatures_and_fields() {
        let recipe = Recipe::parse("size=5 temperatures=0:6:0.25 fields=0,0.5 count=3").unwrap();
        assert_eq!(recipe.points().len(), 50);
        assert_eq!(recipe.points()[26], [0.25, 0.5]);
        for (text, told) in [
            ("size=5", "temperatures"),
            ("size=5 temperatures=1 colour=2", "colour=2"),
            ("size=5 temperatures=-1", "temperatures=-1"),
            ("size=5 temperatures=1:2:0", "temperatures=1:2:0"),
            ("size=5 temperatures=1 states=3", "states = 3"),
            ("size=5 temperatures=nan", "temperatures=nan"),
        ] {
            let message = Recipe::parse(text).unwrap_err().to_string();
            assert!(message.contains(told), "{text}: {message}");
        }
        for text in [
            "size=5 temperatures=0:1:0.1 fields=-1,0 count=7",
            "size=3 temperatures=1 model=potts states=3 lattice=cubic",
        ] {
            let recipe = Recipe::parse(text).unwrap();
            assert_eq!(Recipe::parse(&recipe.to_string()).unwrap(), recipe);
        }
    }

    #[test]
    fn data_at_temperature_0_are_ground_states_and_follow_the_seed() {
        let recipe = Recipe::parse("size=3 temperatures=0,2.5 count=40").unwrap();
        let data = Data::draw(&recipe, 4, |_| ()).unwrap();
        assert_eq!(data.count(), 80);
        let sums: Vec<i32> = data
            .configurations
            .chunks(9)
            .take(40)
            .map(|spins| spins.iter().map(|&spin| i32::from(spin)).sum())
            .collect();
        assert!(sums.contains(&9) && sums.contains(&-9) && sums.iter().all(|sum| sum.abs() == 9), "{sums:?}");
        assert_eq!(data, Data::draw(&recipe, 4, |_| ()).unwrap());
        assert_ne!(data.fingerprint(), Data::draw(&recipe, 5, |_| ()).unwrap().fingerprint());
    }
}
