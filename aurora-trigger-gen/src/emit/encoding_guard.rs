use std::fmt::Write as _;

use askama::Template;

use super::sql::Literal;

#[derive(Template)]
#[template(path = "encoding_guard.sql", escape = "none")]
struct EncodingGuard<'a> {
    letter: Literal<'a>,
    bytes: String,
}

/// The refusal of a session that reads the text as another encoding than UTF-8, where that makes a difference.
pub(super) fn of(text: &str) -> askama::Result<Option<String>> {
    let Some(letter) = text.chars().find(|c| !c.is_ascii()) else {
        return Ok(None);
    };
    let mut utf8 = [0; 4];
    let letter = &*letter.encode_utf8(&mut utf8);
    let guard = EncodingGuard {
        letter: Literal(letter),
        bytes: letter.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a String takes everything");
            hex
        }),
    }
    .render()?;
    Ok(Some(guard.trim_end().to_owned()))
}
