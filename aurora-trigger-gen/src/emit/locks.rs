//! How long the installation and the removal wait for locks: less than an application notices.

/// How many milliseconds a wait for a lock takes at most. The default of `deadlock_timeout` is 1,000: an application
/// that waits for that long may be cancelled.
pub(super) const WAIT: u32 = 200;
/// How often a lock is tried. With the pauses in between that is two to four seconds.
pub(super) const TRIES: u32 = 10;
