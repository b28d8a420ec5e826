//! Autoregressive networks of systems whose sites are all neighbours (I. Biazzo, Commun. Phys. 6, 296, 2023, arXiv:2302.08347). Their first layer is the couplings: a
//! site is drawn from the fields that the sites before it make on itself and on the sites behind it. A head turns these fields into the logit.
//!
//! With `x_l = J sum_(j < i) n_lj s_j`, the field on site l when site i is drawn, and n and m the weights of bonds and sites:
//!
//! | head | logit of site i | parameters |
//! |---|---|---|
//! | `cw` | that of the Boltzmann distribution itself, of one coupling for all bonds | none |
//! | `cw_infinite` | `beta (b_i sign(x_i) + w x_i + 2 H)`, of one coupling for all bonds | N + 1 |
//! | `one_parameter` | `beta (w_i x_i + 2 H m_i)` | N |
//! | `linear` | `beta (b_i + sum_(j < i) w_ji s_j)` | N (N + 1) / 2 |
//! | `sk0`, `sk1`, `sk2` | `beta (b_i + w_i x_i) + sum_(l > i) sum_(+-) v_il g_k(x_l)` | (4 k + 6) per pair, 2 per site |
//! | `tap` | that of `sk0` with `x_l + c_il y_l` in place of `x_l` under the sum, with a c of its own for + and - | 8 per pair, 2 per site |
//!
//! where `g_0(x) = ln sigmoid(beta (b_il0 + w_il0 x))` and `g_k(x) = ln sigmoid(b_ilk + w_ilk g_(k-1)(x))`, with parameters of their own for + and -. Parameters in
//! brackets behind beta are fields, so that a net that follows a temperature starts every stage near where it should be.
//!
//! Heads `sk` leave out that later sites see one another. The head `tap` has in `y_l` what they add to the field: [`TURNS`] turns of the mean-field equations of Thouless,
//! Anderson and Palmer (Phil. Mag. 35, 593, 1977) among the sites behind i, in the order in time that makes them converge (E. Bolthausen, Commun. Math. Phys. 325, 333,
//! 2014): from `y = 0` and `m' = 0`,
//!
//! ```text
//! m_l = tanh(beta (x_l + H_l + y_l)),   y_l <- sum_k J_lk m_k - beta m'_l sum_k J_lk^2 (1 - m_k^2),   m'_l <- m_l
//! ```
//!
//! It costs N^3 per configuration where the others cost N^2.

use super::Gauge;
use crate::hierarchy::Level;
use crate::lattice::{Interaction, System};
use serde::{Deserialize, Serialize};

/// The function that turns fields into a logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// None: the network is of another kind.
    #[default]
    None,
    /// The exact logit of a system with one coupling, whatever the number of sites.
    Cw,
    /// The form that it has for infinitely many sites.
    CwInfinite,
    /// A multiple of the field on the site.
    OneParameter,
    /// A sum over the spins before the site with weights of its own.
    Linear,
    /// Fields on later sites through one layer: the replica symmetric form.
    Sk0,
    /// The same through two layers: one step of replica symmetry breaking.
    Sk1,
    /// The same through three layers.
    Sk2,
    /// As `Sk0`, with fields that later sites make on one another added.
    Tap,
}

impl Head {
    /// Every head.
    pub const ALL: [Self; 8] = [
        Self::Cw,
        Self::CwInfinite,
        Self::OneParameter,
        Self::Linear,
        Self::Sk0,
        Self::Sk1,
        Self::Sk2,
        Self::Tap,
    ];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cw => "cw",
            Self::CwInfinite => "cw_infinite",
            Self::OneParameter => "one_parameter",
            Self::Linear => "linear",
            Self::Sk0 => "sk0",
            Self::Sk1 => "sk1",
            Self::Sk2 => "sk2",
            Self::Tap => "tap",
        }
    }

    /// Layers that fields on later sites go through; 0 where they do not count.
    pub fn layers(self) -> usize {
        match self {
            Self::Sk0 | Self::Tap => 1,
            Self::Sk1 => 2,
            Self::Sk2 => 3,
            Self::None | Self::Cw | Self::CwInfinite | Self::OneParameter | Self::Linear => 0,
        }
    }

    /// Whether reversing all spins before a site reverses its logit where there is no field, whatever the parameters.
    fn is_odd(self) -> bool {
        matches!(self, Self::Cw | Self::CwInfinite | Self::OneParameter)
    }
}

/// Turns of the mean-field equations that the head `tap` takes.
pub const TURNS: usize = 3;

/// Bias of deeper layers at the start: far enough from 0 for `ln sigmoid` to be nearly linear.
const DEEP_BIAS: f32 = -3.0;

/// A head over all pairs of sites.
///
/// Parameters of pairs are `[N (N - 1) / 2]`, in the order of the lattice's bonds: of each earlier site those with all later ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairHead {
    /// The function that turns fields into a logit.
    pub head: Head,
    /// Sites N.
    pub sites: usize,
    /// Symmetry rule: none, or the first spin where the head itself is not odd.
    pub gauge: Gauge,
}

/// A named part of the parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairTensor {
    /// Name in checkpoints.
    pub name: String,
    /// First parameter, counted from the level's first.
    pub offset: usize,
    /// Parameters.
    pub length: usize,
}

impl PairHead {
    /// A head for a block without a border.
    pub fn new(head: Head, sites: usize, has_symmetry: bool) -> Self {
        let gauge = if has_symmetry && !head.is_odd() { Gauge::FirstOwn } else { Gauge::None };
        Self { head, sites, gauge }
    }

    /// Pairs of sites.
    pub fn pairs(&self) -> usize {
        self.sites * (self.sites - 1) / 2
    }

    /// The pair of a site and the first one behind it; those with further sites follow.
    #[inline(always)]
    pub fn first_pair(&self, site: usize) -> usize {
        site * (2 * self.sites - site - 1) / 2
    }

    /// All parameters, in storage order. Those of heads `sk` and `tap` are of pairs but for the last two: for + and then for - weight and bias of every layer, what
    /// the last layer is multiplied with, and what corrections are multiplied with.
    pub fn tensors(&self) -> Vec<PairTensor> {
        let (pairs, sites) = (self.pairs(), self.sites);
        let named = |names: &[&str], length: usize| -> Vec<(String, usize)> {
            names.iter().map(|name| ((*name).to_owned(), length)).collect()
        };
        let parts: Vec<(String, usize)> = match self.head {
            Head::None | Head::Cw => Vec::new(),
            Head::CwInfinite => [named(&["sign"], sites), named(&["field"], 1)].concat(),
            Head::OneParameter => named(&["field"], sites),
            Head::Linear => [named(&["weight"], pairs), named(&["bias"], sites)].concat(),
            Head::Sk0 | Head::Sk1 | Head::Sk2 | Head::Tap => {
                let mut parts = Vec::new();
                for sign in ["plus", "minus"] {
                    for layer in 0..self.head.layers() {
                        for part in ["weight", "bias"] {
                            parts.push((format!("{sign}.layer{layer}.{part}"), pairs));
                        }
                    }
                    parts.push((format!("{sign}.output"), pairs));
                    if self.has_corrections() {
                        parts.push((format!("{sign}.correction"), pairs));
                    }
                }
                [parts, named(&["field", "bias"], sites)].concat()
            }
        };
        let mut next = 0;
        let place = |(name, length): (String, usize)| {
            let offset = next;
            next += length;
            PairTensor { name, offset, length }
        };
        parts.into_iter().map(place).collect()
    }

    /// Parameters stored.
    pub fn parameters(&self) -> usize {
        self.tensors().last().map_or(0, |last| last.offset + last.length)
    }

    /// Tensors of pairs that each sign of a head `sk` or `tap` has.
    pub(crate) fn tensors_per_sign(&self) -> usize {
        2 * self.head.layers() + 1 + usize::from(self.has_corrections())
    }

    /// Whether fields on later sites are corrected for those that these sites make on one another.
    pub(crate) fn has_corrections(&self) -> bool {
        self.head == Head::Tap
    }

    /// Parameters to start from: the couplings alone. A head `sk` starts as the network that leaves out the couplings of later sites among themselves, whose
    /// sum over later spins is that of free spins: `sum_l ln cosh(beta (x_l + H_l + J_il)) - ln cosh(beta (x_l + H_l - J_il))`; the head `tap` as the same for spins that
    /// are free in their corrected fields.
    pub(super) fn initial(&self, level: &Level, system: &System, beta: f64) -> Vec<f32> {
        let Interaction { coupling, field } = system.interaction;
        let bond = |pair: usize| coupling * f64::from(level.bond_weight(0, pair));
        let own_field = |site: usize| field * f64::from(level.site_weight(0, site));
        let mut parameters = vec![0.0; self.parameters()];
        match self.head {
            Head::None | Head::Cw => {}
            Head::OneParameter => parameters.fill(2.0),
            Head::CwInfinite => {
                let signs = (0..self.sites).map(|site| 2.0 * self.mean_field(site, system, beta));
                parameters.iter_mut().zip(signs).for_each(|(sign, of_site)| *sign = of_site as f32);
                parameters[self.sites] = 2.0;
            }
            Head::Linear => {
                let (weights, biases) = parameters.split_at_mut(self.pairs());
                weights.iter_mut().zip(0..).for_each(|(weight, pair)| *weight = 2.0 * bond(pair) as f32);
                biases.iter_mut().zip(0..).for_each(|(bias, site)| *bias = 2.0 * own_field(site) as f32);
            }
            Head::Sk0 | Head::Sk1 | Head::Sk2 | Head::Tap => {
                self.free_spins(&mut parameters, bond, own_field)
            }
        }
        parameters
    }

    fn free_spins(
        &self,
        parameters: &mut [f32],
        bond: impl Fn(usize) -> f64,
        own_field: impl Fn(usize) -> f64,
    ) {
        let (pairs, layers) = (self.pairs(), self.head.layers());
        let mut tensors = parameters.chunks_mut(pairs);
        for sign in [1.0, -1.0] {
            for layer in 0..layers {
                let [Some(weights), Some(biases)] = [tensors.next(), tensors.next()] else { return };
                if layer > 0 {
                    weights.fill(1.0);
                    biases.fill(DEEP_BIAS);
                    continue;
                }
                weights.fill(2.0);
                for site in 0..self.sites {
                    for later in site + 1..self.sites {
                        let pair = self.first_pair(site) + later - site - 1;
                        biases[pair] = 2.0 * (own_field(later) + sign * bond(pair)) as f32;
                    }
                }
            }
            tensors.next().into_iter().for_each(|outputs| outputs.fill(-sign as f32));
            if self.has_corrections() {
                tensors.next().into_iter().for_each(|corrections| corrections.fill(1.0));
            }
        }
        let of_sites = &mut parameters[2 * self.tensors_per_sign() * pairs..];
        let (weights, biases) = of_sites.split_at_mut(self.sites);
        weights.fill(2.0);
        for (site, bias) in biases.iter_mut().enumerate() {
            let behind = self.first_pair(site)..self.first_pair(site + 1);
            *bias = 2.0 * (own_field(site) + behind.map(&bond).sum::<f64>()) as f32;
        }
    }

    /// Field that the n sites behind a site make on it if they turn as one, `J n m` with `m = tanh(beta J n m)` and m > 0.
    fn mean_field(&self, site: usize, system: &System, beta: f64) -> f64 {
        let behind = (self.sites - site - 1) as f64;
        let coupling = system.interaction.coupling;
        let mut order: f64 = 1.0;
        for _ in 0..MEAN_FIELD_TURNS {
            order = (beta * coupling * behind * order).tanh();
        }
        coupling * behind * order.max(0.0)
    }
}

/// Turns of the iteration of the mean field.
const MEAN_FIELD_TURNS: usize = 1000;

/// Logits of the Boltzmann distribution of a system with one coupling, `[N (N + 1) / 2]`: of site i when k of the i sites before it are up, at `i (i + 1) / 2 + k`.
///
/// The energy depends on the sum M of all spins alone, so that the sum over the spins behind a site follows from the last site on:
/// `R_N(M) = -beta E(M)`, `R_i(M) = ln(exp R_(i+1)(M + 1) + exp R_(i+1)(M - 1))`, and the logit of site i is `R_(i+1)(M + 1) - R_(i+1)(M - 1)`.
pub fn exact_logits(system: &System, beta: f64) -> Vec<f64> {
    let sites = system.lattice.sites();
    let energy = |sum: i64| system.interaction.energy((sum * sum - sites as i64) / 2, sum);
    // R of as many spins up as its place says.
    let mut rest: Vec<f64> = (0..=sites as i64).map(|up| -beta * energy(2 * up - sites as i64)).collect();
    let mut logits = vec![0.0; sites * (sites + 1) / 2];
    for site in (0..sites).rev() {
        let of_site = &mut logits[site * (site + 1) / 2..][..site + 1];
        for (up, logit) in of_site.iter_mut().enumerate() {
            *logit = rest[up + 1] - rest[up];
            rest[up] = rest[up].max(rest[up + 1]) + (-logit.abs()).exp().ln_1p();
        }
    }
    logits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::{Hierarchy, SiteOrder};
    use crate::lattice::Lattice;

    #[test]
    fn parameter_counts_are_the_published_ones() {
        let count = |head: Head| PairHead::new(head, 100, true).parameters();
        assert_eq!([Head::Sk0, Head::Sk1, Head::Sk2].map(count), [29_900, 49_700, 69_500]);
        assert_eq!(count(Head::Tap), 8 * 4950 + 200);
        assert_eq!([Head::Cw, Head::OneParameter, Head::CwInfinite].map(count), [0, 100, 101]);
        assert_eq!(count(Head::Linear), 5050);
    }

    #[test]
    fn pairs_come_in_the_order_of_bonds() {
        let head = PairHead::new(Head::Sk0, 7, true);
        for (number, [a, b]) in Lattice::complete(7).unwrap().bonds().enumerate() {
            assert_eq!(head.first_pair(a as usize) + (b - a - 1) as usize, number);
        }
        assert_eq!(head.first_pair(6), head.pairs());
    }

    #[test]
    fn exact_logits_give_the_boltzmann_distribution_of_every_configuration() {
        let interaction = Interaction { coupling: 0.21, field: -0.13 };
        let system = System::uniform(Lattice::complete(9).unwrap(), interaction);
        let (beta, logits) = (1.3, exact_logits(&system, 1.3));
        let ln_z = crate::exact::ln_z(&system, beta).unwrap();
        for number in 0..1_u32 << 9 {
            let spins: Vec<i8> = (0..9).map(|site| if number >> site & 1 == 1 { 1 } else { -1 }).collect();
            let (mut ln_q, mut up) = (0.0, 0);
            for (site, &spin) in spins.iter().enumerate() {
                let logit = logits[site * (site + 1) / 2 + up];
                ln_q -= (-f64::from(spin) * logit).exp().ln_1p();
                up += usize::from(spin > 0);
            }
            assert!((ln_q + beta * system.energy(&spins) + ln_z).abs() < 1e-12, "{number}");
        }
    }

    #[test]
    fn cold_mean_fields_are_those_of_all_spins_alike() {
        let system =
            System::uniform(Lattice::complete(10).unwrap(), Interaction { coupling: 0.1, field: 0.0 });
        let head = PairHead::new(Head::CwInfinite, 10, true);
        let level = &Hierarchy::flat(&system, SiteOrder::Index).levels[0];
        let parameters = head.initial(level, &system, 50.0);
        assert!((parameters[0] - 2.0 * 0.1 * 9.0).abs() < 1e-3 && parameters[9] == 0.0, "{parameters:?}");
        assert_eq!(head.initial(level, &system, 0.5)[0], 0.0, "above the critical temperature there is none");
    }
}
