//! Which entries the events of a call become: one each, and for a TRUNCATE one in every shard.

use std::collections::HashMap;

use aurora_trigger_gen::wire::Aggregate;

use crate::delivery::{Bundle, Delivered, Entry, Item};
use crate::record::{Envelope, Outgoing};

/// The entries of a call, each of an event.
#[derive(Debug)]
pub(crate) struct Plan<'a, 'p> {
    outgoing: &'a [Outgoing<'p>],
    envelopes: &'a [Envelope],
    shards: &'a [String],
    targets: Vec<Target>,
}

#[derive(Debug, Clone, Copy)]
struct Target {
    event: usize,
    /// Where it goes in place of where its partition key leads.
    shard: Option<usize>,
}

impl<'a, 'p> Plan<'a, 'p> {
    /// `shards`: a hash key for each of them, needed where there is an event without a key.
    pub(crate) fn new(
        outgoing: &'a [Outgoing<'p>],
        envelopes: &'a [Envelope],
        shards: &'a [String],
    ) -> Self {
        let mut targets = Vec::with_capacity(outgoing.len());
        for (event, outgoing) in outgoing.iter().enumerate() {
            if outgoing.accepted().key.is_some() {
                targets.push(Target { event, shard: None });
            } else {
                let everywhere = (0..shards.len()).map(Some);
                targets.extend(everywhere.map(|shard| Target { event, shard }));
            }
        }
        Self {
            outgoing,
            envelopes,
            shards,
            targets,
        }
    }

    /// The items of the schedule, one an entry, in the same order.
    pub(crate) fn items(&self) -> Vec<Item> {
        let mut lanes = HashMap::new();
        self.targets
            .iter()
            .map(|target| {
                let event = &self.outgoing[target.event];
                let lane = match target.shard {
                    Some(shard) => shard,
                    None => {
                        let next = self.shards.len() + lanes.len();
                        *lanes
                            .entry(&*event.accepted().partition_key)
                            .or_insert(next)
                    }
                };
                Item {
                    lane,
                    bytes: event.size(self.envelope(event)),
                    barrier: target.shard.is_some(),
                }
            })
            .collect()
    }

    pub(crate) fn entry(&self, bundle: &Bundle) -> Entry {
        let first = self.targets[bundle.items[0]];
        let partition_key = self.outgoing[first.event].accepted().partition_key.clone();
        let data = if let [_] = bundle.items[..] {
            self.record(first)
        } else {
            let mut aggregate = Aggregate::new(&partition_key);
            for &item in &bundle.items {
                aggregate.add(&self.record(self.targets[item]));
            }
            aggregate.finish()
        };
        Entry {
            partition_key,
            hash_key: first.shard.map(|shard| self.shards[shard].clone()),
            data,
        }
    }

    /// For each event whether all its entries are in the stream.
    pub(crate) fn written(&self, delivered: &Delivered) -> Vec<bool> {
        let mut written = vec![true; self.outgoing.len()];
        for (target, acknowledged) in self.targets.iter().zip(&delivered.acknowledged) {
            written[target.event] &= acknowledged;
        }
        written
    }

    fn record(&self, target: Target) -> Vec<u8> {
        let event = &self.outgoing[target.event];
        event.record(self.envelope(event))
    }

    fn envelope(&self, event: &Outgoing<'_>) -> &'a Envelope {
        &self.envelopes[event.accepted().source]
    }
}
