mod pairs;
mod url;

use std::error::Error;
use std::str::FromStr;

use tokio_postgres::Config;

/// How a connection string looks, for who has written none.
pub(super) const FORM: &str =
    "write it as postgres://user@host:5432/database, or as 'host=… user=… dbname=…'";

/// What a connection string says.
pub(super) struct Given {
    pub(super) config: Config,
    pub(super) ssl_mode: Option<String>,
    pub(super) ssl_root_cert: Option<String>,
}

/// Reads a URL, or libpq's `key=value` form.
pub(super) fn read(text: &str) -> Result<Given, String> {
    let mut tls = Tls::default();
    let rest = match url::parameters(text) {
        Some(parameters) => url::without(text, parameters, &mut tls),
        None => pairs::without(text, &mut tls),
    };
    Ok(Given {
        config: Config::from_str(&rest).map_err(|error| mistake(&explain(&error)))?,
        ssl_mode: tls.mode,
        ssl_root_cert: tls.root_cert,
    })
}

/// What is wrong with a connection string, and how one looks. Never the text itself, which may hold a password.
pub(super) fn mistake(what: &str) -> String {
    format!("--database-url: {what}; {FORM}")
}

/// The driver prints what it does not understand, which is a part of the password where that lacks its quotes.
fn explain(error: &tokio_postgres::Error) -> String {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    if said.starts_with("invalid value for option") {
        return said;
    }
    "it has an option that this does not know, or a value that lacks its '' or %XX".to_owned()
}

/// Of the options those that the driver does not know, or not all values of.
#[derive(Default)]
struct Tls {
    mode: Option<String>,
    root_cert: Option<String>,
}

impl Tls {
    /// Whether it is one of these. Of several of one name the last counts.
    fn takes(&mut self, key: &str, value: &str) -> bool {
        let place = match key {
            "sslmode" => &mut self.mode,
            "sslrootcert" => &mut self.root_cert,
            _ => return false,
        };
        // One that is empty counts as none, as in libpq.
        *place = Some(value.to_owned()).filter(|value| !value.is_empty());
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_postgres::config::Host;

    use super::*;

    fn given(text: &str) -> Given {
        read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn tls_is_read_from_both_forms_wherever_it_stands() {
        for text in [
            "postgres://me:p%3F@db/shop?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Ftmp%2Fa%20b.pem",
            "postgresql://me:p%3F@db/shop?connect_timeout=3&sslrootcert=/tmp/a b.pem&sslmode=verify-full",
            "sslmode=verify-full host=db password=p? user=me sslrootcert='/tmp/a b.pem' dbname=shop connect_timeout=3",
            "host = db sslrootcert = /tmp/a\\ b.pem sslmode=prefer user=me dbname=shop connect_timeout=3 \
             sslmode='verify-full' password='p?'",
        ] {
            let given = given(text);
            assert_eq!(given.ssl_mode.as_deref(), Some("verify-full"), "{text}");
            assert_eq!(
                given.ssl_root_cert.as_deref(),
                Some("/tmp/a b.pem"),
                "{text}"
            );
            assert_eq!(
                given.config.get_hosts(),
                [Host::Tcp("db".to_owned())],
                "{text}"
            );
            assert_eq!(given.config.get_user(), Some("me"), "{text}");
            assert_eq!(given.config.get_password(), Some(&b"p?"[..]), "{text}");
            assert_eq!(given.config.get_dbname(), Some("shop"), "{text}");
            let timeout = given.config.get_connect_timeout();
            assert_eq!(timeout.map(Duration::as_secs), Some(3), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_option_is_left_where_it_is() {
        for text in [
            "postgres://sslmode=x:p?sslmode=y@db/shop",
            "user='sslmode=x' password='p?sslmode=y' host=db dbname=shop",
            r"user=sslmode=x password=p?sslmode=y host=db dbname='sh'",
        ] {
            let given = given(text);
            assert_eq!(given.ssl_mode, None, "{text}");
            assert_eq!(given.config.get_user(), Some("sslmode=x"), "{text}");
            let password = given.config.get_password();
            assert_eq!(password, Some(&b"p?sslmode=y"[..]), "{text}");
        }
    }

    #[test]
    fn an_empty_text_says_nothing_and_an_empty_option_is_none() {
        assert_eq!(given("").config, Config::new());
        assert_eq!(given("host=db sslmode=''").ssl_mode, None);
        assert_eq!(given("host=db sslmode=").ssl_mode, None);
        assert_eq!(given("postgres://db/?sslrootcert=").ssl_root_cert, None);
    }

    #[test]
    fn a_mistake_is_told_without_what_may_be_a_password() {
        for text in [
            "hush",
            "password=x hush=1",
            "password=x hush host=db",
            "password='hush",
            "postgres://me@db/?password=x&hush=1",
            "postgres://me@db/?hush",
            "postgres://me:hush@db:port/shop",
            "postgres://me:hush@[db/shop",
            "sslmode",
            "sslmode='",
            "postgres://?sslmode",
        ] {
            let said = read(text).err().unwrap_or_else(|| panic!("{text}"));
            assert!(!said.contains("hush"), "{said}");
            assert!(
                said.contains("postgres://user@host:5432/database"),
                "{said}"
            );
        }
        let said = read("host=db port=x").err().expect("it is no port");
        assert!(said.contains("invalid value for option `port`"), "{said}");
    }
}
