//! The Lambda Runtime API of one process, on HTTP.

use std::convert::Infallible;
use std::str;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode, http};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::super::{FunctionError, Invocation, InvocationType};

const VERSION: &str = "/2018-06-01/runtime/";

/// The header that has the type of an error.
const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";

/// What a process asks for, and where the reply goes.
pub(super) struct Request {
    pub(super) ask: Ask,
    pub(super) reply: oneshot::Sender<Reply>,
}

pub(super) enum Ask {
    /// The next call.
    Next,
    /// To give this answer to this call.
    Answer {
        id: String,
        answer: Result<Result<String, FunctionError>, Refused>,
    },
    /// To take notice that it can't start.
    InitError(FunctionError),
}

/// An answer that is not given back: what the process hears, and what the caller.
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) error: FunctionError,
}

pub(super) enum Reply {
    Call(Handed),
    Accepted,
    Refused(Refusal),
}

/// An error of the Runtime API.
pub(super) struct Refusal {
    status: StatusCode,
    error_type: &'static str,
    message: &'static str,
}

/// A call as the process gets it.
#[derive(Clone)]
pub(super) struct Handed {
    invocation: Arc<Invocation>,
    deadline_ms: u128,
}

impl Refusal {
    pub(super) const UNKNOWN_REQUEST_ID: Refusal = Refusal {
        status: StatusCode::BAD_REQUEST,
        error_type: "InvalidRequestID",
        message: "Invalid request ID",
    };
    pub(super) const NOT_STARTING: Refusal = Refusal {
        status: StatusCode::FORBIDDEN,
        error_type: "InvalidStateTransition",
        message: "The runtime has started",
    };
    const TOO_LARGE: Refusal = Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        error_type: "RequestEntityTooLarge",
        message: "Exceeded maximum allowed payload size",
    };
    const NO_JSON: Refusal = Refusal {
        status: StatusCode::BAD_REQUEST,
        error_type: "InvalidResponse",
        message: "The answer is no JSON in UTF-8",
    };
    const CUT_OFF: Refusal = Refusal {
        status: StatusCode::BAD_REQUEST,
        error_type: "TruncatedHTTPRequest",
        message: "HTTP request detected as truncated",
    };
    const NOT_FOUND: Refusal = Refusal {
        status: StatusCode::NOT_FOUND,
        error_type: "NotFound",
        message: "The local Runtime API has no such resource",
    };
    const GONE: Refusal = Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        error_type: "InternalServerError",
        message: "The execution environment has ended",
    };
}

impl Handed {
    /// A call that is handed out now.
    pub(super) fn new(invocation: &Arc<Invocation>, timeout: Duration) -> Handed {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Handed {
            invocation: Arc::clone(invocation),
            deadline_ms: (now + timeout).as_millis(),
        }
    }

    fn response(&self) -> http::Result<Response<Full<Bytes>>> {
        let Invocation {
            request_id,
            payload,
            context,
            ..
        } = &*self.invocation;
        let seconds = self.deadline_ms / 1000;
        let trace = request_id.replace('-', "");
        let mut response = Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", request_id)
            .header("Lambda-Runtime-Deadline-Ms", self.deadline_ms.to_string())
            .header(
                "Lambda-Runtime-Invoked-Function-Arn",
                header(&self.invocation.function_arn()),
            )
            .header(
                "Lambda-Runtime-Trace-Id",
                format!("Root=1-{seconds:08x}-{};Sampled=0", &trace[8..]),
            );
        if let Some(context) = context {
            response = response.header("Lambda-Runtime-Client-Context", header(context));
        }
        response.body(Full::from(payload.clone()))
    }
}

/// JSON as the value of a header, without a change of its meaning: what is not ASCII is in strings,
/// where it can be escaped, and line breaks are between tokens.
fn header(json: &str) -> HeaderValue {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            ' '..='~' => text.push(character),
            _ if character.is_ascii() => text.push(' '),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    HeaderValue::try_from(text).expect("it is printable ASCII")
}

/// Serves until it is aborted.
pub(super) async fn serve(listener: TcpListener, requests: UnboundedSender<Request>) {
    let mut connections = JoinSet::new();
    loop {
        // A connection that has gone before it was accepted is the process's affair.
        if let Ok((stream, _)) = listener.accept().await {
            let requests = requests.clone();
            let service = service_fn(move |request| respond(request, requests.clone()));
            connections
                .spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn respond(
    request: hyper::Request<Incoming>,
    requests: UnboundedSender<Request>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let reply = match read(request).await {
        Ok(ask) => {
            let (reply, replied) = oneshot::channel();
            // If it is not taken, the sender of the reply is dropped.
            requests.send(Request { ask, reply }).ok();
            replied.await.unwrap_or(Reply::Refused(Refusal::GONE))
        }
        Err(refusal) => Reply::Refused(refusal),
    };
    let response = match reply {
        Reply::Call(handed) => handed.response(),
        Reply::Accepted => json(StatusCode::ACCEPTED, &serde_json::json!({ "status": "OK" })),
        Reply::Refused(refusal) => json(
            refusal.status,
            &serde_json::json!({
                "errorMessage": refusal.message,
                "errorType": refusal.error_type,
            }),
        ),
    };
    Ok(response.expect("what goes into a header is printable ASCII"))
}

fn json(status: StatusCode, body: &serde_json::Value) -> http::Result<Response<Full<Bytes>>> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(body.to_string()))
}

/// What a request asks for.
async fn read(request: hyper::Request<Incoming>) -> Result<Ask, Refusal> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().strip_prefix(VERSION);
    let path: Vec<&str> = path.unwrap_or_default().split('/').collect();
    let header = head.headers.get(ERROR_TYPE);
    let error_type = header.and_then(|header| header.to_str().ok());
    match (&head.method, &*path) {
        (&Method::GET, ["invocation", "next"]) => Ok(Ask::Next),
        (&Method::POST, ["invocation", id, "response"]) => Ok(Ask::Answer {
            id: (*id).to_owned(),
            answer: read_to_limit(body).await?.and_then(answer).map(Ok),
        }),
        (&Method::POST, ["invocation", id, "error"]) => Ok(Ask::Answer {
            id: (*id).to_owned(),
            answer: read_to_limit(body)
                .await?
                .map(|body| Err(error(&body, error_type.unwrap_or("Unhandled")))),
        }),
        (&Method::POST, ["init", "error"]) => match read_to_limit(body).await? {
            Ok(body) => Ok(Ask::InitError(error(
                &body,
                error_type.unwrap_or("Runtime.InitError"),
            ))),
            Err(refused) => Err(refused.refusal),
        },
        _ => Err(Refusal::NOT_FOUND),
    }
}

/// The body, if the service takes one so large. It is read to its end in any case, so that the process
/// is there to hear about it.
async fn read_to_limit(mut body: Incoming) -> Result<Result<Vec<u8>, Refused>, Refusal> {
    let limit = InvocationType::RequestResponse.payload_limit();
    let mut taken = Vec::new();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::CUT_OFF)?;
        if let Some(data) = frame.data_ref() {
            bytes += data.len();
            if bytes <= limit {
                taken.extend_from_slice(data);
            }
        }
    }
    if bytes > limit {
        return Ok(Err(Refused {
            refusal: Refusal::TOO_LARGE,
            error: FunctionError::answer_too_large(bytes, limit),
        }));
    }
    Ok(Ok(taken))
}

/// The text of an answer, if it is JSON.
fn answer(body: Vec<u8>) -> Result<String, Refused> {
    let refused = |reason: String| Refused {
        refusal: Refusal::NO_JSON,
        error: FunctionError::new("Runtime.InvalidResponse", reason),
    };
    let text = String::from_utf8(body)
        .map_err(|error| refused(format!("The answer is not UTF-8: {error}")))?;
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(refused(format!("The answer is not JSON: {error}"))),
    }
}

/// The error that a process reports, whatever form it has.
fn error(body: &[u8], error_type: &str) -> FunctionError {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Reported {
        error_type: Option<String>,
        error_message: Option<String>,
    }
    match serde_json::from_slice(body) {
        Ok(Reported {
            error_type: reported,
            error_message: Some(message),
        }) => FunctionError::new(reported.unwrap_or_else(|| error_type.to_owned()), message),
        Ok(_) | Err(_) => FunctionError::new(error_type, String::from_utf8_lossy(body)),
    }
}
