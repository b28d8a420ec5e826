//! Parameters in the order of files and in that of the shaders, where units come four by four.

use super::sizes::{Form, Sizes};

/// Parameters of a coupling outside of its nets.
const LINEAR: usize = 8;

/// Where every parameter of a coupling in the order of files (`Flow::parameters`) lies among those of the shaders (`shaders/shared/flow/coupling.wgsl`).
fn places(form: Form) -> Vec<usize> {
    let Form { hidden, depth, .. } = form;
    let all_units = || 0..hidden;
    let mut places: Vec<usize> = (0..LINEAR).collect();
    for net in 0..2 {
        let start = LINEAR / 4 + net * form.net();
        // Component `unit % 4` of the quad that its quad of units has at an offset, where each quad of units has so many.
        let of = |start: usize, each: usize, offset: usize, unit: usize| {
            4 * (start + unit / 4 * each + offset) + unit % 4
        };
        places.extend(all_units().flat_map(|to| [0, 1].map(|from| of(start, 3, from, to))));
        places.extend(all_units().map(|to| of(start, 3, 2, to)));
        let each = 4 * form.units() + 1;
        for layer in 1..depth {
            let start = start + 3 * form.units() + (layer - 1) * form.layer();
            places.extend(all_units().flat_map(|to| all_units().map(move |from| of(start, each, from, to))));
            places.extend(all_units().map(|to| of(start, each, 4 * form.units(), to)));
        }
        let start = start + form.last();
        places.extend((0..2).flat_map(|to| all_units().map(move |from| of(start, 2, to, from))));
    }
    places
}

impl Sizes {
    /// From the order of files to that of the shaders; units that are none have parameters 0.
    pub(super) fn packed(&self, parameters: &[f32]) -> Vec<f32> {
        let places = places(self.form);
        let mut packed = vec![0.0; 4 * self.quads()];
        let couplings = packed.chunks_exact_mut(4 * self.form.coupling());
        for (to, from) in couplings.zip(parameters.chunks_exact(places.len())) {
            places.iter().zip(from).for_each(|(&place, &parameter)| to[place] = parameter);
        }
        packed
    }

    /// The way back.
    pub(super) fn unpacked(&self, packed: &[f32]) -> Vec<f32> {
        let places = places(self.form);
        let couplings = packed.chunks_exact(4 * self.form.coupling());
        couplings.flat_map(|from| places.iter().map(|&place| from[place])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuralrg::Symmetry;
    use std::collections::BTreeSet;

    #[test]
    fn every_parameter_has_a_place_of_its_own_within_the_coupling() {
        for (hidden, depth) in [(1, 1), (3, 2), (8, 1), (10, 3)] {
            let form = Form { hidden, depth, layers: 1, symmetry: Symmetry::Odd };
            let places = places(form);
            let net = 3 * hidden + (depth - 1) * (hidden + 1) * hidden + 2 * hidden;
            assert_eq!(places.len(), LINEAR + 2 * net);
            let distinct: BTreeSet<usize> = places.iter().copied().collect();
            assert_eq!(distinct.len(), places.len());
            assert!(distinct.iter().all(|&place| place < 4 * form.coupling()));
        }
    }
}
