//! The relay against a Kinesis that fails in every way that it can: by HTTP, through the SDK that it is deployed with.

mod answers;
mod calls;
mod deadlines;
mod faults;
mod limits;
mod metrics;
mod partial;
mod refusals;
mod samples;
mod secrecy;
mod shop;
mod stored;
mod truncate;
mod workload;

use tokio::sync::Mutex;

/// Held by what measures time and by what takes all of the machine, so that they are not on together.
static MACHINE: Mutex<()> = Mutex::const_new(());
