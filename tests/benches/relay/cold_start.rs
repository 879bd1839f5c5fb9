//! From the start of the process to its request for the first call.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::binary::{Binary, ENVIRONMENT};
use crate::samples::Samples;

/// Milliseconds of each start.
pub(crate) fn measure(binary: &Binary, starts: u32) -> Samples {
    eprintln!("cold starts …");
    let mut samples = Samples::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    for _ in 0..starts {
        let mut command = Command::new(&binary.path);
        command
            .env_clear()
            .envs(ENVIRONMENT)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "relay")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .stdout(Stdio::null());
        let start = Instant::now();
        let mut process = command.spawn().expect("the relay starts");
        let (mut connection, _) = listener.accept().expect("the relay asks for a call");
        let mut request = [0; 64];
        let length = connection
            .read(&mut request)
            .expect("the relay asks for a call");
        samples.add(start.elapsed().as_secs_f64() * 1000.0);
        let request = String::from_utf8_lossy(&request[..length]);
        assert!(
            request.starts_with("GET /2018-06-01/runtime/invocation/next"),
            "{request}"
        );
        process.kill().expect("it is this bench's own");
        process.wait().expect("it has been killed");
    }
    samples
}
