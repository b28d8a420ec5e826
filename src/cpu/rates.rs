//! What the processor reaches at a product and a copy of our own, on all threads.

use super::product::forward;
use super::tile::{Lanes, lanes};
use super::{LANES, Real};
use crate::clock::Instant;
use crate::schedule::Rates;
use rayon::prelude::*;
use std::time::Duration;

/// Sources and targets of the product: its matrix fits a second-level cache.
const UNITS: usize = 512;
/// Bytes that every thread copies: more than caches hold.
const COPIED: usize = 64 << 20;
/// Repeats last at least this long.
const LONG_ENOUGH: Duration = Duration::from_millis(100);

pub(crate) fn measure<R: Real>() -> Rates {
    let threads = rayon::current_num_threads();
    let mut products: Vec<_> = (0..threads).map(|_| Product::<R>::new()).collect();
    let seconds = shortest(|count| {
        products.par_iter_mut().for_each(|product| (0..count).for_each(|_| product.run()));
    });
    let flops_per_s = (2 * LANES * UNITS * UNITS * threads) as f64 / seconds;
    let words = COPIED / size_of::<R>();
    let source = vec![R::one(); words];
    let mut copies: Vec<_> = (0..threads).map(|_| vec![R::zero(); words]).collect();
    let seconds = shortest(|count| {
        copies.par_iter_mut().for_each(|copy| (0..count).for_each(|_| copy.copy_from_slice(&source)));
    });
    Rates { flops_per_s, bytes_per_s: (2 * COPIED * threads) as f64 / seconds }
}

/// Shortest time of one repeat, from repeats that last long enough.
fn shortest(mut repeat: impl FnMut(u32)) -> f64 {
    let mut count = 1;
    loop {
        let times = (0..3).map(|_| {
            let start = Instant::now();
            repeat(count);
            start.elapsed()
        });
        let best = times.min().unwrap_or_default();
        if best >= LONG_ENOUGH {
            return best.as_secs_f64() / f64::from(count);
        }
        count *= 4;
    }
}

struct Product<R> {
    weights: Vec<R>,
    sources: Lanes<R>,
    targets: Lanes<R>,
}

impl<R: Real> Product<R> {
    fn new() -> Self {
        let weights = vec![R::of(1e-3); UNITS * UNITS];
        Self { weights, sources: lanes(UNITS, R::of(1e-3)), targets: lanes(UNITS, R::zero()) }
    }

    fn run(&mut self) {
        forward(&mut self.targets, &self.weights, UNITS, &self.sources);
    }
}
