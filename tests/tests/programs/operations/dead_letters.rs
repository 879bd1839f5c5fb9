use serde_json::json;

use crate::operations::installed::Installed;
use crate::operations::program::{object, printed, program, refused, unwell};

#[tokio::test]
async fn they_are_chosen_by_table_or_number_or_are_all() {
    let installed = Installed::new().await;
    let url = installed.url();
    for (arguments, expected, asked) in [
        (
            &["redrive"][..],
            "12 dead letters back in the outbox\n",
            "redrive(NULL, NULL)",
        ),
        (
            &["redrive", "--table", "sales.orders"],
            "12 dead letters back in the outbox\n",
            "redrive(sales.orders, NULL)",
        ),
        (
            &["redrive", "--id", "42"],
            "1 dead letter back in the outbox\n",
            "redrive(NULL, 42)",
        ),
        (
            &["purge", "--table", "sales.orders"],
            "12 dead letters deleted\n",
            "purge(sales.orders, NULL, f)",
        ),
        (
            &["purge", "--id", "9223372036854775807"],
            "1 dead letter deleted\n",
            "purge(NULL, 9223372036854775807, f)",
        ),
        (
            &["purge", "--all"],
            "12 dead letters deleted\n",
            "purge(NULL, NULL, t)",
        ),
    ] {
        let printed = printed(program(arguments).args(["--database-url", &url]));
        assert_eq!(printed, expected, "{arguments:?}");
        assert_eq!(installed.asked().await, [asked], "{arguments:?}");
    }
    let of = |arguments: &[&str]| {
        object(program(arguments).args(["--format", "json", "--database-url", &url]))
    };
    assert_eq!(of(&["redrive", "--id", "42"]), json!({"redriven": 1}));
    assert_eq!(of(&["purge", "--all"]), json!({"purged": 12}));
}

#[tokio::test]
async fn what_is_deleted_must_be_said_and_only_once() {
    let installed = Installed::new().await;
    let url = installed.url();
    for arguments in [
        &["purge"][..],
        &["purge", "--all", "--id", "1"],
        &["purge", "--all", "--table", "sales.orders"],
        &["purge", "--id", "1", "--table", "sales.orders"],
        &["redrive", "--id", "1", "--table", "sales.orders"],
    ] {
        let said = refused(program(arguments).args(["--database-url", &url]));
        assert!(said.contains("--id <N>"), "{arguments:?}: {said}");
    }
    assert_eq!(installed.asked().await, [""; 0]);
}

#[tokio::test]
async fn one_that_is_not_there_is_told() {
    let installed = Installed::new().await;
    let url = installed.url();
    for (command, printed, json) in [
        (
            "redrive",
            "0 dead letters back in the outbox\n",
            json!({"redriven": 0}),
        ),
        ("purge", "0 dead letters deleted\n", json!({"purged": 0})),
    ] {
        // The stub has none of this number.
        let arguments = [command, "--id", "99", "--database-url", &url];
        let (text, said) = unwell(&mut program(&arguments));
        assert_eq!(text, printed);
        assert!(
            said.starts_with("error: there is no dead letter 99"),
            "{said}"
        );
        let (text, said) = unwell(program(&arguments).args(["--format", "json"]));
        assert_eq!(text, format!("{json}\n"));
        assert!(said.contains("no dead letter 99"), "{said}");
        // None at all is no mistake.
        assert_eq!(installed.asked().await.len(), 2);
    }
}
