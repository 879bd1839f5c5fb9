//! The names by which a Lambda function can be called, and regions. `templates/function_name.sql` has the same rules in
//! SQL, with the same words.

/// Beside what is wrong.
const EXAMPLES: &str = "give an ARN, such as arn:aws:lambda:eu-central-1:123456789012:function:relay, or a name, such \
                        as relay";

/// Takes the name of a function: `relay`, `relay:live`, `123456789012:function:relay`, or an ARN.
///
/// # Errors
///
/// What is wrong with it, and examples.
pub(super) fn parse_function(name: &str) -> Result<String, String> {
    match function_problem(name) {
        None => Ok(name.to_owned()),
        Some(problem) => Err(format!("{problem}; {EXAMPLES}")),
    }
}

/// Takes the name of a region: `eu-central-1`.
///
/// # Errors
///
/// An example.
pub(super) fn parse_region(name: &str) -> Result<String, String> {
    if is_region(name) {
        Ok(name.to_owned())
    } else {
        Err("a region is written as eu-central-1".to_owned())
    }
}

/// What is wrong with it.
fn function_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.contains(' ') {
        return Some("it has a space in it".to_owned());
    }
    let mut parts: Vec<&str> = name.split(':').collect();
    let part = |number: usize| parts.get(number).copied().unwrap_or_default();
    let is_arn = part(0) == "arn";
    if is_arn {
        if !is_partition(part(1)) {
            return Some(format!("\"{}\" is no partition of AWS", part(1)));
        }
        if part(2) != "lambda" {
            return Some(format!("it is an ARN of \"{}\", not of lambda", part(2)));
        }
        if !is_region(part(3)) {
            return Some(format!("\"{}\" is no region", part(3)));
        }
        parts.drain(..4);
    }
    let part = |number: usize| parts.get(number).copied().unwrap_or_default();
    if is_arn || parts.len() > 2 {
        if !(part(0).len() == 12 && part(0).bytes().all(|byte| byte.is_ascii_digit())) {
            return Some(format!(
                "\"{}\" is no account, which has 12 digits",
                part(0)
            ));
        }
        if part(1) != "function" {
            return Some(format!("\"{}\" is where \"function\" must be", part(1)));
        }
        parts.drain(..2);
    }
    let (function, qualifier) = match &*parts {
        [] => ("", None),
        [function] => (*function, None),
        [function, qualifier] => (*function, Some(*qualifier)),
        _ => return Some("it goes on behind the qualifier".to_owned()),
    };
    if !is_word(function, 64) {
        return Some(format!(
            "\"{function}\" is no name of a function, which has 1 to 64 of a-z, A-Z, 0-9, - and _"
        ));
    }
    qualifier
        .filter(|qualifier| *qualifier != "$LATEST" && !is_word(qualifier, 128))
        .map(|qualifier| format!("\"{qualifier}\" is no version and no alias"))
}

fn is_word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// `aws`, `aws-cn`, `aws-us-gov`.
fn is_partition(text: &str) -> bool {
    let mut words = text.split('-');
    words.next() == Some("aws") && words.all(is_lower)
}

/// `eu-central-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    words.contains('-')
        && words.split('-').all(is_lower)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_lower(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase())
}
