//! How a request comes in: as AWS JSON 1.1 over HTTP/1.1.

use std::fmt;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::api::{self, Reply};
use super::error::ApiError;
use super::store::Store;

/// The header that says which operation is asked for.
const TARGET: &str = "x-amz-target";

/// What comes before the operation's name in that header.
const TARGET_PREFIX: &str = "Kinesis_20131202.";

/// Serves until `stopped` is told, or its sender has gone.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    store: Arc<Store>,
    stopped: oneshot::Receiver<()>,
) {
    let listener =
        TcpListener::from_std(listener).expect("a listening socket that does not block registers");
    let accepting = async {
        loop {
            // A connection that goes wrong is its client's affair. So is one that has gone before
            // it was accepted.
            if let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(converse(socket, Arc::clone(&store)));
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = stopped => {}
    }
}

/// Answers the requests of one connection until either side closes it.
async fn converse(socket: TcpStream, store: Arc<Store>) {
    // An answer is written at once or not at all: nothing is gained by waiting for more.
    socket.set_nodelay(true).ok();
    let service = service_fn(|request| answer(&store, request));
    http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await
        .ok();
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer was ordered to be lost")
    }
}

impl std::error::Error for Closed {}

async fn answer(
    store: &Store,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    let operation = head
        .headers
        .get(TARGET)
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    let reply = match (head.method, operation.strip_prefix(TARGET_PREFIX)) {
        (Method::POST, Some(operation)) => {
            // A body that ends early has nobody who waits for an answer.
            let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
            api::call(store, operation, &body)
        }
        _ => Reply::from(Err(ApiError::unknown_operation(operation))),
    };
    if let Some(delay) = reply.delay {
        sleep(delay).await;
    }
    if reply.lost {
        return Err(Closed);
    }
    let (status, body) = match reply.answer {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (error.status, error.to_json()),
    };
    Ok(Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/x-amz-json-1.1")
        .body(Full::from(body))
        .expect("the header is valid"))
}
