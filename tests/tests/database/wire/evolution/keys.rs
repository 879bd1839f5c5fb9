//! The key's column gets another name.

use super::{read, refused, sent, versions};

versions! {
    Older { #[stream(key)] id: i32 }
    Newer { #[stream(key)] #[serde(alias = "id")] number: i32 }
}

#[tokio::test]
async fn a_key_that_was_renamed_is_found_by_its_alias() {
    let sent = sent::<Older, Newer>(
        "old text",
        "(1)",
        "ALTER TABLE shop.items RENAME id TO number",
        "(2)",
    )
    .await;
    assert_eq!(read::<Older, Newer>(&sent.before), Ok(Newer { number: 1 }));
    assert_eq!(
        read::<Newer, Older>(&sent.after),
        refused("missing field `id`")
    );
}
