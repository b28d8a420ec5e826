//! Sums over contiguous bins in constant memory, and the jackknife over them.

use super::Estimate;

/// Bins that must share in an error for it to be told.
pub(super) const FEWEST_SOURCES: f64 = 4.0;

/// Sums of the columns of a stream of rows, in contiguous bins of equal length. Their number stays between half of
/// a maximum and the maximum: when it is reached, neighbours are merged.
#[derive(Debug, Clone)]
pub struct Bins {
    columns: usize,
    most: usize,
    /// `[bins][columns]`; only the last bin may be shorter than `length`.
    sums: Vec<f64>,
    /// Rows in a full bin.
    length: usize,
    count: usize,
}

impl Bins {
    /// For rows of `columns` values, in at most `most` bins (rounded up to an even number).
    pub fn new(columns: usize, most: usize) -> Self {
        Self { columns, most: most.max(2).next_multiple_of(2), sums: Vec::new(), length: 1, count: 0 }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// When it does not have the number of columns.
    pub fn push(&mut self, row: &[f64]) {
        assert_eq!(row.len(), self.columns, "columns of a row");
        if self.count == self.most * self.length {
            self.merge();
        }
        if self.count.is_multiple_of(self.length) {
            self.sums.extend_from_slice(row);
        } else {
            let last = self.sums.len() - self.columns;
            add(&mut self.sums[last..], row);
        }
        self.count += 1;
    }

    /// Multiplies columns by factors, one per column.
    pub fn scale(&mut self, factors: &[f64]) {
        for bin in self.sums.chunks_mut(self.columns) {
            bin.iter_mut().zip(factors).for_each(|(sum, factor)| *sum *= factor);
        }
    }

    /// Rows so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Rows of a full bin.
    pub fn length(&self) -> usize {
        self.length
    }

    /// `[columns]`: sums over all rows.
    pub fn totals(&self) -> Vec<f64> {
        let mut totals = vec![0.0; self.columns];
        self.sums.chunks(self.columns).for_each(|bin| add(&mut totals, bin));
        totals
    }

    /// Functions of the sums of all rows, with jackknife errors; the errors are NaN for fewer than two rows.
    ///
    /// Rows must be independent, or correlated over much less than a bin. A last bin that is not full is left out
    /// together with the one before it, so that no bin is shorter than the others.
    pub fn jackknife(&self, functions: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Estimate> {
        Self::jackknife_of(std::slice::from_ref(self), functions)
    }

    /// As [`Bins::jackknife`], over the bins of several independent streams of equal length.
    pub fn jackknife_of(streams: &[Self], functions: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Estimate> {
        Self::estimates(streams, functions, |_| true)
    }

    /// As [`Bins::jackknife_of`]; the error is NaN where fewer than four bins make it, as they do when an event is so rare that it
    /// was seen once or twice.
    pub fn told_jackknife_of(streams: &[Self], functions: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Estimate> {
        Self::estimates(streams, functions, |values| {
            let wanted = (values.len() as f64 / 8.0).min(FEWEST_SOURCES);
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let [squares, fourths] =
                [2, 4].map(|power| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>());
            // The number of equal shares that a sum of squares consists of. A constant has none, and an error of 0.
            fourths == 0.0 || squares * squares / fourths >= wanted
        })
    }

    /// Jackknife estimates; errors are NaN unless the values without each bin are said to tell them.
    fn estimates(
        streams: &[Self],
        functions: impl Fn(&[f64]) -> Vec<f64>,
        tell: impl Fn(&[f64]) -> bool,
    ) -> Vec<Estimate> {
        let mut totals = vec![0.0; streams[0].columns];
        streams.iter().for_each(|stream| add(&mut totals, &stream.totals()));
        let values = functions(&totals);
        let bins: Vec<Vec<f64>> = streams.iter().flat_map(Self::full_bins).collect();
        // Of the bins before and after, not by subtraction: next to one that dominates nothing would be left.
        let mut after = vec![vec![0.0; totals.len()]];
        for bin in bins.iter().rev() {
            let mut sums = after[after.len() - 1].clone();
            add(&mut sums, bin);
            after.push(sums);
        }
        let mut before = vec![0.0; totals.len()];
        let mut left_out = Vec::with_capacity(bins.len());
        for (bin, after) in bins.iter().zip(after.iter().rev().skip(1)) {
            left_out.push(functions(&before.iter().zip(after).map(|(a, b)| a + b).collect::<Vec<_>>()));
            add(&mut before, bin);
        }
        let error = |which: usize| {
            let values: Vec<f64> = left_out.iter().map(|values| values[which]).collect();
            // The jackknife's variance is (bins - 1)^2 times that of the mean of the left-out values.
            let error = Estimate::mean(&values).error * (bins.len() as f64 - 1.0);
            if tell(&values) { error } else { f64::NAN }
        };
        values.into_iter().enumerate().map(|(which, value)| Estimate { value, error: error(which) }).collect()
    }

    fn full_bins(&self) -> Vec<Vec<f64>> {
        let mut bins: Vec<Vec<f64>> = self.sums.chunks(self.columns).map(<[f64]>::to_vec).collect();
        let full = self.count.is_multiple_of(self.length);
        if !full
            && bins.len() > 1
            && let Some(rest) = bins.pop()
            && let Some(last) = bins.last_mut()
        {
            add(last, &rest);
        }
        bins
    }

    /// Merges neighbours until a bin has `length` rows, or one bin is left.
    pub fn lengthen(&mut self, length: f64) {
        while (self.length as f64) < length && self.sums.len() > self.columns {
            self.merge();
        }
    }

    fn merge(&mut self) {
        let columns = self.columns;
        self.sums = self
            .sums
            .chunks(2 * columns)
            .flat_map(|pair| {
                let other = pair.get(columns..).unwrap_or_default();
                (0..columns).map(move |column| pair[column] + other.get(column).unwrap_or(&0.0))
            })
            .collect();
        self.length *= 2;
    }
}

fn add(sums: &mut [f64], row: &[f64]) {
    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
}

#[cfg(test)]
mod tests {
    use super::super::noise::{autoregressive, normal};
    use super::*;
    use crate::random::Stream;
    use rand::RngExt;

    fn ratio(sums: &[f64]) -> Vec<f64> {
        vec![sums[1] / sums[0]]
    }

    #[test]
    fn sums_do_not_depend_on_merging() {
        for count in [1, 2, 7, 8, 9, 63, 64, 1000] {
            let mut bins = Bins::new(2, 8);
            (0..count).for_each(|n| bins.push(&[1.0, f64::from(n)]));
            assert_eq!(bins.totals(), [f64::from(count), f64::from(count * (count - 1) / 2)]);
            assert!(bins.sums.len() <= 16 && (count < 8 || bins.sums.len() > 8), "{count}: {bins:?}");
        }
    }

    #[test]
    fn bins_can_be_made_longer_at_any_time() {
        let mut bins = Bins::new(1, 8);
        (1..=13).for_each(|n| bins.push(&[f64::from(n)]));
        bins.lengthen(3.0);
        assert_eq!((bins.length(), bins.totals()), (4, vec![91.0]));
        bins.push(&[14.0]);
        assert_eq!(bins.sums, [10.0, 26.0, 42.0, 27.0]);
        bins.lengthen(1e9);
        assert_eq!((bins.totals(), bins.sums.len()), (vec![105.0], 1));
    }

    #[test]
    fn streams_that_are_shorter_than_a_bin_are_a_bin_each() {
        let stream = |x: f64| {
            let mut bins = Bins::new(2, 8);
            [x, x + 1.0, x + 2.0].iter().for_each(|x| bins.push(&[1.0, *x]));
            bins.lengthen(f64::INFINITY);
            bins
        };
        let streams = [0.0, 3.0, 9.0].map(stream);
        let found = Bins::jackknife_of(&streams, ratio)[0];
        let means = Estimate::mean(&[1.0, 4.0, 10.0]);
        assert!(
            (found.value - means.value).abs() < 1e-12 && (found.error - means.error).abs() < 1e-12,
            "{found:?}"
        );
    }

    #[test]
    fn an_event_that_was_seen_once_tells_no_error_and_a_constant_has_none() {
        let estimate = |events: usize| {
            let mut bins = Bins::new(2, 256);
            (0..1000).for_each(|n| bins.push(&[1.0, if n % 97 == 0 && n / 97 < events { 1.0 } else { 0.0 }]));
            Bins::told_jackknife_of(std::slice::from_ref(&bins), ratio)[0]
        };
        assert_eq!(estimate(0).error, 0.0);
        assert!([1, 2, 3].iter().all(|&events| estimate(events).error.is_nan()));
        assert!((estimate(9).error / (9.0_f64.sqrt() / 1000.0) - 1.0).abs() < 0.1, "{:?}", estimate(9));
        for seed in 0..50 {
            let mut few = Bins::new(2, 8);
            normal(8, seed).iter().for_each(|x| few.push(&[1.0, *x]));
            let found = Bins::told_jackknife_of(std::slice::from_ref(&few), ratio)[0];
            assert!(found.error > 0.0, "eight normal numbers tell an error: {found:?}");
        }
    }

    #[test]
    fn errors_of_independent_rows_are_those_of_a_bootstrap() {
        // The ratio of two correlated means, far from linear.
        let rows: Vec<[f64; 2]> =
            normal(2_000, 5).chunks(2).map(|g| [1.0 + 0.5 * g[0], 2.0 + g[1] + g[0]]).collect();
        let mut bins = Bins::new(2, 256);
        rows.iter().for_each(|row| bins.push(row));
        let found = bins.jackknife(ratio)[0];
        let mut stream = Stream::new(7, 0);
        let resampled: Vec<f64> = (0..2_000)
            .map(|_| {
                let mut sums = [0.0; 2];
                (0..rows.len()).for_each(|_| add(&mut sums, &rows[stream.random_range(0..rows.len())]));
                ratio(&sums)[0]
            })
            .collect();
        let bootstrap = Estimate::mean(&resampled).error * (resampled.len() as f64).sqrt();
        assert!((found.error / bootstrap - 1.0).abs() < 0.2, "{found:?}, bootstrap {bootstrap}");
        assert!(found.deviation(2.0).abs() < 4.0, "{found:?}");
    }

    #[test]
    fn errors_of_correlated_rows_are_right_if_bins_are_long() {
        // The mean of an AR(1) series has 2 tau = (1 + a) / (1 - a) times the variance of independent values.
        let (a, count) = (0.8, 100_000);
        let mut bins = Bins::new(1, 128);
        autoregressive(a, count, 3).iter().for_each(|x| bins.push(&[*x]));
        let found = bins.jackknife(|sums| vec![sums[0] / count as f64])[0];
        let exact = ((1.0 + a) / (1.0 - a) / count as f64).sqrt();
        assert!((found.error / exact - 1.0).abs() < 0.2, "{found:?}, exact {exact}");
    }
}
