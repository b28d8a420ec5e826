//! The net on the CPU, generic over f32 and f64, and twin of the kernels in `shaders/dense/`.

use super::adam::{DECAY, FLOOR, corrections};
use super::backend::Backend;
use super::net::{Net, State};
use crate::cpu::Real;
use crate::cpu::product::{View, add_product};
use crate::error::Result;

/// One layer: `out = in W + b`.
#[derive(Debug, Clone)]
struct Layer<R> {
    inputs: usize,
    outputs: usize,
    /// W, `[inputs][outputs]`, and b behind it.
    parameters: Vec<R>,
    gradient: Vec<R>,
    means: Vec<R>,
    squares: Vec<R>,
}

/// A net with what Adam knows of it.
#[derive(Debug, Clone)]
pub struct Cpu<R> {
    layers: Vec<Layer<R>>,
    steps: i32,
}

impl<R: Real> Layer<R> {
    fn new(inputs: usize, outputs: usize, parameters: &[f32]) -> Self {
        let parameters: Vec<R> = converted(parameters);
        let zeros = vec![R::zero(); parameters.len()];
        Self { inputs, outputs, parameters, gradient: zeros.clone(), means: zeros.clone(), squares: zeros }
    }

    /// `[rows][outputs]`.
    fn forward(&self, values: &[R]) -> Vec<R> {
        let rows = values.len() / self.inputs;
        let (weights, bias) = self.parameters.split_at(self.inputs * self.outputs);
        let mut out = bias.repeat(rows);
        add_product(
            View::of_rows(&mut out[..], rows, self.outputs),
            View::of_rows(values, rows, self.inputs),
            View::of_rows(weights, self.inputs, self.outputs),
        );
        out
    }

    /// Keeps the gradient of the parameters, and gives that of the inputs.
    fn backward(&mut self, values: &[R], of_outputs: &[R]) -> Vec<R> {
        let rows = values.len() / self.inputs;
        self.gradient.fill(R::zero());
        let (of_weights, of_bias) = self.gradient.split_at_mut(self.inputs * self.outputs);
        for row in of_outputs.chunks_exact(self.outputs) {
            of_bias.iter_mut().zip(row).for_each(|(sum, &value)| *sum += value);
        }
        let of_outputs = || View::of_rows(of_outputs, rows, self.outputs);
        add_product(
            View::of_rows(of_weights, self.inputs, self.outputs),
            View::of_rows(values, rows, self.inputs).transposed(),
            of_outputs(),
        );
        let mut of_inputs = vec![R::zero(); values.len()];
        let weights = &self.parameters[..self.inputs * self.outputs];
        add_product(
            View::of_rows(&mut of_inputs[..], rows, self.inputs),
            of_outputs(),
            View::of_rows(weights, self.inputs, self.outputs).transposed(),
        );
        of_inputs
    }

    /// A step of Adam along the gradient.
    fn step(&mut self, rate: f64, steps: i32) {
        let [kept, kept_square] = DECAY.map(R::of);
        let [whole, whole_square] = corrections(steps).map(R::of);
        let (rate, floor) = (R::of(rate), R::of(FLOOR));
        for (((value, &gradient), mean), square) in
            self.parameters.iter_mut().zip(&self.gradient).zip(&mut self.means).zip(&mut self.squares)
        {
            *mean = kept * *mean + (R::one() - kept) * gradient;
            *square = kept_square * *square + (R::one() - kept_square) * gradient * gradient;
            *value = *value - rate * *mean * whole / ((*square * whole_square).sqrt() + floor);
        }
    }
}

impl<R: Real> Cpu<R> {
    /// Takes a net that learns from now on.
    pub fn new(net: &Net) -> Self {
        let layers = net.widths.windows(2).zip(&net.parameters);
        let layer = |(pair, parameters): (&[usize], &Vec<f32>)| Layer::new(pair[0], pair[1], parameters);
        Self { layers: layers.map(layer).collect(), steps: 0 }
    }

    /// Inputs of every layer, and outputs of the last.
    fn values(&self, inputs: Vec<R>) -> Vec<Vec<R>> {
        let mut values = vec![inputs];
        for (number, layer) in self.layers.iter().enumerate() {
            let mut out = layer.forward(&values[number]);
            if number + 1 < self.layers.len() {
                out.iter_mut().for_each(|value| *value = value.tanh());
            }
            values.push(out);
        }
        values
    }

    /// Probabilities of the classes, `[rows][classes]`.
    fn probabilities_of(&self, inputs: Vec<R>) -> Vec<R> {
        let mut values = self.values(inputs);
        let mut outputs = values.pop().unwrap_or_default();
        self.layers.last().into_iter().for_each(|last| softmax(&mut outputs, last.outputs));
        outputs
    }

    /// The mean of `-ln p(class)` of rows, whose gradient stays in the layers.
    fn cross_entropy(&mut self, inputs: Vec<R>, classes: &[usize]) -> f64 {
        let mut values = self.values(inputs);
        let mut gradient = values.pop().unwrap_or_default();
        let share = R::of(1.0 / classes.len() as f64);
        let width = gradient.len() / classes.len();
        softmax(&mut gradient, width);
        let mut loss = 0.0;
        for (row, &class) in gradient.chunks_exact_mut(width).zip(classes) {
            loss -= row[class].widen().max(f64::MIN_POSITIVE).ln() / classes.len() as f64;
            row[class] = row[class] - R::one();
            row.iter_mut().for_each(|value| *value = *value * share);
        }
        for (layer, values) in self.layers.iter_mut().zip(&values).rev() {
            gradient = layer.backward(values, &gradient);
            // Of tanh, which made these inputs but for the first layer's, whose gradient nobody asks for.
            gradient
                .iter_mut()
                .zip(values)
                .for_each(|(slope, &value)| *slope = *slope * (R::one() - value * value));
        }
        loss
    }

    /// A step of Adam along the last gradient.
    fn step(&mut self, rate: f64) {
        self.steps += 1;
        self.layers.iter_mut().for_each(|layer| layer.step(rate, self.steps));
    }
}

/// Numbers of a device's precision in that of the backend.
fn converted<R: Real>(numbers: &[f32]) -> Vec<R> {
    numbers.iter().map(|&number| R::of(number.into())).collect()
}

impl<R: Real> Backend for Cpu<R> {
    fn learn(&mut self, inputs: &[f32], classes: &[usize], rate: f64) -> Result<()> {
        self.cross_entropy(converted(inputs), classes);
        self.step(rate);
        Ok(())
    }

    fn probabilities(&mut self, inputs: &[f32]) -> Result<Vec<f32>> {
        let probabilities = self.probabilities_of(converted(inputs));
        Ok(probabilities.into_iter().map(|probability| probability.widen() as f32).collect())
    }

    fn state(&mut self) -> Result<State> {
        let of = |numbers: fn(&Layer<R>) -> &Vec<R>| {
            let wide = |layer| numbers(layer).iter().map(|number| number.widen()).collect();
            self.layers.iter().map(wide).collect()
        };
        Ok(State {
            parameters: of(|layer| &layer.parameters),
            means: of(|layer| &layer.means),
            squares: of(|layer| &layer.squares),
        })
    }
}

/// Makes probabilities of rows of logits.
fn softmax<R: Real>(logits: &mut [R], width: usize) {
    for row in logits.chunks_exact_mut(width) {
        let most = row.iter().copied().fold(R::neg_infinity(), R::max);
        row.iter_mut().for_each(|value| *value = (*value - most).exp());
        let sum: R = row.iter().copied().sum();
        row.iter_mut().for_each(|value| *value = *value / sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, normal};

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let mut stream = Stream::new(3, 0);
        let mut net = Cpu::<f64>::new(&Net::random(&[5, 7, 4, 3], &mut stream));
        let inputs: Vec<f64> = (0..20).map(|_| normal(&mut stream)).collect();
        let classes = [0, 2, 1, 2];
        net.cross_entropy(inputs.clone(), &classes);
        let gradients: Vec<Vec<f64>> = net.layers.iter().map(|layer| layer.gradient.clone()).collect();
        for (layer, gradient) in gradients.iter().enumerate() {
            for (index, slope) in gradient.iter().enumerate() {
                let mut at = |shift: f64| {
                    net.layers[layer].parameters[index] += shift;
                    let loss = net.cross_entropy(inputs.clone(), &classes);
                    net.layers[layer].parameters[index] -= shift;
                    loss
                };
                let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((slope - expected).abs() < 1e-8, "layer {layer}, {index}: {slope}, {expected}");
            }
        }
    }

    #[test]
    fn steps_learn_what_no_single_layer_can() {
        let mut net = Cpu::<f32>::new(&Net::random(&[2, 8, 2], &mut Stream::new(1, 0)));
        let inputs = vec![1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0];
        let before = net.cross_entropy(inputs.clone(), &[0, 1, 1, 0]);
        for _ in 0..300 {
            net.cross_entropy(inputs.clone(), &[0, 1, 1, 0]);
            net.step(0.02);
        }
        let after = net.cross_entropy(inputs.clone(), &[0, 1, 1, 0]);
        assert!(before > 0.3 && after < 0.02, "{before}, {after}");
        let probabilities = net.probabilities_of(inputs);
        assert!(probabilities.chunks(2).all(|row| (row[0] + row[1] - 1.0).abs() < 1e-6));
    }
}
