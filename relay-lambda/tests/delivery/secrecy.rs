//! What the relay says to those who may not see the rows.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use relay_lambda::{CallError, Handled};
use serde_json::json;

use crate::calls::{LONG, STREAM, handle, relay_at, undelivered, with_shards};
use crate::limits::MIB;
use crate::shop::{line, payload};

/// Values of rows, which nobody but the streams may see.
const SECRETS: [&str; 2] = ["TOPSECRET", "77777777777777777"];

fn assert_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Every mistake that an event can have, with a secret in it.
fn mistakes() -> (Vec<String>, Vec<String>) {
    let [text, number] = SECRETS;
    let image = |image: String| format!(r#""op":"c","after":{image}"#);
    let orders = [
        image(format!(r#"{{"id":"{text}","note":null}}"#)),
        image(format!(r#"{{"id":{number}777777,"note":null}}"#)),
        image(format!(r#"{{"id":{number}.5,"note":null}}"#)),
        image(format!(r#"{{"id":1,"note":{number}}}"#)),
        image(format!(r#"{{"id":1,"note":{{"{text}":1}}}}"#)),
        image(format!(r#"{{"id":1,"note":["{text}"]}}"#)),
        image(format!(r#"{{"note":"{text}"}}"#)),
        image(format!(r#"{{"id":1,"note":"{text}","note":"{text}"}}"#)),
        image(format!(r#"{{"id":1,"note":null,"{text}":1}}"#)),
        image(format!(r#"{{"{text}":1,"id":1,"note":null}}"#)),
        image(format!(r#"{{"id":1,"note":"{text}\ud800"}}"#)),
        image(format!(r#"["{text}"]"#)),
        image(format!(r#""{text}""#)),
        image(number.to_owned()),
        format!(r#""op":"u","after":{{"id":1,"note":"{text}"}}"#),
        format!(r#""op":"u","before":{{"id":"{text}"}},"after":{{"id":1,"note":null}}"#),
        format!(r#""op":"d","after":{{"id":1,"note":"{text}"}}"#),
        format!(r#""op":"d","key":{{"id":"{text}"}}"#),
        format!(r#""op":"t","key":{{"id":"{text}"}}"#),
        format!(r#""op":"d","oversized":true,"key":{{"{text}":{number}}}"#),
        format!(r#""op":"d","oversized":true,"key":"{text}""#),
        format!(r#""op":"d","oversized":"{text}""#),
        format!(r#""op":"{text}""#),
        format!(r#""op":{number}"#),
        format!(r#""op":"t","seq":"{text}""#),
    ];
    let numbered = |(seq, event): (usize, String)| format!(r#"{{"seq":{},{event}}}"#, seq + 1);
    let mut events: Vec<String> = orders.into_iter().enumerate().map(numbered).collect();
    events.push(format!(r#""{text}""#));
    events.push(number.to_owned());
    events.push(format!(r#"{{"seq":{number}77777,"op":"t"}}"#));
    events.push(format!(r#"{{"seq":"{text}"}}"#));
    let lines = vec![
        line(99, text, &text.repeat(MIB / 8)),
        format!(r#"{{"seq":100,"op":"c","after":{{"order":"{text}","text":null}}}}"#),
    ];
    (events, lines)
}

#[tokio::test]
async fn no_error_no_answer_and_no_metric_holds_a_value_of_a_row() {
    let (kinesis, relay) = with_shards(1, &[]);
    let (events, lines) = mistakes();
    let [text, number] = SECRETS;
    let seen = |handled: Handled| {
        let lines = handled.metrics.to_lines("relay", false, 0).join("\n");
        assert_secret(&lines);
        assert_secret(&format!("{:?}", handled.metrics));
        match &handled.answer {
            Ok(answer) => assert_secret(answer),
            Err(error) => assert_secret(&format!("{error} {error:?}")),
        }
        handled
    };
    let all: [(&str, &[String]); 2] = [("orders", &events), ("lines", &lines)];
    let refused = seen(handle(&relay, &payload("Event", &all), LONG).await);
    match refused.answer {
        Err(CallError::Refused { refused, .. }) => {
            assert_eq!(refused.len(), events.len() + lines.len());
        }
        other => panic!("{other:?}"),
    }
    let answered = seen(handle(&relay, &payload("RequestResponse", &all), LONG).await);
    answered.answer.expect("it lists what was refused");
    assert_eq!(kinesis.records(STREAM), []);
    // What is wrong with the payload rather than with an event.
    let good = payload("Event", &[("lines", &[line(1, text, number)])]);
    for broken in [
        good[..good.len() - 20].to_owned(),
        good.replace(number, &format!("{number}\u{1}")),
        good.replace("Event", text),
        good.replace(r#""events":"#, &format!(r#""events":"{text}","more":"#)),
        format!(r#""{text}""#),
        number.to_owned(),
    ] {
        let handled = seen(handle(&relay, &broken, LONG).await);
        assert!(handled.answer.is_err(), "{broken}");
    }
    // What is wrong with the stream.
    let gone = relay_at(&kinesis.endpoint_url(), &[("RELAY_STREAM", "gone")]);
    assert!(seen(handle(&gone, &good, LONG).await).answer.is_err());
    kinesis.faults().throttle_shard(0);
    let throttled = handle(&relay, &good, Duration::from_millis(500)).await;
    assert!(seen(throttled).answer.is_err());
    // Kinesis says in some messages which value it did not like.
    let message = format!(
        "2 validation errors detected: Value '{text}' at 'records.1.member.partitionKey' failed to satisfy constraint: \
         Member must have length less than or equal to 256; Value '{text}' at 'records.2.member.partitionKey' failed to \
         satisfy constraint: Member must have length less than or equal to 256"
    );
    let url = refusing(&json!({"__type": "ValidationException", "message": message}).to_string());
    let refused = seen(handle(&relay_at(&url, &[]), &good, LONG).await);
    let (.., reason) = undelivered(refused.answer.expect_err("it is refused"));
    assert!(reason.contains("partitionKey"), "{reason}");
}

/// An endpoint that answers one request so, with HTTP 400.
fn refusing(body: &str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it has one");
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("the relay comes");
        // The request is small, and comes in one piece or in two; the answer may come before its end.
        let mut request = [0; 64 * 1024];
        let length = connection.read(&mut request).expect("it sends something");
        assert!(length > 0);
        connection
            .write_all(answer.as_bytes())
            .expect("it waits for it");
        // Until it goes.
        while connection.read(&mut request).is_ok_and(|length| length > 0) {}
    });
    format!("http://{address}")
}
