//! Parameters to start from.

use super::{Encoding, Gauge, MaskedNet, Model, Weights};
use crate::hierarchy::Level;
use crate::lattice::Interaction;
use crate::random::Stream;
use rand::RngExt;

/// First bias of a net that is mixed with its mirror image: without it the net and its image would start as the same density, and stay so.
const FIRST_BIAS: f32 = 1.0;
/// Slope of every PReLU at the start, as in the published code.
const SLOPE: f32 = 0.5;

impl Model {
    /// Initial parameters, `[parameters]`, a pure function of the seed.
    ///
    /// Published initialisation: uniform(+-1/sqrt(fan_in)) on unmasked weights times sqrt(entries / unmasked entries),
    /// biases uniform(+-1/sqrt(fan_in)), slopes 0.5. With the coupling skip the output layer starts at 0, its bias at
    /// `2 beta H`, and the skip at `2 beta J` per bond, J and H being those of the bond and the site (of Potts spins `beta H` for colour 0 and `beta J` between
    /// equal colours): the network starts as a heat bath that ignores what is not fixed yet. Heads over pairs of sites start from the couplings alone ([`PairHead`](super::PairHead)).
    pub fn initial_parameters(&self, seed: u32, beta: f64) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameters];
        for (k, net, level) in self.nets() {
            let offset = self.levels[k].offset;
            let own = &mut parameters[offset..offset + net.parameters()];
            let mut stream = Stream::new(seed, k as u32);
            for weights in &net.layers {
                uniform(own, weights, &mut stream);
            }
            match &net.skip {
                None => uniform(own, &net.output, &mut stream),
                Some(skip) => self.couplings(own, net, skip, level, beta),
            }
            if net.gauge == Gauge::Mixture {
                own[net.output.bias_offset()] += FIRST_BIAS;
            }
        }
        for (k, level) in self.learning() {
            if let Some(head) = level.conditional.pair_head() {
                let own = head.initial(&self.hierarchy.levels[k], &self.system, beta);
                parameters[level.offset..][..own.len()].copy_from_slice(&own);
            }
        }
        parameters
    }

    fn couplings(&self, own: &mut [f32], net: &MaskedNet, skip: &Weights, level: &Level, beta: f64) {
        let Interaction { coupling, field } = self.system.interaction;
        let numbers = net.encoding.numbers();
        // A shared net sees +1 and -1, and what it gives different colours differs by twice a weight.
        // Energies of spins up and down lie twice as far apart as those of equal and different colours.
        let scale = match net.encoding {
            Encoding::Sign => 2.0 * beta,
            Encoding::OneHot { .. } => beta,
            Encoding::Shared { .. } => beta / 2.0,
        };
        let biases = &mut own[net.output.bias_offset()..][..net.logits()];
        biases.fill(0.0);
        for (site, bias) in biases.iter_mut().step_by(numbers).enumerate() {
            *bias = (scale * field * f64::from(level.site_weight(0, site))) as f32;
        }
        for (number, bond) in level.bonds.iter().enumerate() {
            let (source, target) = (bond.earlier as usize, bond.later as usize - level.border);
            let weight = (scale * coupling * f64::from(level.bond_weight(0, number))) as f32;
            for colour in 0..numbers {
                let row = skip.offset + (source * numbers + colour) * skip.targets;
                own[row + target * numbers + colour] += weight;
            }
        }
    }
}

fn uniform(own: &mut [f32], weights: &Weights, stream: &mut Stream) {
    let bound = 1.0 / (weights.sources as f32).sqrt();
    let entries = (weights.sources * weights.targets) as f32;
    let scale = (entries / weights.unmasked() as f32).sqrt();
    for source in 0..weights.sources {
        for target in 0..weights.targets {
            // A number is drawn for masked weights too, so that the stream does not depend on the mask.
            let value = stream.random_range(-bound..bound);
            if weights.sees(target, source) {
                own[weights.offset + source * weights.targets + target] = value * scale;
            }
        }
    }
    if weights.has_bias {
        own[weights.bias_offset()..][..weights.targets].fill_with(|| stream.random_range(-bound..bound));
    }
    if weights.has_slope {
        own[weights.slope_offset()..][..weights.targets].fill(SLOPE);
    }
}

#[cfg(test)]
mod tests {
    use crate::conditional::{Colours, Head, Model, NetOptions, Network, Widths};
    use crate::hierarchy::{Cut, SiteOrder};
    use crate::lattice::{Interaction, Lattice, System};

    fn model(skip: bool) -> Model {
        let options = NetOptions {
            width: Widths::all(2),
            depth: 2,
            skip,
            gauge: false,
            mixture: false,
            exact_bottom: 2,
            exact_length: 0,
            bond_dimension: 0,
            cut: Cut::Crosses,
            head: Head::None,
            site_order: SiteOrder::Index,
            colours: Colours::OneHot,
            network: Network::Han,
            reach: 0,
        };
        let interaction = Interaction { coupling: 1.0, field: 0.5 };
        Model::new(System::uniform(Lattice::square(8).unwrap(), interaction), options).unwrap()
    }

    #[test]
    fn masked_weights_start_at_zero_and_the_rest_do_not() {
        let model = model(false);
        let parameters = model.initial_parameters(7, 0.44);
        for (k, net, _) in model.nets() {
            for weights in net.weights() {
                for source in 0..weights.sources {
                    for target in 0..weights.targets {
                        let at = model.levels[k].offset + weights.offset + source * weights.targets + target;
                        assert_eq!(parameters[at] != 0.0, source < weights.visible(target));
                    }
                }
            }
        }
        assert_ne!(parameters, model.initial_parameters(8, 0.44));
        assert_eq!(parameters, model.initial_parameters(7, 0.44));
    }

    #[test]
    fn the_skip_holds_every_bond_once() {
        let model = model(true);
        let parameters = model.initial_parameters(7, 0.5);
        for (k, net, level) in model.nets() {
            let skip = net.skip.as_ref().unwrap();
            let own = &parameters[model.levels[k].offset..];
            let total: f32 = own[skip.offset..skip.end()].iter().sum();
            assert_eq!(total, level.bonds.len() as f32);
            assert_eq!(own[net.output.bias_offset()], 0.5);
        }
    }
}
