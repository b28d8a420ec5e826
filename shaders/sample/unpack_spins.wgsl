// Spins from bits: given configurations travel to the device as a bit a spin, those of colours as a byte.
// Grid: ceil(spins / 4 / LANES) workgroups of LANES lanes, four spins per lane; the array is of whole fours.
// Axes: spins.
// Constants: LANES; Potts spins: COLOURS.

#include lanes/dispatch

@group(0) @binding(4) var<storage, read_write> spins: array<vec4<i32>>;  // [site][batch]
@group(0) @binding(30) var<storage, read> packed_spins: array<u32>;      // in the same order, the first spin in the lowest bits

#include spins/unpack_$SPINS
