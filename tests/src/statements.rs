/// The statements of a file, one by one, as psql sends them.
///
/// Knows what our files hold: comments to the end of the line, quoted names and texts, dollar quotes.
#[must_use]
pub fn statements(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < sql.len() {
        let rest = &sql[at..];
        let first = rest.chars().next().expect("there is a rest");
        at += match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            // A doubled quote is the end of one and the beginning of the next. E'' with a quote behind a backslash
            // is nothing that we write.
            '\'' | '"' => 1 + rest[1..].find(first).expect("the quote ends") + 1,
            '$' => {
                let tag = &rest[..=1 + rest[1..].find('$').expect("the tag ends")];
                tag.len() + rest[tag.len()..].find(tag).expect("the body ends") + tag.len()
            }
            ';' => {
                found.push(sql[start..=at].trim());
                start = at + 1;
                1
            }
            other => other.len_utf8(),
        };
    }
    assert!(
        sql[start..]
            .lines()
            .all(|line| line.is_empty() || line.starts_with("--")),
        "the last statement ends: {}",
        &sql[start..]
    );
    found
}
