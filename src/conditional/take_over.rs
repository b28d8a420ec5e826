//! Parameters of one network taken over by another.

use super::{MaskedNet, Model, Weights};
use crate::hierarchy::Level;
use crate::lattice::Lattice;
use std::collections::HashMap;

impl Model {
    /// Whether the parameters of another network serve any net of this one.
    pub fn shares_nets_with(&self, other: &Self) -> bool {
        self.shares_pairs_with(other)
            || self.nets().any(|(_, net, level)| other.net_like(net, level, self.system.lattice).is_some())
    }

    /// Whether both have the same head over the same sites in the same order.
    fn shares_pairs_with(&self, other: &Self) -> bool {
        let [own, there] = [self, other].map(|model| (model.pair_head(), &model.hierarchy.levels[0].sites));
        own.0.is_some() && own == there
    }

    /// The level whose net can serve a given one, which stands in a block of the same name and lengths, and for every input of the
    /// given net the input that it has there.
    fn net_like(&self, net: &MaskedNet, level: &Level, lattice: Lattice) -> Option<(usize, Vec<usize>)> {
        self.nets().find_map(|(k, own, there)| {
            let is_like = there.name == level.name
                && (!level.is_weighted() || there.sites == level.sites)
                && there.extent == level.extent
                && (own.own, own.encoding) == (net.own, net.encoding)
                && (own.width, own.depth, own.gauge) == (net.width, net.depth, net.gauge)
                && own.skip.is_some() == net.skip.is_some();
            is_like
                .then(|| folded(level, lattice, there, self.system.lattice))
                .flatten()
                .map(|inputs| (k, inputs))
        })
    }

    /// Copies the nets that this model has in common with `other` (the same blocks and shape) from its parameters to `own`.
    ///
    /// A block's net serves every larger lattice at the same beta; the boundary's net only its own size. Where a block reaches around
    /// the smaller lattice, opposite sides of its border are the same sites there: the larger lattice's border then has several sites
    /// for one, which share its weights, so that the net stays the same function of borders that are equal on both sides.
    /// `skip_scale` multiplies the skip: its weights start as couplings times beta and scale with it. Returns how many nets were
    /// copied. A head over pairs of sites serves any beta as it is.
    pub fn take_over(&self, own: &mut [f32], other: &Self, parameters: &[f32], skip_scale: f32) -> usize {
        if self.shares_pairs_with(other) {
            own.copy_from_slice(parameters);
            return 1;
        }
        let mut taken = 0;
        for (k, net, level) in self.nets() {
            let Some((from, inputs)) = other.net_like(net, level, self.system.lattice) else { continue };
            let Some(there) = other.levels[from].conditional.net() else { continue };
            let target = &mut own[self.levels[k].offset..][..net.parameters()];
            let source = &parameters[other.levels[from].offset..][..there.parameters()];
            for (weights, like) in net.weights().zip(there.weights()) {
                copy(target, weights, source, like, &inputs);
            }
            if let Some(skip) = &net.skip {
                target[skip.offset..skip.end()].iter_mut().for_each(|weight| *weight *= skip_scale);
            }
            taken += 1;
        }
        taken
    }
}

/// For every input of a block its input in a like block of a smaller lattice: that at the same place seen from the first own site, around the
/// smaller lattice. Nothing where the smaller block has no such input.
fn folded(level: &Level, lattice: Lattice, there: &Level, smaller: Lattice) -> Option<Vec<usize>> {
    if level.border == there.border {
        return Some((0..level.inputs()).collect());
    }
    // Places as far from the first own site, in the smaller lattice.
    let steps = |lattice: Lattice, level: &Level, site: u32| {
        let (place, first) = (lattice.place(site), lattice.place(level.block_sites(0)[level.border]));
        let side = smaller.side();
        std::array::from_fn::<u32, 3, _>(|axis| (place[axis] + lattice.side() - first[axis]) % side)
    };
    let inputs = there.block_sites(0).iter().map(|&site| steps(smaller, there, site)).zip(0..);
    let inputs: HashMap<_, usize> = inputs.collect();
    level.block_sites(0).iter().map(|&site| inputs.get(&steps(lattice, level, site)).copied()).collect()
}

/// Copies one matrix with its biases and slopes. Groups of sources and targets are those of `inputs`; sources that come from the same
/// group share its weights.
fn copy(own: &mut [f32], weights: &Weights, from: &[f32], like: &Weights, inputs: &[usize]) {
    let mut shares = vec![0; inputs.len()];
    inputs.iter().for_each(|&input| shares[input] += 1);
    let (sources, targets) = (weights.source_width, weights.target_width);
    let target_there = |target: usize| {
        let group = inputs[weights.first_group + target / targets];
        (group - like.first_group) * targets + target % targets
    };
    for source in 0..weights.sources {
        let group = inputs[source / sources];
        let row = &from[like.offset + (group * sources + source % sources) * like.targets..][..like.targets];
        let own = &mut own[weights.offset + source * weights.targets..][..weights.targets];
        for (target, weight) in own.iter_mut().enumerate() {
            let shared = row[target_there(target)] / shares[group] as f32;
            *weight = if weights.sees(target, source) { shared } else { 0.0 };
        }
    }
    let vectors = [
        (weights.has_bias, weights.bias_offset(), like.bias_offset()),
        (weights.has_slope, weights.slope_offset(), like.slope_offset()),
    ];
    for (_, at, there) in vectors.into_iter().filter(|(exists, ..)| *exists) {
        for target in 0..weights.targets {
            own[at + target] = from[there + target_there(target)];
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::conditional::Weights;
    use crate::config::Config;
    use crate::hierarchy::Cut;
    use crate::lattice::LatticeKind;

    #[test]
    fn blocks_move_to_twice_the_size_and_the_boundary_does_not() {
        move_to_twice_the_size(Cut::Crosses, 1);
        move_to_twice_the_size(Cut::Halves, 2);
    }

    /// Every side has so many levels.
    fn move_to_twice_the_size(cut: Cut, levels_of_side: usize) {
        let width = crate::conditional::Widths::all(1);
        let model = |size| Config { size, cut, exact_bottom: 2, width, ..Config::default() }.model().unwrap();
        let (small, large) = (model(16), model(32));
        let from = small.initial_parameters(1, 0.44);
        let fresh = large.initial_parameters(2, 0.44);
        let mut own = fresh.clone();
        assert_eq!(large.take_over(&mut own, &small, &from, 1.0), 3 * levels_of_side, "sides 16, 8 and 4");
        for (k, net, level) in large.nets() {
            let range = large.levels[k].offset..large.levels[k].offset + net.parameters();
            if level.name == "boundary" || level.extent.contains(&32) {
                assert_eq!(own[range.clone()], fresh[range], "{} {}", level.name, level.extent[0]);
            } else if level.border == small.hierarchy.levels[k - levels_of_side].border {
                let there = small.levels[k - levels_of_side].offset;
                assert_eq!(own[range], from[there..there + net.parameters()], "side {}", level.extent[0]);
            }
        }
    }

    #[test]
    fn opposite_sides_of_a_border_share_the_weights_of_the_smaller_lattice() {
        let model = |size| {
            let width = crate::conditional::Widths::all(2);
            Config { lattice: LatticeKind::Cubic, size, exact_bottom: 4, width, ..Config::default() }
                .model()
                .unwrap()
        };
        let (small, large) = (model(8), model(16));
        let from = small.initial_parameters(1, 0.22);
        let mut own = large.initial_parameters(2, 0.22);
        assert_eq!(
            large.take_over(&mut own, &small, &from, 1.0),
            3,
            "cubes of side 8 and their halves and quarters"
        );
        let (k, net, level) = large.nets().find(|(.., level)| level.border == 294).unwrap();
        let (j, there, _) = small.nets().find(|(.., level)| level.border == 147).unwrap();
        let own = &own[large.levels[k].offset..];
        let from = &from[small.levels[j].offset..];
        let (_, inputs) = small.net_like(net, level, large.system.lattice).unwrap();
        assert!((0..147).all(|input| inputs.iter().filter(|&&at| at == input).count() == 2));
        assert_eq!(inputs[294..], (147..196).collect::<Vec<_>>());
        // A border that is the same on both sides gives every unit and every logit what the smaller net gives it.
        let spin = |input: usize| if input * 37 % 11 < 5 { -1.0 } else { 1.0 };
        let sum = |parameters: &[f32], weights: &Weights, sources: &dyn Fn(usize) -> f32, target: usize| {
            let weight = |source: usize| parameters[weights.offset + source * weights.targets + target];
            (0..weights.sources).map(|source| weight(source) * sources(source)).sum::<f32>()
        };
        for target in 0..net.layers[0].targets {
            let large = sum(own, &net.layers[0], &|source| spin(inputs[source]), target);
            let small = sum(from, &there.layers[0], &spin, inputs[target / 2] * 2 + target % 2);
            assert!((large - small).abs() < 1e-5, "unit {target}: {large} and {small}");
        }
        let (skip, there) = (net.skip.as_ref().unwrap(), there.skip.as_ref().unwrap());
        for target in 0..49 {
            let large = sum(own, skip, &|source| spin(inputs[source]), target);
            assert!((large - sum(from, there, &spin, target)).abs() < 1e-5, "logit {target}");
        }
    }

    #[test]
    fn the_skip_scales_with_beta() {
        let model = Config { size: 8, exact_bottom: 2, ..Config::default() }.model().unwrap();
        let from = model.initial_parameters(1, 0.44);
        let mut own = vec![0.0; model.parameters];
        assert_eq!(model.take_over(&mut own, &model, &from, 0.5), 5);
        let (k, net, _) = model.nets().next().unwrap();
        let skip = net.skip.as_ref().unwrap();
        let sum =
            |values: &[f32]| values[model.levels[k].offset..][skip.offset..skip.end()].iter().sum::<f32>();
        assert!((sum(&own) / sum(&from) - 0.5).abs() < 1e-6);
    }
}
