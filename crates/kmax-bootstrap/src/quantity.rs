//! Kubernetes quantities: `90m`, `893Mi`, `1e3`, and thresholds, which may be percentages.

use crate::BootstrapError;
use crate::spec::invalid;

/// An amount of a resource, in thousandths, rounded up as Kubernetes does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity {
    millis: u128,
}

impl Quantity {
    /// Reads a quantity of a field, which an error names.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self, BootstrapError> {
        Self::read(text).ok_or_else(|| {
            invalid(field, format!("is `{text}`, not a quantity like `500m`, `2` or `1Gi`"))
        })
    }

    fn read(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let Decimal { digits, places } = Decimal::read(number)?;
        let (times, by) = match suffix {
            "n" => (1, 1_000_000_000),
            "u" => (1, 1_000_000),
            "m" => (1, 1000),
            "" => (1, 1),
            "k" => (10_u128.pow(3), 1),
            "M" => (10_u128.pow(6), 1),
            "G" => (10_u128.pow(9), 1),
            "T" => (10_u128.pow(12), 1),
            "P" => (10_u128.pow(15), 1),
            "E" => (10_u128.pow(18), 1),
            "Ki" => (1 << 10, 1),
            "Mi" => (1 << 20, 1),
            "Gi" => (1 << 30, 1),
            "Ti" => (1 << 40, 1),
            "Pi" => (1 << 50, 1),
            "Ei" => (1 << 60, 1),
            exponent => {
                let exponent = exponent.strip_prefix(['e', 'E'])?;
                let (negative, power) = match exponent.strip_prefix('-') {
                    Some(power) => (true, power),
                    None => (false, exponent.strip_prefix('+').unwrap_or(exponent)),
                };
                let all_digits = !power.is_empty() && power.bytes().all(|b| b.is_ascii_digit());
                let power: u32 = power.parse().ok().filter(|power| all_digits && *power <= 18)?;
                let factor = 10_u128.pow(power);
                if negative { (1, factor) } else { (factor, 1) }
            }
        };
        let numerator = digits.checked_mul(times)?.checked_mul(1000)?;
        let denominator = 10_u128.checked_pow(places)?.checked_mul(by)?;
        Some(Self { millis: numerator.div_ceil(denominator) })
    }

    /// Returns the amount in thousandths: of a CPU, its millicores.
    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.millis).unwrap_or(u64::MAX)
    }

    /// Returns the amount in whole units: of memory and storage, bytes.
    pub(crate) fn units(self) -> u64 {
        u64::try_from(self.millis.div_ceil(1000)).unwrap_or(u64::MAX)
    }
}

/// A threshold of eviction: an amount, or a share of the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    Amount(Quantity),
    Percent(Decimal),
}

impl Threshold {
    /// Reads a threshold of a field, which an error names.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self, BootstrapError> {
        let Some(number) = text.strip_suffix('%') else {
            return Quantity::parse(field, text).map(Self::Amount);
        };
        Decimal::read(number)
            .filter(|percent| percent.at_most_100())
            .map(Self::Percent)
            .ok_or_else(|| invalid(field, format!("is `{text}`, not from 0% to 100%")))
    }

    /// Returns the threshold in units of the capacity.
    pub(crate) fn of(self, capacity: u64) -> u64 {
        match self {
            Self::Amount(quantity) => quantity.units(),
            Self::Percent(Decimal { digits, places }) => {
                let share = u128::from(capacity).saturating_mul(digits)
                    / 10_u128.saturating_pow(places).saturating_mul(100);
                u64::try_from(share).unwrap_or(u64::MAX)
            }
        }
    }
}

/// A decimal number that is not negative: its digits, and how many stand after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    digits: u128,
    places: u32,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        // Twenty digits are more than any amount has, and keep the arithmetic within 128 bits.
        let is_number =
            (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_number {
            return None;
        }
        Some(Self { digits: digits.parse().ok()?, places: fraction.len() as u32 })
    }

    fn at_most_100(self) -> bool {
        self.digits <= 10_u128.saturating_pow(self.places).saturating_mul(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<u64> {
        Quantity::read(text).map(Quantity::millis)
    }

    fn units(text: &str) -> Option<u64> {
        Quantity::read(text).map(Quantity::units)
    }

    #[test]
    fn reads_quantities() {
        assert_eq!(millis("90m"), Some(90));
        assert_eq!(millis("2"), Some(2000));
        assert_eq!(millis("0.5"), Some(500));
        assert_eq!(millis("1.5"), Some(1500));
        assert_eq!(millis(".25"), Some(250));
        assert_eq!(millis("100u"), Some(1));
        assert_eq!(units("893Mi"), Some(893 << 20));
        assert_eq!(units("1Gi"), Some(1 << 30));
        assert_eq!(units("0.5Gi"), Some(1 << 29));
        assert_eq!(units("1k"), Some(1000));
        assert_eq!(units("1e3"), Some(1000));
        assert_eq!(units("12E2"), Some(1200));
        assert_eq!(units("1E"), Some(1_000_000_000_000_000_000));
        assert_eq!(units("1500e-3"), Some(2));
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in [
            "", ".", "m", "-1", "1 Gi", "1KiB", "1g", "1e", "1e+", "1e-", "1.2.3", "1e99", "٣",
            "1e+-1",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
        assert_eq!(
            Quantity::parse("kubelet.kube_reserved.cpu", "lots").unwrap_err().to_string(),
            "`kubelet.kube_reserved.cpu` is `lots`, not a quantity like `500m`, `2` or `1Gi`"
        );
    }

    #[test]
    fn thresholds_are_amounts_or_shares() {
        let of = |text: &str| Threshold::parse("t", text).map(|t| t.of(200 << 20));
        assert_eq!(of("100Mi"), Ok(100 << 20));
        assert_eq!(of("5%"), Ok(10 << 20));
        assert_eq!(of("2.5%"), Ok(5 << 20));
        assert!(of("101%").is_err());
        assert!(of("-1%").is_err());
        assert!(of("%").is_err());
    }
}
