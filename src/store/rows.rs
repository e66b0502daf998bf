//! Statements over many rows at once.

use std::fmt::Write;

/// How many rows a statement has. There are few sizes, so that all statements stay prepared, and the largest stays far below the
/// number of values that a database takes in one statement.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// The rows, in portions for one statement each.
pub(crate) fn portions<Row>(mut rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (portion, rest) = rows.split_at_checked(size)?;
        rows = rest;
        Some(portion)
    })
}

/// The rows in as few statements as can be, for those in which a row may stand more than once: filled up with the last of them.
pub(crate) fn filled<Row: Copy>(rows: &[Row]) -> impl Iterator<Item = Vec<Row>> {
    rows.chunks(SIZES[0]).filter_map(|chunk| {
        let size = SIZES.into_iter().rev().find(|size| *size >= chunk.len())?;
        let mut chunk = chunk.to_vec();
        chunk.resize(size, *chunk.last()?);
        Some(chunk)
    })
}

/// The places for the values of `rows` rows: `($1, $2), ($3, $4)`.
pub(crate) fn places(rows: usize, columns: usize) -> String {
    places_from(1, rows, columns)
}

/// The same, behind `first - 1` other values.
pub(crate) fn places_from(first: usize, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { ", " };
            // Writing into a text cannot fail.
            let _ = write!(text, "{comma}${}", first + row * columns + column);
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_hold_every_row_once_and_have_few_sizes() {
        for count in [0, 1, 3, 64, 65, 150, 1000] {
            let rows: Vec<usize> = (0..count).collect();
            let all: Vec<usize> = portions(&rows).flatten().copied().collect();
            assert_eq!(all, rows);
            assert!(portions(&rows).all(|portion| SIZES.contains(&portion.len())));
        }
    }

    #[test]
    fn what_is_filled_up_repeats_the_last() {
        assert_eq!(filled(&[1, 2, 3]).collect::<Vec<_>>(), [vec![1, 2, 3, 3]]);
        let many: Vec<usize> = (0..65).collect();
        assert_eq!(filled(&many).map(|portion| portion.len()).collect::<Vec<_>>(), [64, 1]);
        assert_eq!(filled::<u8>(&[]).count(), 0);
    }

    #[test]
    fn places_are_numbered_through() {
        assert_eq!(places(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(places(3, 1), "($1), ($2), ($3)");
        assert_eq!(places_from(2, 2, 1), "($2), ($3)");
    }
}
