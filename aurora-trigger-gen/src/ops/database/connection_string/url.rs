use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::Tls;

/// Where the parameters of a URL begin; nowhere in what is none.
pub(super) fn parameters(text: &str) -> Option<usize> {
    let after_scheme = ["postgres://", "postgresql://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))?
        .len();
    // A password may hold a question mark: what is before the first @ is the user's, as the driver and libpq read it.
    let host = text[after_scheme..]
        .find('@')
        .map_or(after_scheme, |at| after_scheme + at);
    let question_mark = text[host..].find('?').map(|at| host + at + 1);
    Some(question_mark.unwrap_or(text.len()))
}

/// The URL without the parameters that are taken.
pub(super) fn without(url: &str, parameters: usize, tls: &mut Tls) -> String {
    let (before, parameters) = url.split_at(parameters);
    let left: Vec<&str> = parameters
        .split('&')
        .filter(|parameter| match parameter.split_once('=') {
            Some((key, value)) => !tls.takes(&decoded(key), &decoded(value)),
            None => true,
        })
        .collect();
    format!("{before}{}", left.join("&"))
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}
