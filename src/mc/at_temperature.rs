//! Configurations at any temperature, from 0 to infinity.

use super::Pool;
use crate::error::{Error, Result};
use crate::lattice::{Ensemble, Spins, System};
use crate::random::Stream;
use rand::RngExt;

/// `[count][sites]`: configurations in equilibrium at a temperature; 0 and infinity are temperatures too. A pure function of the key.
///
/// # Errors
/// When the chains do not come into equilibrium, or beta is out of range: `1 / temperature` and its products with J and H must be at most 100.
pub fn configurations(system: &System, temperature: f64, count: usize, key: u32) -> Result<Vec<i8>> {
    match temperature {
        0.0 => Ok(ground_states(system, count, key)),
        temperature => {
            Ok(Pool::new(&at_temperature(system, temperature, "temperature")?, count, key)?.spins().to_vec())
        }
    }
}

/// The system at a temperature above 0, a value of the setting `name`.
///
/// # Errors
/// When `1 / temperature` or one of its products with J and H is above 100.
pub fn at_temperature(system: &System, temperature: f64, name: &'static str) -> Result<Ensemble> {
    let expected = "1 / T, and its products with J and H, must be at most 100";
    system
        .clone()
        .at(1.0 / temperature)
        .map_err(|_| Error::setting(name, format!("{temperature:?}"), expected))
}

/// Configurations at temperature 0: every one a state of least energy, each as likely. For J < 0 that is known of Ising spins where the pattern of every second site fits.
fn ground_states(system: &System, count: usize, key: u32) -> Vec<i8> {
    let mut stream = Stream::new(key, 0);
    let sites = 0..system.lattice.sites() as u32;
    let mut spins = Vec::with_capacity(count * sites.len());
    for _ in 0..count {
        match system.spins {
            Spins::Ising => {
                let sign = match system.interaction.field {
                    0.0 => {
                        if stream.random() {
                            1
                        } else {
                            -1
                        }
                    }
                    field => {
                        if field > 0.0 {
                            1
                        } else {
                            -1
                        }
                    }
                };
                spins.extend(sites.clone().map(|site| sign * system.ordered_spin(site)));
            }
            Spins::Potts { states } => {
                let colour = match system.interaction.field {
                    0.0 => stream.random_range(0..states as i8),
                    field if field > 0.0 => 0,
                    _ => stream.random_range(1..states as i8),
                };
                spins.extend(sites.clone().map(|_| colour));
            }
        }
    }
    spins
}
