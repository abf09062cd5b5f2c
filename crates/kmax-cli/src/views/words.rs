//! Words for counts and reasons.

use kmax_model::{Action, Reason};

/// Returns "1 node" or "2 nodes".
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{} {what}s", thousands(number)) }
}

/// Returns a number with commas between thousands.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns the word that stands beside a field; none where the whole object says it.
pub(crate) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::New | Reason::Removed => "",
        Reason::Config => "config",
        Reason::Drift => "drift",
        Reason::ConfigAndDrift => "config, drift",
        Reason::Upgrade => "upgrade",
        Reason::Unknown => "unknown",
    }
}

/// Returns the word for what is being done.
pub(crate) fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "changing",
        Action::Delete => "destroying",
        Action::Adopt => "taking over",
    }
}

/// Returns the word for what was done.
pub(crate) fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "changed",
        Action::Delete => "destroyed",
        Action::Adopt => "taken over",
    }
}

/// Returns the sign of an action.
pub(crate) fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update | Action::Adopt => "~",
        Action::Delete => "-",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        assert_eq!(count(1, "node"), "1 node");
        assert_eq!(count(0, "node"), "0 nodes");
        assert_eq!(count(1_234_567, "node"), "1,234,567 nodes");
    }
}
