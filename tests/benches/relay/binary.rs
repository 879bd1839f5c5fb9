//! The reference app's relay, built as it is deployed.

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use pipeline_tests::deployed;
use relay_lambda::local::{Bootstrap, Kinesis};

/// The executable that Lambda gets.
#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) path: PathBuf,
}

/// The stream that it writes to.
pub(crate) const STREAM: &str = "storefront";

pub(crate) fn build() -> Binary {
    eprintln!("building the relay as it is deployed …");
    let path = deployed("storefront-relay");
    Binary { path }
}

impl Binary {
    /// What it takes in a zip, which holds it deflated.
    pub(crate) fn zip_mb(&self) -> f64 {
        let bytes = std::fs::read(&self.path).expect("it has been built");
        let mut zip = DeflateEncoder::new(Vec::new(), Compression::best());
        zip.write_all(&bytes).expect("a Vec takes everything");
        let length = zip.finish().expect("a Vec takes everything").len();
        f64::from(u32::try_from(length).expect("it is below 4 GB")) / 1e6
    }

    /// A function of it that writes to this Kinesis.
    pub(crate) fn function(&self, kinesis: &Kinesis) -> Bootstrap {
        ENVIRONMENT.iter().fold(
            Bootstrap::new(&self.path).env("AWS_ENDPOINT_URL_KINESIS", kinesis.endpoint_url()),
            |function, (name, value)| function.env(name, value),
        )
    }
}

/// What it is told, beside where Kinesis is.
pub(crate) const ENVIRONMENT: [(&str, &str); 5] = [
    ("RELAY_STREAM", STREAM),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_LAMBDA_LOG_LEVEL", "WARN"),
];
