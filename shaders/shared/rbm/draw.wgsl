// Draws units by heat baths: unit u of a row is 1 if a number in [0, 1) lies below its probability. The number is word u % 32 / 8 of counter (configuration, 8 (u / 32) +
// u % 8, stage, TAG), so that a lane whose four units are 8 apart draws them by one counter. Twin of `numbers` in `src/rbm/cpu.rs`. Needs `task`.

#include numbers/philox
#include rbm/probabilities

// Sets the numbers of machines apart from those of networks of the same seed.
const TAG: u32 = 0x5eb017a2u;

// Random words of four units 8 apart, of which the first is `unit`, in a row counted from the first one that is drawn.
fn unit_words(row: u32, unit: u32) -> vec4<u32> {
    return philox(task.seed, task.step, vec4<u32>(task.first + row, unit / 32u * 8u + unit % 8u, task.stage, TAG));
}

// Bits of four units 8 apart in their word of 32.
fn drawn_bits(row: u32, unit: u32, probabilities: vec4<f32>) -> u32 {
    let words = unit_words(row, unit);
    let numbers = vec4<f32>(uniform_of(words.x), uniform_of(words.y), uniform_of(words.z), uniform_of(words.w));
    let bits = select(vec4<u32>(0u), vec4<u32>(1u, 1u << 8u, 1u << 16u, 1u << 24u), numbers < probabilities);
    return (bits.x | bits.y | bits.z | bits.w) << (unit % 8u);
}
