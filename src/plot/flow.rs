//! Figures of the flow of reconstructions.

use super::figure::{Axis, Curve, Figure, Panel, Point, Style};
use crate::rbm::{FlowKind, Track};
use crate::thermometer::{Calibration, Thermometer};

/// Temperatures are drawn up to so many times the critical one.
const LARGEST: f64 = 4.0;
/// Black.
const REFERENCE: usize = 6;
/// Iterations whose distributions are drawn.
const SHOWN: [usize; 6] = [0, 1, 2, 5, 10, 20];

/// Temperatures by all thermometers at every iteration, beside that of the specific heat's maximum and the critical one of the infinite lattice.
pub fn flow(title: &str, tracks: &[Track], calibration: &Calibration) -> Figure {
    let [peak, _] = calibration.peak();
    let critical = calibration.system().critical_beta().map(|beta| 1.0 / beta);
    let largest = LARGEST * critical.unwrap_or(peak);
    let panel = |by: Thermometer| {
        let last = tracks.iter().map(|track| track.readings.len() - 1).max().unwrap_or(0);
        let level =
            |label: &str, style, at: f64| Curve::new(label, REFERENCE, style, [(0.0, at), (last as f64, at)]);
        let mut curves = vec![level("maximum of C", Style::Line, peak)];
        curves.extend(critical.map(|critical| level("infinite lattice", Style::Dashed, critical)));
        curves.extend(tracks.iter().enumerate().map(|(number, track)| of_track(track, by, largest, number)));
        Panel {
            x: Axis::linear("iteration"),
            y: Axis::linear(format!("T by {}   [J / k_B]", spoken(by))),
            curves,
        }
    };
    Figure { title: title.to_owned(), panels: Thermometer::ALL.map(panel).to_vec(), columns: 2 }
}

fn of_track(track: &Track, by: Thermometer, largest: f64, number: usize) -> Curve {
    let point = |(iteration, reading): (usize, &crate::thermometer::Readings)| {
        let found = reading.temperature(by);
        Point {
            x: iteration as f64,
            y: found.value,
            error: if found.error.is_finite() { found.error } else { 0.0 },
        }
    };
    let points = track.readings.iter().enumerate().map(point).filter(|point| point.y < largest);
    Curve { label: named(track), colour: number, style: style(track), points: points.collect() }
}

fn named(track: &Track) -> String {
    format!("{}, {}", track.kind.name(), track.start)
}

/// A thermometer in words.
pub(super) fn spoken(by: Thermometer) -> &'static str {
    match by {
        Thermometer::Energy => "energy",
        Thermometer::Order => "order",
        Thermometer::PseudoLikelihood => "pseudo-likelihood",
        Thermometer::Network => "network",
    }
}

/// The network's distribution over its temperatures at some iterations, a panel for every flow.
pub fn distributions(title: &str, tracks: &[Track], temperatures: &[f64]) -> Figure {
    let panel = |track: &Track| {
        let shown = SHOWN.iter().filter_map(|&iteration| Some((iteration, track.readings.get(iteration)?)));
        let curve = |(number, (iteration, readings)): (usize, (usize, &crate::thermometer::Readings))| {
            let points = temperatures.iter().copied().zip(readings.distribution.iter().copied());
            Curve::new(format!("iteration {iteration}"), number, Style::Line, points)
        };
        Panel {
            x: Axis::linear(format!("T   [J / k_B]   ({})", named(track))),
            y: Axis::linear("probability"),
            curves: shown.enumerate().map(curve).collect(),
        }
    };
    Figure { title: title.to_owned(), panels: tracks.iter().map(panel).collect(), columns: 2 }
}

/// The specific heat against temperature, with the temperatures at which flows end.
pub fn fixed_points(title: &str, tracks: &[Track], calibration: &Calibration) -> Figure {
    let [peak, _] = calibration.peak();
    let critical = calibration.system().critical_beta().map(|beta| 1.0 / beta);
    let largest = LARGEST * critical.unwrap_or(peak);
    let shown = calibration.specific_heat().iter().filter(|[temperature, _]| *temperature < largest);
    let heat =
        Curve::new("C / N", REFERENCE, Style::Line, shown.map(|&[temperature, heat]| (temperature, heat)));
    let panel = |by: Thermometer| {
        let ends = tracks.iter().enumerate().filter_map(|(number, track)| {
            let end = track.end().temperature(by).value;
            (end < largest)
                .then(|| Curve::new(format!("end of {}", named(track)), number, Style::Upright, [(end, 0.0)]))
        });
        Panel {
            x: Axis::linear(format!("T by {}   [J / k_B]", spoken(by))),
            y: Axis::linear("C / N   [k_B]"),
            curves: std::iter::once(heat.clone()).chain(ends).collect(),
        }
    };
    Figure { title: title.to_owned(), panels: Thermometer::ALL.map(panel).to_vec(), columns: 2 }
}

/// Where flows of machines of one size end at one field.
#[derive(Debug, Clone)]
pub struct FixedPoint {
    /// Hidden units.
    pub hidden: usize,
    /// H.
    pub field: f64,
    /// Flows, as means over machines.
    pub tracks: Vec<Track>,
    /// The temperature at which C of this lattice is largest in this field.
    pub peak: f64,
    /// The critical temperature of the infinite lattice, where there is one.
    pub critical: Option<f64>,
}

/// Ends of flows against the number of hidden units, for every field, and against the field, for every number of hidden units: figures by the names of their files, where there
/// are two or more.
pub fn fixed_points_of_machines(title: &str, points: &[FixedPoint]) -> Vec<(String, Figure)> {
    let distinct = |value: fn(&FixedPoint) -> f64| {
        let mut values: Vec<f64> = points.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    };
    let hidden: fn(&FixedPoint) -> f64 = |point| point.hidden as f64;
    let field: fn(&FixedPoint) -> f64 = |point| point.field;
    let axes =
        [("hidden units", "hidden", hidden, field, "H"), ("H   [J]", "field", field, hidden, "hidden")];
    let figures = axes.into_iter().filter(|(_, _, along, ..)| distinct(*along).len() > 1);
    figures
        .flat_map(|(label, name, along, other, held)| {
            distinct(other).into_iter().map(move |value| {
                let of_value: Vec<&FixedPoint> =
                    points.iter().filter(|point| other(point) == value).collect();
                let title = format!("Ends of flows, {held} = {value}: {title}");
                (format!("by_{name}_{held}{value}"), ends(&title, label, along, &of_value))
            })
        })
        .collect()
}

fn ends(title: &str, label: &str, along: fn(&FixedPoint) -> f64, points: &[&FixedPoint]) -> Figure {
    let panel = |by: Thermometer| {
        let level = |label: &str, style, at: &dyn Fn(&FixedPoint) -> Option<f64>| {
            let places = points.iter().filter_map(|point| Some((along(point), at(point)?)));
            Curve::new(label, REFERENCE, style, places.collect::<Vec<_>>())
        };
        let mut curves = vec![
            level("maximum of C", Style::Line, &|point| Some(point.peak)),
            level("infinite lattice", Style::Dashed, &|point| point.critical),
        ];
        let flows = points.first().map_or(0, |point| point.tracks.len());
        curves.extend((0..flows).map(|number| {
            let end = |point: &&FixedPoint| {
                let found = point.tracks[number].end().temperature(by);
                Point {
                    x: along(point),
                    y: found.value,
                    error: if found.error.is_finite() { found.error } else { 0.0 },
                }
            };
            let track = &points[0].tracks[number];
            Curve {
                label: named(track),
                colour: number,
                style: style(track),
                points: points.iter().map(end).collect(),
            }
        }));
        Panel {
            x: Axis::linear(label),
            y: Axis::linear(format!("T by {}   [J / k_B]", spoken(by))),
            curves: curves.into_iter().filter(|curve| !curve.points.is_empty()).collect(),
        }
    };
    Figure { title: title.to_owned(), panels: Thermometer::ALL.map(panel).to_vec(), columns: 2 }
}

fn style(track: &Track) -> Style {
    match track.kind {
        FlowKind::MeanField => Style::Dots,
        FlowKind::Gibbs => Style::Squares,
    }
}
