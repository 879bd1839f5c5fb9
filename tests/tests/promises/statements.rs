//! What the application writes.

use fastrand::Rng;

/// The rows that it chooses from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    /// Those that everybody writes to.
    pub(crate) hot: i32,
    /// All of them.
    pub(crate) all: i32,
}

impl Rows {
    /// One in two writes is to a hot row.
    fn any(self, random: &mut Rng) -> i32 {
        if random.bool() {
            random.i32(0..self.hot)
        } else {
            random.i32(0..self.all)
        }
    }
}

/// A statement.
pub(crate) fn statement(rows: Rows, has_merge: bool, random: &mut Rng) -> String {
    let id = rows.any(random);
    let amount = random.i32(0..100);
    match random.u8(0..14) {
        0..=2 => format!("UPDATE shop.items SET amount = {amount} WHERE id = {id}"),
        3..=4 => upsert(id, amount),
        5 => several(id, amount),
        6 => format!(
            "UPDATE shop.items SET amount = amount + 1
             WHERE id IN (SELECT i.id FROM shop.items AS i WHERE i.id >= {id} ORDER BY i.id LIMIT 12 FOR UPDATE)"
        ),
        7 => format!("DELETE FROM shop.items WHERE id = {id}"),
        // The parts of the item follow it.
        8 => format!("UPDATE shop.items SET id = nextval('shop.new_id') WHERE id = {id}"),
        // And back to where others look for it.
        9 => format!(
            "UPDATE shop.items SET id = {id}
             WHERE id = (SELECT max(i.id) FROM shop.items AS i)
                 AND NOT EXISTS (SELECT FROM shop.items AS i WHERE i.id = {id})"
        ),
        10 if has_merge => merge(id, amount),
        10 => upsert(id, amount),
        11..=12 => part(id, random.i32(0..rows.all), rows.any(random)),
        _ => format!("DELETE FROM shop.parts WHERE id = {id}"),
    }
}

/// `TRUNCATE`, in a transaction by itself: it waits for all others.
pub(crate) const TRUNCATE: &str = "TRUNCATE shop.parts, shop.items";

fn upsert(id: i32, amount: i32) -> String {
    format!(
        "INSERT INTO shop.items VALUES ({id}, 0, {amount})
         ON CONFLICT (id) DO UPDATE SET amount = excluded.amount"
    )
}

fn several(id: i32, amount: i32) -> String {
    format!(
        "INSERT INTO shop.items SELECT n, 0, {amount} + n FROM generate_series({id}, {id} + 9) AS n
         ON CONFLICT (id) DO UPDATE SET amount = excluded.amount"
    )
}

fn merge(id: i32, amount: i32) -> String {
    format!(
        "MERGE INTO shop.items AS i
         USING (SELECT n, {amount} + n FROM generate_series({id}, {id} + 5) AS n) AS wanted (id, amount)
         ON i.id = wanted.id
         WHEN MATCHED AND wanted.amount % 10 = 0 THEN DELETE
         WHEN MATCHED THEN UPDATE SET amount = wanted.amount
         WHEN NOT MATCHED THEN INSERT VALUES (wanted.id, 0, wanted.amount)"
    )
}

/// A part of one item which can be the spare of another, or of the same: then what becomes of that item is written to
/// it twice.
fn part(item: i32, part: i32, spare_of: i32) -> String {
    format!(
        "INSERT INTO shop.parts
         SELECT {part}, 0, i.id, (SELECT s.id FROM shop.items AS s WHERE s.id = {spare_of} FOR KEY SHARE)
         FROM shop.items AS i WHERE i.id = {item} FOR KEY SHARE
         ON CONFLICT (id) DO UPDATE SET item_id = excluded.item_id, spare_of = excluded.spare_of"
    )
}
