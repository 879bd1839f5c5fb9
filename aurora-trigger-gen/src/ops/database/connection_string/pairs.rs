use super::Tls;

/// The pairs without those that are taken.
pub(super) fn without(text: &str, tls: &mut Tls) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((key, value, behind)) = next_pair(rest) {
        if !tls.takes(key, &value) {
            left.push_str(&rest[..rest.len() - behind.len()]);
        }
        rest = behind;
    }
    // What can't be read, the driver can't either, and says why.
    left.push_str(rest);
    left
}

/// The key, the value, and what is behind them.
fn next_pair(text: &str) -> Option<(&str, String, &str)> {
    let text = text.trim_start();
    let end = text.find(|char: char| char == '=' || char.is_whitespace())?;
    let (key, rest) = text.split_at(end);
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let (value, behind) = match rest.strip_prefix('\'') {
        Some(quoted) => {
            let (value, behind) = unescaped(quoted, |char| char == '\'');
            (value, behind.strip_prefix('\'')?)
        }
        None => unescaped(rest, char::is_whitespace),
    };
    Some((key, value, behind))
}

/// The value up to what ends it.
fn unescaped(text: &str, ends: impl Fn(char) -> bool) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            char if ends(char) => return (value, &text[at..]),
            char => value.push(char),
        }
    }
    (value, "")
}
