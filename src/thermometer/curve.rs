//! A quantity that rises or falls with the inverse temperature, and the inverse temperature at which it has a value.

use crate::estimate::Estimate;

/// Halvings of an interval of the curve: f64 has no more digits.
const HALVINGS: usize = 60;

/// A quantity at one inverse temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// The inverse temperature.
    pub beta: f64,
    /// The quantity.
    pub value: f64,
    /// Its derivative with respect to beta.
    pub slope: f64,
}

/// A monotone curve through nodes: cubic polynomials with the slopes of the nodes, which are cut to three times those of the chords beside them, so that the curve
/// does not turn between nodes (F. N. Fritsch and R. E. Carlson, SIAM J. Numer. Anal. 17, 238, 1980).
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// 1 for a curve that rises, -1 for one that falls.
    sign: f64,
    /// Rising: values times `sign`.
    nodes: Vec<Node>,
}

impl Curve {
    /// A curve through at least two nodes in order of beta. Nodes that break the order of values by their noise are left out.
    ///
    /// # Panics
    /// When there are fewer than two nodes.
    pub fn new(nodes: &[Node]) -> Self {
        let [first, .., last] = nodes else { panic!("a curve needs two nodes") };
        let sign = if last.value < first.value { -1.0 } else { 1.0 };
        let mut rising: Vec<Node> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let node = Node { value: sign * node.value, slope: sign * node.slope, ..*node };
            if rising.last().is_none_or(|before| before.value < node.value && before.beta < node.beta) {
                rising.push(node);
            }
        }
        let chords: Vec<f64> = rising
            .windows(2)
            .map(|pair| (pair[1].value - pair[0].value) / (pair[1].beta - pair[0].beta))
            .collect();
        for (index, node) in rising.iter_mut().enumerate() {
            let beside = [index.checked_sub(1), Some(index)].into_iter().flatten();
            let least = beside.filter_map(|chord| chords.get(chord)).fold(f64::INFINITY, |a, &b| a.min(b));
            node.slope = node.slope.clamp(0.0, 3.0 * least);
        }
        Self { sign, nodes: rising }
    }

    /// The inverse temperature at which the quantity has this value, with the error that follows from that of the value. Beyond the first node it follows the curve's slope
    /// there; from the value of the last one on it is infinite.
    pub fn beta_of(&self, value: Estimate) -> Estimate {
        let wanted = self.sign * value.value;
        if self.nodes.last().is_some_and(|last| wanted >= last.value) {
            return Estimate::exact(f64::INFINITY);
        }
        let above = self.nodes.partition_point(|node| node.value < wanted);
        let (beta, slope) = match above {
            0 => {
                let first = self.nodes[0];
                (first.beta + (wanted - first.value) / first.slope, first.slope)
            }
            above => crossing(&self.nodes[above - 1], &self.nodes[above], wanted),
        };
        Estimate { value: beta, error: value.error / slope }
    }
}

/// Where the polynomial between two nodes has a value, and its slope there.
fn crossing(left: &Node, right: &Node, wanted: f64) -> (f64, f64) {
    let length = right.beta - left.beta;
    // Of the place in the interval, from 0 to 1.
    let [start, end] = [left.slope * length, right.slope * length];
    let rise = right.value - left.value;
    let [square, cube] = [3.0 * rise - 2.0 * start - end, start + end - 2.0 * rise];
    let value = |x: f64| left.value + x * (start + x * (square + x * cube));
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if value(middle) < wanted { low = middle } else { high = middle }
    }
    let slope = (start + high * (2.0 * square + 3.0 * high * cube)) / length;
    (left.beta + high * length, slope)
}

/// Where the parabola through the largest value and those beside it has its top.
pub(super) fn top(places: &[f64], values: &[f64]) -> f64 {
    let larger = |best: usize, at: usize| if values[at] > values[best] { at } else { best };
    let best = (1..values.len()).fold(0, larger);
    if best == 0 || best + 1 == values.len() {
        return places[best];
    }
    let [left, right] = [best - 1, best + 1];
    let slope = |from: usize, to: usize| (values[to] - values[from]) / (places[to] - places[from]);
    let (rise, fall) = (slope(left, best), slope(best, right));
    let middle = |from: usize, to: usize| 0.5 * (places[from] + places[to]);
    // The slope of a parabola between two points is that of their chord at the middle.
    middle(left, best) + rise / (rise - fall) * (middle(best, right) - middle(left, best))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_a_parabola_lies_between_places() {
        let places = [0.0, 0.5, 1.5, 2.0];
        let values = places.map(|place: f64| 3.0 - (place - 1.1).powi(2));
        assert!((top(&places, &values) - 1.1).abs() < 1e-12);
        assert_eq!(top(&places, &[3.0, 2.0, 1.0, 0.0]), 0.0);
    }

    fn nodes(value: impl Fn(f64) -> [f64; 2]) -> Vec<Node> {
        let node = |number: i32| {
            let beta = 0.1 * f64::from(number);
            let [value, slope] = value(beta);
            Node { beta, value, slope }
        };
        (0..11).map(node).collect()
    }

    #[test]
    fn values_of_rising_and_falling_curves_are_found_between_nodes() {
        for sign in [1.0, -1.0] {
            let curve = Curve::new(&nodes(|beta| [sign * beta.tanh(), sign / beta.cosh().powi(2)]));
            for beta in [0.0, 0.03, 0.55, 0.999] {
                let found = curve.beta_of(Estimate { value: sign * f64::tanh(beta), error: 0.01 });
                assert!((found.value - beta).abs() < 1e-5, "{beta}: {found:?}");
                assert!((found.error - 0.01 * beta.cosh().powi(2)).abs() < 1e-5, "{beta}: {found:?}");
            }
            assert_eq!(curve.beta_of(Estimate::exact(sign * 1.1)).value, f64::INFINITY);
            let before = curve.beta_of(Estimate::exact(sign * -0.2)).value;
            assert!((before + 0.2).abs() < 1e-9, "{before}");
        }
    }

    #[test]
    fn noise_does_not_turn_a_curve() {
        let mut nodes = nodes(|beta| [beta, 1.0]);
        nodes[5].value = 0.38;
        nodes[6].slope = -30.0;
        let curve = Curve::new(&nodes);
        let betas: Vec<f64> =
            (0..100).map(|step| curve.beta_of(Estimate::exact(0.01 * f64::from(step))).value).collect();
        assert!(betas.is_sorted() && betas.iter().all(|beta| (0.0..=1.0).contains(beta)), "{betas:?}");
    }
}
