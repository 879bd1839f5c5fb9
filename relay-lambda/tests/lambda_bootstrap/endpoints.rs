//! Endpoints with the function behind them.

use std::env;
use std::sync::mpsc::{self, Receiver};

use relay_lambda::local::{Bootstrap, LambdaEndpoint, LambdaEndpointBuilder};

use crate::LONG;

/// The test binary as the function.
pub(crate) fn bootstrap() -> Bootstrap {
    let binary = env::current_exe().expect("this is a program");
    Bootstrap::new(binary)
        .arg("--ignored")
        .arg("--exact")
        .arg("--nocapture")
        .arg("function")
        .timeout(LONG)
}

pub(crate) fn start(bootstrap: Bootstrap) -> LambdaEndpoint {
    LambdaEndpoint::builder()
        .start_bootstrap(bootstrap)
        .expect("a port is free, and the executable is there")
}

/// An endpoint, and what its processes write.
pub(crate) fn logging(
    builder: LambdaEndpointBuilder,
    bootstrap: Bootstrap,
) -> (LambdaEndpoint, Receiver<String>) {
    let (sender, lines) = mpsc::channel();
    let bootstrap = bootstrap.log_to(move |line| {
        sender.send(line.to_owned()).ok();
    });
    let endpoint = builder
        .start_bootstrap(bootstrap)
        .expect("a port is free, and the executable is there");
    (endpoint, lines)
}

pub(crate) fn ran(lines: &Receiver<String>) -> Vec<String> {
    lines
        .try_iter()
        .filter_map(|line| Some(line.strip_prefix("ran ")?.to_owned()))
        .collect()
}
