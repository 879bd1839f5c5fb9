/// A few statements, and why they are in the story.
pub(crate) struct Chapter {
    pub(crate) title: &'static str,
    pub(crate) sql: &'static str,
    /// Whether the database refuses them.
    pub(crate) refused: bool,
}

const fn chapter(title: &'static str, sql: &'static str) -> Chapter {
    Chapter {
        title,
        sql,
        refused: false,
    }
}

pub(crate) const CHAPTERS: &[Chapter] = &[
    chapter(
        "Two customers in one statement are one call. Consumers see the end of the address only.",
        "INSERT INTO sales.customers (name, email, segment)
VALUES ('Ada', 'ada@example.com', 'retail'), ('Grace', 'grace@example.com', 'wholesale');",
    ),
    chapter(
        "An order: a uuid, an enum, a numeric, an array, typed JSON.",
        "INSERT INTO sales.orders (id, customer_id, total, tags, shipping)
VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1, 19.90, '{gift,\"two words\"}',
        '{\"street\": \"12 St James''s Square\", \"town\": \"London\"}');
INSERT INTO sales.order_items VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1, 'teapot', 1);",
    ),
    chapter(
        "An update has the whole row before and after.",
        "UPDATE sales.orders SET status = 'paid', internal_note = 'called twice';",
    ),
    chapter(
        "One that changes nothing is left out.",
        "UPDATE sales.orders SET status = 'paid';",
    ),
    chapter(
        "An upsert: one line is there already, the other is new.",
        "INSERT INTO sales.order_items
VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1, 'teapot', 2),
       ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 2, 'cup', 6)
ON CONFLICT (order_id, line) DO UPDATE SET quantity = EXCLUDED.quantity;",
    ),
    chapter(
        "Another key is another row: the old one is gone, the new one is there.",
        "UPDATE sales.order_items SET line = 3 WHERE line = 2;",
    ),
    Chapter {
        title: "A write that the database refuses sends nothing.",
        sql: "UPDATE sales.order_items SET quantity = 0;",
        refused: true,
    },
    chapter(
        "A rollback does not undo a call that was made: see `delivery` in the README.",
        "BEGIN;
UPDATE sales.customers SET name = 'Ada Lovelace' WHERE id = 1;
ROLLBACK;",
    ),
    chapter(
        "Deleting an order deletes its lines, and all of it arrives.",
        "DELETE FROM sales.orders;",
    ),
    chapter(
        "A table without a key, and TRUNCATE, which this one has asked for.",
        "INSERT INTO testing_rds_trigger (id, name, salary) VALUES (1, 'Joan', 0.1);
TRUNCATE testing_rds_trigger;",
    ),
];
