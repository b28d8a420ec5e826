//! One block of a flow: couplings one after the other, on all patches of a layer of the stack.

use super::coupling::{Affine, Coupling, Nets, exponentials};
use super::net::Shape;
use super::symmetry::Symmetry;
use crate::cpu::Real;
use crate::cpu::vector::vectorised;
use crate::sixteen::{LANES, Lanes};

/// A block, whose parameters all its patches share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Sites of every patch.
    pub(super) patches: Vec<[u32; 4]>,
    /// Of every coupling the corners of a patch, first the two that stay as they are; in the order of generation.
    pub(super) couplings: Vec<[u8; 4]>,
    pub(super) shape: Shape,
    /// Whether its couplings are odd.
    pub(super) symmetry: Symmetry,
}

/// Room for what a coupling computes.
#[derive(Debug, Clone)]
pub(super) struct Work<R> {
    nets: Nets<R>,
    /// Derivatives with respect to the parameters of one coupling, lane by lane.
    gradient: Vec<Lanes<R>>,
}

impl<R: Real> Work<R> {
    pub(super) fn new(shape: Shape) -> Self {
        Self { nets: Nets::new(shape), gradient: vec![Lanes::zero(); Coupling::<R>::size(shape)] }
    }
}

/// Derivatives of a function of configurations and of `ln |det dx/dz|`.
#[derive(Debug)]
pub(super) struct Slopes<'a, R> {
    /// With respect to the numbers of sites, `[sites]`.
    pub(super) numbers: &'a mut [Lanes<R>],
    /// With respect to the logarithm of the determinant.
    pub(super) ln_det: Lanes<R>,
}

impl Block {
    /// Couplings with their parameters.
    fn with<'a, R: Real>(&self, parameters: &'a [R]) -> Vec<(Coupling<'a, R>, [u8; 4])> {
        let parts = parameters.chunks_exact(Coupling::<R>::size(self.shape));
        let couplings = parts.map(|part| Coupling::new(self.shape, part));
        couplings.zip(self.couplings.iter().copied()).collect()
    }

    /// The sites of every patch, in the order of a coupling's corners.
    #[inline(always)]
    fn sites(&self, corners: [u8; 4]) -> impl Iterator<Item = [usize; 4]> {
        self.patches.iter().map(move |patch| corners.map(|corner| patch[usize::from(corner) % 4] as usize))
    }

    /// From latent numbers to those of the field, for 16 configurations, `[sites]`; adds the logarithm of the determinant to `ln_det`. With `SCORE`, the gradient of ln q with respect
    /// to the numbers goes along: on the way back through the Jacobian, which a coupling inverts as easily as itself (L. Vaitl, L. Winkler, L. Richter and P. Kessel, ICLR 2024).
    /// `of_ln_det` is -1 for ln q, of which `-ln |det|` is a part, and 0 for a function of the latent numbers alone.
    pub(super) fn generate<const SCORE: bool, R: Real>(
        &self,
        parameters: &[R],
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        score: &mut [Lanes<R>],
        of_ln_det: R,
        ln_det: &mut [f64; LANES],
    ) {
        match self.symmetry {
            Symmetry::Odd => {
                self.generate_as::<true, SCORE, R>(parameters, work, x, score, of_ln_det, ln_det)
            }
            Symmetry::Mixture => {
                self.generate_as::<false, SCORE, R>(parameters, work, x, score, of_ln_det, ln_det)
            }
        }
    }

    fn generate_as<const ODD: bool, const SCORE: bool, R: Real>(
        &self,
        parameters: &[R],
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        score: &mut [Lanes<R>],
        of_ln_det: R,
        ln_det: &mut [f64; LANES],
    ) {
        for (coupling, corners) in self.with(parameters) {
            vectorised(
                #[inline(always)]
                || {
                    for [one, two, first, second] in self.sites(corners) {
                        let passive = [x[one], x[two]];
                        let affine = coupling.affine::<ODD>(&mut work.nets, passive);
                        let mut slopes = [[Lanes::zero(); 2]; 2];
                        for (number, site) in [first, second].into_iter().enumerate() {
                            let [up, down] = exponentials(affine.log_scale[number]);
                            if SCORE {
                                slopes[0][number] = Lanes::all(-of_ln_det).plus_product(x[site], score[site]);
                                score[site] = score[site].times(down);
                                slopes[1][number] = score[site];
                            }
                            x[site] = affine.shift[number].plus_product(x[site], up);
                        }
                        if SCORE {
                            let nets = &mut work.nets;
                            let by = coupling.backward::<ODD, false>(nets, &affine, passive, slopes, &mut []);
                            score[one] = score[one].minus(by[0]);
                            score[two] = score[two].minus(by[1]);
                        }
                        add_ln_det(&affine, ln_det);
                    }
                },
            );
        }
    }

    /// From numbers of the field to latent ones; adds the logarithm of the determinant of the way there, as [`generate`](Self::generate) does.
    pub(super) fn infer<R: Real>(
        &self,
        parameters: &[R],
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        ln_det: &mut [f64; LANES],
    ) {
        match self.symmetry {
            Symmetry::Odd => self.infer_as::<true, R>(parameters, work, x, ln_det),
            Symmetry::Mixture => self.infer_as::<false, R>(parameters, work, x, ln_det),
        }
    }

    fn infer_as<const ODD: bool, R: Real>(
        &self,
        parameters: &[R],
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        ln_det: &mut [f64; LANES],
    ) {
        for (coupling, corners) in self.with(parameters).into_iter().rev() {
            vectorised(
                #[inline(always)]
                || {
                    for [one, two, first, second] in self.sites(corners) {
                        let affine = coupling.affine::<ODD>(&mut work.nets, [x[one], x[two]]);
                        for (number, site) in [first, second].into_iter().enumerate() {
                            let [_, down] = exponentials(affine.log_scale[number]);
                            x[site] = x[site].minus(affine.shift[number]).times(down);
                        }
                        add_ln_det(&affine, ln_det);
                    }
                },
            );
        }
    }

    /// Takes numbers of the field to latent ones, as [`infer`](Self::infer) does, and derivatives of a function with them; so nothing of the way there had to be stored. With `LEARN`,
    /// derivatives with respect to parameters, summed over configurations, are added to `gradient`, `[parameters]`.
    pub(super) fn backward<const LEARN: bool, R: Real>(
        &self,
        parameters: &[R],
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        slopes: &mut Slopes<'_, R>,
        gradient: &mut [R],
    ) {
        match self.symmetry {
            Symmetry::Odd => self.backward_as::<true, LEARN, R>(parameters, work, x, slopes, gradient),
            Symmetry::Mixture => self.backward_as::<false, LEARN, R>(parameters, work, x, slopes, gradient),
        }
    }

    fn backward_as<const ODD: bool, const LEARN: bool, R: Real>(
        &self,
        parameters: &[R],
        work: &mut Work<R>,
        x: &mut [Lanes<R>],
        slopes: &mut Slopes<'_, R>,
        gradient: &mut [R],
    ) {
        let size = Coupling::<R>::size(self.shape);
        for (index, (coupling, corners)) in self.with(parameters).into_iter().enumerate().rev() {
            let sums = &mut work.gradient[..usize::from(LEARN) * size];
            sums.fill(Lanes::zero());
            vectorised(
                #[inline(always)]
                || {
                    for [one, two, first, second] in self.sites(corners) {
                        let passive = [x[one], x[two]];
                        let affine = coupling.affine::<ODD>(&mut work.nets, passive);
                        let mut of_both = [[Lanes::zero(); 2]; 2];
                        for (number, site) in [first, second].into_iter().enumerate() {
                            let [up, down] = exponentials(affine.log_scale[number]);
                            let scaled = x[site].minus(affine.shift[number]);
                            let slope = slopes.numbers[site];
                            of_both[0][number] = slopes.ln_det.plus_product(slope, scaled);
                            of_both[1][number] = slope;
                            slopes.numbers[site] = slope.times(up);
                            x[site] = scaled.times(down);
                        }
                        let by =
                            coupling.backward::<ODD, LEARN>(&mut work.nets, &affine, passive, of_both, sums);
                        slopes.numbers[one] = slopes.numbers[one].plus(by[0]);
                        slopes.numbers[two] = slopes.numbers[two].plus(by[1]);
                    }
                },
            );
            let gradient = gradient.iter_mut().skip(index * size);
            gradient.zip(sums).for_each(|(gradient, sum)| *gradient += sum.sum());
        }
    }
}

#[inline(always)]
fn add_ln_det<R: Real>(affine: &Affine<R>, ln_det: &mut [f64; LANES]) {
    let [first, second] = affine.log_scale;
    let terms = first.iter().zip(second.iter());
    ln_det.iter_mut().zip(terms).for_each(|(sum, (first, second))| *sum += first.widen() + second.widen());
}
