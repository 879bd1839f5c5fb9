//! Keeps a copy of a table in PostgreSQL, whatever comes twice, late, or after a restart.

use anyhow::{Result, bail};
use aurora_trigger_gen::{Change, Changes, Effect};
use storefront::{Customer, Storefront};
use tokio_postgres::Client;

const UPSERT: &str = "INSERT INTO copy.customers AS c VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, epoch = excluded.epoch, seq = excluded.seq
    WHERE (c.epoch, c.seq) < (excluded.epoch, excluded.seq)";
const DELETE: &str = "DELETE FROM copy.customers WHERE id = $1 AND (epoch, seq) < ($2, $3)";
const TRUNCATE: &str = "DELETE FROM copy.customers WHERE (epoch, seq) < ($1, $2)";

/// Copies the changes of a record.
pub async fn copy(changes: &mut Changes<'_, Storefront>, db: &Client) -> Result<()> {
    loop {
        match changes.next() {
            Ok(Some(Storefront::Customer(change))) => store(change, db).await?,
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) if error.is_foreign() => changes.skip(),
            Err(error) => bail!(error),
        }
    }
}

async fn store(change: Change<Customer>, db: &Client) -> Result<()> {
    let epoch = change.source.sequence.epoch;
    let seq = i64::try_from(change.source.sequence.seq)?;
    match change.effect() {
        Effect::Upsert(Customer { id, name, .. }) => {
            db.execute(UPSERT, &[id, name, &epoch, &seq]).await?
        }
        Effect::Delete(id) => db.execute(DELETE, &[&id, &epoch, &seq]).await?,
        Effect::Truncate => db.execute(TRUNCATE, &[&epoch, &seq]).await?,
        Effect::Fetch(id) => bail!("customer {id} is too large"),
    };
    Ok(())
}

fn main() {}
