//! Rows of spins as bits: column c is bit c, and a set bit is spin +1.

/// The spin of a column, +-1.
pub(super) fn spin(row: u32, column: u32) -> i32 {
    2 * (row >> column & 1) as i32 - 1
}

/// The row with another bit in one column.
pub(super) fn with_bit(row: u32, column: u32, bit: u32) -> u32 {
    row & !(1 << column) | bit << column
}

/// Sum of products of a row's spins with those of another that is moved to the right.
pub(super) fn overlap(row: u32, other: u32, moved: u32, side: u32) -> i32 {
    (0..side).map(|column| spin(row, (column + moved) % side) * spin(other, column)).sum()
}

/// Rows that are not images of each other, with the number of their images: by translations, reversal and, if wanted, all
/// spins turned over. Reversal leaves also the triangular torus as it is, together with that of the order of rows.
pub(super) fn first_rows(side: u32, turned_over: bool) -> Vec<(u32, f64)> {
    let mask = (1 << side) - 1;
    let shifted = |row: u32, by: u32| (row << by | row >> (side - by)) & mask;
    let reversed = |row: u32| row.reverse_bits() >> (u32::BITS - side);
    let least = |row: u32| (0..side).map(|by| shifted(row, by)).min().unwrap_or(row);
    let of_both = |row: u32| least(row).min(least(reversed(row)));
    let standard = |row: u32| if turned_over { of_both(row).min(of_both(!row & mask)) } else { of_both(row) };
    let mut images = vec![0.0; 1 << side];
    (0..=mask).for_each(|row| images[standard(row) as usize] += 1.0);
    (0..).zip(images).filter(|(_, images)| *images > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_rows_are_bracelets() {
        // OEIS A000029, and A000011 where colours may be exchanged.
        for (side, bracelets, exchanged) in
            [(2, 3, 2), (3, 4, 2), (4, 6, 4), (6, 13, 8), (8, 30, 18), (10, 78, 44)]
        {
            for (turned_over, expected) in [(false, bracelets), (true, exchanged)] {
                let rows = first_rows(side, turned_over);
                assert_eq!(rows.len(), expected, "side {side}, turned over: {turned_over}");
                assert_eq!(rows.iter().map(|(_, images)| images).sum::<f64>(), f64::from(1 << side));
            }
        }
    }

    #[test]
    fn overlaps_count_bonds() {
        let row = 0b0011;
        assert_eq!([0, 1, 2].map(|moved| overlap(row, row, moved, 4)), [4, 0, -4]);
        assert_eq!(
            (spin(row, 1), spin(row, 2), with_bit(row, 3, 1), with_bit(row, 0, 0)),
            (1, -1, 0b1011, 0b0010)
        );
        // The spin at column 1 meets the other row's at column 0.
        assert_eq!(overlap(0b010, 0b001, 1, 3), 3);
    }
}
