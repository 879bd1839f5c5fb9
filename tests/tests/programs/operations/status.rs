use serde_json::{Value, json};

use crate::operations::installed::Installed;
use crate::operations::program::{object, printed, program};

const ROWS: &str = r#"
    INSERT INTO stub.tables VALUES
        ('sales', 'orders', 'outbox', NULL, true, 1234, now() - interval '12 minutes 30 seconds', 2, 310, 120004, 3,
         1, now() - interval '3 hours 10 minutes', E'the relay:\ntimed out\x1b[2J'),
        ('Sales', 'Odd.Name', 'async', 'warn', false, 0, NULL, 0, NULL, NULL, NULL, 0, NULL, NULL),
        ('sales', 'customers', 'commit', 'outbox', false, 1, now() + interval '1 minute', 0, 0, 0, 0, 0, NULL, NULL);
    INSERT INTO stub.lanes VALUES
        (0, NULL, 0, NULL),
        (2, now() + interval '90 minutes', 4, E'throttled\n'),
        (1, now() - interval '1 minute', 1, 'unreachable');
"#;

#[tokio::test]
async fn people_get_tables_with_ages_then_what_failed() {
    let installed = Installed::new().await;
    installed.run(ROWS).await;
    let printed = printed(&mut program(&[
        "status",
        "--database-url",
        &installed.url(),
    ]));
    assert_eq!(
        printed,
        r#"table               delivery  on failure  paused  pending  oldest  dead letters  calls    sent  refused  failed calls
"Sales"."Odd.Name"  async     warn        -             0       -             0      -       -        -             0
sales.customers     commit    outbox      -             1     0 s             0      0       0        0             0
sales.orders        outbox    -           yes        1234  12 min             2    310  120004        3             1

table         last error
sales.orders     3 h ago  the relay: timed out [2J

lane  failures  next try  last error
   1         1       now  unreachable
   2         4    in 1 h  throttled
"#
    );
}

#[tokio::test]
async fn what_is_well_takes_no_line() {
    let installed = Installed::new().await;
    let mut status = program(&["status", "--database-url", &installed.url()]);
    assert_eq!(printed(&mut status), "no table is streamed\n");
    installed
        .run(
            "INSERT INTO stub.lanes VALUES (0, NULL, 0, NULL);
             INSERT INTO stub.tables (schema_name, table_name, delivery) VALUES ('sales', 'orders', 'outbox')",
        )
        .await;
    assert_eq!(printed(&mut status).lines().count(), 2);
}

const CAPTURES: &str = r#"
    INSERT INTO stub.captures VALUES
        ('sales', 'orders', 'storefront', 'storefront::Order', '1.2.3', now() - interval '3 days 1 hour', true, NULL),
        ('Sales', 'Odd.Name', NULL, NULL, NULL, NULL, false, E'no trigger for INSERT;\nthe table is gone');
"#;

/// An installation without an outbox has no other view.
#[tokio::test]
async fn each_table_is_captured_or_has_a_problem() {
    let installed = Installed::new().await;
    installed.run(CAPTURES).await;
    let expected = r#"table               captured  app         since  problem
"Sales"."Odd.Name"  no        -               -  no trigger for INSERT; the table is gone
sales.orders        yes       storefront    3 d  -
"#;
    let mut status = program(&["status", "--database-url", &installed.url()]);
    assert_eq!(printed(&mut status), expected);
    installed
        .run("DROP VIEW aurora_trigger.status, aurora_trigger.lane_status")
        .await;
    assert_eq!(printed(&mut status), expected);

    let status = object(status.args(["--format", "json"]));
    let orders = &status["captures"][1];
    let seconds = orders["installed_seconds"].as_i64().expect("a number");
    assert!((262_800..263_800).contains(&seconds), "{seconds}");
    for (name, value) in [
        ("schema_name", json!("sales")),
        ("table_name", json!("orders")),
        ("app", json!("storefront")),
        ("rust_path", json!("storefront::Order")),
        ("version", json!("1.2.3")),
        ("captured", json!(true)),
        ("problem", Value::Null),
    ] {
        assert_eq!(orders[name], value, "{name}");
    }
    assert_eq!(status["captures"][0]["captured"], false);
    assert_eq!(status["tables"], json!([]));
}

#[tokio::test]
async fn scripts_get_the_views_as_they_are() {
    let installed = Installed::new().await;
    let url = installed.url();
    let mut status = program(&["status", "--format", "json", "--database-url", &url]);
    assert_eq!(
        object(&mut status),
        json!({"captures": [], "tables": [], "lanes": []})
    );

    installed.run(ROWS).await;
    let mut status = object(&mut status);

    let orders = &mut status["tables"][2];
    let mut take = |name: &str| orders.as_object_mut().expect("a table").remove(name);
    let age = take("oldest_pending_seconds").expect("it waits").as_i64();
    assert!((750..1000).contains(&age.expect("a number")), "{age:?}");
    let age = take("last_error_seconds").expect("it failed").as_i64();
    assert!(
        (11_400..12_000).contains(&age.expect("a number")),
        "{age:?}"
    );
    for name in ["oldest_pending_at", "last_error_at"] {
        let time = take(name);
        let time = time.as_ref().and_then(Value::as_str).expect("a text");
        time.parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap_or_else(|error| panic!("{error}: {time}"));
    }
    assert_eq!(
        *orders,
        json!({
            "schema_name": "sales", "table_name": "orders", "delivery": "outbox", "on_failure": null,
            "paused": true, "pending": 1234, "dead_letters": 2, "calls": 310, "sent": 120_004, "refused": 3,
            "failed_calls": 1, "last_error": "the relay:\ntimed out\u{1b}[2J",
        })
    );
    assert_eq!(status["tables"][0]["schema_name"], "Sales");
    assert_eq!(status["tables"][0]["oldest_pending_seconds"], Value::Null);
    // What nobody counts is not zero.
    assert_eq!(status["tables"][0]["calls"], Value::Null);
    assert_eq!(
        status["lanes"][0],
        json!({"lane": 0, "retry_at": null, "retry_in_seconds": null, "failures": 0, "last_error": null})
    );
    let wait = status["lanes"][2]["retry_in_seconds"].as_i64();
    assert!(
        (5_000..=5_400).contains(&wait.expect("a number")),
        "{wait:?}"
    );
}
