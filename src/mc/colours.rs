//! Updates of Potts spins: a heat bath over all colours, and clusters of equal ones.

use super::rules::Rules;
use super::walk::Walk;
use crate::lattice::MAX_STATES;
use rand::RngExt;

/// Numbers that the updates of Potts spins need.
#[derive(Debug)]
pub(super) struct Colours {
    /// q.
    states: i8,
    /// `[number of neighbours of a colour]`: `exp(beta J n)` over the largest of them.
    of_neighbours: Vec<f64>,
    /// beta H, in favour of colour 0.
    field: f64,
    /// Factors of the field for colour 0 and for others: `exp(beta H)` and 1 over the larger of them.
    in_field: [f64; 2],
    /// A bond between equal colours joins its ends: `1 - exp(-beta J)`, times 2^32; 0 for J <= 0.
    bond: u64,
}

impl Colours {
    pub(super) fn new(states: u8, coordination: usize, coupling: f64, field: f64, beta: f64) -> Self {
        // Of the largest weight, so that none overflows.
        let most = (beta * coupling * coordination as f64).max(0.0);
        let weight = |count: usize| (beta * coupling * count as f64 - most).exp();
        let field = beta * field;
        let joined = -(-beta * coupling.max(0.0)).exp_m1();
        Self {
            states: states as i8,
            of_neighbours: (0..=coordination).map(weight).collect(),
            field,
            in_field: [field, 0.0].map(|gain| (gain - field.max(0.0)).exp()),
            bond: (joined * 2.0_f64.powi(32)) as u64,
        }
    }

    /// q.
    pub(super) fn states(&self) -> i8 {
        self.states
    }

    /// The weight of a colour with so many equal neighbours, without a field.
    pub(super) fn of_neighbours(&self, count: usize) -> f64 {
        self.of_neighbours[count]
    }

    /// `[colours]`: the neighbours of each.
    pub(super) fn count(&self, neighbours: &[u32], spins: &[i8]) -> [u8; MAX_STATES as usize] {
        let mut counts = [0; MAX_STATES as usize];
        for &neighbour in neighbours {
            counts[spins[neighbour as usize] as usize] += 1;
        }
        counts
    }

    /// The colour that a uniform number in [0, 1) draws, by the number of neighbours of every colour and the weight of such a number.
    pub(super) fn draw(&self, counts: &[u8; MAX_STATES as usize], of_neighbours: &[f64], uniform: f64) -> i8 {
        let weight = |colour: usize| {
            self.in_field[usize::from(colour > 0)] * of_neighbours[usize::from(counts[colour])]
        };
        let states = self.states as usize;
        let mut left = uniform * (0..states).map(weight).sum::<f64>();
        let drawn = (0..states).position(|colour| {
            left -= weight(colour);
            left < 0.0
        });
        drawn.map_or(self.states - 1, |colour| colour as i8)
    }

    /// Whether clusters are more than single sites.
    pub(super) fn has_clusters(&self) -> bool {
        self.bond > 0
    }
}

/// A site of the cluster at hand has its colour below zero.
fn marked(colour: i8) -> i8 {
    -1 - colour
}

impl Walk {
    /// A heat bath of every site, row by row.
    pub(super) fn colour_sweep(&mut self, rules: &Rules, colours: &Colours) {
        for site in 0..self.spins.len() {
            let counts = colours.count(rules.neighbours(site as u32), &self.spins);
            self.spins[site] = colours.draw(&counts, &colours.of_neighbours, self.stream.random());
        }
    }

    /// Builds one Wolff cluster and gives it another colour, unless the field forbids that. Returns the number of its sites.
    pub(super) fn colour_cluster(&mut self, rules: &Rules, colours: &Colours) -> usize {
        let first = self.stream.random_range(0..self.spins.len() as u32);
        let old = self.spins[first as usize];
        let new = (old + self.stream.random_range(1..colours.states)) % colours.states;
        self.grow_colour(rules, colours, first);
        let gain =
            f64::from(i8::from(new == 0) - i8::from(old == 0)) * colours.field * self.cluster.len() as f64;
        let is_taken = gain >= 0.0 || self.stream.random::<f64>() < gain.exp();
        self.paint(if is_taken { new } else { old })
    }

    /// Builds all clusters (R. H. Swendsen and J.-S. Wang, Phys. Rev. Lett. 58, 86, 1987), and draws a colour for each.
    pub(super) fn all_colour_clusters(&mut self, rules: &Rules, colours: &Colours) {
        for first in 0..self.spins.len() as u32 {
            if self.spins[first as usize] < 0 {
                continue;
            }
            self.grow_colour(rules, colours, first);
            // Colour 0 against each of the others: exp(beta H) per site.
            let odds = colours.field * self.cluster.len() as f64;
            let others = f64::from(colours.states - 1);
            let is_zero = self.stream.random::<f64>() * (1.0 + others * (-odds).exp()) < 1.0;
            let new = if is_zero { 0 } else { self.stream.random_range(1..colours.states) };
            for site in self.cluster.drain(..) {
                self.spins[site as usize] = marked(new);
            }
        }
        self.spins.iter_mut().for_each(|spin| *spin = marked(*spin));
    }

    /// Takes sites of one colour into the cluster that open bonds reach from a site.
    fn grow_colour(&mut self, rules: &Rules, colours: &Colours, first: u32) {
        let colour = self.spins[first as usize];
        self.spins[first as usize] = marked(colour);
        self.cluster.push(first);
        let mut next = 0;
        while let Some(&site) = self.cluster.get(next) {
            next += 1;
            for &neighbour in rules.neighbours(site) {
                if self.spins[neighbour as usize] == colour && self.chance(colours.bond) {
                    self.spins[neighbour as usize] = marked(colour);
                    self.cluster.push(neighbour);
                }
            }
        }
    }

    /// Gives the cluster a colour and dissolves it. Returns the number of its sites.
    fn paint(&mut self, colour: i8) -> usize {
        let count = self.cluster.len();
        for site in self.cluster.drain(..) {
            self.spins[site as usize] = colour;
        }
        count
    }
}
