//! Between the order of files, `[configuration][site]`, and that of the backends, `[site][configuration]`.

use rayon::prelude::*;

/// Side of the tiles that are turned at a time: a tile's rows and columns both stay in the nearest cache.
const TILE: usize = 64;

/// Writes `[rows][columns]` as `[columns][rows]`, every value changed by `change`.
///
/// # Panics
/// When `to` has another length.
pub(crate) fn transpose<T, U>(from: &[T], columns: usize, to: &mut [U], change: impl Fn(T) -> U + Sync)
where
    T: Copy + Default + Sync,
    U: Send,
{
    assert_eq!(from.len(), to.len(), "as many values as before");
    let rows = from.len() / columns.max(1);
    to.par_chunks_mut((TILE * rows).max(1)).enumerate().for_each(|(strip, to)| {
        for first in (0..rows).step_by(TILE) {
            turn(from, columns, strip * TILE, first, to, rows, &change);
        }
    });
}

/// Turns the tile at a column and a row; `to` begins at that column.
fn turn<T: Copy + Default, U>(
    from: &[T],
    columns: usize,
    column: usize,
    row: usize,
    to: &mut [U],
    rows: usize,
    change: impl Fn(T) -> U,
) {
    let (height, width) = (TILE.min(rows - row), TILE.min(columns - column));
    let mut tile = [[T::default(); TILE]; TILE];
    for (line, values) in tile[..height].iter_mut().zip(from[row * columns..].chunks(columns)) {
        line[..width].copy_from_slice(&values[column..][..width]);
    }
    for (column, values) in to.chunks_mut(rows).enumerate() {
        for (value, line) in values[row..].iter_mut().zip(&tile[..height]) {
            *value = change(line[column]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_where_it_belongs_and_back_again() {
        for [rows, columns] in [[1, 1], [1, 130], [130, 1], [64, 64], [65, 127], [200, 96]] {
            let from: Vec<u32> = (0..(rows * columns) as u32).collect();
            let (mut turned, mut back) = (vec![0; from.len()], vec![0; from.len()]);
            transpose(&from, columns, &mut turned, |value| 2 * u64::from(value));
            for (at, &value) in from.iter().enumerate() {
                assert_eq!(turned[at % columns * rows + at / columns], 2 * u64::from(value));
            }
            transpose(&turned, rows, &mut back, |value| (value / 2) as u32);
            assert_eq!(back, from, "{rows} x {columns}");
        }
    }
}
