use serde_json::json;

use crate::operations::installed::Installed;
use crate::operations::program::{object, printed, program};

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
