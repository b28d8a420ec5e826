//! The flow: a stack of blocks between independent normal numbers and the field.

use super::block::{Block, Slopes, Work};
use super::coupling::{Coupling, LINEAR};
use super::fields::Fields;
use super::net::Shape;
use super::noise::Noise;
use super::stack::{Parts, Stack};
use super::symmetry::{Symmetry, mean_density, own_share};
use crate::cpu::Real;
use crate::error::{Error, Result};
use crate::random::Stream;
use crate::sixteen::{LANES, Lanes};
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Sets the parameters apart from other numbers of the same seed.
const PARAMETERS: u32 = 0x6e72_6723;
/// Largest numbers of couplings of a block, of hidden units and of hidden layers.
const MOST_LAYERS: usize = 100;
const MOST_HIDDEN: usize = 256;
const MOST_DEPTH: usize = 10;

/// Everything that the form of a flow follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Side of the square lattice, a power of two.
    pub size: u32,
    /// Which layers the stack has.
    pub parts: Parts,
    /// Scales of the stack; without a number, all of the lattice.
    pub scales: Option<usize>,
    /// Blocks of a kind and a scale.
    pub repeat: usize,
    /// Couplings of a block.
    pub layers: usize,
    /// Units of a hidden layer of a coupling's nets.
    pub hidden: usize,
    /// Hidden layers of a coupling's nets.
    pub depth: usize,
    /// How the density is even.
    #[serde(default, skip_serializing_if = "Symmetry::is_default")]
    pub symmetry: Symmetry,
}

impl Architecture {
    /// All scales of a lattice of a side, with four pairs of disentanglers and decimators at each and small nets. The flow of the paper has one pair, of 10 couplings with three
    /// hidden layers of 10 units: whatever the size of its nets, one pair leaves three times the divergence (docs/ACCURACY.md).
    pub fn new(size: u32) -> Self {
        Self {
            size,
            parts: Parts::Both,
            scales: None,
            repeat: 4,
            layers: 6,
            hidden: 8,
            depth: 1,
            symmetry: Symmetry::Odd,
        }
    }

    fn stack(&self) -> Result<Stack> {
        Stack::new(self.size, self.parts, self.scales, self.repeat)
    }

    fn shape(&self) -> Shape {
        Shape { hidden: self.hidden, depth: self.depth }
    }

    fn nets(&self) -> Result<Shape> {
        for (name, value, most) in [
            ("layers", self.layers, MOST_LAYERS),
            ("hidden", self.hidden, MOST_HIDDEN),
            ("depth", self.depth, MOST_DEPTH),
        ] {
            if !(1..=most).contains(&value) {
                return Err(Error::setting(name, value, format!("it must lie in 1 to {most}")));
            }
        }
        Ok(self.shape())
    }
}

/// A bijector `x = g(z)` with the density `ln q(x) = -z z / 2 - (N / 2) ln 2 pi - ln |det dx/dz|` for independent normal z. Where it is odd, the density is exactly that of -x; where it is
/// a part of a mixture ([`Symmetry`]), its own density is not, and configurations have the mean of both.
#[derive(Debug, Clone)]
pub struct Flow<R> {
    architecture: Architecture,
    stack: Stack,
    /// From the field to the latent numbers.
    blocks: Vec<Block>,
    parameters: Vec<R>,
}

impl<R: Real> Flow<R> {
    /// The flow of a seed, which the identity is before it learns: all outside of nets and the last layers of shifts are 0; all else is evenly spread up to one over the root of the number of
    /// inputs, either sign.
    ///
    /// # Errors
    /// When a size is out of range.
    pub fn new(architecture: Architecture, seed: u32) -> Result<Self> {
        let (shape, stack) = (architecture.nets()?, architecture.stack()?);
        let of_patches = |patches: &Vec<[u32; 4]>| Block {
            patches: patches.clone(),
            couplings: couplings(architecture.layers),
            shape,
            symmetry: architecture.symmetry,
        };
        let blocks: Vec<Block> = stack.blocks().iter().map(of_patches).collect();
        let mut stream = Stream::new(seed, PARAMETERS);
        let parameters = (0..blocks.len() * architecture.layers).flat_map(|_| initial(shape, &mut stream));
        let parameters = parameters.map(R::of).collect();
        Ok(Self { architecture, stack, blocks, parameters })
    }

    /// Blocks, couplings of a block and parameters of a coupling: the shape of [`Flow::parameters`].
    ///
    /// # Errors
    /// When a size is out of range.
    pub fn shape(architecture: &Architecture) -> Result<[usize; 3]> {
        let stack = architecture.stack()?;
        Ok([stack.blocks().len(), architecture.layers, Coupling::<R>::size(architecture.nets()?)])
    }

    /// With other parameters, in the order of [`Flow::parameters`].
    ///
    /// # Errors
    /// When there are more or fewer of them than there should be.
    pub fn with_parameters(mut self, parameters: Vec<R>) -> Result<Self> {
        let (found, expected) = (parameters.len(), self.parameters.len());
        if found != expected {
            return Err(Error::setting("parameters", found, format!("the flow has {expected} of them")));
        }
        self.parameters = parameters;
        Ok(self)
    }

    /// Its sizes.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Its patches.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// All parameters: of every block from the field on, of every coupling in the order of generation, scales, constants and slopes, the net of scales and the net of shifts; of a net weights
    /// `[to][from]` and biases `[to]` of every hidden layer, then the weights of the last layer.
    pub fn parameters(&self) -> &[R] {
        &self.parameters
    }

    pub(super) fn parameters_mut(&mut self) -> &mut [R] {
        &mut self.parameters
    }

    /// Room for what threads compute.
    pub(super) fn work(&self) -> Work<R> {
        Work::new(self.architecture.shape())
    }

    /// Blocks from the field on, each with the place of its parameters.
    fn parts(&self) -> impl DoubleEndedIterator<Item = (&Block, std::ops::Range<usize>)> {
        let size = self.parameters.len() / self.blocks.len();
        self.blocks.iter().enumerate().map(move |(number, block)| (block, number * size..(number + 1) * size))
    }

    /// x of latent numbers, with ln q of x by the flow alone, `[rows]`.
    pub fn generate(&self, z: &Fields<R>) -> (Fields<R>, Vec<f64>) {
        self.for_groups(z, |work, x| self.generate_group::<false>(work, x, &mut [], R::zero()))
    }

    /// Latent numbers of x, with ln q of x by the flow alone, `[rows]`.
    pub fn infer(&self, x: &Fields<R>) -> (Fields<R>, Vec<f64>) {
        self.for_groups(x, |work, z| self.infer_group(work, z))
    }

    /// Fields as the flow made them before the coin of a mixture was thrown: images where it turned them, which is drawn from its probability given x. Fields of an odd flow stay as they are.
    pub fn unturned(&self, x: &Fields<R>, noise: Noise) -> Fields<R> {
        match self.architecture.symmetry {
            Symmetry::Odd => x.clone(),
            Symmetry::Mixture => {
                let ((_, ln_q), (_, of_image)) = (self.infer(x), self.infer(&x.mirrored(|_| true)));
                let coins = noise.uniforms(0, x.rows());
                let is_turned = |row: usize| coins[row] > own_share(ln_q[row], of_image[row]);
                x.mirrored(|row| row < coins.len() && is_turned(row))
            }
        }
    }

    /// Of a function of x and of `ln |det dx/dz|`, with derivatives `slopes` with respect to x and `of_ln_det` with respect to the logarithm: the latent numbers of x, and the
    /// derivatives with respect to them.
    pub fn pull_back(&self, x: &Fields<R>, slopes: &Fields<R>, of_ln_det: R) -> (Fields<R>, Fields<R>) {
        let (mut z, mut slopes) = (x.clone(), slopes.clone());
        let sites = self.stack.sites();
        let groups =
            z.lanes_mut().par_chunks_exact_mut(sites).zip(slopes.lanes_mut().par_chunks_exact_mut(sites));
        groups.for_each_init(
            || self.work(),
            |work, (z, numbers)| {
                let mut slopes = Slopes { numbers, ln_det: Lanes::all(of_ln_det) };
                self.backward_group::<false>(work, z, &mut slopes, &mut []);
            },
        );
        (z, slopes)
    }

    /// The field of latent numbers, and the derivatives with respect to it of a function whose derivatives with respect to latent numbers are `slopes`: the opposite way of
    /// [`Flow::pull_back`].
    pub fn push_forward(&self, z: &Fields<R>, slopes: &Fields<R>) -> (Fields<R>, Fields<R>) {
        let (mut x, mut slopes) = (z.clone(), slopes.clone());
        let sites = self.stack.sites();
        let groups =
            x.lanes_mut().par_chunks_exact_mut(sites).zip(slopes.lanes_mut().par_chunks_exact_mut(sites));
        groups.for_each_init(
            || self.work(),
            |work, (x, slopes)| {
                self.generate_group::<true>(work, x, slopes, R::zero());
            },
        );
        (x, slopes)
    }

    /// The coarse field that the blocks of a scale and of coarser ones make of latent numbers, `[rows][sites of the scale]`, with its own ln q: of a mixture the mean over both signs.
    pub fn generate_coarse(&self, z: &Fields<R>, scale: usize) -> (Fields<R>, Vec<f64>) {
        let blocks: Vec<_> = self.parts().skip(self.stack.first_block(scale)).collect();
        let (coarse, ln_det) = self.for_coarse(z, scale, |work, x, ln_det| {
            for (block, part) in blocks.iter().rev() {
                let parameters = &self.parameters[part.clone()];
                block.generate::<false, R>(parameters, work, x, &mut [], R::zero(), ln_det);
            }
        });
        let of_latent = Self::ln_normal(z).into_iter().zip(ln_det);
        let ln_q: Vec<f64> = of_latent.map(|(of_latent, ln_det)| of_latent - ln_det).collect();
        if self.architecture.symmetry == Symmetry::Odd {
            return (coarse, ln_q);
        }
        let (image, ln_det) = self.for_coarse(&coarse.mirrored(|_| true), scale, |work, x, ln_det| {
            blocks
                .iter()
                .for_each(|(block, part)| block.infer(&self.parameters[part.clone()], work, x, ln_det));
        });
        let of_image = Self::ln_normal(&image).into_iter().zip(ln_det);
        let of_image = of_image.map(|(of_latent, ln_det)| of_latent - ln_det);
        (
            coarse,
            ln_q.into_iter().zip(of_image).map(|(ln_q, of_image)| mean_density(ln_q, of_image)).collect(),
        )
    }

    /// Takes the numbers of a scale's sites, `[rows][sites of the scale]`, through blocks of that scale and of coarser ones, which add to `ln |det dx/dz|`, `[rows]`.
    fn for_coarse(
        &self,
        numbers: &Fields<R>,
        scale: usize,
        pass: impl Fn(&mut Work<R>, &mut [Lanes<R>], &mut [f64; LANES]) + Sync,
    ) -> (Fields<R>, Vec<f64>) {
        let sites = self.stack.sites_of_scale(scale);
        let mut coarse = numbers.clone();
        let of_group = |work: &mut Work<R>, coarse: &mut [Lanes<R>]| {
            let mut x = vec![Lanes::zero(); self.stack.sites()];
            sites.iter().zip(coarse.iter()).for_each(|(&site, &number)| x[site] = number);
            let mut ln_det = [0.0; LANES];
            pass(work, &mut x, &mut ln_det);
            sites.iter().zip(coarse.iter_mut()).for_each(|(&site, number)| *number = x[site]);
            ln_det
        };
        let groups = coarse.lanes_mut().par_chunks_exact_mut(sites.len());
        let mut ln_det = groups.map_init(|| self.work(), of_group).collect::<Vec<_>>().concat();
        ln_det.truncate(numbers.rows());
        (coarse, ln_det)
    }

    /// `-z z / 2 - (N / 2) ln 2 pi` of latent numbers, `[rows]`.
    pub(crate) fn ln_normal(z: &Fields<R>) -> Vec<f64> {
        let groups = (0..z.rows().div_ceil(LANES)).into_par_iter();
        let mut all = groups.map(|group| ln_normal(z.group(group))).collect::<Vec<_>>().concat();
        all.truncate(z.rows());
        all
    }

    fn for_groups(
        &self,
        fields: &Fields<R>,
        of_group: impl Fn(&mut Work<R>, &mut [Lanes<R>]) -> [f64; LANES] + Sync + Send,
    ) -> (Fields<R>, Vec<f64>) {
        let mut fields = fields.clone();
        let groups = fields.lanes_mut().par_chunks_exact_mut(self.stack.sites());
        let ln_q: Vec<[f64; LANES]> = groups.map_init(|| self.work(), of_group).collect();
        let mut ln_q = ln_q.concat();
        ln_q.truncate(fields.rows());
        (fields, ln_q)
    }

    /// Makes x of the latent numbers of 16 configurations, and gives ln q of x with, in `score`, its gradient with respect to x.
    pub(super) fn generate_scored(
        &self,
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        score: &mut [Lanes<R>],
    ) -> [f64; LANES] {
        score.iter_mut().zip(x.iter()).for_each(|(score, z)| *score = z.map(|z| -z));
        self.generate_group::<true>(work, x, score, -R::one())
    }

    /// Makes x of the latent numbers of 16 configurations, and gives ln q of x. With `SCORE`, takes derivatives of a function with respect to latent numbers, and to the logarithm of
    /// the determinant, to those with respect to x.
    pub(super) fn generate_group<const SCORE: bool>(
        &self,
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        slopes: &mut [Lanes<R>],
        of_ln_det: R,
    ) -> [f64; LANES] {
        let of_latent = ln_normal(x);
        let mut ln_det = [0.0; LANES];
        for (block, part) in self.parts().rev() {
            block.generate::<SCORE, R>(&self.parameters[part], work, x, slopes, of_ln_det, &mut ln_det);
        }
        std::array::from_fn(|lane| of_latent[lane] - ln_det[lane])
    }

    pub(super) fn infer_group(&self, work: &mut Work<R>, x: &mut [Lanes<R>]) -> [f64; LANES] {
        let mut ln_det = [0.0; LANES];
        for (block, part) in self.parts() {
            block.infer(&self.parameters[part], work, x, &mut ln_det);
        }
        let of_latent = ln_normal(x);
        std::array::from_fn(|lane| of_latent[lane] - ln_det[lane])
    }

    /// Takes x to latent numbers, and derivatives of a function with them. With `LEARN`, adds its derivatives with respect to parameters to `gradient`.
    pub(super) fn backward_group<const LEARN: bool>(
        &self,
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        slopes: &mut Slopes<'_, R>,
        gradient: &mut [R],
    ) {
        for (block, part) in self.parts() {
            let gradient = if LEARN { &mut gradient[part.clone()] } else { &mut [] };
            block.backward::<LEARN, R>(&self.parameters[part], work, x, slopes, gradient);
        }
    }
}

/// `(N / 2) ln 2 pi` of so many sites.
pub(crate) fn ln_normal_constant(sites: usize) -> f64 {
    0.5 * sites as f64 * TAU.ln()
}

/// `-z z / 2 - (N / 2) ln 2 pi` of 16 configurations.
fn ln_normal<R: Real>(z: &[Lanes<R>]) -> [f64; LANES] {
    let constant = ln_normal_constant(z.len());
    std::array::from_fn(|lane| {
        let squares: f64 = z.iter().map(|z| z[lane].widen().powi(2)).sum();
        -0.5 * squares - constant
    })
}

/// Corners of couplings: the ways to halve four corners take turns, and in each both halves stay as they are, one after the other.
fn couplings(layers: usize) -> Vec<[u8; 4]> {
    let halves = [[0, 3, 1, 2], [1, 2, 0, 3], [0, 1, 2, 3], [2, 3, 0, 1], [0, 2, 1, 3], [1, 3, 0, 2]];
    halves.into_iter().cycle().take(layers).collect()
}

/// Parameters of one coupling before it learns.
fn initial(shape: Shape, stream: &mut Stream) -> Vec<f64> {
    let mut parameters = vec![0.0; LINEAR];
    for has_last in [true, false] {
        let mut net: Vec<f64> = (0..shape.parameters()).map(|_| stream.random_range(-1.0..1.0)).collect();
        for (inputs, range) in shape.layers() {
            let spread =
                if range.start < shape.last() || has_last { (inputs as f64).sqrt().recip() } else { 0.0 };
            net[range].iter_mut().for_each(|parameter| *parameter *= spread);
        }
        parameters.append(&mut net);
    }
    parameters
}
