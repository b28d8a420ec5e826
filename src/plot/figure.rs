//! What a figure of curves says: pure data.

/// A point with its error bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// Value.
    pub y: f64,
    /// Half the length of the error bar, or of the band around a line; 0: none.
    pub error: f64,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A line.
    Line,
    /// A dashed line: exact results.
    Dashed,
    /// Filled dots with error bars: a network's results.
    Dots,
    /// Open squares with error bars: Monte Carlo.
    Squares,
    /// Crosses with error bars: results that cannot be trusted.
    Crosses,
    /// A thin upright line through the panel at every point, whatever its y.
    Upright,
}

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend; curves of the same name and look appear there once. Empty: not in the legend.
    pub label: String,
    /// Number of its colour in the palette.
    pub colour: usize,
    /// How it is drawn.
    pub style: Style,
    /// Points in order of x. Those that are not below 1e100, or not positive on a logarithmic axis, are left out, and lines have gaps there.
    pub points: Vec<Point>,
}

impl Curve {
    /// A curve without error bars.
    pub fn new(
        label: impl Into<String>,
        colour: usize,
        style: Style,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let points = points.into_iter().map(|(x, y)| Point { x, y, error: 0.0 }).collect();
        Self { label: label.into(), colour, style, points }
    }
}

/// One axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Whether it is logarithmic.
    pub logarithmic: bool,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), logarithmic: false }
    }

    /// A logarithmic axis.
    pub fn logarithmic(label: impl Into<String>) -> Self {
        Self { label: label.into(), logarithmic: true }
    }

    /// Where a value lies on the axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        if self.logarithmic { value.log10() } else { value }
    }
}

/// One pair of axes with its curves.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Curves, drawn in order.
    pub curves: Vec<Curve>,
}

/// Panels with one legend beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// Panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row.
    pub columns: usize,
}
