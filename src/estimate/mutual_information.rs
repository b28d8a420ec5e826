//! Mutual information of pairs of numbers.

use super::Estimate;

/// Pairs for every cell of the table, and the numbers of rows of it.
const PER_CELL: f64 = 5.0;
const ROWS: (usize, usize) = (4, 32);
/// Blocks of the jackknife.
const BLOCKS: usize = 20;

/// The mutual information in nats of pairs that come in rows, `[count][pairs]`: those of a row may depend on each other, rows do not.
///
/// Both numbers are sorted into as many cells as hold equally many of them, so that it depends on their order alone; the table of both gives its information, less what a table of
/// independent numbers has by chance, `(cells - 1)^2 / (2 pairs)` (G. A. Miller, 1955). Finer structure than cells is lost, so that it is a lower bound up to its error, which is by
/// jackknife over blocks of rows.
///
/// # Panics
/// When there are fewer rows than blocks of the jackknife, or rows of different length.
pub fn mutual_information(rows: &[Vec<[f64; 2]>]) -> Estimate {
    assert!(rows.len() >= BLOCKS, "too few rows: {}", rows.len());
    let width = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == width), "rows of one length");
    let pairs: Vec<[f64; 2]> = rows.concat();
    // Rows that depend on each other inside count as one where the table's size is chosen.
    let cells = (rows.len() as f64 / PER_CELL).cbrt().round() as usize;
    let cells = cells.clamp(ROWS.0, ROWS.1);
    let [first, second] = [0, 1].map(|which| cell_of(pairs.iter().map(|pair| pair[which]).collect(), cells));
    let mut blocks = vec![vec![0.0; cells * cells]; BLOCKS];
    for (number, (first, second)) in first.into_iter().zip(second).enumerate() {
        let block = number / width * BLOCKS / rows.len();
        blocks[block][first * cells + second] += 1.0;
    }
    let whole: Vec<f64> =
        (0..cells * cells).map(|cell| blocks.iter().map(|block| block[cell]).sum()).collect();
    let value = information(&whole, cells);
    let left_out: Vec<f64> = blocks
        .iter()
        .map(|block| {
            information(&whole.iter().zip(block).map(|(all, part)| all - part).collect::<Vec<_>>(), cells)
        })
        .collect();
    let mean = left_out.iter().sum::<f64>() / BLOCKS as f64;
    let squares: f64 = left_out.iter().map(|value| (value - mean).powi(2)).sum();
    Estimate { value, error: (squares * (BLOCKS as f64 - 1.0) / BLOCKS as f64).sqrt() }
}

/// The cell of every number, each with as many numbers as the others.
fn cell_of(numbers: Vec<f64>, cells: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut cell = vec![0; numbers.len()];
    for (rank, number) in order.into_iter().enumerate() {
        cell[number] = rank * cells / numbers.len();
    }
    cell
}

/// The information in nats of a table `[cells][cells]` of counts.
fn information(table: &[f64], cells: usize) -> f64 {
    let total: f64 = table.iter().sum();
    let of_row: Vec<f64> = table.chunks(cells).map(|row| row.iter().sum()).collect();
    let of_column: Vec<f64> =
        (0..cells).map(|column| table.iter().skip(column).step_by(cells).sum()).collect();
    let term = |(at, count): (usize, &f64)| match *count {
        0.0 => 0.0,
        count => count / total * (count * total / (of_row[at / cells] * of_column[at % cells])).ln(),
    };
    let found: f64 = table.iter().enumerate().map(term).sum();
    found - (cells as f64 - 1.0).powi(2) / (2.0 * total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, normal};

    /// Rows of independent pairs of normal numbers with a correlation.
    fn rows(count: usize, correlation: f64) -> Vec<Vec<[f64; 2]>> {
        let mut stream = Stream::new(5, 0);
        let mut pair = || {
            let [a, b] = [0, 1].map(|_| normal(&mut stream));
            [a, correlation * a + (1.0 - correlation * correlation).sqrt() * b]
        };
        (0..count).map(|_| vec![pair(), pair()]).collect()
    }

    #[test]
    fn independent_numbers_have_none_and_normal_ones_that_of_their_correlation() {
        for correlation in [0.0, 0.3, -0.6, 0.8] {
            let found = mutual_information(&rows(20_000, correlation));
            let exact = -0.5 * f64::ln(1.0 - correlation * correlation);
            // Cells lose a few per cent.
            assert!(
                (found.value - exact).abs() < 4.0 * found.error + 0.05 * exact,
                "{correlation}: {found:?}, {exact}"
            );
            assert!(found.error < 0.01, "{found:?}");
        }
    }

    #[test]
    fn a_monotonous_function_changes_nothing() {
        let plain = rows(4000, 0.5);
        let bent = plain.iter().map(|row| row.iter().map(|[a, b]| [a.exp(), b * b * b]).collect());
        assert_eq!(mutual_information(&plain), mutual_information(&bent.collect::<Vec<_>>()));
    }
}
