//! Autocorrelation of Markov chains: the Gamma method with its automatic window (U. Wolff, hep-lat/0306017).

use super::Estimate;
use super::bins::FEWEST_SOURCES;

/// Wolff's S: assumed ratio of exponential to integrated autocorrelation time.
const S: f64 = 1.5;
/// Longest window before neighbouring values are merged: longer ones cost time and tell nothing more.
const LONGEST_WINDOW: usize = 1024;
/// Half of tau_int below which a series is too anticorrelated for a window: its sum would be of differences.
const ANTICORRELATED: f64 = 0.45;
/// Fewest values of a series that is merged further.
const FEWEST: usize = 64;

/// A time series in constant memory: when a maximum is reached, neighbouring values are averaged.
#[derive(Debug, Clone)]
pub struct Series {
    most: usize,
    /// Averages over `length` values each.
    blocks: Vec<f64>,
    length: usize,
    /// Sum and number of the values after the last block.
    rest: (f64, usize),
    /// First value; sums are of what exceeds it, so that they keep their digits.
    origin: f64,
    count: usize,
    sum: f64,
    square_sum: f64,
}

/// What a series says of its mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Autocorrelation {
    /// Mean, with the error that includes autocorrelation.
    pub mean: Estimate,
    /// Integrated autocorrelation time `1 + 2 sum_t rho(t)` in steps of the series: N / tau values count.
    pub tau_int: Estimate,
    /// Autocorrelation function from lag 0 on, `step` steps apart, up to twice the window.
    pub rho: Vec<f64>,
    /// Steps between the values of `rho`.
    pub step: usize,
}

impl Series {
    /// Keeps at most `most` values (rounded up to an even number).
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(2).next_multiple_of(2),
            blocks: Vec::new(),
            length: 1,
            rest: (0.0, 0),
            origin: 0.0,
            count: 0,
            sum: 0.0,
            square_sum: 0.0,
        }
    }

    /// Adds a value.
    pub fn push(&mut self, value: f64) {
        if self.count == 0 {
            self.origin = value;
        }
        let value = value - self.origin;
        self.count += 1;
        self.sum += value;
        self.square_sum += value * value;
        self.rest = (self.rest.0 + value, self.rest.1 + 1);
        if self.rest.1 == self.length {
            self.blocks.push(self.rest.0 / self.length as f64);
            self.rest = (0.0, 0);
        }
        if self.blocks.len() == self.most {
            self.merge();
        }
    }

    fn merge(&mut self) {
        self.blocks = self.blocks.as_chunks::<2>().0.iter().map(|[a, b]| 0.5 * (a + b)).collect();
        self.length *= 2;
    }

    /// Mean of all values so far; NaN without any.
    pub fn mean(&self) -> f64 {
        self.origin + self.sum / self.count as f64
    }

    /// Whether all values of all chains were equal.
    pub fn is_constant(chains: &[Self]) -> bool {
        let first = chains.first().map(|chain| chain.origin);
        chains.iter().all(|chain| Some(chain.origin) == first && chain.square_sum == 0.0)
    }

    /// Whether values changed so rarely that fewer than four blocks of all chains make their variance.
    pub fn is_rare(chains: &[Self]) -> bool {
        let blocks = || chains.iter().flat_map(|chain| chain.blocks.iter().map(|value| value + chain.origin));
        let mean = blocks().sum::<f64>() / blocks().count() as f64;
        let [squares, fourths] =
            [2, 4].map(|power| blocks().map(|value| (value - mean).powi(power)).sum::<f64>());
        let wanted = (blocks().count() as f64 / 8.0).min(FEWEST_SOURCES);
        fourths > 0.0 && squares * squares / fourths < wanted
    }

    /// The autocorrelation of independent chains of equal length. `None` for too few values or a constant series.
    pub fn autocorrelation(chains: &[Self]) -> Option<Autocorrelation> {
        let count: usize = chains.iter().map(|chain| chain.count).sum();
        let total = |of: fn(&Self) -> f64| chains.iter().map(of).sum::<f64>();
        let origin = chains.first()?.origin;
        let mean = total(|chain| chain.sum + chain.origin * chain.count as f64) / count as f64;
        let square = |chain: &Self| {
            let shift = mean - chain.origin;
            chain.square_sum - 2.0 * shift * chain.sum + shift * shift * chain.count as f64
        };
        let variance = chains.iter().map(square).sum::<f64>() / (count as f64 - 1.0);
        // Rounding of the mean is no variance.
        if variance.is_nan() || variance <= (1e-14 * (1.0 + origin.abs())).powi(2) {
            return None;
        }
        let mut merged: Vec<Self> = chains.to_vec();
        for chain in &mut merged {
            chain.blocks.iter_mut().for_each(|value| *value += chain.origin - mean);
        }
        let (sum, correction, window) = loop {
            let least = merged.iter().map(|chain| chain.blocks.len()).min()?;
            if least < 2 {
                return None;
            }
            match window(&merged, least) {
                Window::Found(found) => break found,
                _ if least >= FEWEST => merged.iter_mut().for_each(Self::merge),
                // To the end: as many independent blocks have a larger error, not a smaller one.
                Window::Anticorrelated => break (gamma(&merged, 0), 1.0, 1),
                Window::TooLong => return None,
            }
        };
        let length = merged[0].length;
        let blocks: usize = merged.iter().map(|chain| chain.blocks.len()).sum();
        // `sum` is Gamma(0) + 2 sum Gamma(t) of the blocks.
        let corrected = sum * correction;
        let tau = corrected * length as f64 / variance;
        let in_blocks = 0.5 * sum / gamma(&merged, 0);
        let relative = (4.0 / blocks as f64 * (window as f64 + 0.5 - in_blocks).max(0.5)).sqrt();
        let zero = gamma(&merged, 0);
        Some(Autocorrelation {
            mean: Estimate { value: mean, error: (corrected / blocks as f64).sqrt() },
            tau_int: Estimate { value: tau, error: tau * relative },
            rho: (0..=2 * window).map(|lag| gamma(&merged, lag) / zero).collect(),
            step: length,
        })
    }
}

/// The automatic window.
enum Window {
    /// `Gamma(0) + 2 sum Gamma(t)` up to it, its bias correction, and its length.
    Found((f64, f64, usize)),
    /// Values are too anticorrelated for one.
    Anticorrelated,
    /// It is too long to be found.
    TooLong,
}

fn window(chains: &[Series], least: usize) -> Window {
    let count: usize = chains.iter().map(|chain| chain.blocks.len()).sum();
    let zero = gamma(chains, 0);
    let mut sum = zero;
    for window in 1..(least / 2).clamp(2, LONGEST_WINDOW) {
        sum += 2.0 * gamma(chains, window);
        let tau = 0.5 * sum / zero;
        if tau < ANTICORRELATED {
            // Averages of neighbours are less so.
            return Window::Anticorrelated;
        }
        // Anticorrelated values end the window at once.
        let decay =
            if tau <= 0.5 { f64::MIN_POSITIVE } else { S / ((2.0 * tau + 1.0) / (2.0 * tau - 1.0)).ln() };
        let (width, count) = (window as f64, count as f64);
        if (-width / decay).exp() < decay / (width * count).sqrt() || tau <= 0.5 {
            return Window::Found((sum, 1.0 + (2.0 * width + 1.0) / count, window));
        }
    }
    if gamma(chains, 1) < 0.0 { Window::Anticorrelated } else { Window::TooLong }
}

/// Average product of values `lag` apart; the mean is taken off already.
fn gamma(chains: &[Series], lag: usize) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0);
    for chain in chains {
        let later = chain.blocks.get(lag..).unwrap_or_default();
        sum += chain.blocks.iter().zip(later).map(|(a, b)| a * b).sum::<f64>();
        pairs += later.len();
    }
    sum / pairs.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::noise::{autoregressive, normal};
    use super::*;

    fn series(values: &[f64], most: usize) -> Series {
        let mut series = Series::new(most);
        values.iter().for_each(|x| series.push(*x));
        series
    }

    #[test]
    fn autoregressive_series_have_their_known_tau() {
        for a in [-0.8, -0.3, 0.0, 0.5, 0.9, 0.99] {
            let exact = (1.0 + a) / (1.0 - a);
            let values = autoregressive(a, 200_000, 11);
            // Kept whole, and in blocks of 64.
            for most in [1 << 20, 1 << 12] {
                let found = Series::autocorrelation(&[series(&values, most)]).unwrap();
                assert!(found.tau_int.deviation(exact).abs() < 4.0, "a = {a}: {:?}, {exact}", found.tau_int);
                assert!(found.tau_int.error < 0.15 * exact, "a = {a}: {:?}", found.tau_int);
                let error = (exact / 200_000.0).sqrt();
                assert!((found.mean.error / error - 1.0).abs() < 0.15, "a = {a}: {:?}, {error}", found.mean);
                assert!(found.mean.deviation(0.0).abs() < 4.0, "a = {a}: {:?}", found.mean);
            }
        }
    }

    #[test]
    fn short_series_that_alternate_have_an_error_that_is_not_too_small() {
        let chains: Vec<Series> =
            (0..16).map(|seed| series(&autoregressive(-0.9, 300, seed), 1 << 20)).collect();
        let found = Series::autocorrelation(&chains).unwrap();
        let exact = ((1.0 - 0.9) / (1.0 + 0.9) / 4800.0_f64).sqrt();
        assert!(found.mean.error > 0.9 * exact && found.mean.error < 5.0 * exact, "{found:?}, {exact}");
        assert!(found.mean.value.abs() < 4.0 * found.mean.error, "{found:?}");
    }

    #[test]
    fn errors_of_tau_are_right() {
        let a: f64 = 0.7;
        let pulls: Vec<f64> = (0..100)
            .map(|seed| {
                let found = Series::autocorrelation(&[series(&autoregressive(a, 20_000, seed), 1 << 20)]);
                found.unwrap().tau_int.deviation((1.0 + a) / (1.0 - a))
            })
            .collect();
        let spread = Estimate::mean(&pulls).error * 10.0;
        assert!((0.75..1.35).contains(&spread), "pulls of tau have deviation {spread}");
    }

    #[test]
    fn chains_are_put_together() {
        let values = autoregressive(0.8, 120_000, 4);
        let chains: Vec<Series> = values.chunks(10_000).map(|part| series(part, 1 << 20)).collect();
        let found = Series::autocorrelation(&chains).unwrap();
        assert!(found.tau_int.deviation(9.0).abs() < 4.0, "{:?}", found.tau_int);
        let whole = Series::autocorrelation(&[series(&values, 1 << 20)]).unwrap();
        assert!((found.mean.value - whole.mean.value).abs() < 1e-12);
    }

    #[test]
    fn large_offsets_long_times_and_constants_are_no_problem() {
        let shifted: Vec<f64> = normal(50_000, 2).iter().map(|g| 1e6 + 1e-2 * g).collect();
        let found = Series::autocorrelation(&[series(&shifted, 1 << 20)]).unwrap();
        assert!(found.tau_int.deviation(1.0).abs() < 4.0, "{:?}", found.tau_int);
        let slow = autoregressive(0.9995, 400_000, 8);
        let found = Series::autocorrelation(&[series(&slow, 1 << 20)]).unwrap();
        assert!(found.tau_int.deviation(3999.0).abs() < 4.0, "{:?}", found.tau_int);
        assert!(Series::autocorrelation(&[series(&[3.0; 1000], 1 << 20)]).is_none());
        assert!(Series::autocorrelation(&[series(&[3.0], 1 << 20)]).is_none());
        assert!(Series::autocorrelation(&[]).is_none());
    }
}
