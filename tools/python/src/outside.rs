//! What needs no network: exact results, Monte Carlo, and the devices of the machine.

use crate::errors::OrRaise;
use crate::settings::{json, table};
use crate::watch::Watch;
use han_gpu::Result;
use han_gpu::config::of_system;
use han_gpu::device::Devices;
use han_gpu::lattice::Ensemble;
use han_gpu::mc::{Algorithm, Equilibrium, Setup, Simulation, equilibrate_watched, thermalise};
use han_gpu::measure::{
    Integration, Kept, MonteCarlo, MonteCarloReport, Solution, Wanted, integrate, measure_chains,
    temperatures,
};
use numpy::{IntoPyArray, PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The devices of this machine as JSON.
#[pyfunction]
pub(crate) fn devices(py: Python<'_>) -> PyResult<String> {
    json(&py.detach(Devices::list))
}

/// Exact thermodynamics of a system as JSON.
#[pyfunction]
pub(crate) fn exact(py: Python<'_>, settings: &Bound<'_, PyDict>) -> PyResult<String> {
    let settings = table(settings)?;
    let solved = py.detach(|| {
        let config = of_system(settings)?;
        let ensemble = config.system()?.at(config.beta)?;
        Solution::of(&ensemble, &config.couplings, config.disorder_seed)
    });
    json(&solved.or_raise(py)?)
}

/// Chains that move, and what is kept of them.
struct Chains {
    wanted: Wanted,
    seed: u32,
    device: String,
    has_ln_z: bool,
    keeps: bool,
}

/// Monte Carlo of a system: its report as JSON, and configurations where some are to be kept.
#[pyfunction]
#[pyo3(signature = (settings, *, sweeps, algorithm, chains, thermalisation, every, seed, device, ln_z, configurations, observer))]
#[expect(clippy::too_many_arguments, reason = "one for every argument of the Python function")]
pub(crate) fn monte_carlo<'py>(
    py: Python<'py>,
    settings: &Bound<'py, PyDict>,
    sweeps: usize,
    algorithm: Option<String>,
    chains: Option<usize>,
    thermalisation: Option<usize>,
    every: usize,
    seed: u32,
    device: String,
    ln_z: bool,
    configurations: usize,
    observer: Option<Py<PyAny>>,
) -> PyResult<(String, Option<Bound<'py, PyArrayDyn<i8>>>)> {
    let settings = table(settings)?;
    let algorithm = algorithm.map(|name| Algorithm::named(&name)).transpose().or_raise(py)?;
    let keeps = configurations > 0;
    // None are kept of the least number that there may be.
    let configurations = configurations.max(1);
    let wanted = Wanted { algorithm, chains, thermalisation, sweeps, every, configurations };
    let chains = Chains { wanted, seed, device, has_ln_z: ln_z, keeps };
    let mut watch = Watch::new(observer);
    let result = py.detach(|| {
        let config = of_system(settings)?;
        let ensemble = config.system()?.at(config.beta)?;
        let shape = ensemble.system.lattice.shape();
        Ok((chains.run(ensemble, &mut watch)?, shape))
    });
    let ((found, spins), shape) = watch.end(py, result)?;
    let spins = spins.map(|spins| {
        let count = spins.len() / shape.iter().product::<usize>();
        spins.into_pyarray(py).reshape([vec![count], shape].concat())
    });
    Ok((json(&found.report())?, spins.transpose()?))
}

/// What chains found.
struct Found {
    algorithm: Algorithm,
    device: String,
    seed: u32,
    result: MonteCarlo,
    ln_z: Option<Integration>,
}

impl Found {
    fn report(&self) -> MonteCarloReport<'_> {
        let Self { algorithm, device, seed, result, ln_z } = self;
        MonteCarloReport::new(*algorithm, device.clone(), *seed, result, ln_z.clone())
    }
}

impl Chains {
    fn run(&self, ensemble: Ensemble, watch: &mut Watch) -> Result<(Found, Option<Vec<i8>>)> {
        let sites = ensemble.system.lattice.sites();
        let (algorithm, mut sweeps) = self.wanted.plan(&ensemble.system)?;
        let mut kept = self.keeps.then(|| Kept::new(sweeps, self.wanted.configurations));
        if self.keeps {
            let drawn = sweeps.sweeps / sweeps.every * sweeps.chains;
            han_gpu::io::check_memory("configurations", self.wanted.configurations.min(drawn), sites)?;
        }
        let setup = Setup { ensemble, algorithm, chains: sweeps.chains, seed: self.seed };
        let mut simulation = Simulation::new(setup, &self.device)?;
        let Equilibrium { sweeps: thermalised, fault, .. } = match self.wanted.thermalisation {
            Some(sweeps) => thermalise(&mut simulation, sweeps)?,
            None => equilibrate_watched(&mut simulation, &mut |stage| watch.see_stage(stage))?,
        };
        sweeps.thermalisation = thermalised;
        let keep = |simulation: &mut Simulation, measurement: usize| match &mut kept {
            Some(kept) => kept.see(simulation, measurement),
            None => Ok(()),
        };
        let total = Some(sweeps.sweeps);
        let measured = measure_chains(&mut simulation, sweeps, keep, |done| {
            watch.see("sweep", done, total, String::new)
        })?;
        let result = MonteCarlo { fault, ..measured };
        let ln_z = if self.has_ln_z { self.ln_z(&result, watch)? } else { None };
        let (device, seed) = (simulation.device().to_owned(), self.seed);
        let spins = kept.map(|kept| kept.into_spins(sites));
        Ok((Found { algorithm, device, seed, result, ln_z }, spins))
    }

    /// ln Z of what was measured; nothing where the watch stopped it.
    fn ln_z(&self, result: &MonteCarlo, watch: &mut Watch) -> Result<Option<Integration>> {
        watch.check()?;
        let MonteCarlo { ensemble, algorithm, sweeps, .. } = result;
        let total = Some(temperatures(&ensemble.system, ensemble.beta));
        integrate(&ensemble.system, ensemble.beta, *algorithm, *sweeps, self.seed, |done| {
            watch.see("temperature", done, total, String::new)
        })
    }
}
