//! Tiles of rows whose fields follow their spins, and logits of heads: the twins of all kernels over pairs of sites use them.

use super::mean_field::Turn;
use super::pair_tables::PairTables;
use super::rows::Rows;
use super::tile::{Lane, Lanes, LnQ, lanes};
use super::{LANES, Real};
use crate::conditional::{Gauge, Head, LevelModel, Model, PairHead};
use crate::hierarchy::Level;
use crate::lattice::Interaction;

/// Rows that go through [`Real::ln_sigmoids`] together: as many as stay in registers.
const TOGETHER: usize = 32;

/// Whole numbers of a tile's rows.
pub(crate) type Integers = [i32; LANES];

/// Up to [`LANES`] configurations with what a pass over their sites leaves behind. Unused lanes repeat the last row.
#[derive(Debug)]
pub(crate) struct PairTile<R> {
    pub(crate) rows: Rows,
    /// Sign by which spins are turned before the head sees them.
    pub(crate) gauge: Integers,
    /// `[sites]`: spins after the gauge, +-1.
    pub(crate) spins: Vec<Integers>,
    /// `[sites]`: sums of the spins before the site at hand, each times the weight of its bond, on this site and on those behind it. One for all where they are
    /// all alike.
    fields: Vec<Integers>,
    /// `[sites]`: the same with the weights of a linear head; empty for others.
    sums: Lanes<R>,
    /// `[sites]`.
    pub(crate) logits: Lanes<R>,
    /// `[pairs]`: corrections to the fields on later sites when a site is drawn; empty for heads without them.
    pub(crate) corrections: Lanes<R>,
    turn: Turn<R>,
    pub(crate) ln_q: LnQ<R>,
    /// Random words of the four sites at hand.
    pub(crate) words: [[u32; LANES]; 4],
}

impl<R: Real> PairTile<R> {
    pub(crate) fn new(net: &PairHead, is_weighted: bool, rows: Rows) -> Self {
        let sums = if net.head == Head::Linear { net.sites } else { 0 };
        let fields = if has_one_field(net, is_weighted) { 1 } else { net.sites };
        Self {
            rows,
            gauge: [1; LANES],
            spins: vec![[1; LANES]; net.sites],
            fields: vec![[0; LANES]; fields],
            sums: lanes(sums, R::zero()),
            logits: lanes(net.sites, R::zero()),
            corrections: lanes(if net.has_corrections() { net.pairs() } else { 0 }, R::zero()),
            turn: Turn::new(if net.has_corrections() { net.sites } else { 0 }),
            ln_q: LnQ::default(),
            words: [[0; LANES]; 4],
        }
    }

    /// Lanes that a pass backwards needs beside its tile: sources of every layer and what comes of the last, slopes, and errors.
    pub(crate) fn scratch(net: &PairHead) -> usize {
        2 * net.head.layers() + 2
    }

    /// Values per row.
    pub(crate) fn values_per_row(net: &PairHead) -> usize {
        let of_corrections = if net.has_corrections() { net.pairs() + 4 * net.sites } else { 0 };
        4 * net.sites + of_corrections
    }

    /// Spins of a site as they stand in configurations.
    #[inline(always)]
    pub(crate) fn given(&self, level: &Level, spins: &[i8], site: usize) -> Integers {
        self.rows.column(level, spins, site).map(i32::from)
    }

    /// Writes the spins to the configurations.
    pub(crate) fn store(&self, level: &Level, spins: &mut [i8]) {
        for part in self.rows.parts() {
            for (site, of_site) in self.spins.iter().enumerate() {
                let column = &mut spins[self.rows.places(&part, level, site)];
                let turned = of_site.iter().zip(&self.gauge).map(|(spin, gauge)| (spin * gauge) as i8);
                column
                    .iter_mut()
                    .zip(turned.skip(part.lanes.start))
                    .for_each(|(spin, turned)| *spin = turned);
            }
        }
    }

    fn start(&mut self) {
        self.fields.fill([0; LANES]);
        self.sums.fill([R::zero(); LANES]);
    }
}

/// Whether all sites have the same field: where bonds are alike and the head sees the field on the site at hand alone.
fn has_one_field(net: &PairHead, is_weighted: bool) -> bool {
    !is_weighted && matches!(net.head, Head::Cw | Head::CwInfinite | Head::OneParameter)
}

/// A head with its numbers.
pub(crate) struct Pairs<'a, R> {
    pub(crate) net: &'a PairHead,
    level: &'a Level,
    parameters: &'a [R],
    tables: &'a PairTables<R>,
    pub(crate) beta: R,
    units: Interaction,
}

impl<'a, R: Real> Pairs<'a, R> {
    /// Nothing where the level has another conditional.
    pub(crate) fn of(
        model: &'a Model,
        level: usize,
        parameters: &'a [R],
        tables: &'a PairTables<R>,
        beta: f64,
    ) -> Option<Self> {
        let LevelModel { conditional, offset } = &model.levels[level];
        Some(Self {
            net: conditional.pair_head()?,
            level: &model.hierarchy.levels[level],
            parameters: &parameters[*offset..],
            tables,
            beta: R::of(beta),
            units: model.system.interaction,
        })
    }

    /// Goes through all sites in order. `choose` gives the spins of a site, after the gauge, from its logits.
    #[inline(always)]
    pub(crate) fn pass(
        &self,
        tile: &mut PairTile<R>,
        mut choose: impl FnMut(&mut PairTile<R>, usize, &Lane<R>) -> Integers,
    ) {
        tile.start();
        for site in 0..self.net.sites {
            let logits = match (site, self.net.gauge) {
                (0, Gauge::FirstOwn) => [R::zero(); LANES],
                _ => {
                    self.correct(tile, site);
                    self.logits(tile, site)
                }
            };
            tile.logits[site] = logits;
            tile.spins[site] = choose(tile, site, &logits);
            self.fix(tile, site);
        }
    }

    /// Adds the spins of a site to the fields on those behind it.
    #[inline(always)]
    pub(crate) fn fix(&self, tile: &mut PairTile<R>, site: usize) {
        let spins = tile.spins[site];
        let first = self.net.first_pair(site);
        if let [all] = &mut tile.fields[..] {
            all.iter_mut().zip(spins).for_each(|(field, spin)| *field += spin);
        } else {
            for (field, pair) in tile.fields[site + 1..].iter_mut().zip(first..) {
                let weight = self.level.bond_weight(0, pair);
                field.iter_mut().zip(spins).for_each(|(field, spin)| *field += weight * spin);
            }
        }
        if self.net.head == Head::Linear {
            let spins = spins.map(R::of_integer);
            for (sum, &weight) in tile.sums[site + 1..].iter_mut().zip(&self.parameters[first..]) {
                sum.iter_mut().zip(spins).for_each(|(sum, spin)| *sum += weight * spin);
            }
        }
    }

    /// Corrects the fields on the sites behind one.
    #[inline(always)]
    fn correct(&self, tile: &mut PairTile<R>, site: usize) {
        let Some(mean_field) = &self.tables.mean_field else { return };
        let behind = self.net.first_pair(site)..self.net.first_pair(site + 1);
        let (unit, fields) = (R::of(self.units.coupling), &tile.fields);
        mean_field.correct(
            self.beta,
            #[inline(always)]
            |later| {
                let own = R::of(self.units.field * f64::from(self.level.site_weight(0, later)));
                let mut felt = [own; LANES];
                for (felt, &sum) in felt.iter_mut().zip(&fields[later]) {
                    *felt += unit * R::of_integer(sum);
                }
                felt
            },
            &mut tile.turn,
            &mut tile.corrections[behind],
        );
    }

    /// Before a pass with spins that are there already.
    pub(crate) fn start(&self, tile: &mut PairTile<R>) {
        tile.start();
    }

    /// `J x`: the fields of the spins so far on a site.
    #[inline(always)]
    pub(crate) fn fields(&self, tile: &PairTile<R>, site: usize) -> Lane<R> {
        let unit = R::of(self.units.coupling);
        self.sums(tile, site).map(
            #[inline(always)]
            |field| unit * R::of_integer(field),
        )
    }

    /// Number of the level's parameter that a tensor of pairs has for the first pair of a site.
    pub(crate) fn first_of(&self, tensor: usize, site: usize) -> usize {
        tensor * self.net.pairs() + self.net.first_pair(site)
    }

    /// Number of the first parameter behind those of pairs of a head `sk`.
    pub(crate) fn of_sites(&self) -> usize {
        2 * self.net.tensors_per_sign() * self.net.pairs()
    }

    #[inline(always)]
    fn logits(&self, tile: &PairTile<R>, site: usize) -> Lane<R> {
        let x = self.fields(tile, site);
        let own_field = R::of(2.0 * self.units.field * f64::from(self.level.site_weight(0, site)));
        let of_field = |of: &dyn Fn(R) -> R| x.map(|x| self.beta * (of(x) + own_field));
        match self.net.head {
            Head::None => [R::zero(); LANES],
            Head::Cw => {
                let of_site = &self.tables.exact_logits[site * (site + 1) / 2..][..site + 1];
                tile.fields[0].map(|sum| of_site[(sum + site as i32) as usize / 2])
            }
            Head::CwInfinite => {
                let (of_sign, slope) = (self.parameters[site], self.parameters[self.net.sites]);
                of_field(&|x| of_sign * sign(x) + slope * x)
            }
            Head::OneParameter => of_field(&|x| self.parameters[site] * x),
            Head::Linear => {
                let bias = self.parameters[self.net.pairs() + site];
                tile.sums[site].map(|sum| self.beta * (bias + sum))
            }
            Head::Sk0 => self.logits_behind::<1, false>(tile, site, &x),
            Head::Sk1 => self.logits_behind::<2, false>(tile, site, &x),
            Head::Sk2 => self.logits_behind::<3, false>(tile, site, &x),
            Head::Tap => self.logits_behind::<1, true>(tile, site, &x),
        }
    }

    /// Logits from the field on a site and, through so many layers, those on the sites behind it.
    #[inline(always)]
    fn logits_behind<const LAYERS: usize, const CORRECTED: bool>(
        &self,
        tile: &PairTile<R>,
        site: usize,
        x: &Lane<R>,
    ) -> Lane<R> {
        let of_sites = self.of_sites();
        let [weight, bias] =
            [of_sites, of_sites + self.net.sites].map(|first| self.beta * self.parameters[first + site]);
        let mut logits = x.map(|x| bias + weight * x);
        let chains = self.chains::<LAYERS>(site);
        for later in site + 1..self.net.sites {
            let x = self.fields(tile, later);
            for (sign, chain) in chains.of(later - site - 1).iter().enumerate() {
                let mut values = x;
                if CORRECTED {
                    let pair = self.net.first_pair(site) + later - site - 1;
                    chains.correct(sign, later - site - 1, &tile.corrections[pair], &mut values);
                }
                chain.pass(&mut values);
                for (logit, value) in logits.iter_mut().zip(&values) {
                    *logit = chain.output.mul_add(*value, *logit);
                }
            }
        }
        logits
    }

    /// Writes [`Pairs::fields`].
    #[inline(always)]
    pub(crate) fn write_fields(&self, tile: &PairTile<R>, site: usize, target: &mut Lane<R>) {
        let unit = R::of(self.units.coupling);
        for (target, &sum) in target.iter_mut().zip(self.sums(tile, site)) {
            *target = unit * R::of_integer(sum);
        }
    }

    /// Sums of the spins before a site, on this site.
    fn sums<'t>(&self, tile: &'t PairTile<R>, site: usize) -> &'t Integers {
        if tile.fields.len() == 1 { &tile.fields[0] } else { &tile.fields[site] }
    }

    /// Chains of layers of a site with every site behind it.
    #[inline(always)]
    pub(crate) fn chains<const LAYERS: usize>(&self, site: usize) -> Chains<'a, R, LAYERS> {
        let behind = self.net.sites - site - 1;
        let of_signs = [0, self.net.tensors_per_sign()].map(|first| {
            let of = |tensor: usize| &self.parameters[self.first_of(first + tensor, site)..][..behind];
            Chain {
                weights: std::array::from_fn(|layer| of(2 * layer)),
                biases: std::array::from_fn(|layer| of(2 * layer + 1)),
                output: of(2 * LAYERS),
            }
        });
        let corrections = [0, self.net.tensors_per_sign()].map(|first| {
            let tensor = first + 2 * LAYERS + 1;
            if self.net.has_corrections() {
                &self.parameters[self.first_of(tensor, site)..][..behind]
            } else {
                &[]
            }
        });
        Chains { of_signs, corrections, beta: self.beta }
    }
}

/// Parameters of the chains of a site, each `[sites behind it]`: those of + and those of -.
pub(crate) struct Chains<'a, R, const LAYERS: usize> {
    of_signs: [Chain<&'a [R], LAYERS>; 2],
    /// Factors of corrections; empty for heads without them.
    corrections: [&'a [R]; 2],
    beta: R,
}

impl<R: Real, const LAYERS: usize> Chains<'_, R, LAYERS> {
    /// Both chains with one of the sites behind, counted from the first.
    #[inline(always)]
    pub(crate) fn of(&self, behind: usize) -> [Chain<R, LAYERS>; 2] {
        let [plus, minus] = &self.of_signs;
        [self.chain(plus, behind), self.chain(minus, behind)]
    }

    /// Adds the correction to the fields on a site behind, as the chain of a sign sees it.
    #[inline(always)]
    pub(crate) fn correct(&self, sign: usize, behind: usize, correction: &Lane<R>, fields: &mut Lane<R>) {
        let factor = self.corrections[sign][behind];
        for (field, correction) in fields.iter_mut().zip(correction) {
            *field += factor * *correction;
        }
    }

    /// Loops in place of maps: a closure that is not inlined costs as much as a quarter of the chain.
    #[inline(always)]
    fn chain(&self, all: &Chain<&[R], LAYERS>, behind: usize) -> Chain<R, LAYERS> {
        let none = [R::zero(); LAYERS];
        let mut chain = Chain { weights: none, biases: none, output: all.output[behind] };
        for layer in 0..LAYERS {
            chain.weights[layer] = all.weights[layer][behind];
            chain.biases[layer] = all.biases[layer][behind];
        }
        chain.weights[0] = self.beta * chain.weights[0];
        chain.biases[0] = self.beta * chain.biases[0];
        chain
    }
}

/// -1, 0 or 1.
pub(crate) fn sign<R: Real>(x: R) -> R {
    if x == R::zero() { x } else { x.signum() }
}

/// `ln sigmoid` of a linear function, layer after layer; beta is in the first of them.
pub(crate) struct Chain<R, const LAYERS: usize> {
    pub(crate) weights: [R; LAYERS],
    pub(crate) biases: [R; LAYERS],
    pub(crate) output: R,
}

impl<R: Real, const LAYERS: usize> Chain<R, LAYERS> {
    /// Replaces the values that go into the first layer by those that come out of the last.
    #[inline(always)]
    fn pass(&self, values: &mut Lane<R>) {
        for (weight, bias) in self.weights.iter().zip(&self.biases) {
            for value in &mut *values {
                *value = weight.mul_add(*value, *bias);
            }
            for values in values.as_chunks_mut::<TOGETHER>().0 {
                [*values, _] = R::ln_sigmoids(values);
            }
        }
    }

    /// Writes what comes out of every layer behind its sources, of which the first are there, and its derivative with respect to what went into `ln sigmoid`.
    #[inline(always)]
    pub(crate) fn write_all(&self, sources: &mut [Lane<R>], slopes: &mut [Lane<R>]) {
        for layer in 0..LAYERS {
            let (weight, bias) = (self.weights[layer], self.biases[layer]);
            let [from, to] = &mut sources[layer..layer + 2] else { return };
            let to = to.as_chunks_mut::<TOGETHER>().0.iter_mut();
            let slopes = slopes[layer].as_chunks_mut::<TOGETHER>().0;
            for ((to, slopes), from) in to.zip(slopes).zip(from.as_chunks::<TOGETHER>().0) {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = weight.mul_add(*from, bias);
                }
                [*to, *slopes] = R::ln_sigmoids(to);
            }
        }
    }
}
