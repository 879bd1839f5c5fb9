use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::{Pipeline, cluster};

impl Pipeline {
    /// Runs a file's text as a DBA does, with the real psql: its own reading of quotes, comments and backslashes comes
    /// before the server's.
    ///
    /// # Panics
    ///
    /// Where there is no psql on the PATH.
    #[must_use]
    pub fn psql(&self, options: &[&str], sql: &str) -> Output {
        let mut psql = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1"])
            .args(options)
            .args(["-f", "-", "-d"])
            .arg(cluster().connection_string(self.database()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql is installed");
        let mut input = psql.stdin.take().expect("it is piped");
        let sql = sql.to_owned();
        // psql can say more than a pipe holds before it has read everything.
        let writer = std::thread::spawn(move || input.write_all(sql.as_bytes()));
        let output = psql.wait_with_output().expect("it ends");
        // It stops reading at the first error.
        writer.join().expect("writing does not panic").ok();
        output
    }
}
