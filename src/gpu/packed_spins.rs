//! Given configurations on their way to the device: a bit a spin, a thirty-second of what kernels read, or a byte a colour.

use crate::lattice::Spins;
use crate::transpose::transpose;
use rayon::prelude::*;

const BITS: usize = u32::BITS as usize;
const BYTES: usize = size_of::<u32>();
/// Words that a thread makes at a time.
const WORDS: usize = 1024;

/// Words that a number of spins takes.
pub(super) fn words(kind: Spins, spins: usize) -> usize {
    match kind {
        Spins::Ising => spins.div_ceil(BITS),
        Spins::Potts { .. } => spins.div_ceil(BYTES),
    }
}

/// Colours `[configuration][site]` as bytes in the order of the device, `[site][configuration]`.
pub(super) fn pack_colours(colours: &[i8], sites: usize) -> Vec<u32> {
    let mut turned = vec![0; colours.len()];
    transpose(colours, sites, &mut turned, |colour| colour);
    let word = |colours: &[i8]| colours.iter().rev().fold(0, |word, &colour| word << 8 | colour as u32);
    turned.chunks(BYTES).map(word).collect()
}

/// Spins `[configuration][site]`, +-1, as bits in the order of the device, `[site][configuration]`.
pub(super) fn pack(spins: &[i8], sites: usize) -> Vec<u32> {
    let mut turned = vec![0; spins.len()];
    transpose(spins, sites, &mut turned, |spin| spin);
    let mut packed = vec![0; spins.len().div_ceil(BITS)];
    packed.par_chunks_mut(WORDS).zip(turned.par_chunks(BITS * WORDS)).for_each(|(words, spins)| {
        for (word, spins) in words.iter_mut().zip(spins.chunks(BITS)) {
            *word = spins.iter().rev().fold(0, |word, &spin| word << 1 | u32::from(spin > 0));
        }
    });
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spin_has_its_bit() {
        for (sites, batch) in [(16, 1), (64, 3), (256, 300)] {
            let spins: Vec<i8> = (0..sites * batch).map(|k| if k * k % 7 < 3 { 1 } else { -1 }).collect();
            let packed = pack(&spins, sites);
            assert_eq!(packed.len(), (sites * batch).div_ceil(32));
            for (at, &spin) in spins.iter().enumerate() {
                let place = at % sites * batch + at / sites;
                assert_eq!(packed[place / 32] >> (place % 32) & 1 == 1, spin == 1, "spin {at}");
            }
        }
    }
}
