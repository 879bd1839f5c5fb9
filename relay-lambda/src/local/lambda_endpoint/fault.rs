use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{FunctionError, InvocationType};
use crate::local::share::Share;

/// A way in which a call fails, to be ordered by [`Faults`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The service has too many calls: an API failure, the function does not run.
    Throttle,
    /// The service can't be reached: an API failure, the function does not run.
    Refuse,
    /// There is no function of this name: an API failure.
    NotFound,
    /// No answer within `aws_lambda.request_timeout_ms`: an API failure after that time, the function
    /// does not run.
    TimeOut,
    /// The function runs, its answer does not arrive: for the caller the same as
    /// [`TimeOut`](Fault::TimeOut). What shows whether a second try does harm.
    LoseAnswer,
    /// The function fails in place of running; where there is a queue, at the first try of an `Event`
    /// call. A dry run does not meet this one.
    FunctionError(FunctionError),
    /// The function runs, and its process is killed before it has answered: an error of the function as in
    /// [`FunctionError`](Fault::FunctionError), and what it did is done.
    KillAfterRun,
}

/// The failures that a [`LambdaEndpoint`](super::LambdaEndpoint) has been told to produce. Clones are
/// the same handle.
///
/// Each call that is well formed takes the next one in the order of the orders; a call for which there
/// is none may meet one by [chance](Faults::fail_share), and else goes through.
///
/// ```no_run
/// use relay_lambda::local::{Fault, FunctionError, LambdaEndpoint};
///
/// # fn main() -> std::io::Result<()> {
/// let endpoint = LambdaEndpoint::start(|_| Ok("null".to_owned()))?;
///
/// // Two calls are throttled, one runs out of time, the function fails once, then all is well.
/// endpoint.faults().fail_next(2, Fault::Throttle);
/// endpoint.faults().fail_next(1, Fault::TimeOut);
/// endpoint.faults().fail_next(1, Fault::FunctionError(FunctionError::new("OutOfMemory", "killed")));
///
/// // An outage, from now until it is cleared.
/// endpoint.faults().clear();
/// endpoint.faults().fail_all(Fault::Refuse);
/// endpoint.faults().clear();
///
/// // Three in ten calls are throttled, until it is cleared.
/// endpoint.faults().fail_share(30, 42, Fault::Throttle);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults {
    ordered: Arc<Mutex<Ordered>>,
}

#[derive(Debug, Default)]
struct Ordered {
    next: VecDeque<Fault>,
    then: Option<Fault>,
    share: Option<(Share, Fault)>,
}

impl Faults {
    /// Lets the next `count` calls fail so, after those that were ordered before.
    pub fn fail_next(&self, count: usize, fault: Fault) {
        self.ordered()
            .next
            .extend(std::iter::repeat_n(fault, count));
    }

    /// Lets every call fail so, after those that [`fail_next`](Faults::fail_next) ordered, until
    /// [`clear`](Faults::clear).
    pub fn fail_all(&self, fault: Fault) {
        self.ordered().then = Some(fault);
    }

    /// Lets this share of the calls from now on fail so, by chance, of those for which nothing else is ordered. The
    /// seed determines which. 100 and more is each of them; 0 takes the order back.
    pub fn fail_share(&self, percent: u8, seed: u64, fault: Fault) {
        self.ordered().share = Share::new(percent, seed).map(|share| (share, fault));
    }

    /// Forgets all that was ordered: the next call goes through.
    pub fn clear(&self) {
        *self.ordered() = Ordered::default();
    }

    /// What happens to a call of this type, which is thereby used up.
    pub(super) fn take(&self, invocation_type: InvocationType) -> Option<Fault> {
        let mut ordered = self.ordered();
        let fault = match ordered.next.front().or(ordered.then.as_ref()) {
            Some(fault) => fault.clone(),
            None => ordered.by_chance()?,
        };
        let is_of_function = matches!(fault, Fault::FunctionError(_) | Fault::KillAfterRun);
        if invocation_type == InvocationType::DryRun && is_of_function {
            return None;
        }
        ordered.next.pop_front();
        Some(fault)
    }

    fn ordered(&self) -> MutexGuard<'_, Ordered> {
        // No method leaves it half done, so a panic elsewhere has not harmed it.
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ordered {
    fn by_chance(&mut self) -> Option<Fault> {
        let (share, fault) = self.share.as_mut()?;
        share.hits().then(|| fault.clone())
    }
}
