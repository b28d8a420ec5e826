//! Parameters of one network taken over by another.

use super::{MaskedNet, Model};
use crate::hierarchy::Level;

impl Model {
    /// Whether the parameters of another network serve any net of this one.
    pub fn shares_nets_with(&self, other: &Self) -> bool {
        self.nets().any(|(_, net, level)| other.net_like(net, level).is_some())
    }

    /// The level whose net has the shape of a given one and stands in the same place.
    fn net_like(&self, net: &MaskedNet, level: &Level) -> Option<usize> {
        let is_like = |(_, own, there): &(usize, &MaskedNet, &Level)| {
            *own == net && there.name == level.name && there.extent == level.extent
        };
        self.nets().find(is_like).map(|(k, ..)| k)
    }

    /// Copies the nets that this model has in common with `other` (same side and shape) from its parameters to `own`.
    ///
    /// A square's net serves every larger lattice at the same beta; the boundary's net only its own size. `skip_scale`
    /// multiplies the skip: its weights start as couplings times beta and scale with it. Returns how many nets were copied.
    pub fn take_over(&self, own: &mut [f32], other: &Self, parameters: &[f32], skip_scale: f32) -> usize {
        let mut taken = 0;
        for (k, net, level) in self.nets() {
            let Some(from) = other.net_like(net, level) else { continue };
            let target = &mut own[self.levels[k].offset..][..net.parameters()];
            target.copy_from_slice(&parameters[other.levels[from].offset..][..net.parameters()]);
            if let Some(skip) = &net.skip {
                target[skip.offset..skip.end()].iter_mut().for_each(|weight| *weight *= skip_scale);
            }
            taken += 1;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn squares_move_to_twice_the_size_and_the_boundary_does_not() {
        let model = |size| {
            Config { size, exact_bottom: 2, width: crate::conditional::Widths::all(1), ..Config::default() }
                .model()
                .unwrap()
        };
        let (small, large) = (model(16), model(32));
        let from = small.initial_parameters(1, 0.44);
        let fresh = large.initial_parameters(2, 0.44);
        let mut own = fresh.clone();
        assert_eq!(large.take_over(&mut own, &small, &from, 1.0), 3, "sides 16, 8 and 4");
        for (k, net, level) in large.nets() {
            let range = large.levels[k].offset..large.levels[k].offset + net.parameters();
            if level.name == "boundary" || level.extent[0] == 32 {
                assert_eq!(own[range.clone()], fresh[range], "{} {}", level.name, level.extent[0]);
            } else {
                let there = small.levels[k - 1].offset;
                assert_eq!(own[range], from[there..there + net.parameters()], "side {}", level.extent[0]);
            }
        }
    }

    #[test]
    fn the_skip_scales_with_beta() {
        let model = Config { size: 8, exact_bottom: 2, ..Config::default() }.model().unwrap();
        let from = model.initial_parameters(1, 0.44);
        let mut own = vec![0.0; model.parameters];
        assert_eq!(model.take_over(&mut own, &model, &from, 0.5), 3);
        let (k, net, _) = model.nets().next().unwrap();
        let skip = net.skip.as_ref().unwrap();
        let sum =
            |values: &[f32]| values[model.levels[k].offset..][skip.offset..skip.end()].iter().sum::<f32>();
        assert!((sum(&own) / sum(&from) - 0.5).abs() < 1e-6);
    }
}
