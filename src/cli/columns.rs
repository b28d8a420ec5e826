//! Tables of results that fit a terminal of 80 columns.

/// Columns of a terminal.
pub(super) const WIDTH: usize = 80;
/// Blanks between columns.
const GAP: usize = 2;
/// Letters that words in the last column have beside the others; longer ones may stand on a line of their own.
const WORDS: usize = 10;

/// Rows with columns of the same width, each row as one text. `sides` has `<` or `>` for every column: the side at which its cells are flush.
///
/// A row that is too wide has its first cell, and words in its last column, on lines of their own.
pub(super) fn aligned<const N: usize>(sides: [char; N], rows: &[[String; N]]) -> Vec<String> {
    let length = |cell: &str| cell.chars().count();
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| length(&row[column])).max().unwrap_or(0));
    let has_words = sides[N - 1] == '<';
    let last = if has_words { widths[N - 1].min(WORDS) } else { widths[N - 1] };
    let rest = widths[1..N - 1].iter().map(|width| GAP + width).sum::<usize>() + GAP + last;
    let first = widths[0].min(WIDTH.saturating_sub(rest).max(GAP));
    let gap = " ".repeat(GAP);
    let padded = |cell: &str, column: usize| match sides[column] {
        '<' => format!("{cell:<0$}", widths[column]),
        _ => format!("{cell:>0$}", widths[column]),
    };
    let row = |row: &[String; N]| {
        let (mut text, mut line) = match length(&row[0]) > first {
            true => (format!("{}\n", row[0]), " ".repeat(first)),
            false if sides[0] == '<' => (String::new(), format!("{:<first$}", row[0])),
            false => (String::new(), format!("{:>first$}", row[0])),
        };
        for (column, cell) in row.iter().enumerate().take(N - 1).skip(1) {
            line += &gap;
            line += &padded(cell, column);
        }
        if has_words && length(&line) + GAP + length(&row[N - 1]) > WIDTH {
            text += line.trim_end();
            text += "\n";
            line = " ".repeat(first.min(WIDTH.saturating_sub(GAP + length(&row[N - 1]))));
        }
        line += &gap;
        line += &if has_words { row[N - 1].clone() } else { padded(&row[N - 1], N - 1) };
        text + line.trim_end()
    };
    rows.iter().map(row).collect()
}

/// Words behind a start, in lines that fit; all after the first line begin below the first word.
pub(super) fn wrapped(start: &str, words: &str) -> String {
    let indent = start.chars().count();
    let (mut text, mut column) = (start.to_owned(), indent);
    for word in words.split(' ') {
        let length = word.chars().count();
        match () {
            () if column == indent => (),
            () if column + 1 + length > WIDTH => {
                text += "\n";
                text += &" ".repeat(indent);
                column = indent;
            }
            () => {
                text.push(' ');
                column += 1;
            }
        }
        text += word;
        column += length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows<const N: usize>(rows: &[[&str; N]]) -> Vec<[String; N]> {
        rows.iter().map(|row| row.map(str::to_owned)).collect()
    }

    #[test]
    fn columns_are_aligned() {
        let shown = aligned(['<', '>', '<'], &rows(&[["a", "1", "b"], ["long", "22", "c"]]));
        assert_eq!(shown, ["a      1  b", "long  22  c"]);
    }

    #[test]
    fn rows_that_are_too_wide_take_more_lines_and_lose_nothing() {
        let name = "n".repeat(70);
        let status = "s".repeat(40);
        let all = rows(&[
            ["run", "KL", "status"],
            ["a", "0.1", "fine"],
            [&name, "0.2", "fine"],
            ["b", "0.3", &status],
        ]);
        let shown = aligned(['<', '>', '<'], &all);
        let figures: Vec<&str> = shown[2].lines().collect();
        assert_eq!((shown[2].lines().next(), figures.len()), (Some(name.as_str()), 2));
        assert_eq!(shown[3].lines().nth(1).map(str::trim), Some(status.as_str()));
        for (row, cells) in shown.iter().zip(&all) {
            let words: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(words, cells.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(row.lines().all(|line| line.chars().count() <= WIDTH), "{row}");
        }
        // Columns stay where they are.
        assert_eq!(shown[0].find("KL").map(|at| at + 2), figures[1].find("0.2").map(|at| at + 3));
    }

    #[test]
    fn words_are_wrapped_below_the_first() {
        let words = "word ".repeat(40);
        let shown = wrapped("0     ", words.trim());
        assert!(
            shown.lines().count() == 3 && shown.lines().skip(1).all(|line| line.starts_with("      word")),
            "{shown}"
        );
        assert!(shown.lines().all(|line| line.len() <= WIDTH), "{shown}");
        assert_eq!(wrapped("a ", "b c"), "a b c");
    }
}
