//! The inside of a box as layers of rows: the order in which a sum over all its spins goes through them.

/// The inside of a box, layer by layer, each of rows side by side. In two dimensions a layer is one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layers {
    /// Sites of a row.
    pub row: usize,
    /// Sites of a layer: bits of a state of the sum.
    pub bits: usize,
    /// Layers, one after another.
    pub layers: usize,
    /// Axes of the box: 2 or 3.
    pub dimensions: usize,
}

impl Layers {
    /// The layers of a box of given lengths, with one plane of its border: layers lie across its longest axis, rows along the last of the
    /// rest.
    pub fn of(extent: &[u32]) -> Self {
        let axes = axes(extent);
        let inside = |axis: usize| extent[axis] as usize - 1;
        let bits = axes[1..].iter().map(|&axis| inside(axis)).product();
        Self { row: inside(axes[axes.len() - 1]), bits, layers: inside(axes[0]), dimensions: axes.len() }
    }

    /// Rows of a layer.
    pub fn rows(self) -> usize {
        self.bits / self.row
    }

    /// Whether it is a square.
    pub fn is_square(self) -> bool {
        self.dimensions == 2 && self.bits == self.layers
    }

    /// Sites of the inside.
    pub fn sites(self) -> usize {
        self.bits * self.layers
    }

    /// Faces of the box, two for every axis, each a list of sites: above the first layer and below the last; in three
    /// dimensions behind the first row and before the last of every layer; left of the first site and right of the last of every row.
    ///
    /// Sites are those of [`Level::neighbours`](super::Level::neighbours), which lists neighbours before and after every site.
    pub fn faces(self, neighbours: &[[u32; 2]]) -> Vec<Vec<u32>> {
        let Self { row, bits, layers, dimensions: axes } = self;
        let sites = |is_on: &dyn Fn(usize, usize) -> bool, axis: usize, after: usize| {
            let places = (0..layers).flat_map(|i| (0..bits).map(move |j| (i, j)));
            let on_face = places.filter(|&(i, j)| is_on(i, j));
            on_face.map(|(i, j)| neighbours[(i * bits + j) * axes + axis][after]).collect::<Vec<_>>()
        };
        let mut faces = vec![sites(&|i, _| i == 0, 0, 0), sites(&|i, _| i == layers - 1, 0, 1)];
        if axes == 3 {
            faces.push(sites(&|_, j| j < row, 1, 0));
            faces.push(sites(&|_, j| j >= bits - row, 1, 1));
        }
        faces.push(sites(&|_, j| j % row == 0, axes - 1, 0));
        faces.push(sites(&|_, j| j % row == row - 1, axes - 1, 1));
        faces
    }
}

/// The axes of a box, that across its layers first: the first of the longest.
pub(super) fn axes(extent: &[u32]) -> Vec<usize> {
    let across = (0..extent.len()).rev().max_by_key(|&axis| extent[axis]).expect("there is an axis");
    [across].into_iter().chain((0..extent.len()).filter(|&axis| axis != across)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_lie_across_the_longest_axis() {
        assert_eq!(Layers::of(&[8, 8]), Layers { row: 7, bits: 7, layers: 7, dimensions: 2 });
        assert_eq!(Layers::of(&[8, 16]), Layers { row: 7, bits: 7, layers: 15, dimensions: 2 });
        assert_eq!(Layers::of(&[4, 4, 8]), Layers { row: 3, bits: 9, layers: 7, dimensions: 3 });
        assert_eq!(axes(&[4, 8, 4]), [1, 0, 2]);
    }
}
