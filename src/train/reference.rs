//! The closing check's reference: configurations that the network did not learn from.

use crate::backend::Backend;
use crate::config::Config;
use crate::error::Result;
use crate::estimate::{Forward, forward};
use crate::mc::Pool;
use crate::sample::evaluate;

/// Keeps the check's Monte Carlo apart from that of the forward objective.
const SALT: u32 = 0x5eed;

/// Log weights of configurations by cluster Monte Carlo, for the check.
///
/// # Errors
/// When the device fails.
pub(super) fn reference(config: &Config, backend: &mut dyn Backend, ln_z: f64) -> Result<Option<Forward>> {
    if config.verification_samples == 0 {
        return Ok(None);
    }
    let (torus, interaction) = (backend.model().torus, backend.model().interaction);
    let seed = config.seed ^ SALT;
    let pool = Pool::new(torus, interaction, config.beta, config.verification_samples, seed);
    let ln_q = evaluate(backend, config.beta, pool.spins(), |_| ())?;
    let ln_w: Vec<f64> = pool
        .spins()
        .chunks(torus.sites())
        .zip(ln_q)
        .map(|(spins, ln_q)| {
            let spin_sum = spins.iter().map(|&spin| i64::from(spin)).sum();
            -config.beta * interaction.energy(torus.bond_sum(spins), spin_sum) - ln_q
        })
        .collect();
    Ok(Some(forward(&ln_w, ln_z)))
}
