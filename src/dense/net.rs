//! The form of a net with its parameters, and the state that it has learned.

use crate::random::{Stream, normal};

/// A net of layers `out = in W + b`, all but the last followed by tanh.
#[derive(Debug, Clone, PartialEq)]
pub struct Net {
    /// Units from the inputs to the classes, one more than there are layers.
    pub widths: Vec<usize>,
    /// The parameters of every layer: W, `[inputs][outputs]`, and b behind it.
    pub parameters: Vec<Vec<f32>>,
}

/// The state of a net on a backend: numbers of every layer, in the order of [`Net::parameters`].
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Parameters.
    pub parameters: Vec<Vec<f64>>,
    /// Adam's means of gradients; after the first step, a tenth of the gradient.
    pub means: Vec<Vec<f64>>,
    /// Adam's means of their squares.
    pub squares: Vec<Vec<f64>>,
}

impl Net {
    /// A net of these widths, a pure function of the stream: normal weights whose spread is 1 over the root of a layer's inputs, and no biases.
    pub fn random(widths: &[usize], stream: &mut Stream) -> Self {
        let layer = |pair: &[usize]| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let spread = (1.0 / inputs as f64).sqrt();
            let weights = (0..inputs * outputs).map(|_| (spread * normal(stream)) as f32);
            weights.chain(std::iter::repeat_n(0.0, outputs)).collect()
        };
        Self { widths: widths.to_vec(), parameters: widths.windows(2).map(layer).collect() }
    }
}
