//! A few configurations of a large lattice in equilibrium, for pictures and blocks: a pool would ask for more sweeps than a few independent configurations need.

use crate::error::{Error, Result};
use crate::lattice::Ensemble;
use crate::mc::{Algorithm, Setup, Simulation, thermalise};

/// Chains, of which every second one starts in order.
const CHAINS: usize = 4;
/// Sweeps before chains are judged, and those in which they are.
const SWEEPS: usize = 64;
/// Sweeps after which chains that are not in equilibrium are given up.
const MOST_SWEEPS: usize = 4096;
/// Sweeps from one call of the observer to the next.
const EVERY: usize = 16;

/// Draws `count` configurations `[count][sites]`, chain by chain, a pure function of the seed: from clusters, after starts in order and at random agree. `observe` is told the share of
/// the sweeps that is done, as far as it is known; it never falls.
///
/// # Errors
/// When the chains do not come into equilibrium, or do not fit into memory.
pub fn draw(ensemble: &Ensemble, count: usize, seed: u32, mut observe: impl FnMut(f64)) -> Result<Vec<i8>> {
    let sites = ensemble.system.lattice.sites();
    let algorithm = Algorithm::fitting(&ensemble.system);
    let setup = Setup { ensemble: ensemble.clone(), algorithm, chains: CHAINS, seed };
    let mut simulation = Simulation::new(setup, "cpu")?;
    let per_chain = count.div_ceil(CHAINS);
    let (mut sweeps, mut reached) = (SWEEPS, 0.0_f64);
    let distance = loop {
        for done in (0..sweeps).step_by(EVERY) {
            reached = (0.5 * done as f64 / sweeps as f64).max(reached);
            observe(reached);
            simulation.thermalise(EVERY)?;
        }
        let found = thermalise(&mut simulation, sweeps)?;
        match found.fault {
            None => break found.tau_int.ceil() as usize,
            Some(_) if sweeps < MOST_SWEEPS => sweeps *= 2,
            Some(reason) => {
                let expected = format!(
                    "Monte Carlo at {ensemble} is not in equilibrium after {} sweeps: {reason}; choose another temperature, or a smaller size",
                    2 * sweeps
                );
                return Err(Error::setting("temperatures", 1.0 / ensemble.beta, expected));
            }
        }
    };
    let mut spins = vec![0; per_chain * CHAINS * sites];
    for number in 0..per_chain {
        if number > 0 {
            simulation.sweep(distance)?;
        }
        for (chain, now) in simulation.spins()?.chunks(sites).enumerate() {
            spins[(chain * per_chain + number) * sites..][..sites].copy_from_slice(now);
        }
        observe(0.5 + 0.5 * (number + 1) as f64 / per_chain as f64);
    }
    spins.truncate(count * sites);
    Ok(spins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Estimate;
    use crate::exact;
    use crate::lattice::{Interaction, Lattice, System};

    #[test]
    fn configurations_have_the_energy_of_the_lattice_and_follow_the_seed() {
        let system = System::uniform(Lattice::square(32).unwrap(), Interaction { coupling: 1.0, field: 0.0 });
        let ensemble = system.clone().at(0.43).unwrap();
        let mut shares = Vec::new();
        let spins = draw(&ensemble, 200, 3, |share| shares.push(share)).unwrap();
        let energies: Vec<f64> = spins.chunks(1024).map(|spins| system.energy(spins) / 1024.0).collect();
        let (mean, exact) = (Estimate::mean(&energies), exact::solve(&system, 0.43).unwrap().energy_per_site);
        assert!(energies.len() == 200 && mean.deviation(exact).abs() < 5.0, "{mean:?}, {exact}");
        assert!(shares.is_sorted() && shares.last() == Some(&1.0), "{shares:?}");
        assert_eq!(draw(&ensemble, 5, 3, |_| ()).unwrap().len(), 5 * 1024);
        assert_eq!(draw(&ensemble, 3, 3, |_| ()).unwrap(), draw(&ensemble, 3, 3, |_| ()).unwrap());
        assert_ne!(draw(&ensemble, 3, 3, |_| ()).unwrap(), draw(&ensemble, 3, 4, |_| ()).unwrap());
    }
}
