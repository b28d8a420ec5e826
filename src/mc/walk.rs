//! One Markov chain on the CPU.

use super::Algorithm;
use super::multicanonical::Lifted;
use super::replicas::Replicas;
use super::rules::Rules;
use crate::lattice::{Occupation, Spins};
use crate::random::Stream;
use bytemuck::{Pod, Zeroable};
use rand::{Rng, RngExt};
use std::ops::Range;
use std::sync::Arc;

/// Numbers that tell whether a chain is in equilibrium.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Scalars {
    /// E.
    pub(super) energy: f64,
    /// Sum of all spins; of Potts spins the share of colour 0.
    pub(super) magnetisation: f64,
    /// Size of the order parameter: of the sum of all spins, each times that of a ground state; of Potts spins the order parameter.
    pub(super) order: f64,
    /// Of tempering, the place of a replica in its ladder; else 0.
    pub(super) place: f64,
}

/// A chain with the memory of its updates.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) rules: Arc<Rules>,
    /// `[sites]`: +-1; within a cluster update +-2 in the cluster. Potts spins are colours, and below 0 in the cluster.
    pub(super) spins: Vec<i8>,
    /// Sites of the cluster at hand.
    pub(super) cluster: Vec<u32>,
    /// Wolff clusters that make a sweep; every sweep has so many or one more.
    updates_per_sweep: usize,
    /// Of tempering: `spins` are those of the coldest.
    pub(super) replicas: Option<Replicas>,
    /// The replica of multicanonical chains, where there are two phases.
    lifted: Option<Lifted>,
    pub(super) stream: Stream,
}

/// Wolff clusters of a thermalisation so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clusters {
    count: usize,
    /// Sites of all of them.
    covered: usize,
}

impl Walk {
    /// A chain that starts from the given spins; it is not in equilibrium yet.
    pub(super) fn new(rules: Arc<Rules>, spins: Vec<i8>, mut stream: Stream) -> Self {
        let replicas = rules.ladder.as_ref().map(|ladder| {
            let key = [stream.next_u32(), stream.next_u32()];
            Replicas::new(ladder, &spins, key)
        });
        let lifted = rules.lift.as_ref().map(|_| Lifted::from_spins(spins.clone(), &rules));
        Self { rules, spins, cluster: Vec::new(), updates_per_sweep: 1, replicas, lifted, stream }
    }

    /// Moves the chain through a part of the sweeps of a thermalisation, and finds how many Wolff clusters make a sweep: as many as cover the lattice once, on average.
    pub(super) fn thermalise(&mut self, part: Range<usize>, clusters: &mut Clusters) {
        if self.rules.algorithm != Algorithm::Wolff {
            return self.sweep(part.len());
        }
        let (rules, sites) = (self.rules.clone(), self.spins.len());
        while clusters.covered < part.end * sites {
            clusters.count += 1;
            clusters.covered += self.cluster_update(&rules);
        }
        // A fixed number: to stop where clusters have covered a lattice would favour what follows large clusters.
        self.updates_per_sweep = (clusters.count * sites).div_ceil(clusters.covered);
    }

    /// Updates of single sites that a sweep takes.
    pub(super) fn updates(&self) -> usize {
        let of_lifted = usize::from(self.lifted.is_some());
        self.spins.len() * (self.replicas.as_ref().map_or(1, Replicas::count) + of_lifted)
    }

    /// Moves the chain by `count` sweeps.
    pub(super) fn sweep(&mut self, count: usize) {
        let rules = self.rules.clone();
        for _ in 0..count {
            match rules.algorithm {
                Algorithm::Wolff => {
                    // A coin decides on one more: an even number of clusters that all are single spins, or all the lattice, would
                    // leave the parity or the sign of the magnetisation as it was, sweep by sweep.
                    let more = usize::from(self.stream.random_bool(0.5));
                    for _ in 0..self.updates_per_sweep + more {
                        self.cluster_update(&rules);
                    }
                }
                Algorithm::SwendsenWang => match &rules.colours {
                    None => self.swendsen_wang_sweep(&rules),
                    Some(colours) => self.all_colour_clusters(&rules, colours),
                },
                Algorithm::Metropolis => self.metropolis_sweep(&rules),
                Algorithm::HeatBath => {
                    if let Some(colours) = &rules.colours {
                        self.colour_sweep(&rules, colours);
                    }
                }
                Algorithm::Hybrid => self.hybrid_sweep(&rules),
                Algorithm::Multicanonical => self.multicanonical_sweep(&rules),
                Algorithm::Tempering => {
                    if let (Some(replicas), Some(ladder)) = (&mut self.replicas, &rules.ladder) {
                        replicas.sweep(&rules, ladder);
                    }
                    self.take_coldest();
                }
            }
        }
    }

    fn hybrid_sweep(&mut self, rules: &Rules) {
        match &rules.colours {
            None => {
                self.heat_bath_sweep(rules);
                self.wolff_cluster(rules);
                self.geometric_cluster(rules);
            }
            Some(colours) => {
                self.colour_sweep(rules, colours);
                if colours.has_clusters() {
                    self.colour_cluster(rules, colours);
                }
            }
        }
    }

    /// A hybrid sweep of the chain and a sweep of its replica, which may exchange their configurations.
    fn multicanonical_sweep(&mut self, rules: &Rules) {
        self.hybrid_sweep(rules);
        if let (Some(lifted), Some(lift), Some(colours)) = (&mut self.lifted, &rules.lift, &rules.colours) {
            lifted.sweep(rules, colours, lift, &mut self.stream);
            lifted.exchange(&mut self.spins, rules, lift, &mut self.stream);
        }
    }

    /// A Wolff cluster. Returns the number of its sites.
    fn cluster_update(&mut self, rules: &Rules) -> usize {
        match &rules.colours {
            None => self.wolff_cluster(rules),
            Some(colours) => self.colour_cluster(rules, colours),
        }
    }

    /// The spins of tempering are those of the coldest replica.
    pub(super) fn take_coldest(&mut self) {
        if let Some(replicas) = &self.replicas {
            replicas.copy_coldest(&mut self.spins);
        }
    }

    /// As many Metropolis updates as there are sites, at random ones: in a fixed order, updates that are always accepted would
    /// turn chains in circles.
    fn metropolis_sweep(&mut self, rules: &Rules) {
        let sites = self.spins.len() as u32;
        for _ in 0..sites {
            let site = self.stream.random_range(0..sites) as usize;
            let state = self.half_sum(rules.neighbours(site as u32))
                + if self.spins[site] > 0 { rules.up.len() } else { 0 };
            let threshold = rules.flip[state];
            if threshold == u32::MAX || self.stream.next_u32() < threshold {
                self.spins[site] = -self.spins[site];
            }
        }
    }

    /// A heat bath of every site, row by row: sides need not be even for that, as for a checkerboard.
    fn heat_bath_sweep(&mut self, rules: &Rules) {
        for site in 0..self.spins.len() {
            let up = rules.up[self.half_sum(rules.neighbours(site as u32))];
            self.spins[site] = if self.chance(up) { 1 } else { -1 };
        }
    }

    /// Half of the number and the sum of spins: how many of them are up.
    fn half_sum(&self, neighbours: &[u32]) -> usize {
        let sum: i8 = neighbours.iter().map(|&neighbour| self.spins[neighbour as usize]).sum();
        (sum + neighbours.len() as i8) as usize / 2
    }

    /// Energy and magnetisations of the configuration.
    pub(super) fn scalars(&self) -> Scalars {
        let rules = &self.rules;
        let system = &rules.ensemble.system;
        if let Spins::Potts { states } = system.spins {
            let occupation = Occupation::of(&self.spins, states);
            return Scalars {
                energy: system.energy(&self.spins),
                magnetisation: occupation.of_first(),
                order: occupation.order(),
                place: 0.0,
            };
        }
        if !system.is_homogeneous() {
            let overlap: i64 = self.spins.iter().zip(&rules.pattern).map(|(a, b)| i64::from(a * b)).sum();
            return Scalars {
                energy: system.energy(&self.spins),
                magnetisation: self.spins.iter().map(|&spin| f64::from(spin)).sum(),
                order: overlap.abs() as f64,
                place: self.replicas.as_ref().map_or(0.0, Replicas::place),
            };
        }
        let (mut bonds, mut total, mut order) = (0, 0, 0);
        for (site, (&spin, &of_pattern)) in (0..).zip(self.spins.iter().zip(&rules.pattern)) {
            let own = rules.neighbours(site).iter().step_by(2);
            bonds += i64::from(spin * own.map(|&neighbour| self.spins[neighbour as usize]).sum::<i8>());
            total += i64::from(spin);
            order += i64::from(spin * of_pattern);
        }
        Scalars {
            energy: system.interaction.energy(bonds, total),
            magnetisation: total as f64,
            order: order.abs() as f64,
            place: self.replicas.as_ref().map_or(0.0, Replicas::place),
        }
    }

    pub(super) fn chance(&mut self, threshold: u64) -> bool {
        u64::from(self.stream.next_u32()) < threshold
    }
}
