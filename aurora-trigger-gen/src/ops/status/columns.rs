/// Where the cells of a column stand.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Left,
    Right,
}

/// Lines of cells below each other, each column as wide as its widest cell, with two spaces between.
pub(super) fn columns<const N: usize>(sides: [Side; N], lines: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line
            .iter()
            .zip(sides)
            .zip(widths)
            .map(|((cell, side), width)| match side {
                Side::Left => format!("{cell:<width$}"),
                Side::Right => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
