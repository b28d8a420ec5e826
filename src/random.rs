//! Philox4x32-10, a counter-based generator (Salmon et al., SC'11): every number is a pure function of what it is for,
//! so that samples do not depend on thread, chunk or device. Twin of `shaders/shared/numbers/philox.wgsl`.

use rand::RngExt;
use rand::rand_core::TryRng;
use std::convert::Infallible;
use std::f64::consts::TAU;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Four random words for a key and a counter.
#[inline(always)]
pub fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    let ([mut k0, mut k1], [mut c0, mut c1, mut c2, mut c3]) = (key, counter);
    for _ in 0..ROUNDS {
        let a = u64::from(MULTIPLIERS[0]) * u64::from(c0);
        let b = u64::from(MULTIPLIERS[1]) * u64::from(c2);
        [c0, c1, c2, c3] = [(b >> 32) as u32 ^ c1 ^ k0, b as u32, (a >> 32) as u32 ^ c3 ^ k1, a as u32];
        (k0, k1) = (k0.wrapping_add(WEYL[0]), k1.wrapping_add(WEYL[1]));
    }
    [c0, c1, c2, c3]
}

/// The same for counters side by side, which the compiler makes vectors of.
#[inline(always)]
pub fn philox_lanes<const N: usize>(key: [u32; 2], counters: [[u32; N]; 4]) -> [[u32; N]; 4] {
    let ([mut k0, mut k1], [mut c0, mut c1, mut c2, mut c3]) = (key, counters);
    for _ in 0..ROUNDS {
        for lane in 0..N {
            let a = u64::from(MULTIPLIERS[0]) * u64::from(c0[lane]);
            let b = u64::from(MULTIPLIERS[1]) * u64::from(c2[lane]);
            c0[lane] = (b >> 32) as u32 ^ c1[lane] ^ k0;
            c2[lane] = (a >> 32) as u32 ^ c3[lane] ^ k1;
            c1[lane] = b as u32;
            c3[lane] = a as u32;
        }
        (k0, k1) = (k0.wrapping_add(WEYL[0]), k1.wrapping_add(WEYL[1]));
    }
    [c0, c1, c2, c3]
}

/// Where a spin's random number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpinKey {
    /// The run's seed.
    pub seed: u32,
    /// The training step, or 0 when sampling from a finished network.
    pub step: u32,
    /// The configuration, counted from the start of the run's or the command's sample.
    pub configuration: u32,
    /// The hierarchy level.
    pub level: u32,
    /// The block within its level.
    pub block: u32,
}

impl SpinKey {
    /// Uniform number in [0, 1), a multiple of 2^-24, for own site `site` of the block.
    pub fn uniform(self, site: u32) -> f32 {
        Self::uniform_of(self.words(site / 4)[(site % 4) as usize])
    }

    /// Random words of own sites `4 four` to `4 four + 3`.
    #[inline(always)]
    pub fn words(self, four: u32) -> [u32; 4] {
        philox([self.seed, self.step], [self.configuration, self.block, four, self.level])
    }

    /// The uniform number of a word.
    #[inline(always)]
    pub fn uniform_of(word: u32) -> f32 {
        (word >> 8) as f32 * (1.0 / 16_777_216.0)
    }
}

/// A sequential stream of Philox words, for initialisation with `rand`'s distributions.
#[derive(Debug, Clone)]
pub struct Stream {
    key: [u32; 2],
    next: u64,
    /// The block of four words that `next` lies in, once its first was taken.
    words: [u32; 4],
}

impl Stream {
    /// The stream number `stream` of a seed.
    pub fn new(seed: u32, stream: u32) -> Self {
        Self { key: [seed, stream], next: 0, words: [0; 4] }
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        if self.next.is_multiple_of(4) {
            let block = self.next / 4;
            // The last counter word keeps streams apart from the spins' numbers, whose level is small.
            self.words = philox(self.key, [block as u32, (block >> 32) as u32, 0, u32::MAX]);
        }
        let word = self.words[(self.next % 4) as usize];
        self.next += 1;
        Ok(word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.try_next_u32()?) | u64::from(self.try_next_u32()?) << 32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.try_next_u32()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A normal number of mean 0 and variance 1 (G. E. P. Box and M. E. Muller, Ann. Math. Stat. 29, 610, 1958).
pub fn normal(stream: &mut Stream) -> f64 {
    let [radius, angle]: [f64; 2] = [stream.random(), stream.random()];
    (-2.0 * (1.0 - radius).ln()).sqrt() * (TAU * angle).cos()
}

/// Numbers in [0, 1) that are evenly spread over blocks at any distance from each other, and over configurations: multiples of two
/// irrational numbers, the inverse of the plastic ratio and its square (Roberts' sequence). Not random. Twin of
/// `shaders/shared/numbers/spread.wgsl`.
#[inline(always)]
pub fn spread(block: u32, configuration: u32) -> f32 {
    SpinKey::uniform_of(block.wrapping_mul(0xC13F_A9A9).wrapping_add(configuration.wrapping_mul(0x91E1_0DA5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_known_answers() {
        // Random123's kat_vectors.
        assert_eq!(philox([0; 2], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 2], [u32::MAX; 4]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn uniform_numbers_are_uniform_and_differ_between_sites() {
        let key = SpinKey { seed: 3, step: 1, configuration: 0, level: 2, block: 5 };
        let numbers: Vec<f32> = (0..40_000).map(|site| key.uniform(site)).collect();
        let mean = numbers.iter().map(|&u| f64::from(u)).sum::<f64>() / numbers.len() as f64;
        let deviation = (1.0 / 12.0 / numbers.len() as f64).sqrt();
        assert!((mean - 0.5).abs() < 4.0 * deviation, "mean {mean}");
        assert!(numbers.iter().all(|u| (0.0..1.0).contains(u)));
        assert_ne!(numbers[0], numbers[1]);
    }

    #[test]
    fn spread_numbers_are_even_over_blocks_and_over_configurations() {
        let worst = |number: &dyn Fn(u32) -> f32, count: u32| {
            let mut numbers: Vec<_> = (0..count).map(number).collect();
            numbers.sort_by(f32::total_cmp);
            let off = |(at, &number): (usize, &f32)| (number - at as f32 / count as f32).abs();
            numbers.iter().enumerate().map(off).fold(0.0, f32::max)
        };
        for stride in [1, 2, 4, 32, 128] {
            assert!(worst(&|block| spread(stride * block, 5), 1000) < 0.02, "blocks, {stride} apart");
            assert!(worst(&|row| spread(7, stride * row), 1000) < 0.02, "configurations, {stride} apart");
        }
    }
}
