//! A stand-in for the `aws_lambda` extension of Aurora and RDS, for development and tests.
//!
//! The real extension can't be had outside of AWS. The SQL of this module puts functions of the same
//! names, parameters and privileges into any PostgreSQL from 11 to 18 with contrib, and there
//! `aws_lambda.invoke` calls an endpoint on your own machine: `relay_lambda::local::LambdaEndpoint`.

/// The SQL that installs the stand-in, with `endpoint` as what its calls connect to.
///
/// `endpoint` is a connection string as libpq reads it, taken literally whatever is in it; a
/// `LambdaEndpoint` gives its own. Run the SQL as a superuser in the database that shall have the
/// functions. It can run again, with another endpoint too: open sessions follow. Every role that
/// calls `aws_lambda.invoke` needs the grants that the real extension asks for.
///
/// When it runs, it refuses a database that has the real `aws_lambda` or `aws_commons`, one in encoding
/// `SQL_ASCII` or `MULE_INTERNAL`, and a role that is no superuser. In every other encoding the endpoint gets the
/// payload in UTF-8. The call is outside of the caller's transaction, as the real one is: a `ROLLBACK` does not undo
/// it.
///
/// ```
/// let sql = aurora_trigger_gen::local_extension::sql("host=127.0.0.1 port=9001 sslmode=disable");
///
/// assert!(sql.contains("VALUES ('host=127.0.0.1 port=9001 sslmode=disable')"));
/// ```
#[must_use]
pub fn sql(endpoint: &str) -> String {
    include_str!("local_extension.sql").replace("{endpoint}", &literal(endpoint))
}

/// `text` as an SQL literal that reads the same under every `standard_conforming_strings`.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::{literal, sql};

    #[test]
    fn an_endpoint_is_one_literal_whatever_is_in_it() {
        assert_eq!(literal("host=x"), "'host=x'");
        assert_eq!(literal("password='it''s'"), "'password=''it''''s'''");
        assert_eq!(literal(r"password=\'"), r"E'password=\\'''");
    }

    #[test]
    fn lines_fit_the_screen_of_who_reads_them() {
        let long: Vec<String> = sql("host=x")
            .lines()
            .filter(|line| line.chars().count() > 100)
            .map(str::to_owned)
            .collect();

        assert!(long.is_empty(), "{long:#?}");
    }
}
