//! The command line of an app's `emit-sql`, by the reference app's.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use aurora_trigger_gen::emit::{self, Configuration};
use aurora_trigger_gen::{ChangeStream, describe::TableDesc};
use pipeline_tests::program;
use storefront::Storefront;

const RELAY: &str = "arn:aws:lambda:eu-central-1:123456789012:function:relay:live";

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| program("emit-sql"));

fn emit_sql(arguments: &[&str]) -> Output {
    Command::new(&*PROGRAM)
        .args(arguments)
        .output()
        .expect("the program was built")
}

/// What it printed, where all is well.
fn printed(arguments: &[&str]) -> String {
    let output = emit_sql(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), &*said),
        (Some(0), ""),
        "{arguments:?}"
    );
    String::from_utf8(output.stdout).expect("SQL is UTF-8")
}

/// What it said, where something is wrong with the call; then it prints nothing.
fn refused(arguments: &[&str]) -> String {
    let output = emit_sql(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    String::from_utf8(output.stderr).expect("messages are UTF-8")
}

fn tables(names: &[&str]) -> Vec<&'static TableDesc> {
    Storefront::TABLES
        .iter()
        .copied()
        .filter(|table| names.contains(&table.table()))
        .collect()
}

#[test]
fn without_a_flag_it_prints_the_installation_of_all_tables() {
    assert_eq!(printed(&[]), emit::install(Storefront::TABLES, None));
}

#[test]
fn down_prints_the_removal() {
    assert_eq!(printed(&["down"]), emit::remove(Storefront::TABLES));
    assert_eq!(
        printed(&["down", "--table", "sales.orders"]),
        emit::remove(&tables(&["orders"]))
    );
}

#[test]
fn a_function_and_its_region_are_configured() {
    for (region, arguments) in [
        (None, &["--function-arn", RELAY][..]),
        (
            Some("eu-central-1".to_owned()),
            &["--function-arn", RELAY, "--region", "eu-central-1"],
        ),
    ] {
        let configuration = Configuration {
            function: RELAY.to_owned(),
            region,
        };
        assert_eq!(
            printed(arguments),
            emit::install(Storefront::TABLES, Some(&configuration))
        );
    }
}

#[test]
fn a_region_without_a_function_or_an_empty_function_is_refused() {
    assert!(refused(&["--region", "eu-central-1"]).contains("--function-arn <ARN>"));
    assert!(refused(&["--function-arn", ""]).contains("--function-arn <ARN>"));
    assert!(refused(&["down", "--function-arn", "x"]).contains("--function-arn"));
}

#[test]
fn tables_are_chosen_by_name_and_stand_in_the_order_of_the_stream() {
    // The stream has other tables, which this file says nothing of.
    let some = |names: &[&str]| {
        let whole = emit::install(&tables(names), None);
        assert!(whole.contains("is_whole => true"));
        whole.replace("is_whole => true", "is_whole => false")
    };
    let expected = some(&["customers", "order_items"]);
    for order in [
        ["sales.order_items", "sales.customers"],
        ["sales.customers", "sales.order_items"],
    ] {
        assert_eq!(
            printed(&["--table", order[0], "--table", order[1]]),
            expected
        );
    }
    // The same name in another form, as in SQL and as aurora-trigger reads it.
    assert_eq!(
        printed(&[
            "--table",
            "sales.orders",
            "--table",
            "Sales.ORDERS",
            "--table",
            "\"sales\".\"orders\""
        ]),
        some(&["orders"])
    );
}

#[test]
fn a_table_that_is_no_name_in_sql_is_refused_with_the_form() {
    for name in [
        "orders",
        "sales.",
        "sales.\"orders",
        "shop.sales.orders",
        "",
    ] {
        let said = refused(&["--table", name]);
        assert!(said.contains("SCHEMA.TABLE as in SQL"), "{name}: {said}");
    }
}

#[test]
fn an_unknown_table_is_refused_with_those_that_there_are() {
    for arguments in [
        &[
            "--table",
            "sales.orders",
            "--table",
            "sales.order",
            "--table",
            "sales.\"Customers\"",
        ][..],
        &[
            "down",
            "--table",
            "sales.order",
            "--table",
            "sales.\"Customers\"",
        ],
    ] {
        assert_eq!(
            refused(arguments),
            "error: the stream has no table sales.order, sales.\"Customers\"\n\
             it has: sales.customers, sales.orders, sales.order_items, public.testing_rds_trigger\n"
        );
    }
}

#[test]
fn what_it_does_not_know_is_refused_with_what_was_probably_meant() {
    assert!(refused(&["--tabel", "sales.orders"]).contains("--table"));
    assert!(refused(&["dwon"]).contains("down"));
    assert!(refused(&["--output"]).contains("--output <FILE>"));
}

#[test]
fn a_file_is_written_whole_and_nothing_is_printed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("triggers.sql");
    let file = path.to_str().expect("it is UTF-8");
    fs::write(&path, "older and longer ".repeat(100_000)).expect("the folder is ours");
    assert_eq!(printed(&["--output", file]), "");
    assert_eq!(
        fs::read_to_string(&path).expect("it was written"),
        emit::install(Storefront::TABLES, None)
    );
    assert_eq!(printed(&["down", "-o", file]), "");
    assert_eq!(
        fs::read_to_string(&path).expect("it was written"),
        emit::remove(Storefront::TABLES)
    );
    // Nothing is left of how it got there.
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
}

#[test]
fn a_file_name_without_a_folder_is_one_here() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let status = Command::new(&*PROGRAM)
        .args(["--output", "triggers.sql"])
        .current_dir(folder.path())
        .status()
        .expect("the program was built");
    assert!(status.success());
    assert!(folder.path().join("triggers.sql").is_file());
}

#[test]
fn a_file_that_can_not_be_written_is_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let missing = folder.path().join("nowhere").join("triggers.sql");
    let missing = missing.to_str().expect("it is UTF-8");
    let said = refused(&["--output", missing]);
    assert!(
        said.starts_with(&format!("error: {missing} could not be written: "))
            && said.lines().count() == 1,
        "{said}"
    );
    let said = refused(&["--output", folder.path().to_str().expect("it is UTF-8")]);
    assert!(said.contains("could not be written"), "{said}");

    let file = folder.path().join("triggers.sql");
    fs::write(&file, "what was there").expect("the folder is ours");
    refused(&[
        "--table",
        "nowhere",
        "--output",
        file.to_str().expect("it is UTF-8"),
    ]);
    assert_eq!(
        fs::read_to_string(&file).expect("it is there"),
        "what was there"
    );
}

#[test]
fn who_stops_reading_is_no_error() {
    let mut program = Command::new(&*PROGRAM)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built");
    drop(program.stdout.take());
    let output = program.wait_with_output().expect("it ends");
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned()
        ),
        (Some(0), String::new())
    );
}

#[test]
fn help_fits_the_screen_and_tells_what_a_dba_needs() {
    for arguments in [
        &["--help"][..],
        &["down", "--help"],
        &["-h"],
        &["help", "down"],
    ] {
        let help = printed(arguments);
        let long: Vec<&str> = help
            .lines()
            .filter(|line| line.chars().count() > 100)
            .collect();
        assert!(long.is_empty(), "{long:?}");
        assert!(
            help.contains("--table <TABLE>") && help.contains("--output <FILE>"),
            "{help}"
        );
    }
    let help = printed(&["--help"]);
    for expected in [
        "psql -v ON_ERROR_STOP=1 -f triggers.sql",
        "--function-arn <ARN>",
        "--region <REGION>",
        "down",
        "Exit codes: 0 fine, 1 a struct does not decode its own samples, 2 usage or environment.",
    ] {
        assert!(help.contains(expected), "{expected} in {help}");
    }
    assert_eq!(
        printed(&["--version"]),
        format!("emit-sql {}\n", env!("CARGO_PKG_VERSION"))
    );
}

/// To SQLAlchemy's `text()` and Alembic's `op.execute` a colon before a word is a parameter, to Flyway `${`.
#[test]
fn nothing_in_the_sql_looks_like_a_parameter() {
    for arguments in [&["--function-arn", RELAY][..], &["down"]] {
        let sql = printed(arguments);
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        for (place, _) in sql.match_indices(':') {
            let before = sql[..place].chars().next_back().unwrap_or(' ');
            let after = sql[place + 1..].chars().next().unwrap_or(' ');
            let is_parameter = is_word(after) && !is_word(before) && before != ':';
            assert!(!is_parameter, "{:?}", sql[..=place].lines().last());
        }
        assert!(!sql.contains("${"));
    }
}
