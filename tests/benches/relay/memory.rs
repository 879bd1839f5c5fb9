//! How much memory the relay takes for a payload as large as Lambda hands over.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use relay_lambda::local::Kinesis;

use crate::binary::{Binary, ENVIRONMENT, STREAM};
use crate::event::{images, updates};

/// So many updates are a little less than 6 MB.
const EVENTS: u32 = 12_800;

/// The peak of the process over that after a small call, to the size of the payload.
pub(crate) fn measure(binary: &Binary) -> f64 {
    eprintln!("memory …");
    let kinesis = Kinesis::start().expect("a port is free");
    kinesis.create_stream(STREAM, 2).expect("it is new");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let mut process = Command::new(&binary.path)
        .env_clear()
        .envs(ENVIRONMENT)
        .env("AWS_ENDPOINT_URL_KINESIS", kinesis.endpoint_url())
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "relay")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .stdout(Stdio::null())
        .spawn()
        .expect("the relay starts");
    let (connection, _) = listener.accept().expect("the relay asks for a call");
    let mut runtime = RuntimeApi(BufReader::new(connection));
    runtime.call(&updates(&images(1), "Event"));
    let before = peak_bytes(process.id());
    let large = updates(&images(EVENTS), "Event");
    assert!(
        (5_500_000..6 << 20).contains(&large.len()),
        "{}",
        large.len()
    );
    runtime.call(&large);
    let after = peak_bytes(process.id());
    process.kill().expect("it is this bench's own");
    process.wait().expect("it has been killed");
    let written = kinesis.records(STREAM).len();
    assert_eq!(written, images(EVENTS).len() + 1);
    let size = f64::from(u32::try_from(large.len()).expect("it is below 4 GB"));
    f64::from(after - before) / size
}

/// The highest that the process has been, as Linux counts it.
fn peak_bytes(process: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .expect("memory is measured on Linux");
    let kilobytes: u32 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse().ok())
        .expect("Linux says so");
    kilobytes * 1024
}

/// The other side of the function, as much as it takes to make a call.
struct RuntimeApi(BufReader<TcpStream>);

impl RuntimeApi {
    /// Makes a call and waits for its answer.
    fn call(&mut self, payload: &str) {
        let (request, _) = self.request();
        assert!(request.starts_with("GET "), "{request}");
        let deadline = SystemTime::now() + Duration::from_secs(60);
        let deadline = deadline
            .duration_since(UNIX_EPOCH)
            .expect("it is after 1970")
            .as_millis();
        self.answer(&format!(
            "200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: {deadline}\r\n\
             lambda-runtime-invoked-function-arn: arn\r\ncontent-length: {}\r\n\r\n{payload}",
            payload.len()
        ));
        let (request, body) = self.request();
        assert!(request.contains("/response "), "{request} {body}");
        self.answer("202 Accepted\r\ncontent-length: 0\r\n\r\n");
    }

    fn request(&mut self) -> (String, String) {
        let mut first = String::new();
        self.0.read_line(&mut first).expect("the relay asks");
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("the relay asks");
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("it is a number");
            }
        }
        let mut body = vec![0; length];
        self.0
            .read_exact(&mut body)
            .expect("the relay says how much");
        (first, String::from_utf8_lossy(&body).into_owned())
    }

    fn answer(&mut self, text: &str) {
        let text = format!("HTTP/1.1 {text}");
        self.0
            .get_mut()
            .write_all(text.as_bytes())
            .expect("the relay listens");
    }
}
