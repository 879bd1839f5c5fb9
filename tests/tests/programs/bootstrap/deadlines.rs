//! Calls whose deadline is before their beginning, as `cargo lambda watch` makes them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::function::{STREAM, kinesis, relay};
use super::payload::{batch, created, payload};

/// As much of the Runtime API as it takes to make calls.
struct RuntimeApi(BufReader<TcpStream>);

impl RuntimeApi {
    /// Makes a call with this deadline, and gives its answer.
    fn call(&mut self, deadline_ms: u64, payload: &str) -> Value {
        let (request, _) = self.request();
        assert!(request.starts_with("GET "), "{request}");
        self.respond(&format!(
            "200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: {deadline_ms}\r\n\
             lambda-runtime-invoked-function-arn: arn\r\ncontent-length: {}\r\n\r\n{payload}",
            payload.len()
        ));
        let (request, body) = self.request();
        assert!(request.contains("/response "), "{request} {body}");
        self.respond("202 Accepted\r\ncontent-length: 0\r\n\r\n");
        serde_json::from_str(&body).expect("an answer is JSON")
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
        let body = String::from_utf8(body).expect("the relay writes UTF-8");
        (first, body)
    }

    fn respond(&mut self, text: &str) {
        write!(self.0.get_mut(), "HTTP/1.1 {text}").expect("the relay listens");
    }
}

#[test]
fn a_deadline_in_1970_is_none_and_told_once() {
    let kinesis = kinesis();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it listens").to_string();
    let mut relay = Command::new(relay())
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", &*address),
            ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL_KINESIS", &kinesis.endpoint_url()),
            ("RELAY_STREAM", STREAM),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the relay was built");
    let (stream, _) = listener.accept().expect("the relay connects");
    let mut api = RuntimeApi(BufReader::new(stream));

    let answers: Vec<Value> = [(1, "RequestResponse"), (2, "RequestResponse"), (3, "Event")]
        .into_iter()
        .map(|(seq, invocation)| {
            api.call(
                600_000,
                &payload(invocation, &[batch(&[created(seq, seq)])]),
            )
        })
        .collect();

    relay.kill().expect("it is this test's own");
    let output = relay.wait_with_output().expect("it has been killed");
    assert_eq!(answers[0], json!({"accepted": 1, "refused": []}));
    assert_eq!(answers[1], json!({"accepted": 1, "refused": []}));
    assert_eq!(answers[2], json!({"accepted": 1}));
    assert_eq!(kinesis.records(STREAM).len(), 3);
    let log = String::from_utf8(output.stdout).expect("the log is UTF-8");
    let warnings: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("the log holds JSON"))
        .filter(|line: &Value| line["level"] == "WARN")
        .collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert_eq!(warnings[0]["deadlineMs"], 600_000);
    assert_eq!(
        warnings[0]["message"],
        "the deadline of the call is before its beginning, so it has none: it may take 60 s"
    );
}
