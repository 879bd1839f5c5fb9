//! How a call comes in: as a query of PostgreSQL's simple protocol, which is what dblink speaks.
//!
//! The query is `invoke/1 `, the parameters as one line of JSON, a newline, and the payload as it is.
//! The answer is one row, or an error. dblink converts nothing, so a database whose encoding is not UTF8
//! writes `invoke/1 hex ` and then the UTF-8 of all that in hexadecimal digits, and gets texts back so.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use futures::stream;
use pgwire::api::query::SimpleQueryHandler;
use pgwire::api::results::{DataRowEncoder, FieldFormat, FieldInfo, QueryResponse, Response};
use pgwire::api::{ClientInfo, ClientPortalStore, PgWireServerHandlers, Type};
use pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::tokio::process_socket;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::api::{Answer, Api, Failure, Parameters};

/// The SQLSTATE that PostgreSQL gives to an error for which an extension named none. Which one the
/// real extension uses is not documented.
const INTERNAL_ERROR: &str = "XX000";

static COLUMNS: LazyLock<Arc<Vec<FieldInfo>>> = LazyLock::new(|| {
    let column =
        |name: &str, r#type| FieldInfo::new(name.to_owned(), None, None, r#type, FieldFormat::Text);
    Arc::new(vec![
        column("status_code", Type::INT4),
        column("payload", Type::TEXT),
        column("executed_version", Type::TEXT),
        column("log", Type::TEXT),
    ])
});

/// Serves until `stopped` is told, or its sender has gone. Then it cuts all connections.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    api: Arc<Api>,
    stopped: oneshot::Receiver<()>,
) {
    let listener =
        TcpListener::from_std(listener).expect("a listening socket that does not block registers");
    let accepting = async {
        let mut connections = JoinSet::new();
        loop {
            // A connection that goes wrong is its client's affair. So is one that has gone before
            // it was accepted.
            if let Ok((socket, _)) = listener.accept().await {
                connections.spawn(process_socket(socket, None, Service(Arc::clone(&api))));
            }
            while connections.try_join_next().is_some() {}
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = stopped => {}
    }
}

struct Service(Arc<Api>);

impl PgWireServerHandlers for Service {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::new(Calls(Arc::clone(&self.0)))
    }
}

struct Calls(Arc<Api>);

#[async_trait]
impl SimpleQueryHandler for Calls {
    async fn do_query<C>(&self, _client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo
            + ClientPortalStore
            + futures::Sink<PgWireBackendMessage>
            + Unpin
            + Send
            + Sync,
        C::Error: Debug,
        PgWireError: From<<C as futures::Sink<PgWireBackendMessage>>::Error>,
    {
        let in_digits = query.starts_with(IN_DIGITS);
        let (parameters, payload) = parse(query).ok_or_else(|| {
            error(Failure {
                message: "this is the local Lambda endpoint of aurora-trigger, not a database",
                detail: "It takes calls of the stand-in for aws_lambda that has its own version."
                    .to_owned(),
            })
        })?;
        match self.0.invoke(parameters, payload).await {
            Ok(answer) if in_digits => Ok(vec![Response::Query(row(&Answer {
                payload: answer.payload.as_deref().map(digits),
                log: answer.log.as_deref().map(digits),
                ..answer
            })?)]),
            Ok(answer) => Ok(vec![Response::Query(row(&answer)?)]),
            Err(failure) if in_digits => Err(error(Failure {
                detail: failure
                    .detail
                    .replace(|letter: char| !letter.is_ascii(), "?"),
                ..failure
            })),
            Err(failure) => Err(error(failure)),
        }
    }
}

/// How a call begins that a database in another encoding than UTF8 makes.
const IN_DIGITS: &str = "invoke/1 hex ";

/// The two halves of a call.
fn parse(query: &str) -> Option<(Parameters, String)> {
    let call = match query.strip_prefix(IN_DIGITS) {
        Some(digits) => Cow::Owned(text(digits)?),
        None => Cow::Borrowed(query.strip_prefix("invoke/1 ")?),
    };
    let (header, payload) = call.split_once('\n')?;
    Some((serde_json::from_str(header).ok()?, payload.to_owned()))
}

/// The text whose UTF-8 these hexadecimal digits are.
fn text(digits: &str) -> Option<String> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes = pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}

fn digits(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn row(answer: &Answer) -> PgWireResult<QueryResponse> {
    let mut encoder = DataRowEncoder::new(Arc::clone(&COLUMNS));
    encoder.encode_field(&answer.status_code)?;
    encoder.encode_field(&answer.payload)?;
    encoder.encode_field(&answer.executed_version)?;
    encoder.encode_field(&answer.log)?;
    let rows = stream::iter([Ok(encoder.take_row())]);
    Ok(QueryResponse::new(Arc::clone(&COLUMNS), rows))
}

fn error(failure: Failure) -> PgWireError {
    let mut info = ErrorInfo::new(
        "ERROR".to_owned(),
        INTERNAL_ERROR.to_owned(),
        failure.message.to_owned(),
    );
    info.detail = Some(failure.detail);
    PgWireError::UserError(Box::new(info))
}
