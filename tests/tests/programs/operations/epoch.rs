use serde_json::json;

use crate::operations::installed::Installed;
use crate::operations::program::{object, printed, program, refused};

#[tokio::test]
async fn the_new_epoch_is_told() {
    let installed = Installed::new().await;
    let url = installed.url();
    let mut new_epoch = program(&["new-epoch", "--database-url", &url]);
    assert_eq!(printed(&mut new_epoch), "this is epoch 5 now\n");
    assert_eq!(
        object(new_epoch.args(["--format", "json"])),
        json!({"epoch": 5})
    );
    assert_eq!(installed.asked().await, ["new_epoch()", "new_epoch()"]);
}

/// As an installation answered that had lost its settings.
#[tokio::test]
async fn without_an_epoch_it_says_what_is_missing() {
    let installed = Installed::new().await;
    installed
        .run(
            "CREATE OR REPLACE FUNCTION aurora_trigger.new_epoch() RETURNS bigint
             LANGUAGE sql AS 'SELECT NULL::bigint'",
        )
        .await;
    let said = refused(&mut program(&[
        "new-epoch",
        "--database-url",
        &installed.url(),
    ]));
    assert!(
        said.starts_with("error: the table aurora_trigger.settings is empty"),
        "{said}"
    );
    assert!(said.contains("emit-sql"), "{said}");
    assert!(!said.contains("version"), "{said}");
}
