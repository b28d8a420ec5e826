//! Neighbours of sites with the weights of the bonds to them.

use super::System;

/// The neighbours of every site, in the order of [`Lattice::neighbours`](super::Lattice::neighbours), with the weights of the bonds to them, and the weight of every
/// site. Weights are 1 in a system with one coupling.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjacency {
    coordination: usize,
    /// `[sites][coordination]`.
    neighbours: Vec<u32>,
    /// `[sites][coordination]`.
    bond_weights: Vec<i32>,
    /// `[sites]`.
    site_weights: Vec<i32>,
}

impl Adjacency {
    /// The neighbours and weights of a system.
    pub fn new(system: &System) -> Self {
        let lattice = system.lattice;
        let sites = 0..lattice.sites() as u32;
        let neighbours: Vec<u32> = sites.clone().flat_map(|site| lattice.neighbours(site)).collect();
        let (bond_weights, site_weights) = match &system.weights {
            None => (vec![1; neighbours.len()], vec![1; lattice.sites()]),
            Some(weights) => {
                let bonds = sites.flat_map(|site| lattice.bonds_to_neighbours(site));
                (bonds.map(|bond| weights.bonds[bond]).collect(), weights.sites.clone())
            }
        };
        Self { coordination: lattice.coordination(), neighbours, bond_weights, site_weights }
    }

    /// Neighbours of a site: on all lattices but the complete one those at even places lie along its own bonds, those at odd places on the opposite sides.
    pub fn neighbours(&self, site: usize) -> &[u32] {
        &self.neighbours[site * self.coordination..][..self.coordination]
    }

    /// Weights of the bonds to them.
    pub fn weights(&self, site: usize) -> &[i32] {
        &self.bond_weights[site * self.coordination..][..self.coordination]
    }

    /// Neighbours of a site and the weights of the bonds to them.
    pub fn bonds_of(&self, site: usize) -> impl Iterator<Item = (u32, i32)> {
        self.neighbours(site).iter().copied().zip(self.weights(site).iter().copied())
    }

    /// Weight of the field on a site.
    pub fn site_weight(&self, site: usize) -> i32 {
        self.site_weights[site]
    }
}
