//! What samples of a network look like: their weights, and the Markov chain they make.

use super::figure::{Axis, Curve, Figure, Panel, Style};
use crate::estimate::Autocorrelation;
use crate::measure::Bin;

/// Bins of the histogram.
const BINS: usize = 60;

/// Histogram of `ln w - ln Z`: a delta at 0 for a perfect network.
///
/// # Panics
/// When there are no weights.
pub fn weights(title: &str, ln_w: &[f64], ln_z: f64) -> Figure {
    assert!(!ln_w.is_empty(), "no weights");
    let (least, most) = ln_w.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), ln_w| {
        (least.min(ln_w - ln_z), most.max(ln_w - ln_z))
    });
    let width = ((most - least) / BINS as f64).max(1e-12);
    let mut counts = [0_usize; BINS];
    for ln_w in ln_w {
        counts[(((ln_w - ln_z - least) / width) as usize).min(BINS - 1)] += 1;
    }
    let density = |count: usize| count as f64 / (ln_w.len() as f64 * width);
    // A staircase: two points per bin. Empty ones have no density, and the line a gap.
    let step = |(bin, &count): (usize, &usize)| {
        let height = if count == 0 { f64::NAN } else { density(count) };
        [bin, bin + 1].map(|edge| (least + edge as f64 * width, height))
    };
    let points = counts.iter().enumerate().flat_map(step);
    let panel = Panel {
        x: Axis::linear("ln w - ln Z"),
        y: Axis::logarithmic("probability density"),
        curves: vec![Curve::new("", 0, Style::Line, points)],
    };
    Figure { title: title.to_owned(), panels: vec![panel], columns: 1 }
}

/// Overlaps of pairs of configurations, `q = sum over sites of s s' / N`, each pair with a weight.
#[derive(Debug)]
pub struct Overlaps<'a> {
    /// The source of the configurations.
    pub name: &'a str,
    /// q and the weight of every pair.
    pub pairs: Vec<(f64, f64)>,
}

/// Histograms of overlaps, the order parameter of spin glasses (G. Parisi, Phys. Rev. Lett. 50, 1946, 1983), for lattices of so many sites.
pub fn overlaps(title: &str, sites: usize, sources: &[Overlaps<'_>]) -> Figure {
    // q has sites + 1 values, and every bin as many of them, but perhaps the last.
    let values = (sites + 1).div_ceil(BINS);
    let bins = (sites + 1).div_ceil(values);
    let width = 2.0 * values as f64 / sites as f64;
    let first = -1.0 - 1.0 / sites as f64;
    let curve = |(number, Overlaps { name, pairs }): (usize, &Overlaps<'_>)| {
        let mut sums = vec![0.0; bins];
        for (q, weight) in pairs {
            let place = ((q + 1.0) * sites as f64 / 2.0).round() as usize / values;
            sums[place.min(bins - 1)] += weight;
        }
        let total: f64 = sums.iter().sum();
        let points = sums.iter().enumerate().flat_map(|(bin, sum)| {
            [bin, bin + 1].map(|edge| (first + edge as f64 * width, sum / (total * width)))
        });
        Curve::new(*name, number, Style::Line, points)
    };
    let panel = Panel {
        x: Axis::linear("overlap q of two configurations"),
        y: Axis::linear("probability density"),
        curves: sources.iter().enumerate().map(curve).collect(),
    };
    Figure { title: title.to_owned(), panels: vec![panel], columns: 1 }
}

/// Histograms of the energy per site, by the source of the configurations.
pub fn energies(title: &str, sources: &[(&str, Vec<Bin>)]) -> Figure {
    let curve = |(number, (name, bins)): (usize, &(&str, Vec<Bin>))| {
        let width = bins.get(1).map_or(1.0, |second| second.energy_per_site - bins[0].energy_per_site);
        let density = |bin: &Bin| if bin.share > 0.0 { bin.share / width } else { f64::NAN };
        let points = bins
            .iter()
            .flat_map(|bin| [-0.5, 0.5].map(|side| (bin.energy_per_site + side * width, density(bin))));
        Curve::new(*name, number, Style::Line, points)
    };
    let panel = Panel {
        x: Axis::linear("U / N   [J]"),
        y: Axis::logarithmic("probability density"),
        curves: sources.iter().enumerate().map(curve).collect(),
    };
    Figure { title: title.to_owned(), panels: vec![panel], columns: 1 }
}

/// Autocorrelation functions of Markov chains of samples.
pub fn autocorrelation(title: &str, functions: &[(&str, &Autocorrelation)]) -> Figure {
    let curve = |(number, (name, found)): (usize, &(&str, &Autocorrelation))| {
        let label = format!("{name}: tau_int {:.2}", found.tau_int.value);
        let points = found.rho.iter().enumerate().map(|(lag, rho)| ((lag * found.step) as f64, *rho));
        Curve::new(label, number, Style::Line, points)
    };
    let panel = Panel {
        x: Axis::linear("lag   [samples]"),
        y: Axis::linear("autocorrelation"),
        curves: functions.iter().enumerate().map(curve).collect(),
    };
    Figure { title: title.to_owned(), panels: vec![panel], columns: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_a_density_with_every_value_in_its_bin() {
        for sites in [16, 64, 1024] {
            let sites_f = sites as f64;
            // Every value once, and the largest with twice the weight.
            let pairs =
                (0..=sites).map(|up| (2.0 * up as f64 / sites_f - 1.0, if up == sites { 2.0 } else { 1.0 }));
            let figure = overlaps("", sites, &[Overlaps { name: "", pairs: pairs.collect() }]);
            let points = &figure.panels[0].curves[0].points;
            let area: f64 = points.chunks(2).map(|bin| (bin[1].x - bin[0].x) * bin[0].y).sum();
            assert!((area - 1.0).abs() < 1e-12, "{sites}: {area}");
            assert!(points[0].x < -1.0 && points[points.len() - 1].x > 1.0);
            assert!(points.len() / 2 <= BINS);
        }
    }
}
