//! Configurations of a continuous field, 16 side by side.

use crate::cpu::Real;
use crate::sixteen::{LANES, Lanes};

/// Configurations of a real number per site.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields<R> {
    rows: usize,
    sites: usize,
    /// `[groups of 16 rows][sites]`; lanes beyond the last row are there too, and count for nothing.
    lanes: Vec<Lanes<R>>,
}

impl<R: Real> Fields<R> {
    /// So many configurations of zeros.
    pub fn zeros(rows: usize, sites: usize) -> Self {
        Self { rows, sites, lanes: vec![Lanes::zero(); rows.div_ceil(LANES) * sites] }
    }

    /// Configurations in the order of files, `[rows][sites]`.
    pub fn of_rows(values: &[R], sites: usize) -> Self {
        let mut fields = Self::zeros(values.len() / sites, sites);
        for (row, values) in values.chunks_exact(sites).enumerate() {
            let group = &mut fields.lanes[row / LANES * sites..][..sites];
            group.iter_mut().zip(values).for_each(|(lanes, &value)| lanes[row % LANES] = value);
        }
        fields
    }

    /// The same in the order of files, `[rows][sites]`.
    pub fn to_rows(&self) -> Vec<R> {
        let of_row =
            |row: usize| self.group(row / LANES).iter().map(move |lanes: &Lanes<R>| lanes[row % LANES]);
        (0..self.rows).flat_map(of_row).collect()
    }

    /// The same with images under `x -> -x` of the rows that are told.
    pub fn mirrored(&self, is_turned: impl Fn(usize) -> bool) -> Self {
        let mut mirrored = self.clone();
        for (group, numbers) in mirrored.lanes.chunks_exact_mut(self.sites.max(1)).enumerate() {
            let mut signs = Lanes::all(R::one());
            for lane in (0..LANES).filter(|lane| is_turned(group * LANES + lane)) {
                signs[lane] = -R::one();
            }
            numbers.iter_mut().for_each(|number| *number = number.times(signs));
        }
        mirrored
    }

    /// Number of configurations.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Sites of a configuration.
    pub fn sites(&self) -> usize {
        self.sites
    }

    pub(super) fn group(&self, group: usize) -> &[Lanes<R>] {
        &self.lanes[group * self.sites..][..self.sites]
    }

    /// Numbers of a group of rows, `[sites]`, group by group.
    pub(super) fn lanes_mut(&mut self) -> &mut [Lanes<R>] {
        &mut self.lanes
    }
}
