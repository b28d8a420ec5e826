//! Boxes cut in halves: a boundary of the planes through the origin, then boxes split by their mid planes, the longest axis
//! first, down to single sites or to boxes that are summed exactly. It holds for any number of axes and any bonds between sites that are near one another.

use super::layers::axes;
use super::{Bond, Hierarchy, Level};
use crate::lattice::Lattice;
use std::collections::HashMap;

/// Coordinates of a site, or lengths along every axis.
type Place<const D: usize> = [u32; D];

impl Hierarchy {
    /// Bisects a lattice whose side is a power of two, down to boxes of the lengths `bottom` in any order, of which the whole inside
    /// is one block: a single site where all are 2.
    ///
    /// A block lives in a box. Its border are the neighbours of the box's interior outside it, in order of place, each once; its own
    /// sites are the mid plane of the interior across its longest axis, in order of place. Planes are lines in two dimensions.
    pub fn bisection(lattice: Lattice, bottom: &[u32]) -> Self {
        let hierarchy = if lattice.dimensions() == 2 {
            let step = |&[_, row, column]: &[u32; 3]| [row, column];
            let site = |[row, column]: Place<2>| lattice.site([0, row, column]);
            grid(lattice, step, site).hierarchy(bottom)
        } else {
            grid(lattice, |step| *step, |place| lattice.site(place)).hierarchy(bottom)
        };
        hierarchy.with_path_pairs(lattice.bonds())
    }
}

/// A lattice of D axes, its steps and sites given in so many coordinates.
fn grid<const D: usize, S: Fn(Place<D>) -> u32>(
    lattice: Lattice,
    step: impl Fn(&[u32; 3]) -> Place<D>,
    site: S,
) -> Grid<D, S, impl Fn(u32) -> Vec<u32>> {
    Grid {
        lengths: [lattice.side(); D],
        steps: lattice.steps().iter().map(step).collect(),
        site,
        neighbours: move |site| lattice.neighbours(site).collect(),
    }
}

/// Sites at places of a periodic lattice.
struct Grid<const D: usize, S, N> {
    lengths: Place<D>,
    /// From a site along its own bonds; the opposite steps lead to its other neighbours.
    steps: Vec<Place<D>>,
    /// The site at a place, of which every coordinate wraps around.
    site: S,
    /// Neighbours of a site, one for every bond.
    neighbours: N,
}

/// The interiors of equal boxes.
struct Boxes<const D: usize> {
    /// First place of each interior.
    origins: Vec<Place<D>>,
    /// Sites along every axis.
    interior: Place<D>,
}

impl<const D: usize> Boxes<D> {
    /// The first of the longest axes, and the coordinate of its mid plane.
    fn cut(&self) -> (usize, u32) {
        let axis = axes(&self.interior)[0];
        (axis, self.interior[axis] / 2)
    }

    /// With one plane of the border, from the shortest axis to the longest.
    fn sorted_extent(&self) -> Vec<u32> {
        let mut extent = self.interior.map(|length| length + 1).to_vec();
        extent.sort_unstable();
        extent
    }

    /// Both halves of every box, side by side.
    fn halves(&self) -> Self {
        let (axis, middle) = self.cut();
        let mut interior = self.interior;
        interior[axis] = middle;
        let upper = |origin: &Place<D>| {
            let mut upper = *origin;
            upper[axis] += middle + 1;
            upper
        };
        Self { origins: self.origins.iter().flat_map(|origin| [*origin, upper(origin)]).collect(), interior }
    }
}

impl<const D: usize, S: Fn(Place<D>) -> u32, N: Fn(u32) -> Vec<u32>> Grid<D, S, N> {
    fn hierarchy(&self, bottom: &[u32]) -> Hierarchy {
        let mut bottom = bottom.to_vec();
        bottom.sort_unstable();
        let mut levels = vec![self.boundary()];
        let mut boxes = Boxes { origins: vec![[1; D]], interior: self.lengths.map(|length| length - 1) };
        while boxes.sorted_extent() != bottom && boxes.interior != [1; D] {
            let halves = boxes.halves();
            let (axis, middle) = boxes.cut();
            let plane = places(boxes.interior).filter(|place| place[axis] == middle).collect::<Vec<_>>();
            let children = (0..halves.origins.len() as u32).collect();
            levels.push(Level { children_per_block: 2, children, ..self.level(&boxes, &plane) });
            boxes = halves;
        }
        levels.push(self.insides(&boxes));
        let sites = self.lengths.iter().map(|&length| length as usize).product();
        Hierarchy { sites, levels, has_bottom: true }
    }

    /// The level of whole insides of boxes.
    fn insides(&self, boxes: &Boxes<D>) -> Level {
        let axes = axes(&boxes.interior);
        let mut own: Vec<_> = places(boxes.interior).collect();
        own.sort_by_key(|place| place[axes[0]]);
        let level = self.level(boxes, &own);
        if boxes.interior == [1; D] {
            return level;
        }
        let local: HashMap<u32, u32> = level.block_sites(0).iter().copied().zip(0..).collect();
        let index = |place: &Place<D>, axis: usize, steps: u32| {
            let at =
                |along: usize| boxes.origins[0][along] + place[along] + if along == axis { steps } else { 0 };
            local[&(self.site)(std::array::from_fn(at))]
        };
        // One step back is as many forwards as lead around the lattice, less one.
        let both = |place: &Place<D>, axis: usize| {
            [self.lengths[axis] - 1, 1].map(|steps| index(place, axis, steps))
        };
        let neighbours = own.iter().flat_map(|place| axes.iter().map(|&axis| both(place, axis))).collect();
        Level { neighbours, ..level }
    }

    fn boundary(&self) -> Level {
        let own = places(self.lengths).filter(|place| place.contains(&0)).map(&self.site).collect::<Vec<_>>();
        Level {
            name: "boundary",
            extent: self.lengths.to_vec(),
            blocks: 1,
            tree_level: 0,
            images: 1,
            border: 0,
            own: own.len(),
            bonds: self.bonds(&own, 0),
            sites: own,
            bond_weights: Vec::new(),
            site_weights: Vec::new(),
            path_pairs: Vec::new(),
            neighbours: Vec::new(),
            children_per_block: 1,
            children: vec![0],
        }
    }

    /// The level of some boxes, own sites given by their places within the interior, without children.
    fn level(&self, boxes: &Boxes<D>, own: &[Place<D>]) -> Level {
        let border = self.border(boxes);
        let of_box = |origin: &Place<D>| {
            // Border places count from one before the interior, and lattices wrap around.
            let before = std::array::from_fn(|axis| origin[axis] + self.lengths[axis] - 1);
            let at = |from: Place<D>, place: &Place<D>| {
                (self.site)(std::array::from_fn(|axis| from[axis] + place[axis]))
            };
            let border = border.iter().map(|place| at(before, place));
            border.chain(own.iter().map(|place| at(*origin, place))).collect::<Vec<_>>()
        };
        let sites: Vec<Vec<u32>> = boxes.origins.iter().map(of_box).collect();
        Level {
            name: "box",
            extent: boxes.interior.map(|length| length + 1).to_vec(),
            blocks: boxes.origins.len(),
            tree_level: 0,
            images: 1,
            border: border.len(),
            own: own.len(),
            bonds: self.bonds(&sites[0], border.len()),
            sites: sites.concat(),
            bond_weights: Vec::new(),
            site_weights: Vec::new(),
            path_pairs: Vec::new(),
            neighbours: Vec::new(),
            children_per_block: 0,
            children: Vec::new(),
        }
    }

    /// Places of the border counted from one before the interior; places that are the same site, around a full axis, once.
    fn border(&self, boxes: &Boxes<D>) -> Vec<Place<D>> {
        let is_inside = |place: &Place<D>| {
            place.iter().zip(boxes.interior).all(|(&at, length)| (1..=length).contains(&at))
        };
        let touches = |place: &Place<D>| {
            self.steps.iter().any(|step| {
                let forwards = std::array::from_fn(|axis| place[axis].wrapping_add(step[axis]));
                let backwards = std::array::from_fn(|axis| place[axis].wrapping_sub(step[axis]));
                is_inside(&forwards) || is_inside(&backwards)
            })
        };
        let mut seen = std::collections::HashSet::new();
        places(boxes.interior.map(|length| length + 2))
            .filter(|place| !is_inside(place) && touches(place))
            .filter(|place| seen.insert((self.site)(*place)))
            .collect()
    }

    /// Bonds between the sites of a block that end on its own sites.
    fn bonds(&self, sites: &[u32], border: usize) -> Vec<Bond> {
        let local: HashMap<u32, u32> = sites.iter().copied().zip(0..).collect();
        let of_site = |later: usize| {
            let neighbours = (self.neighbours)(sites[later]).into_iter();
            let earlier = neighbours.filter_map(|neighbour| local.get(&neighbour).copied());
            let later = later as u32;
            earlier.filter(move |&earlier| earlier < later).map(move |earlier| Bond { earlier, later })
        };
        (border..sites.len()).flat_map(of_site).collect()
    }
}

/// All places with coordinates below `lengths`, in order.
fn places<const D: usize>(lengths: Place<D>) -> impl Iterator<Item = Place<D>> {
    let count = lengths.iter().map(|&length| length as usize).product::<usize>();
    (0..count).map(move |index| {
        let mut rest = index;
        let mut place = [0; D];
        for axis in (0..D).rev() {
            place[axis] = (rest % lengths[axis] as usize) as u32;
            rest /= lengths[axis] as usize;
        }
        place
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_the_square_lattice_are_halves_of_squares() {
        let hierarchy = Hierarchy::bisection(Lattice::square(8).unwrap(), &[2, 2]);
        let shapes: Vec<_> = hierarchy.levels.iter().map(|l| (l.blocks, l.border, l.own)).collect();
        assert_eq!(shapes, [(1, 0, 15), (1, 14, 7), (2, 17, 3), (4, 12, 3), (8, 8, 1), (16, 4, 1)]);
        assert_eq!(hierarchy.levels[2].to_string(), "box of 4 x 8");
    }

    #[test]
    fn the_triangular_border_has_two_corners_more() {
        let hierarchy = Hierarchy::bisection(Lattice::triangular(8).unwrap(), &[2, 2]);
        let shapes: Vec<_> = hierarchy.levels.iter().map(|l| (l.blocks, l.border, l.own)).collect();
        assert_eq!(shapes, [(1, 0, 15), (1, 15, 7), (2, 19, 3), (4, 14, 3), (8, 10, 1), (16, 6, 1)]);
    }

    #[test]
    fn cubes_are_cut_along_every_axis() {
        let shapes = |side, bottom: &[u32]| -> Vec<(usize, usize, usize)> {
            let hierarchy = Hierarchy::bisection(Lattice::cubic(side).unwrap(), bottom);
            hierarchy.levels.iter().map(|l| (l.blocks, l.border, l.own)).collect()
        };
        let single = shapes(8, &[2; 3]);
        assert_eq!(single[..5], [(1, 0, 169), (1, 147, 49), (2, 140, 21), (4, 93, 9), (8, 54, 9)]);
        assert_eq!(shapes(8, &[4, 4, 8]), [(1, 0, 169), (1, 147, 49), (2, 140, 21), (4, 93, 63)]);
        assert_eq!(shapes(4, &[4, 4, 4]), [(1, 0, 37), (1, 27, 27)]);
    }
}
