//! What the project promises of its speed, and whether a run of a bench kept it.

/// On which side of its limit a number shall be.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

/// A number and its goal.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// The name of its `ratio` line.
    pub name: &'static str,
    /// What the number is of.
    pub meaning: &'static str,
    /// Where it shall be.
    pub limit: Limit,
    /// Where it is; `None` where this run has not measured it.
    pub value: Option<f64>,
}

/// Prints them for a person, and a line `ratio NAME VALUE` each for a program.
pub fn print_goals(goals: &[Goal]) {
    println!(
        "{:<34} {:>10}   {:>9}   {:<7} of what",
        "goal", "value", "limit", ""
    );
    for goal in goals {
        let (sign, limit) = match goal.limit {
            Limit::AtMost(limit) => ('≤', limit),
            Limit::AtLeast(limit) => ('≥', limit),
        };
        println!(
            "{:<34} {:>10}   {sign} {limit:>7}   {:<7} {}",
            goal.name,
            goal.value
                .map_or_else(|| "-".to_owned(), |value| format!("{value:.3}")),
            goal.verdict(),
            goal.meaning,
        );
    }
    println!();
    for goal in goals {
        if let Some(value) = goal.value {
            println!("ratio {} {value:.3}", goal.name);
        }
    }
}

impl Goal {
    fn verdict(&self) -> &'static str {
        let met = match (self.limit, self.value) {
            (_, None) => return "unknown",
            (Limit::AtMost(limit), Some(value)) => value <= limit,
            (Limit::AtLeast(limit), Some(value)) => value >= limit,
        };
        if met { "met" } else { "missed" }
    }
}
