//! The sum over all rows below one, as a function of its spins: a matrix product state of bounded bond dimension (F. Verstraete and J. I. Cirac, cond-mat/0407066).

use super::factors::{BoxFactors, Pair, between};
use super::product::{Reflections, multiply, orthonormal};
use crate::hierarchy::Layers;
use crate::random::Stream;
use crate::sixteen::Lanes;
use rand::RngExt;

/// Sets the sketches apart from other numbers.
const SKETCH: u32 = 0x6d70_7301;

/// The tensors of a row: site j has two matrices, `[spin][left][right]`, by its spin.
pub(super) type Tensors = [Lanes<f64>];

/// Spins around a box, +-1 in each lane.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// `[columns]`.
    pub(super) above: Vec<Lanes<f64>>,
    pub(super) below: Vec<Lanes<f64>>,
    /// `[rows]`.
    pub(super) left: Vec<Lanes<f64>>,
    pub(super) right: Vec<Lanes<f64>>,
}

/// Where the tensors of a row's sites lie.
#[derive(Debug, Clone)]
pub(super) struct Bonds {
    /// `[columns + 1]`: numbers of states of the bonds left of the sites, and right of the last.
    pub(super) dimensions: Vec<usize>,
    /// `[columns + 1]`: where tensors start, and the end of the last.
    pub(super) starts: Vec<usize>,
}

impl Bonds {
    /// As many states as a bond can use, at most `most`.
    pub(super) fn new(columns: usize, most: usize) -> Self {
        let states = |bonds: usize| 1_usize.checked_shl(bonds as u32).unwrap_or(usize::MAX);
        let dimension = |bond: usize| most.min(states(bond)).min(states(columns - bond));
        let dimensions: Vec<usize> = (0..=columns).map(dimension).collect();
        let mut starts = vec![0];
        for pair in dimensions.windows(2) {
            starts.push(starts[starts.len() - 1] + 2 * pair[0] * pair[1]);
        }
        Self { dimensions, starts }
    }

    /// The most states of a bond.
    pub(super) fn most(&self) -> usize {
        self.dimensions.iter().copied().max().unwrap_or(1)
    }

    /// Numbers of a row.
    pub(super) fn size(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// Matrices of a site by its spin, with their rows and columns.
    #[inline(always)]
    pub(super) fn matrices<'a>(
        &self,
        tensors: &'a Tensors,
        site: usize,
    ) -> ([&'a [Lanes<f64>]; 2], [usize; 2]) {
        let [rows, columns] = [self.dimensions[site], self.dimensions[site + 1]];
        let (down, up) = tensors[self.starts[site]..][..2 * rows * columns].split_at(rows * columns);
        ([down, up], [rows, columns])
    }
}

/// Goes from the environment of a row to that of the row above it.
///
/// The exact step doubles the states of all bonds. They are brought back by a basis of the space in which the sites right of a bond mix with fixed random vectors (successive randomised
/// compression: C. Camano, E. N. Epperly and J. A. Tropp, arXiv:2504.06475), from left to right, without a singular value decomposition.
#[derive(Debug)]
pub(super) struct Step {
    bonds: Bonds,
    most: usize,
    /// `[columns][spin][most]`: random vectors of all sites.
    sketch: Vec<[Vec<f64>; 2]>,
    /// `[columns][spin][states of the bond left of the site][most]`: what the sites from one on make of them, by the spin left of that.
    sketched: Vec<Vec<Lanes<f64>>>,
    work: [Vec<Lanes<f64>>; 5],
    reflections: Reflections,
}

impl Step {
    pub(super) fn new(columns: usize, most: usize) -> Self {
        let bonds = Bonds::new(columns, most);
        let most = bonds.most();
        let sketch = sketch(columns, most);
        let sketched =
            bonds.dimensions[1..].iter().map(|states| vec![Lanes::zero(); 2 * states * most]).collect();
        let room = || vec![Lanes::zero(); 4 * most * most];
        let work = [room(), room(), room(), room(), room()];
        Self { bonds, most, sketch, sketched, work, reflections: Reflections::default() }
    }

    pub(super) fn bonds(&self) -> &Bonds {
        &self.bonds
    }

    /// The environment of the last row: the bonds to the spins below the box.
    #[inline(always)]
    pub(super) fn last(&self, factors: &BoxFactors, layers: Layers, around: &Around, tensors: &mut Tensors) {
        tensors.fill(Lanes::zero());
        let below = &factors.vertical[layers.layers * layers.bits..];
        for site in 0..layers.bits {
            let size = self.bonds.dimensions[site] * self.bonds.dimensions[site + 1];
            for spin in 0..2 {
                tensors[self.bonds.starts[site] + spin * size] =
                    to_border(below[site], spin, around.below[site]);
            }
        }
    }

    /// The environment of the row above `row`, of length 1, and the logarithm of the length that it would have.
    #[inline(always)]
    pub(super) fn above(
        &mut self,
        factors: &BoxFactors,
        (layers, row): (Layers, usize),
        around: &Around,
        from: &Tensors,
        to: &mut Tensors,
    ) -> Lanes<f64> {
        let weights = site_weights(factors, layers, row, around);
        let vertical = &factors.vertical[row * layers.bits..][..layers.bits];
        let horizontal = &factors.horizontal[row * (layers.bits + 1)..][..layers.bits];
        self.sketch_from_the_right(vertical, horizontal, &weights, from);
        self.compress(vertical, horizontal, &weights, from, to)
    }

    #[inline(always)]
    fn sketch_from_the_right(
        &mut self,
        vertical: &[Pair],
        horizontal: &[Pair],
        weights: &[[Lanes<f64>; 2]],
        from: &Tensors,
    ) {
        let most = self.most;
        for site in (1..vertical.len()).rev() {
            let (matrices, [rows, columns]) = self.bonds.matrices(from, site);
            let (left, right) = self.sketched.split_at_mut(site);
            let (into, beyond) = (&mut left[site - 1], &right[0]);
            into.fill(Lanes::zero());
            for (spin, matrix) in matrices.into_iter().enumerate() {
                let product = &mut self.work[0][..rows * most];
                if site + 1 == vertical.len() {
                    for (product, &entry) in product.chunks_exact_mut(most).zip(matrix) {
                        product.fill(entry);
                    }
                } else {
                    let beyond = &beyond[spin * columns * most..][..columns * most];
                    multiply(product, matrix, beyond, [columns, most, most]);
                }
                let [down, up] = [0, 1].map(|new| between(vertical[site], new, spin));
                let sides = [0, 1].map(|left| between(horizontal[site], left, spin));
                let [of_down, of_up] = &self.sketch[site];
                for (place, product) in product.iter().enumerate() {
                    let column = place % most;
                    let mixed = down * of_down[column] + up * of_up[column];
                    let value = product.times(weights[site][spin]).map(|value| value * mixed);
                    for (left, side) in sides.into_iter().enumerate() {
                        let into = &mut into[left * rows * most + place];
                        *into = into.plus_scaled(side, value);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn compress(
        &mut self,
        vertical: &[Pair],
        horizontal: &[Pair],
        weights: &[[Lanes<f64>; 2]],
        from: &Tensors,
        to: &mut Tensors,
    ) -> Lanes<f64> {
        let most = self.most;
        // The exact row as the new basis left of a site sees it: [spin left of the site][new][old].
        let [carried, mixed, moved, wanted, turned] = &mut self.work;
        carried[..2].fill(Lanes::all(1.0));
        for site in 0..vertical.len() {
            let (matrices, [rows, columns]) = self.bonds.matrices(from, site);
            for (spin, matrix) in matrices.into_iter().enumerate() {
                let mixed = &mut mixed[..rows * rows];
                // The bond of the first site to the border is among its weights.
                let sides = match site {
                    0 => [1.0, 0.0],
                    _ => [0, 1].map(|left| between(horizontal[site], left, spin)),
                };
                for (place, mixed) in mixed.iter_mut().enumerate() {
                    let both = [carried[place], carried[rows * rows + place]];
                    *mixed = both[0].map(|value| value * sides[0]).plus_scaled(sides[1], both[1]);
                    *mixed = mixed.times(weights[site][spin]);
                }
                multiply(
                    &mut moved[spin * rows * columns..][..rows * columns],
                    mixed,
                    matrix,
                    [rows, columns, columns],
                );
            }
            let into = &mut to[self.bonds.starts[site]..self.bonds.starts[site + 1]];
            if site + 1 == vertical.len() {
                mix_spins(into, moved, vertical[site], rows);
                return normalise(into);
            }
            let size = rows * columns;
            for spin in 0..2 {
                let beyond = &self.sketched[site][spin * columns * most..][..columns * most];
                multiply(
                    &mut turned[spin * size..][..size],
                    &moved[spin * size..][..size],
                    beyond,
                    [columns, columns, most],
                );
            }
            mix_spins(&mut wanted[..2 * size], turned, vertical[site], size);
            orthonormal(into, &mut wanted[..2 * size], &mut self.reflections, columns);
            // The basis seen by the old spin, transposed, takes the rest of the exact row along.
            for spin in 0..2 {
                let [down, up] = [0, 1].map(|new| between(vertical[site], new, spin));
                for row in 0..rows {
                    for column in 0..columns {
                        let [of_down, of_up] =
                            [into[row * columns + column], into[size + row * columns + column]];
                        turned[column * rows + row] =
                            of_down.map(|value| value * down).plus_scaled(up, of_up);
                    }
                }
                let carried = &mut carried[spin * columns * columns..][..columns * columns];
                multiply(carried, &turned[..size], &moved[spin * size..][..size], [rows, columns, columns]);
            }
        }
        Lanes::zero()
    }
}

/// `[columns][spin][most]`: random vectors of all sites.
pub(super) fn sketch(columns: usize, most: usize) -> Vec<[Vec<f64>; 2]> {
    let mut stream = Stream::new(0, SKETCH);
    let mut numbers = || (0..most).map(|_| stream.random_range(-1.0..1.0)).collect::<Vec<f64>>();
    (0..columns).map(|_| [numbers(), numbers()]).collect()
}

/// `to[new spin] = sum over old spins of the bond's factor times from[old spin]`, of matrices of so many numbers.
#[inline(always)]
fn mix_spins(to: &mut [Lanes<f64>], from: &[Lanes<f64>], bond: Pair, size: usize) {
    let [different, same] = bond;
    for place in 0..size {
        let [down, up] = [from[place], from[size + place]];
        to[place] = down.map(|value| value * same).plus_scaled(different, up);
        to[size + place] = down.map(|value| value * different).plus_scaled(same, up);
    }
}

/// Divides by the length of all, and gives its logarithm.
#[inline(always)]
fn normalise(values: &mut [Lanes<f64>]) -> Lanes<f64> {
    let mut square = Lanes::zero();
    for &value in values.iter() {
        square = square.plus_product(value, value);
    }
    let length = square.map(f64::sqrt);
    for value in values {
        *value = value.with(length, |value, length| value / length);
    }
    length.map(f64::ln)
}

/// `[columns][spin]`: factors of the fields of a row's sites, and of the bonds to the border at both ends.
#[inline(always)]
pub(super) fn site_weights(
    factors: &BoxFactors,
    layers: Layers,
    row: usize,
    around: &Around,
) -> Vec<[Lanes<f64>; 2]> {
    let fields = &factors.fields[row * layers.bits..][..layers.bits];
    let mut weights: Vec<_> = fields.iter().map(|field| field.map(Lanes::all)).collect();
    let horizontal = &factors.horizontal[row * (layers.bits + 1)..][..layers.bits + 1];
    for (site, bond, border) in
        [(0, horizontal[0], around.left[row]), (layers.bits - 1, horizontal[layers.bits], around.right[row])]
    {
        for (spin, weight) in weights[site].iter_mut().enumerate() {
            *weight = weight.times(to_border(bond, spin, border));
        }
    }
    weights
}

/// Factors of a bond between a spin, as a bit, and spins +-1.
#[inline(always)]
pub(super) fn to_border(bond: Pair, spin: usize, border: Lanes<f64>) -> Lanes<f64> {
    border.map(|border| between(bond, spin, usize::from(border > 0.0)))
}
