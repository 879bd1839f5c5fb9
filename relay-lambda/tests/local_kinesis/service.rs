//! The service as a whole: its port, and what it does not know.

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use relay_lambda::local::Kinesis;

use crate::STREAM;
use crate::client::{entries, landed, numbers, put, with_shards};

#[tokio::test]
async fn another_can_start_on_the_port_of_the_last() {
    let (kinesis, client) = with_shards(1);
    landed(&client, 2).await;
    let port = kinesis.port();

    drop(kinesis);

    let error = put(&client, entries(2)).await.expect_err("nobody is there");
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    let kinesis = Kinesis::start_on_port(port).expect("the port is free again");
    kinesis.create_stream(STREAM, 1).expect("the stream is new");
    landed(&client, 3).await;
    assert_eq!(numbers(&kinesis.records(STREAM)), [0, 1, 2]);
    assert!(Kinesis::start_on_port(port).is_err());
}

#[tokio::test]
async fn an_unknown_operation_is_named() {
    let (_kinesis, client) = with_shards(1);

    let error = client
        .describe_limits()
        .send()
        .await
        .expect_err("it is unknown");

    assert_eq!(error.code(), Some("UnknownOperationException"));
    let message = error.message().expect("a message");
    assert!(message.contains("DescribeLimits"), "{message}");
}
