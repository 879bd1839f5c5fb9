//! kinesis-local as a process of the test.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A Kinesis that others wrote, for as long as the value lives.
pub(crate) struct KinesisLocal {
    process: Child,
    port: u16,
}

impl KinesisLocal {
    /// Starts one with a stream, given as name, shards and region.
    pub(crate) fn start(stream: &str) -> KinesisLocal {
        let folder = env::var_os("AURORA_TRIGGER_KINESIS_LOCAL").map(PathBuf::from);
        let folder = folder.expect("AURORA_TRIGGER_KINESIS_LOCAL is set: run tests/run.sh");
        let mut process = Command::new("node")
            .arg("--require")
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/programs/independent_kinesis/loopback.js"
            ))
            .arg(folder.join("main.js"))
            .env("KINESIS_MOCK_CERT_PATH", folder.join("server.json"))
            .env("KINESIS_MOCK_PLAIN_PORT", "4568")
            .env("KINESIS_MOCK_TLS_PORT", "4567")
            .env("INITIALIZE_STREAMS", stream)
            .env("LOG_LEVEL", "ERROR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there: tests/run.sh sets it up");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let mut started = KinesisLocal { process, port: 0 };
        let (sender, port) = mpsc::channel();
        // It goes on reading, so that the process never waits for a reader.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                match line.strip_prefix("plain port ") {
                    Some(port) => sender
                        .send(port.parse().expect("it is a port"))
                        .unwrap_or(()),
                    None => eprintln!("kinesis-local: {line}"),
                }
            }
        });
        started.port = port
            .recv_timeout(Duration::from_secs(60))
            .expect("it listens soon");
        started
    }

    pub(crate) fn endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for KinesisLocal {
    fn drop(&mut self) {
        // One that has ended does not need it.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
