//! Sum over the inside of a box by a transfer over its sites, for [`ROWS`] configurations at a time.
//!
//! A state is a layer of spins, bit j for site j; site (i, j) replaces bit j of the layer above by its own spin.
//! The first layer starts from the border above it. States are rescaled by powers of two after every layer.

use super::box_factors::{Factors, LevelFactors, SiteFactors};
use super::rows::Rows;
use super::tile::{Lane, Lanes, lanes};
use super::{LANES, Real};
use crate::hierarchy::{Layers, Level};
use crate::random::spread;

/// Configurations that go together.
pub(crate) const ROWS: usize = LANES;

/// Border sites around a box, by local index; see [`Layers::faces`].
#[derive(Debug)]
pub(super) struct Faces {
    pub(super) above: Vec<u32>,
    pub(super) below: Vec<u32>,
    /// Empty in two dimensions, as is `front`.
    behind: Vec<u32>,
    front: Vec<u32>,
    pub(super) left: Vec<u32>,
    pub(super) right: Vec<u32>,
}

impl Faces {
    pub(super) fn new(layers: Layers, level: &Level) -> Self {
        let mut faces = layers.faces(&level.neighbours).into_iter();
        let mut next = || faces.next().unwrap_or_default();
        let [above, below] = [next(), next()];
        let [behind, front] = if layers.dimensions == 3 { [next(), next()] } else { Default::default() };
        let [left, right] = [next(), next()];
        Self { above, below, behind, front, left, right }
    }
}

/// Work space for one box after another.
#[derive(Debug)]
pub(crate) struct BoxSum<R> {
    layers: Layers,
    faces: Faces,
    /// Factors: see [`BoxFactors`].
    bond: [R; 2],
    earlier: [R; 4],
    field: [R; 2],
    /// `[own]`: factors of every site's own in each lane; none where all bonds are alike.
    sites: Vec<SiteFactors<R>>,
    /// Where every sum starts.
    starts: Lane<R>,
    /// `[border]`, +-1.
    border: Lanes<R>,
    /// `[2^bits]`: sums over all layers so far that end in a state.
    states: Lanes<R>,
    /// `[layers][2^bits]`: `states` after every layer, for drawing.
    kept: Lanes<R>,
    /// `[2^bits]`: heap of partial sums over the highest bits; `[2^k + low]` is summed over all bits from k on.
    partial_sums: Lanes<R>,
}

impl<R: Real> BoxSum<R> {
    pub(crate) fn new(layers: Layers, level: &Level) -> Self {
        let zeros = |count: usize| lanes(count, R::zero());
        Self {
            layers,
            faces: Faces::new(layers, level),
            bond: [R::one(); 2],
            earlier: [R::one(); 4],
            field: [R::one(); 2],
            sites: if level.is_weighted() { vec![SiteFactors::one(); level.own] } else { Vec::new() },
            starts: [R::one(); ROWS],
            border: zeros(level.border),
            states: zeros(1 << layers.bits),
            kept: zeros(0),
            partial_sums: zeros(1 << layers.bits),
        }
    }

    pub(crate) fn layers(&self) -> Layers {
        self.layers
    }

    /// Takes the factors of rows and reads their borders; `first_configuration` is the number of the batch's first.
    pub(crate) fn load(
        &mut self,
        factors: &LevelFactors,
        level: &Level,
        spins: &[i8],
        rows: Rows,
        first_configuration: u32,
    ) {
        match factors {
            LevelFactors::Alike(factors) => {
                self.bond = factors.bond.map(R::of);
                self.earlier = factors.earlier.map(R::of);
                self.field = factors.field.map(R::of);
            }
            LevelFactors::Weighted(factors) => SiteFactors::load(&mut self.sites, factors, &rows.blocks()),
            // Boxes of colours have sums of their own.
            LevelFactors::Colours(_) => {}
        }
        self.starts = starts(rows, first_configuration);
        for (local, lanes) in self.border.iter_mut().enumerate() {
            *lanes = rows.spins(level, spins, local);
        }
    }

    /// Logarithm of the scaled sum over the inside; with `keep`, what [`BoxSum::draw_layer`] needs is kept.
    #[inline(always)]
    pub(crate) fn ln_sum(&mut self, keep: bool) -> [f64; ROWS] {
        let (layers, states) = (self.layers, 1 << self.layers.bits);
        if keep {
            self.kept.resize(layers.layers * states, [R::zero(); ROWS]);
        }
        self.start();
        let mut exponents = [R::zero(); ROWS];
        for i in 0..layers.layers {
            for j in 0..layers.bits {
                match (layers.dimensions, self.sites.is_empty()) {
                    (2, true) => self.site_of_row(i, j),
                    (_, true) => self.site_of_plane(i, j),
                    (_, false) => self.weighted_site(i, j),
                }
            }
            rescale(&mut self.states, &mut exponents);
            if keep {
                self.kept[i * states..][..states].copy_from_slice(&self.states);
            }
        }
        self.sum_partially(layers.layers - 1, None);
        ln_of_scaled(&self.total(), &self.starts, &exponents)
    }

    /// The border above as the only state.
    #[inline(always)]
    fn start(&mut self) {
        self.states.fill([R::zero(); ROWS]);
        for lane in 0..ROWS {
            let bit =
                |(j, &above): (usize, &u32)| usize::from(self.border[above as usize][lane] > R::zero()) << j;
            let state: usize = self.faces.above.iter().enumerate().map(bit).sum();
            self.states[state][lane] = self.starts[lane];
        }
    }

    /// Sums over the spin above site (i, j) and adds its own, with its bond to the left and, at the end, to the right.
    #[inline(always)]
    fn site_of_row(&mut self, i: usize, j: usize) {
        if j == 0 {
            self.mix_first(&[self.faces.left[i]]);
        } else {
            self.mix::<2>(
                j,
                #[inline(always)]
                |low| low >> (j - 1) & 1,
            );
        }
        if j == self.layers.bits - 1 {
            self.multiply(1 << j, self.bonds(&self.border[self.faces.right[i] as usize]));
        }
    }

    /// The same in three dimensions: with its bonds to the left and behind and, at the end of a row or a layer, to the right and to the
    /// front.
    #[inline(always)]
    fn site_of_plane(&mut self, i: usize, j: usize) {
        let Layers { row, bits, .. } = self.layers;
        let (place, line) = (j % row, j / row);
        let (of_row, of_column) = (i * self.layers.rows() + line, i * row + place);
        match (place, line) {
            (0, 0) => self.mix_first(&[self.faces.left[of_row], self.faces.behind[of_column]]),
            (0, _) => self.mix_beside(j, self.faces.left[of_row], j - row),
            (_, 0) => self.mix_beside(j, self.faces.behind[of_column], j - 1),
            _ => self.mix::<3>(
                j,
                #[inline(always)]
                |low| (low >> (j - 1) & 1) + (low >> (j - row) & 1),
            ),
        }
        if place == row - 1 {
            self.multiply(1 << j, self.bonds(&self.border[self.faces.right[of_row] as usize]));
        }
        if j >= bits - row {
            self.multiply(1 << j, self.bonds(&self.border[self.faces.front[of_column] as usize]));
        }
    }

    /// The same with factors of the site's own, in two or three dimensions.
    #[inline(always)]
    fn weighted_site(&mut self, i: usize, j: usize) {
        let Layers { row, bits, dimensions, .. } = self.layers;
        let (place, line) = (j % row, j / row);
        let (of_row, of_column) = (i * self.layers.rows() + line, i * row + place);
        let site = i * bits + j;
        let border = |site: u32| &self.border[site as usize];
        // Neighbours before it in its layer: a bit, or spins of the border.
        let left = if place == 0 { Err(border(self.faces.left[of_row])) } else { Ok(j - 1) };
        let behind = match (dimensions, line) {
            (2, _) => None,
            (_, 0) => Some(Err(border(self.faces.behind[of_column]))),
            _ => Some(Ok(j - row)),
        };
        let factors = self.sites[site].factors((dimensions - 1, left.err()), behind.map(Result::err));
        let bit = |place: Option<usize>, low: usize| place.map_or(0, |place| low >> place & 1);
        let (left, behind) = (left.ok(), behind.and_then(Result::ok));
        for block in self.states.chunks_exact_mut(2 << j) {
            let (down, up) = block.split_at_mut(1 << j);
            for (low, (down, up)) in down.iter_mut().zip(up).enumerate() {
                let pattern = bit(left, low) | bit(behind, low) << 1;
                mix_by_lane(down, up, &factors[pattern], [R::one(); 2]);
            }
        }
        if place == row - 1 {
            let right = &self.border[self.faces.right[of_row] as usize];
            self.multiply(1 << j, self.sites[site].bonds_after(dimensions - 1, right));
        }
        if dimensions == 3 && j >= bits - row {
            let front = &self.border[self.faces.front[of_column] as usize];
            self.multiply(1 << j, self.sites[site].bonds_after(1, front));
        }
    }

    /// Replaces bit j, where `ups(low)` of the neighbours before it in its layer are up, given by the bits below bit j.
    #[inline(always)]
    fn mix<const COUNTS: usize>(&mut self, j: usize, ups: impl Fn(usize) -> usize) {
        let factors: [_; COUNTS] = std::array::from_fn(|ups| self.factors(ups));
        // Every block of states holds those with the bit clear, then those with it set.
        for block in self.states.chunks_exact_mut(2 << j) {
            let (down, up) = block.split_at_mut(1 << j);
            for (low, (down, up)) in down.iter_mut().zip(up).enumerate() {
                mix(down, up, factors[ups(low)], self.field);
            }
        }
    }

    /// The same for bit 0, whose neighbours before it are all of the border.
    #[inline(always)]
    fn mix_first(&mut self, border: &[u32]) {
        let factors = self.factors_by_lane(border, 0);
        for pair in self.states.chunks_exact_mut(2) {
            let (down, up) = pair.split_at_mut(1);
            mix_by_lane(&mut down[0], &mut up[0], &factors, self.field);
        }
    }

    /// The same, where one neighbour before it is of the border and one is another bit.
    #[inline(always)]
    fn mix_beside(&mut self, j: usize, border: u32, bit: usize) {
        let factors = [0, 1].map(|ups| self.factors_by_lane(&[border], ups));
        for block in self.states.chunks_exact_mut(2 << j) {
            let (down, up) = block.split_at_mut(1 << j);
            for (low, (down, up)) in down.iter_mut().zip(up).enumerate() {
                mix_by_lane(down, up, &factors[low >> bit & 1], self.field);
            }
        }
    }

    /// Factors in each lane, where one or two neighbours are of the border and `ups` of the rest are up.
    #[inline(always)]
    fn factors_by_lane(&self, border: &[u32], ups: usize) -> Factors<Lane<R>> {
        let of_ups = [0, 1, 2].map(
            #[inline(always)]
            |border| self.factors(border + ups),
        );
        let mut factors = [[[R::zero(); ROWS]; 2]; 2];
        for (spin, of_spin) in factors.iter_mut().enumerate() {
            for (above, lanes) in of_spin.iter_mut().enumerate() {
                let [none, one, both] = [0, 1, 2].map(|ups| of_ups[ups][spin][above]);
                match *border {
                    [site] => choose(lanes, &self.border[site as usize], one, none),
                    [first, second, ..] => {
                        let mut if_first = [both; ROWS];
                        choose(lanes, &self.border[second as usize], one, none);
                        choose(&mut if_first, &self.border[second as usize], both, one);
                        for ((lane, &if_up), &spin) in
                            lanes.iter_mut().zip(&if_first).zip(&self.border[first as usize])
                        {
                            *lane = if spin > R::zero() { if_up } else { *lane };
                        }
                    }
                    [] => lanes.fill(none),
                }
            }
        }
        factors
    }

    /// Factors of a new spin where so many of the neighbours before it in its layer are up.
    #[inline(always)]
    fn factors(&self, ups: usize) -> Factors<R> {
        let others = self.layers.dimensions - 1;
        let alike = |spin: usize| if spin == 1 { ups } else { others.saturating_sub(ups) };
        [0, 1].map(|spin| [0, 1].map(|above| self.earlier[(alike(spin) + usize::from(above == spin)).min(3)]))
    }

    /// Multiplies states that have a bit clear, and those that have it set.
    #[inline(always)]
    fn multiply(&mut self, bit: usize, factors: [Lane<R>; 2]) {
        for block in self.states.chunks_exact_mut(2 * bit) {
            let (down, up) = block.split_at_mut(bit);
            for (states, factors) in [down, up].into_iter().zip(&factors) {
                for state in states {
                    for (value, &factor) in state.iter_mut().zip(factors) {
                        *value = *value * factor;
                    }
                }
            }
        }
    }

    /// Fills the heap of partial sums of `states` after layer i, every bit weighted with its bond to the spin below: of a layer, else of the
    /// border.
    #[inline(always)]
    fn sum_partially(&mut self, i: usize, below: Option<&[Lane<R>]>) {
        let bits = self.layers.bits;
        for bit in (0..bits).rev() {
            let spins = match below {
                Some(layer) => &layer[bit],
                None => &self.border[self.faces.below[bit] as usize],
            };
            let weights = self.bonds_below(i, bit, spins);
            let size = 1 << bit;
            for low in 0..size {
                let above = |state: usize| match bit + 1 == bits {
                    true => &self.states[state],
                    false => &self.partial_sums[2 * size + state],
                };
                let (down, up) = (above(low), above(low | size));
                let sum =
                    std::array::from_fn(|lane| down[lane] * weights[0][lane] + up[lane] * weights[1][lane]);
                self.partial_sums[size + low] = sum;
            }
        }
    }

    /// Factors of bonds between -1, or +1, and given spins.
    #[inline(always)]
    fn bonds(&self, spins: &Lane<R>) -> [Lane<R>; 2] {
        let [different, same] = self.bond;
        let choose = |if_up, if_down| spins.map(|spin| if spin > R::zero() { if_up } else { if_down });
        [choose(different, same), choose(same, different)]
    }

    /// The same of the bonds between a site of layer i and given spins below it.
    #[inline(always)]
    fn bonds_below(&self, i: usize, bit: usize, spins: &Lane<R>) -> [Lane<R>; 2] {
        if self.sites.is_empty() {
            return self.bonds(spins);
        }
        let Layers { bits, layers, .. } = self.layers;
        match i + 1 == layers {
            true => self.sites[i * bits + bit].bonds_after(0, spins),
            // The lower site owns the bond.
            false => self.sites[(i + 1) * bits + bit].bonds_before(0, spins),
        }
    }

    fn total(&self) -> Lane<R> {
        self.partial_sums[1]
    }

    /// Draws layer `i`, the spins of the layer below it being given; layers are drawn from the last to the first.
    ///
    /// `uniform(lane, j)` is the random number of site j. `below` holds the layer below before, and this layer after.
    #[inline(always)]
    pub(crate) fn draw_layer(
        &mut self,
        i: usize,
        below: &mut [Lane<R>],
        uniform: impl Fn(usize, usize) -> R,
    ) {
        let states = 1 << self.layers.bits;
        let kept = &self.kept[i * states..][..states];
        self.states.copy_from_slice(kept);
        self.sum_partially(i, Some(below));
        let bonds: Vec<_> =
            below.iter().enumerate().map(|(bit, spins)| self.bonds_below(i, bit, spins)).collect();
        for lane in 0..ROWS {
            let mut chosen = 0;
            for (bit, below) in below.iter_mut().enumerate() {
                let size = 2 << bit;
                let sum = |state: usize| match bit + 1 == self.layers.bits {
                    true => self.states[state][lane],
                    false => self.partial_sums[size + state][lane],
                };
                let down = sum(chosen) * bonds[bit][0][lane];
                let up = sum(chosen | 1 << bit) * bonds[bit][1][lane];
                let spin = usize::from(uniform(lane, bit) * (down + up) < up);
                chosen |= spin << bit;
                below[lane] = sign(spin);
            }
        }
    }

    /// Spins of the border below the box.
    pub(crate) fn border_below(&self) -> Vec<Lane<R>> {
        self.faces.below.iter().map(|&site| self.border[site as usize]).collect()
    }
}

/// Divides states by a power of two near the largest and adds its exponent.
#[inline(always)]
pub(super) fn rescale<R: Real>(states: &mut [Lane<R>], exponents: &mut Lane<R>) {
    let mut largest = [R::zero(); ROWS];
    for values in states.iter() {
        for (largest, &value) in largest.iter_mut().zip(values) {
            *largest = if value > *largest { value } else { *largest };
        }
    }
    let mut scales = [R::one(); ROWS];
    for ((scale, exponent), largest) in scales.iter_mut().zip(exponents).zip(largest) {
        let [power, inverse] = largest.power_of_two();
        *scale = inverse;
        *exponent += power;
    }
    for values in states.iter_mut() {
        for (value, &scale) in values.iter_mut().zip(&scales) {
            *value = *value * scale;
        }
    }
}

/// ln of sums that started from `starts` and were divided by powers of two. In f64: it is large, and what it is compared with cancels most of it.
#[inline(always)]
pub(super) fn ln_of_scaled<R: Real>(sums: &Lane<R>, starts: &Lane<R>, exponents: &Lane<R>) -> [f64; ROWS] {
    let ln = |lane: usize| {
        let sum = sums[lane].widen() / starts[lane].widen();
        sum.ln() + exponents[lane].widen() * std::f64::consts::LN_2
    };
    std::array::from_fn(ln)
}

/// Where sums over the insides of rows start, in [1, 2]: from 1, all boxes with the same border would be rounded alike.
pub(super) fn starts<R: Real>(rows: Rows, first_configuration: u32) -> Lane<R> {
    let (blocks, configurations) = (rows.blocks(), rows.configurations());
    std::array::from_fn(|lane| {
        let configuration = first_configuration.wrapping_add(configurations[lane]);
        R::of(f64::from(1.0 + spread(blocks[lane], configuration)))
    })
}

/// Sums over the spin above, for both values of the new one: `factors[spin][above]`.
#[inline(always)]
fn mix<R: Real>(down: &mut Lane<R>, up: &mut Lane<R>, factors: Factors<R>, field: [R; 2]) {
    for (down, up) in down.iter_mut().zip(up) {
        let (above_down, above_up) = (*down, *up);
        *down = (above_down * factors[0][0] + above_up * factors[0][1]) * field[0];
        *up = (above_down * factors[1][0] + above_up * factors[1][1]) * field[1];
    }
}

/// As [`mix`], with factors of its own for every lane.
#[inline(always)]
fn mix_by_lane<R: Real>(down: &mut Lane<R>, up: &mut Lane<R>, factors: &Factors<Lane<R>>, field: [R; 2]) {
    for (lane, (down, up)) in down.iter_mut().zip(up).enumerate() {
        let (above_down, above_up) = (*down, *up);
        *down = (above_down * factors[0][0][lane] + above_up * factors[0][1][lane]) * field[0];
        *up = (above_down * factors[1][0][lane] + above_up * factors[1][1][lane]) * field[1];
    }
}

/// One of two values in every lane, by its spin.
#[inline(always)]
fn choose<R: Real>(lanes: &mut Lane<R>, spins: &Lane<R>, if_up: R, if_down: R) {
    for (lane, &spin) in lanes.iter_mut().zip(spins) {
        *lane = if spin > R::zero() { if_up } else { if_down };
    }
}

/// Spin of a bit.
#[inline(always)]
fn sign<R: Real>(bit: usize) -> R {
    if bit == 1 { R::one() } else { -R::one() }
}
