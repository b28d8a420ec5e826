//! The cubic torus plane by plane, site by site: sums of weights with their energies up to second powers, over the states of a plane.
//!
//! Energies are counted from a bound below all of them, `-|J| bonds - |H| sites`: nothing large cancels at low temperature.

use super::Exact;
use crate::lattice::{Interaction, System};
use rayon::prelude::*;

/// Largest side: a plane has `2^(side^2)` states.
pub(super) const MAX_SIDE: u32 = 4;

/// Largest beta times J and H at which the mean energy is the integral of its variance: it is a small mean of large numbers.
const SMALL: f64 = 1e-3;

/// ln Z, energy and specific heat of a system with a side up to [`MAX_SIDE`].
pub(super) fn solve(system: &System, beta: f64) -> Exact {
    let Interaction { coupling, field } = system.interaction;
    let sites = system.lattice.sites() as f64;
    let planes = Planes::new(system, beta);
    let all = planes.all();
    let bound = sites * (3.0 * coupling.abs() + field.abs());
    let energy = if beta * coupling.abs().max(field.abs()) > SMALL {
        all.mean - bound
    } else {
        // By Gauss's rule with two points, since `dU / dbeta = -var(E)` and U = 0 at beta = 0.
        let half = beta / 2.0;
        let point = 3.0_f64.sqrt().recip();
        let variance = |offset: f64| Planes::new(system, half + offset * half).all().variance;
        -half * (variance(-point) + variance(point))
    };
    Exact {
        ln_z: all.ln_weight + beta * bound,
        energy_per_site: energy / sites,
        specific_heat: beta * beta * all.variance / sites,
    }
}

/// All configurations: logarithm of their weight, mean and variance of their energy above the bound.
struct Total {
    ln_weight: f64,
    mean: f64,
    variance: f64,
}

/// Boltzmann weight and energy of a new spin with its bonds.
#[derive(Debug, Clone, Copy, Default)]
struct Added {
    weight: f64,
    energy: f64,
}

impl Added {
    fn new(beta: f64, energy: f64) -> Self {
        Self { weight: (-beta * energy).exp(), energy }
    }
}

/// Sums over configurations of the weight, of it times the energy and of it times the energy squared.
type Sums = [f64; 3];

/// Sums with an energy added.
#[inline(always)]
fn with([w, e, ee]: Sums, Added { weight, energy }: Added) -> Sums {
    [weight * w, weight * (e + energy * w), weight * (ee + energy * (2.0 * e + energy * w))]
}

#[inline(always)]
fn plus(a: Sums, b: Sums) -> Sums {
    std::array::from_fn(|power| a[power] + b[power])
}

/// A system at one temperature. Bit `row * side + column` of a plane's state is its spin there.
struct Planes {
    side: u32,
    interaction: Interaction,
    beta: f64,
    /// For every site of a plane, `[2^site]`: how many neighbours before it in its plane are up, by the bits of the sites before it.
    ups: Vec<Vec<u8>>,
    /// For every site of a plane: neighbours before it in its plane.
    before: Vec<Vec<u32>>,
}

impl Planes {
    fn new(system: &System, beta: f64) -> Self {
        let side = system.lattice.side();
        let before: Vec<Vec<u32>> = (0..side * side).map(|site| neighbours_before(site, side)).collect();
        let ups = |(site, before): (usize, &Vec<u32>)| {
            (0..1_u32 << site)
                .map(|bits| before.iter().map(|other| (bits >> other & 1) as u8).sum())
                .collect()
        };
        let ups = before.iter().enumerate().map(ups).collect();
        Self { side, interaction: system.interaction, beta, ups, before }
    }

    /// Energy above the bound of some bonds and sites with these sums.
    fn added(&self, [bonds, bond_sum]: [i32; 2], [sites, spin_sum]: [i32; 2]) -> Added {
        let Interaction { coupling, field } = self.interaction;
        let energy = coupling.abs() * f64::from(bonds) - coupling * f64::from(bond_sum)
            + field.abs() * f64::from(sites)
            - field * f64::from(spin_sum);
        Added::new(self.beta, energy)
    }

    fn all(&self) -> Total {
        let part = |(first, images): (u32, f64)| {
            let (sums, exponent) = self.closed(first);
            (sums.map(|sum| sum * images), exponent)
        };
        let planes = first_planes(self.side, self.interaction.field == 0.0);
        let parts: Vec<(Sums, i32)> = planes.into_par_iter().map(part).collect();
        let most = parts.iter().map(|(_, exponent)| *exponent).max().unwrap_or(0);
        let scaled = |(sums, exponent): (Sums, i32)| sums.map(|sum| sum * 2.0_f64.powi(exponent - most));
        let [weight, energy, square] = parts.into_iter().map(scaled).fold([0.0; 3], plus);
        let mean = energy / weight;
        Total {
            ln_weight: weight.ln() + f64::from(most) * std::f64::consts::LN_2,
            mean,
            variance: (square / weight - mean * mean).max(0.0),
        }
    }

    /// All configurations with this first plane, and the power of two that was taken out of them.
    fn closed(&self, first: u32) -> (Sums, i32) {
        let sites = (self.side * self.side) as i32;
        let sum = |state: u32| 2 * state.count_ones() as i32 - sites;
        let bond = |a: u32, b: u32| if (first >> a ^ first >> b) & 1 == 0 { 1 } else { -1 };
        let inner = (0..)
            .zip(&self.before)
            .flat_map(|(site, before)| before.iter().map(move |other| bond(site, *other)));
        let mut states = vec![[0.0; 3]; 1 << sites];
        states[first as usize] =
            with([1.0, 0.0, 0.0], self.added([2 * sites, inner.sum()], [sites, sum(first)]));
        let mut exponent = 0;
        for _ in 1..self.side {
            (0..sites as usize).for_each(|site| self.fix(&mut states, site));
            exponent += rescale(&mut states);
        }
        let close = |(last, sums): (u32, &Sums)| {
            let equal = sites - 2 * (last ^ first).count_ones() as i32;
            with(*sums, self.added([sites, equal], [0, 0]))
        };
        ((0..).zip(&states).map(close).fold([0.0; 3], plus), exponent)
    }

    /// Replaces the spin of a site by that of the next plane, and sums over the spin above it.
    fn fix(&self, states: &mut [Sums], site: usize) {
        let before = self.before[site].len() as i32;
        // By the neighbours before it that are up, the new spin and the one above it.
        let added: Vec<[[Added; 2]; 2]> = (0..=before)
            .map(|ups| {
                let of = |spin: i32, above: i32| {
                    self.added([before + 1, spin * (above + 2 * ups - before)], [1, spin])
                };
                [-1, 1].map(|spin| [-1, 1].map(|above| of(spin, above)))
            })
            .collect();
        for block in states.chunks_exact_mut(2 << site) {
            let (down, up) = block.split_at_mut(1 << site);
            for ((down, up), ups) in down.iter_mut().zip(up).zip(&self.ups[site]) {
                let [of_down, of_up] = &added[usize::from(*ups)];
                let new = |of: &[Added; 2]| plus(with(*down, of[0]), with(*up, of[1]));
                (*down, *up) = (new(of_down), new(of_up));
            }
        }
    }
}

/// Divides by a power of two near the largest weight; returns its exponent.
fn rescale(states: &mut [Sums]) -> i32 {
    let most = states.iter().map(|sums| sums[0]).fold(0.0, f64::max);
    let exponent = most.log2().floor() as i32;
    let scale = 2.0_f64.powi(-exponent);
    states.iter_mut().for_each(|sums| *sums = sums.map(|sum| sum * scale));
    exponent
}

/// Neighbours in its plane that come before a site, one for every bond: at the end of a row or column also across the border.
fn neighbours_before(site: u32, side: u32) -> Vec<u32> {
    let (row, column) = (site / side, site % side);
    let mut before = Vec::new();
    for (at, step) in [(column, 1), (row, side)] {
        if at > 0 {
            before.push(site - step);
        }
        if at + 1 == side {
            before.push(site - at * step);
        }
    }
    before
}

/// Planes that are not images of each other, with the number of their images: by translations, mirrors, exchange of both axes
/// and, if wanted, all spins turned over.
fn first_planes(side: u32, turned_over: bool) -> Vec<(u32, f64)> {
    let sites = side * side;
    let moved = |place: fn(u32, u32, u32) -> [u32; 2]| {
        move |state: u32| {
            (0..sites).fold(0, |image, site| {
                let [row, column] = place(site / side, site % side, side);
                image | (state >> (row % side * side + column % side) & 1) << site
            })
        }
    };
    let generators: [Box<dyn Fn(u32) -> u32>; 4] = [
        Box::new(moved(|row, column, _| [row, column + 1])),
        Box::new(moved(|row, column, _| [column, row])),
        Box::new(moved(|row, column, side| [row, side - column])),
        Box::new(
            move |state: u32| if turned_over { !state & (((1_u64 << sites) - 1) as u32) } else { state },
        ),
    ];
    let mut seen = vec![false; 1 << sites];
    let mut planes = Vec::new();
    for state in 0..1_u32 << sites {
        if std::mem::replace(&mut seen[state as usize], true) {
            continue;
        }
        let (mut images, mut next) = (vec![state], 0);
        while let Some(&image) = images.get(next) {
            next += 1;
            for generator in &generators {
                let other = generator(image);
                if !std::mem::replace(&mut seen[other as usize], true) {
                    images.push(other);
                }
            }
        }
        planes.push((state, images.len() as f64));
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::enumeration::{enumerate, levels};
    use crate::lattice::Lattice;

    fn system(side: u32, coupling: f64, field: f64) -> System {
        System::uniform(Lattice::cubic(side).unwrap(), Interaction { coupling, field })
    }

    #[test]
    fn first_planes_cover_all_planes_once() {
        assert_eq!(first_planes(4, true).len(), 433);
        for (side, turned_over) in [(2, true), (3, false), (4, true), (4, false)] {
            let images: f64 = first_planes(side, turned_over).iter().map(|(_, images)| images).sum();
            assert_eq!(images, f64::from(1 << (side * side)));
        }
    }

    #[test]
    fn agrees_with_a_sum_over_all_configurations_of_side_2() {
        let levels = levels(Lattice::cubic(2).unwrap());
        for (coupling, field) in [(1.0, 0.0), (-1.0, 0.0), (0.7, 0.4), (-1.0, -0.3), (0.0, 0.9)] {
            for beta in [0.0, 1e-9, 1e-4, 0.01, 0.2, 1.0, 20.0] {
                let system = system(2, coupling, field);
                let (found, expected) = (solve(&system, beta), enumerate(&levels, &system, beta));
                let near = |a: f64, b: f64| (a - b).abs() <= 1e-10 * b.abs();
                assert!(
                    near(found.ln_z, expected.ln_z)
                        && near(found.energy_per_site, expected.energy_per_site)
                        && (near(found.specific_heat, expected.specific_heat)
                            || (found.specific_heat - expected.specific_heat).abs() < 1e-13),
                    "{system}, beta {beta}: {found:?}, not {expected:?}"
                );
            }
        }
    }

    /// By a symmetry-reduced transfer matrix of other code, derivatives by differences.
    #[test]
    fn known_values_at_side_4() {
        for (beta, ln_z, energy, heat) in
            [(0.1, 45.346_457_019_3, -0.316_618_9, 0.035_637), (0.3, 60.509_735_072_8, -2.515_072, 0.676_03)]
        {
            let found = solve(&system(4, 1.0, 0.0), beta);
            assert!((found.ln_z - ln_z).abs() < 1e-9, "{found:?}");
            assert!((found.energy_per_site - energy).abs() < 2e-6, "{found:?}");
            assert!((found.specific_heat - heat).abs() < 1e-5, "{found:?}");
        }
    }
}
