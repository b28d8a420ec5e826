//! A run folder and its network.

use crate::errors::OrRaise;
use crate::network::Network;
use crate::settings::json;
use crate::watch::Watch;
use han_gpu::backend::Backend;
use han_gpu::config::{Config, Lengths, MAX_BATCH, MAX_SAMPLES, OtherBottom};
use han_gpu::io::{RunFolder, check_memory};
use han_gpu::lattice::{Ensemble, Lattice, SymmetryGroup};
use han_gpu::measure::{
    Against, Checked, Measurement, Method, Origin, RunReport, Settings, measure, own_seed,
};
use han_gpu::mps::{Levels, check_levels};
use han_gpu::sample::{Draws, Lowest, Samples, draw_from, evaluate};
use han_gpu::{Error, Result, Trained};
use numpy::ndarray::{ArrayD, IxDyn};
use numpy::{IntoPyArray, PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;

/// Most samples that are looked at level by level.
const BY_LEVEL: usize = 10_000;
/// Most configurations of least energy.
const MOST_KEPT: usize = 1_000_000;
/// Bond dimension of tensor networks where none is asked for.
const BOND_DIMENSION: usize = 8;

/// Spins, ln q and energy.
type SampleArrays<'py> = (Bound<'py, PyArrayDyn<i8>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// A run folder and its network.
#[pyclass(frozen, module = "han_gpu._native")]
pub(crate) struct Run {
    config: Config,
    /// Configurations at a time.
    batch: usize,
    bond_dimension: usize,
    network: Network,
}

#[pymethods]
impl Run {
    /// Opens a run folder. The network is loaded when it is needed.
    #[new]
    #[pyo3(signature = (path, *, device, batch, bottom, bond_dimension, bottom_side, exact_bottom))]
    #[expect(clippy::too_many_arguments, reason = "one for every argument of the Python function")]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        device: String,
        batch: Option<usize>,
        bottom: Option<String>,
        bond_dimension: Option<usize>,
        bottom_side: Option<String>,
        exact_bottom: Option<String>,
    ) -> PyResult<Self> {
        let opened = || {
            let config = RunFolder::open(&path)?.1;
            let batch = batch.unwrap_or(config.batch);
            in_range("batch", batch, MAX_BATCH)?;
            let states = bond_dimension.unwrap_or(BOND_DIMENSION);
            let bottom = other_bottom(bottom, states, bottom_side, exact_bottom)?;
            let network = Network::new(path, device, bottom);
            Ok(Self { config, batch, bond_dimension: states, network })
        };
        py.detach(opened).or_raise(py)
    }

    /// Settings as JSON.
    fn config(&self) -> PyResult<String> {
        json(&self.config)
    }

    /// Lengths of the axes of a configuration.
    fn shape(&self, py: Python<'_>) -> PyResult<Vec<usize>> {
        self.lattice_shape().or_raise(py)
    }

    /// Colours of a site; 2 of Ising spins.
    fn states(&self, py: Python<'_>) -> PyResult<usize> {
        py.detach(|| Ok(self.config.system()?.spins.states())).or_raise(py)
    }

    /// The summary of a finished run as JSON.
    fn summary(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let summary = py.detach(|| Ok(self.folder()?.summary())).or_raise(py)?;
        summary.map(|summary| json(&summary)).transpose()
    }

    /// The warning that the run needs, if it needs one.
    fn warning(&self, py: Python<'_>) -> PyResult<Option<String>> {
        py.detach(|| Ok(self.folder()?.warning())).or_raise(py)
    }

    /// Rows of metrics as JSON.
    fn metrics(&self, py: Python<'_>) -> PyResult<String> {
        json(&py.detach(|| self.folder()?.metrics()).or_raise(py)?)
    }

    /// Every tensor of the network by name.
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let tensors = py.detach(|| self.tensors()).or_raise(py)?;
        let parameters = PyDict::new(py);
        for (name, values) in tensors {
            parameters.set_item(name, values.into_pyarray(py))?;
        }
        Ok(parameters)
    }

    /// Name of the device.
    fn device(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| self.network.with(self.batch, |trained| Ok(trained.backend.device().to_owned())))
            .or_raise(py)
    }

    /// Draws configurations, from number `start` of a seed on, and gives all or those of least energy.
    fn sample<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        seed: Option<u32>,
        start: usize,
        lowest: Option<usize>,
        observer: Option<Py<PyAny>>,
    ) -> PyResult<SampleArrays<'py>> {
        let mut watch = Watch::new(observer);
        let drawn = py.detach(|| {
            let seed = seed.unwrap_or(self.config.seed);
            Ok((self.draw(count, seed, start, lowest, &mut watch)?, self.lattice_shape()?))
        });
        let (Samples { spins, ln_q, energy }, shape) = watch.end(py, drawn)?;
        let spins = spins.into_pyarray(py).reshape([vec![ln_q.len()], shape].concat())?;
        Ok((spins, ln_q.into_pyarray(py), energy.into_pyarray(py)))
    }

    /// ln q of configurations, `[count * sites]`.
    fn ln_q<'py>(
        &self,
        py: Python<'py>,
        spins: PyReadonlyArray1<'py, i8>,
        observer: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let sites = self.lattice_shape().or_raise(py)?.iter().product::<usize>();
        let spins = spins.as_slice()?;
        let count = spins.len() / sites;
        let batch = self.batch.min(count.max(1));
        let mut ln_q = Vec::with_capacity(count);
        let mut watch = Watch::new(observer);
        for chunk in spins.chunks(batch * sites) {
            // A copy: while Python's lock is free, another thread may write to the array.
            let chunk = chunk.to_vec();
            let found = py.detach(|| {
                let found = self.network.with(batch, |trained| {
                    evaluate(trained.backend.as_mut(), trained.config.beta, &chunk, |_| ())
                })?;
                watch.go_on("configuration", ln_q.len() + found.len(), Some(count))?;
                Ok(found)
            });
            match found {
                Ok(found) => ln_q.extend(found),
                Err(error) => return watch.end(py, Err(error)),
            }
        }
        Ok(ln_q.into_pyarray(py))
    }

    /// Averages over the Boltzmann distribution from samples of the network, as JSON.
    #[pyo3(signature = (count, *, seed, method, symmetrise, reference, verify, by_level, observer))]
    #[expect(clippy::too_many_arguments, reason = "one for every argument of the Python function")]
    fn measure(
        &self,
        py: Python<'_>,
        count: usize,
        seed: Option<u32>,
        method: &str,
        symmetrise: Option<String>,
        reference: Option<PyReadonlyArray1<'_, i8>>,
        verify: bool,
        by_level: bool,
        observer: Option<Py<PyAny>>,
    ) -> PyResult<String> {
        let method = method_of(method).or_raise(py)?;
        let reference = reference.map(|spins| Ok::<_, PyErr>(spins.as_slice()?.to_vec())).transpose()?;
        let against = match reference {
            Some(spins) => Against::Given(spins),
            None if verify => Against::monte_carlo(self.config.verification_samples),
            None => Against::Nothing,
        };
        let asked = Asked { count, seed, method, symmetrise, by_level };
        let mut watch = Watch::new(observer);
        let result = py.detach(|| self.measured(asked, against, &mut watch));
        let Measured { origin, measurement, checked, levels } = watch.end(py, result)?;
        json(&RunReport::new(origin, &measurement, checked, levels, verify))
    }
}

/// What to measure, and how.
struct Asked {
    count: usize,
    seed: Option<u32>,
    method: Method,
    symmetrise: Option<String>,
    by_level: bool,
}

/// What was measured, and with what it was checked.
struct Measured {
    origin: Origin,
    measurement: Measurement,
    checked: Checked,
    levels: Option<Levels>,
}

impl Run {
    fn folder(&self) -> Result<RunFolder> {
        Ok(RunFolder::open(self.network.path())?.0)
    }

    fn lattice_shape(&self) -> Result<Vec<usize>> {
        Ok(Lattice::new(self.config.lattice, self.config.size)?.shape())
    }

    fn tensors(&self) -> Result<Vec<(String, ArrayD<f32>)>> {
        let model = self.config.model()?;
        let parameters = self.folder()?.load_checkpoint(&self.config, &model)?.parameters;
        let tensor = |place: han_gpu::conditional::TensorPlace| {
            let values = place.ranges().flat_map(|range| parameters[range].iter().copied()).collect();
            let array = ArrayD::from_shape_vec(IxDyn(&place.shape), values);
            let array = array.map_err(|error| Error::content(self.network.path(), error.to_string()))?;
            Ok((place.name, array))
        };
        model.tensors().into_iter().map(tensor).collect()
    }

    fn draw(
        &self,
        count: usize,
        seed: u32,
        start: usize,
        lowest: Option<usize>,
        watch: &mut Watch,
    ) -> Result<Samples> {
        in_range("count", count, MAX_SAMPLES)?;
        lowest.map_or(Ok(()), |most| in_range("lowest", most, MOST_KEPT))?;
        let sites: usize = self.lattice_shape()?.iter().product();
        let kept = lowest.map_or(count, |most| most.min(count));
        check_memory("count", kept, sites + 2 * size_of::<f64>())?;
        self.network.with(self.batch.min(count), |trained| {
            let draws = Draws { seed, beta: trained.config.beta, count };
            let mut found = lowest.map(Lowest::new);
            let (mut all, mut done) = (Samples::default(), 0);
            if found.is_none() {
                // As large as they will be: arrays that grow are copied, and take up to twice the memory.
                all.spins.reserve_exact(count * sites);
                all.ln_q.reserve_exact(count);
                all.energy.reserve_exact(count);
            }
            draw_from(trained.backend.as_mut(), start, draws, |samples| {
                done += samples.ln_q.len();
                match &mut found {
                    Some(found) => found.push(&samples),
                    None => {
                        all.spins.extend_from_slice(&samples.spins);
                        all.ln_q.extend_from_slice(&samples.ln_q);
                        all.energy.extend_from_slice(&samples.energy);
                    }
                }
                watch.go_on("sample", done, Some(count))
            })?;
            Ok(found.map_or(all, Lowest::into_samples))
        })
    }

    fn measured(&self, asked: Asked, against: Against, watch: &mut Watch) -> Result<Measured> {
        let Asked { count, seed, method, symmetrise, by_level, .. } = asked;
        in_range("count", count, MAX_SAMPLES)?;
        let (warning, forward_ess) = (self.folder()?.warning(), self.folder()?.forward_ess());
        self.network.with(self.batch.min(count), |Trained { config, backend, .. }| {
            let backend: &mut dyn Backend = backend.as_mut();
            let system = backend.model().system.clone();
            let symmetries = match &symmetrise {
                Some(text) if by_level => {
                    let expected =
                        "levels are those of the network as it is, not of its average over symmetries";
                    return Err(Error::setting("symmetrise", text, expected));
                }
                Some(text) => SymmetryGroup::parse(text, &system)?,
                None => SymmetryGroup::default(),
            };
            if by_level {
                check_levels(backend.model(), self.bond_dimension)?;
            }
            let beta = config.beta;
            let seed = seed.unwrap_or_else(|| own_seed(config.seed, &Ensemble { system, beta }));
            let settings = Settings { count, seed, beta, method, symmetries };
            let total = Some(count);
            let measurement = measure(
                backend,
                &settings,
                |_| Ok(()),
                |done| watch.see("sample", done, total, String::new),
            )?;
            watch.check()?;
            let mut see = |stage| watch.see_stage(stage);
            let checked = Checked::against(against, backend, &settings, &measurement, &mut see, |_| ())?;
            watch.check()?;
            let levels = match by_level {
                true => Some(self.levels(backend, &settings, watch)?),
                false => None,
            };
            watch.check()?;
            let (run, device) = (self.network.path().display().to_string(), backend.device().to_owned());
            // Of the network with its own bottom, and not of averages over symmetries.
            let is_same = backend.model().options == self.config.model()?.options && symmetrise.is_none();
            let forward_ess = forward_ess.filter(|_| is_same);
            let origin = Origin { run, device, seed, warning, forward_ess };
            Ok(Measured { origin, measurement, checked, levels })
        })
    }

    fn levels(&self, backend: &mut dyn Backend, settings: &Settings, watch: &mut Watch) -> Result<Levels> {
        let Settings { seed, beta, .. } = *settings;
        let count = settings.count.min(BY_LEVEL);
        Levels::draw(backend, Draws { seed, beta, count }, self.bond_dimension, |done| {
            watch.see("sample by level", done, Some(count), String::new)
        })
    }
}

/// Refuses a number outside 1 to a most.
fn in_range(name: &'static str, value: usize, most: usize) -> Result<()> {
    match (1..=most).contains(&value) {
        true => Ok(()),
        false => Err(Error::setting(name, value, format!("it must lie in 1 to {most}"))),
    }
}

fn method_of(name: &str) -> Result<Method> {
    match name {
        "nis" => Ok(Method::Nis),
        "nmcmc" => Ok(Method::Nmcmc),
        "both" => Ok(Method::Both),
        _ => Err(Error::setting("method", name, "it must be one of nis, nmcmc, both")),
    }
}

/// The bottom that a user asks for.
fn other_bottom(
    bottom: Option<String>,
    bond_dimension: usize,
    bottom_side: Option<String>,
    exact_bottom: Option<String>,
) -> Result<Option<OtherBottom>> {
    let lengths = |name: &'static str, text: Option<String>| {
        let parsed =
            text.map(|text| text.parse::<Lengths>().map_err(|expected| Error::setting(name, text, expected)));
        parsed.transpose()
    };
    let bottom_side = lengths("bottom_side", bottom_side)?;
    let exact_bottom = lengths("exact_bottom", exact_bottom)?;
    match (bottom.as_deref(), exact_bottom) {
        (Some("mps"), None) => Ok(Some(OtherBottom::Mps { bond_dimension, lengths: bottom_side })),
        (Some("mps"), Some(_)) => Err(Error::setting("bottom", "mps", "it does not go with exact_bottom")),
        (Some(other), _) => Err(Error::setting("bottom", other, "it must be mps, or be left out")),
        (None, _) if bottom_side.is_some() => {
            Err(Error::setting("bottom_side", "given", "it goes with bottom = mps"))
        }
        (None, exact) => Ok(exact.map(OtherBottom::Exact)),
    }
}
