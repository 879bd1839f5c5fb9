//! How many calls a transaction makes when it commits.

use relay_lambda::local::PostgresCluster;

use crate::database::Database;
use crate::stub::Invoke;
use crate::variant::Variant;
use crate::workload;

/// Of twenty statements of ten rows each.
pub(crate) async fn calls_per_transaction(cluster: &PostgresCluster) -> u64 {
    let database = Database::create(cluster, Variant::Commit).await;
    database.set_invoke(Invoke::Counts).await;
    let before = database.calls().await;
    database.run("BEGIN").await;
    for _ in 0..20 {
        database.run(&workload::insert(10)).await;
    }
    assert_eq!(
        database.calls().await,
        before,
        "nothing is sent before the commit"
    );
    database.run("COMMIT").await;
    database.calls().await - before
}
