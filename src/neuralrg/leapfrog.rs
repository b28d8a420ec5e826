//! The motion of Hybrid Monte Carlo on the CPU: potentials with their slopes, and leapfrog steps.

use super::backend::{Leaps, Point, Space};
use super::dual::Dual;
use super::fields::Fields;
use super::flow::Flow;
use crate::cpu::Real;
use rayon::prelude::*;

/// The field at places in a space, with potentials and their slopes.
pub(super) fn point<R: Real>(flow: &Flow<R>, dual: &Dual<R>, space: Space, places: Fields<R>) -> Point<R> {
    match space {
        Space::Physical => {
            let (potentials, slopes) = dual.energies_and_slopes(&places);
            Point { x: places.clone(), places, potentials, slopes }
        }
        Space::Latent => {
            let (x, ln_q) = flow.generate(&places);
            let (energies, slopes) = dual.energies_and_slopes(&x);
            let (_, slopes) = flow.pull_back(&x, &slopes, -R::one());
            let ln_normal = Flow::ln_normal(&places).into_iter();
            let ln_det = ln_normal.zip(ln_q).map(|(of_latent, ln_q)| of_latent - ln_q);
            let potentials = energies.iter().zip(ln_det).map(|(energy, ln_det)| energy - ln_det).collect();
            Point { places, x, potentials, slopes }
        }
    }
}

/// Leapfrog steps of a length from a point on: the point at the end, and the momenta there.
pub(super) fn leap<R: Real>(
    from: &Point<R>,
    momenta: &mut Fields<R>,
    Leaps { length, count }: Leaps,
    point: impl Fn(Fields<R>) -> Point<R>,
) -> Point<R> {
    let (size, half) = (R::of(length), R::of(0.5 * length));
    let mut end = from.clone();
    add(momenta, -half, &end.slopes);
    for leap in 1..=count {
        add(&mut end.places, size, momenta);
        end = point(end.places);
        add(momenta, if leap == count { -half } else { -size }, &end.slopes);
    }
    end
}

/// Adds a multiple of other fields.
fn add<R: Real>(to: &mut Fields<R>, factor: R, other: &Fields<R>) {
    let sites = other.sites();
    let groups = to.lanes_mut().par_chunks_exact_mut(sites).enumerate();
    groups.for_each(|(group, to)| {
        for (to, &other) in to.iter_mut().zip(other.group(group)) {
            *to = to.plus_scaled(factor, other);
        }
    });
}
