//! Fields that the sites behind a site make on one another, by the mean-field equations of the head `tap` (`src/conditional/pair_head.rs`).

use super::Real;
use super::product::forward;
use super::tile::{Lane, Lanes, lanes};
use crate::conditional::TURNS;
use crate::hierarchy::Level;

/// The couplings of all pairs of sites in the order in which they are drawn.
#[derive(Debug)]
pub(crate) struct MeanField<R> {
    sites: usize,
    /// `[sites][sites]`: J, and 0 on the diagonal.
    couplings: Vec<R>,
    /// `[sites][sites]`: their squares.
    squares: Vec<R>,
}

/// Work space of a turn of the equations, `[sites]` each.
#[derive(Debug)]
pub(crate) struct Turn<R> {
    /// m: `tanh` of beta times the corrected fields.
    orders: Lanes<R>,
    /// m of the turn before.
    before: Lanes<R>,
    /// `1 - m^2`.
    responses: Lanes<R>,
    /// `sum_k J_lk^2 (1 - m_k^2)`.
    reactions: Lanes<R>,
}

impl<R: Real> Turn<R> {
    pub(crate) fn new(sites: usize) -> Self {
        let [orders, before, responses, reactions] = std::array::from_fn(|_| lanes(sites, R::zero()));
        Self { orders, before, responses, reactions }
    }
}

impl<R: Real> MeanField<R> {
    /// The couplings of a level whose bonds are those of every site with all later ones; `unit` is the coupling of a bond of weight 1.
    pub(crate) fn new(level: &Level, unit: f64) -> Self {
        let sites = level.own;
        let mut couplings = vec![R::zero(); sites * sites];
        for (number, bond) in level.bonds.iter().enumerate() {
            let coupling = R::of(unit) * R::of_integer(level.bond_weight(0, number));
            let (a, b) = (bond.earlier as usize, bond.later as usize);
            couplings[a * sites + b] = coupling;
            couplings[b * sites + a] = coupling;
        }
        let squares = couplings.iter().map(|&coupling| coupling * coupling).collect();
        Self { sites, couplings, squares }
    }

    /// Writes the corrections to the fields on all sites behind one, `[sites behind]`; `field` gives the fields without them, H included, by the number of the
    /// site among all.
    #[inline(always)]
    pub(crate) fn correct(
        &self,
        beta: R,
        field: impl Fn(usize) -> Lane<R>,
        turn: &mut Turn<R>,
        corrections: &mut [Lane<R>],
    ) {
        let behind = corrections.len();
        if behind == 0 {
            return;
        }
        let first = self.sites - behind;
        let corner = first * self.sites + first;
        corrections.fill([R::zero(); super::LANES]);
        turn.before[..behind].fill([R::zero(); super::LANES]);
        for _ in 0..TURNS {
            for (later, correction) in corrections.iter_mut().enumerate() {
                let (order, response) = (&mut turn.orders[later], &mut turn.responses[later]);
                *order = field(first + later);
                for (order, correction) in order.iter_mut().zip(&*correction) {
                    *order = tanh(beta * (*order + *correction));
                }
                for (response, &order) in response.iter_mut().zip(&*order) {
                    *response = R::one() - order * order;
                }
                *correction = [R::zero(); super::LANES];
            }
            turn.reactions[..behind].fill([R::zero(); super::LANES]);
            forward(corrections, &self.couplings[corner..], self.sites, &turn.orders[..behind]);
            forward(
                &mut turn.reactions[..behind],
                &self.squares[corner..],
                self.sites,
                &turn.responses[..behind],
            );
            for (later, correction) in corrections.iter_mut().enumerate() {
                let (reaction, before) = (&turn.reactions[later], &turn.before[later]);
                for (correction, (reaction, before)) in correction.iter_mut().zip(reaction.iter().zip(before))
                {
                    *correction = *correction - beta * *reaction * *before;
                }
            }
            std::mem::swap(&mut turn.orders, &mut turn.before);
        }
    }
}

#[inline(always)]
fn tanh<R: Real>(x: R) -> R {
    let e = (x + x).exp_minus_abs();
    let size = (R::one() - e) / (R::one() + e);
    if x < R::zero() { -size } else { size }
}
