// A dense net as its kernels see it: levels of units, from the inputs to the classes, with a layer of weights from each to the next. Twin of `src/gpu/dense/sizes.rs`.
// A row of values has a 1 behind its units, whose weights are the biases of the next level. What lies beyond is 0: no kernel asks for the end inside a loop.

#include lanes/dispatch

struct Units {
    count: u32,      // units of this level
    stride: u32,     // from row to row in all arrays, in whole tiles of 64, more than there are units
    values: u32,     // where the level's values start
    slopes: u32,     // where the gradients of their sums start
    parameters: u32, // where the weights to the next level start, [stride][stride of the next level]
    first_tile: u32, // tiles of weights of all levels before, for `learn`
}

struct Task {
    rows: u32,      // rows of the dispatch
    first: u32,     // their place among rows of inputs and classes
    layers: u32,    // layers of weights
    layer: u32,     // that of the dispatch
    blocks: u32,    // of 32 sources in its product
    tiles: u32,     // tiles of all weights
    share: f32,     // of a row in a mean
    rate: f32,      // Adam's
    kept: f32,      // share of the means of gradients that a step leaves, and the rest
    rest: f32,
    kept_square: f32, // the same of the means of squares
    rest_square: f32,
    correction: f32,  // factors that take the start at 0 out of both means
    correction_square: f32,
    floor: f32,       // keeps steps finite
}

@group(0) @binding(0) var<uniform> task: Task;
@group(0) @binding(1) var<storage, read> units: array<Units>; // [layers + 1]

// Where the values of the rows start, in fours.
fn values_of(level: u32) -> u32 {
    return (units[level].values + select(0u, task.first * units[level].stride, level == 0u)) / 4u;
}
