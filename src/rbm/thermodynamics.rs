//! Thermodynamics of independent configurations of a known temperature, such as Monte Carlo draws and machines reconstruct.

use crate::estimate::{Bins, Estimate};
use crate::lattice::Ensemble;
use crate::thermometer::order;
use serde::Serialize;

/// Bins of the jackknife.
const BINS: usize = 100;

/// Mean values per site.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Thermodynamics {
    /// U / N.
    pub energy_per_site: Estimate,
    /// `C / N = beta^2 var(E) / N`.
    pub specific_heat: Estimate,
    /// The mean of [`order`].
    pub order: Estimate,
    /// `chi / N = beta N var(order)`.
    pub susceptibility: Estimate,
}

impl Thermodynamics {
    /// Means over configurations, `[count][sites]`, with jackknife errors.
    pub fn of(ensemble: &Ensemble, spins: &[i8]) -> Self {
        let system = &ensemble.system;
        let sites = system.lattice.sites();
        let mut bins = Bins::new(5, BINS);
        for spins in spins.chunks_exact(sites) {
            let (energy, order) = (system.energy(spins) / sites as f64, order(system, spins));
            bins.push(&[1.0, energy, energy * energy, order, order * order]);
        }
        let (sites, beta) = (sites as f64, ensemble.beta);
        let estimates = bins.jackknife(|sums| {
            let mean = |which: usize| sums[which] / sums[0];
            let variance = |which: usize| mean(which + 1) - mean(which).powi(2);
            vec![mean(1), beta * beta * sites * variance(1), mean(3), beta * sites * variance(3)]
        });
        Self {
            energy_per_site: estimates[0],
            specific_heat: estimates[1],
            order: estimates[2],
            susceptibility: estimates[3],
        }
    }

    /// Estimates by their names in files.
    pub fn named(&self) -> [(&'static str, Estimate); 4] {
        [
            ("energy_per_site", self.energy_per_site),
            ("specific_heat", self.specific_heat),
            ("order", self.order),
            ("susceptibility", self.susceptibility),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::lattice::{Interaction, Lattice, System};
    use crate::mc;

    #[test]
    fn monte_carlo_has_the_exact_energy_and_specific_heat() {
        let system = System::uniform(Lattice::square(6).unwrap(), Interaction { coupling: 1.0, field: 0.2 });
        let ensemble = system.at(0.4).unwrap();
        let spins = mc::configurations(&ensemble.system, 2.5, 4000, 1).unwrap();
        let found = Thermodynamics::of(&ensemble, &spins);
        let exact = exact::solve(&ensemble.system, 0.4).unwrap();
        assert!(found.energy_per_site.deviation(exact.energy_per_site).abs() < 4.0, "{found:?}");
        assert!(found.specific_heat.deviation(exact.specific_heat).abs() < 4.0, "{found:?}");
        assert!(found.order.value > 0.5 && found.susceptibility.value > 0.0, "{found:?}");
    }
}
