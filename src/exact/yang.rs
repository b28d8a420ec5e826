//! The spontaneous magnetisation of the infinite square lattice (C. N. Yang, Phys. Rev. 85, 808, 1952).

use crate::lattice::{LatticeKind, Spins, System};

/// `|m| = (1 - sinh(2 beta |J|)^-4)^(1/8)` below the critical temperature and 0 above it; near it `1.2224 (|T - T_c| / T_c)^(1/8)`. Ising spins on the square lattice with H = 0;
/// nothing elsewhere.
pub fn spontaneous_magnetisation(system: &System, beta: f64) -> Option<f64> {
    let is_known = system.spins == Spins::Ising && system.lattice.kind() == LatticeKind::Square;
    let critical = system.critical_beta().filter(|_| is_known)?;
    let coupling = system.interaction.coupling.abs();
    Some(if beta > critical { (1.0 - (2.0 * beta * coupling).sinh().powi(-4)).powf(0.125) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Interaction, Lattice};

    #[test]
    fn it_vanishes_at_the_critical_temperature_with_exponent_an_eighth() {
        let of =
            |coupling| System::uniform(Lattice::square(4).unwrap(), Interaction { coupling, field: 0.0 });
        let critical = of(-2.0).critical_beta().unwrap();
        let at = |t: f64| spontaneous_magnetisation(&of(-2.0), critical / (1.0 - t)).unwrap();
        assert_eq!(at(-1e-3), 0.0);
        for t in [1e-8, 1e-6] {
            let amplitude = at(t) / t.powf(0.125);
            // (8 sqrt 2 K_c)^(1/8).
            assert!((amplitude - 1.222_409).abs() < 1e-5, "{amplitude}");
        }
        assert!((at(0.9) - 1.0).abs() < 1e-6);
        let field = System::uniform(Lattice::square(4).unwrap(), Interaction { coupling: 1.0, field: 0.1 });
        assert_eq!(spontaneous_magnetisation(&field, 1.0), None);
        let cubic = System::uniform(Lattice::cubic(4).unwrap(), Interaction { coupling: 1.0, field: 0.0 });
        assert_eq!(spontaneous_magnetisation(&cubic, 1.0), None);
    }
}
