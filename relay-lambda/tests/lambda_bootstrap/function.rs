//! The function: on the Rust runtime of Lambda, and obedient.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, thread};

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// What a process does until it is ended.
pub(crate) fn run() {
    match env::var("AT_START").as_deref() {
        Ok("exit") => process::exit(7),
        Ok("report") => {
            let error = br#"{"errorType":"Config.Missing","errorMessage":"no STREAM_NAME"}"#;
            post("init/error", error);
            process::exit(1);
        }
        Ok("hang") => hang(),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate()).expect("signals can be handled");
        tokio::select! {
            ended = Runtime::new(service_fn(handle)).run() => panic!("{ended:?}"),
            _ = terminated.recv() => {
                println!("ended by SIGTERM");
                process::exit(0);
            }
        }
    });
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    println!("ran {}", event.context.request_id);
    let action = event.payload["do"].as_str().unwrap_or_default();
    act(action, &event)
}

fn act(action: &str, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let context = &event.context;
    let answer_to = |id: &str, answer: &[u8]| {
        let status = post(&format!("invocation/{id}/response"), answer);
        println!("status {status}");
        status
    };
    let id = &context.request_id;
    match action {
        "ask" => {
            let asked = ask(event).expect("somebody answers");
            return act(&asked, event);
        }
        "fail" => {
            return Err(Diagnostic {
                error_type: "Broken".to_owned(),
                error_message: "as it was told".to_owned(),
            });
        }
        "panic" => panic!("not even an error"),
        "exit" => {
            println!("goodbye");
            process::exit(3);
        }
        "hang" => hang(),
        "large" => {
            let bytes = event.payload["bytes"].as_u64().unwrap_or_default();
            let letters = usize::try_from(bytes).expect("it fits") - 2;
            return Ok(json!("x".repeat(letters)));
        }
        // The answer of the runtime is the second one in these.
        "not JSON" => {
            answer_to(id, b"{not JSON");
        }
        "not UTF-8" => {
            answer_to(id, b"\"\xff\"");
        }
        "too large" => {
            answer_to(id, json!("x".repeat((6 << 20) - 1)).to_string().as_bytes());
        }
        "answer twice" => {
            answer_to(id, b"\"first\"");
        }
        "answer another" => return Ok(json!({ "status": answer_to("another", b"1") })),
        "answer" => {}
        _ => panic!("nobody said what {action} is"),
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970");
    let environment: BTreeMap<String, String> = env::vars().collect();
    Ok(json!({
        "pid": process::id(),
        "got": event.payload,
        "request_id": id,
        "arn": context.invoked_function_arn,
        "left_ms": i128::from(context.deadline) - now.as_millis().cast_signed(),
        "custom": context.client_context.as_ref().map(|context| &context.custom),
        "environment": environment,
    }))
}

fn hang() -> ! {
    loop {
        thread::park();
    }
}

/// Tells the test that the function runs, and asks it what to do.
fn ask(event: &LambdaEvent<Value>) -> std::io::Result<String> {
    let port = event.payload["port"].as_u64().unwrap_or_default();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    writeln!(stream, "{} {}", process::id(), event.context.request_id)?;
    let mut action = String::new();
    BufReader::new(stream).read_line(&mut action)?;
    Ok(action.trim_end().to_owned())
}

/// Posts to the Runtime API past the runtime, and gives the status.
fn post(path: &str, body: &[u8]) -> u16 {
    let address = env::var("AWS_LAMBDA_RUNTIME_API").expect("Lambda sets it");
    let mut stream = TcpStream::connect(&address).expect("the Runtime API listens");
    let head = format!(
        "POST /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.write_all(body).expect("it reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it answers");
    response["HTTP/1.1 ".len()..][..3]
        .parse()
        .expect("a status is a number")
}

/// Where functions that are told to `ask` come to.
pub(crate) struct Meeting(TcpListener);

/// A function that asks what to do.
pub(crate) struct Visitor {
    pub(crate) pid: u32,
    pub(crate) request_id: String,
    stream: BufStream<tokio::net::TcpStream>,
}

impl Meeting {
    pub(crate) async fn open() -> Meeting {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        Meeting(listener.expect("a port is free"))
    }

    /// What sends a function here.
    pub(crate) fn payload(&self) -> Value {
        let address = self.0.local_addr().expect("it listens");
        json!({ "do": "ask", "port": address.port() })
    }

    /// The next function that comes.
    pub(crate) async fn visitor(&self) -> Visitor {
        let (stream, _) = timeout(Duration::from_secs(30), self.0.accept())
            .await
            .expect("one comes")
            .expect("it comes in");
        let mut stream = BufStream::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("it speaks");
        let (pid, request_id) = line.trim_end().split_once(' ').expect("it says who it is");
        Visitor {
            pid: pid.parse().expect("a process id is a number"),
            request_id: request_id.to_owned(),
            stream,
        }
    }
}

impl Visitor {
    pub(crate) async fn tell(mut self, action: &str) {
        let line = format!("{action}\n");
        self.stream
            .write_all(line.as_bytes())
            .await
            .expect("it is still there");
        self.stream.flush().await.expect("it is still there");
    }
}
