//! Why two values differ: the three-way comparison with what was last applied.

use kmax_model::Reason;
use serde_json::Value;

/// What is known of a field as it was last applied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Base {
    /// Nothing.
    Unknown,
    /// The value.
    Value(Value),
    /// Only whether the live and the desired values are it still.
    Hash {
        /// What lives is what was applied.
        live_is_base: bool,
        /// What is wanted is what was applied.
        desired_is_base: bool,
    },
}

/// What may have brought a change that no hand in the cloud made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The config is another than at the last apply.
    Config,
    /// The config is the same: a new kmax or a new lock brought it.
    Upgrade,
}

impl Source {
    fn reason(self) -> Reason {
        match self {
            Self::Config => Reason::Config,
            Self::Upgrade => Reason::Upgrade,
        }
    }
}

/// Returns why `live` and `desired`, which differ, do, and the base's value where it is a third.
///
/// After an apply that was cut off (`unfinished`) a difference from the base may be its work: no
/// person is blamed for it.
pub(crate) fn reason(
    live: &Value,
    base: &Base,
    desired: &Value,
    source: Source,
    unfinished: bool,
) -> (Reason, Option<Value>) {
    let (live_is_base, desired_is_base, third) = match base {
        Base::Unknown => return (Reason::Unknown, None),
        Base::Value(base) => {
            let is_third = base != live && base != desired;
            (base == live, base == desired, is_third.then(|| base.clone()))
        }
        Base::Hash { live_is_base, desired_is_base } => (*live_is_base, *desired_is_base, None),
    };
    let reason = match (live_is_base, desired_is_base) {
        (true, _) => source.reason(),
        (false, _) if unfinished => Reason::Unknown,
        (false, true) => Reason::Drift,
        (false, false) => Reason::ConfigAndDrift,
    };
    (reason, third)
}

/// Returns the reason of a change from those of its fields.
pub(crate) fn combine(reasons: impl Iterator<Item = Reason>) -> Reason {
    let (mut drift, mut config, mut upgrade) = (false, false, false);
    for reason in reasons {
        match reason {
            Reason::Drift => drift = true,
            Reason::ConfigAndDrift => (drift, config) = (true, true),
            Reason::Config => config = true,
            Reason::Upgrade => upgrade = true,
            Reason::New | Reason::Removed | Reason::Unknown => {}
        }
    }
    match (drift, config, upgrade) {
        (true, true, _) | (true, _, true) => Reason::ConfigAndDrift,
        (true, false, false) => Reason::Drift,
        (false, true, _) => Reason::Config,
        (false, false, true) => Reason::Upgrade,
        (false, false, false) => Reason::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(live: u32, base: u32, desired: u32) -> (Reason, Option<Value>) {
        let base = Base::Value(json!(base));
        reason(&json!(live), &base, &json!(desired), Source::Config, false)
    }

    #[test]
    fn three_ways() {
        assert_eq!(of(40, 40, 60), (Reason::Config, None));
        assert_eq!(of(45, 40, 40), (Reason::Drift, None));
        assert_eq!(of(45, 40, 60), (Reason::ConfigAndDrift, Some(json!(40))));
        let unknown = reason(&json!(1), &Base::Unknown, &json!(2), Source::Config, false);
        assert_eq!(unknown, (Reason::Unknown, None));
    }

    #[test]
    fn an_apply_that_was_cut_off_is_no_persons_hand() {
        let base = Base::Value(json!(40));
        let (found, _) = reason(&json!(60), &base, &json!(50), Source::Config, true);
        assert_eq!(found, Reason::Unknown);
    }

    #[test]
    fn a_change_is_what_its_fields_are() {
        let of = |reasons: &[Reason]| combine(reasons.iter().copied());
        assert_eq!(of(&[Reason::Config, Reason::Upgrade]), Reason::Config);
        assert_eq!(of(&[Reason::Drift, Reason::Config]), Reason::ConfigAndDrift);
        assert_eq!(of(&[Reason::Drift, Reason::Unknown]), Reason::Drift);
        assert_eq!(of(&[Reason::Unknown]), Reason::Unknown);
    }
}
