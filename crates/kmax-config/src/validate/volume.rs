//! `volume`: the root volume.

use crate::document::Finding;
use crate::limits::VolumeLimits;
use crate::pool::Volume;
use crate::rules::Rule;

/// What is wrong with a volume: the key it is about, and the finding.
pub(crate) fn volume(volume: &Volume) -> Vec<(&'static str, Finding)> {
    let Volume { size_gib, volume_type, encrypted, iops, throughput_mibps, kms_key } = volume;
    let limits = VolumeLimits::of(*volume_type);
    let mut found = Vec::new();
    let error = |message: String| Finding::error(Rule::InvalidVolume, message);
    let outside = |(min, max): (u32, u32), number: u32| number < min || number > max;
    if outside(limits.size_gib, *size_gib) {
        let (min, max) = limits.size_gib;
        let message = format!("a volume of type {volume_type} can't have {size_gib} GiB");
        found.push(("size_gib", error(message).hint(format!("it takes {min} to {max} GiB"))));
    }
    match (iops, limits.iops) {
        (Some(iops), Some((min, max))) if outside((min, max), *iops) => {
            let message = format!("a volume of type {volume_type} can't have {iops} IOPS");
            found.push(("iops", error(message).hint(format!("it takes {min} to {max}"))));
        }
        (Some(iops), Some((min, _))) => {
            let most = limits
                .iops_per_gib
                .map(|ratio| u64::from(ratio) * u64::from(*size_gib))
                .filter(|most| u64::from(*iops) > (*most).max(u64::from(min)));
            if let (Some(most), Some(ratio)) = (most, limits.iops_per_gib) {
                let message = format!("{iops} IOPS are too many for {size_gib} GiB");
                let hint = format!(
                    "a volume of type {volume_type} takes {ratio} for each GiB, here {most}"
                );
                found.push(("iops", error(message).hint(hint)));
            }
        }
        (Some(_), None) => {
            let message = format!("a volume of type {volume_type} takes no `iops`");
            let hint = "`gp3`, `io1` and `io2` do; where an outer layer sets it, write \
                        `unset = [\"volume.iops\"]`";
            found.push(("iops", error(message).hint(hint)));
        }
        (None, Some((min, max))) if limits.throughput_mibps.is_none() => {
            let message = format!("a volume of type {volume_type} needs `iops`");
            found.push(("type", error(message).hint(format!("it takes {min} to {max}"))));
        }
        (None, _) => {}
    }
    match (throughput_mibps, limits.throughput_mibps) {
        (Some(_), None) => {
            let message = format!("a volume of type {volume_type} takes no `throughput_mibps`");
            let hint = "`gp3` does; where an outer layer sets it, write \
                        `unset = [\"volume.throughput_mibps\"]`";
            found.push(("throughput_mibps", error(message).hint(hint)));
        }
        (Some(throughput), Some(range)) if outside(range, *throughput) => {
            let (min, max) = range;
            let message = format!("a volume of type {volume_type} can't have {throughput} MiB/s");
            found.push((
                "throughput_mibps",
                error(message).hint(format!("it takes {min} to {max}")),
            ));
        }
        (Some(throughput), Some(_)) => {
            // EBS gives a quarter of a MiB/s for each of the IOPS, of which gp3 has 3,000 by itself.
            let iops = iops.unwrap_or(3_000);
            if throughput.saturating_mul(4) > iops {
                let message = format!("{throughput} MiB/s are too many for {iops} IOPS");
                let hint = format!("it takes 4 IOPS for each MiB/s: `iops = {}`", throughput * 4);
                found.push(("throughput_mibps", error(message).hint(hint)));
            }
        }
        (None, _) => {}
    }
    if let Some(key) = kms_key {
        if !*encrypted {
            let message = "a KMS key is named for a volume that is not encrypted".to_owned();
            found.push(("kms_key", error(message).hint("write `encrypted = true`")));
        }
        if !is_kms_key(key) {
            let message = format!("`{key}` is not a KMS key");
            let hint = "write the key's id, its ARN, or `alias/NAME`";
            found.push(("kms_key", error(message).hint(hint)));
        }
    }
    if !*encrypted {
        let message = "the root volume is not encrypted";
        let finding = Finding::warning(Rule::UnencryptedVolume, message)
            .hint("write `encrypted = true`; it costs nothing");
        found.push(("encrypted", finding));
    }
    found
}

fn is_kms_key(text: &str) -> bool {
    let hexadecimal = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    text.strip_prefix("alias/").is_some_and(|name| !name.is_empty())
        || (text.starts_with("arn:aws") && text.contains(":kms:"))
        || text.strip_prefix("mrk-").is_some_and(|rest| rest.len() == 32 && hexadecimal(rest))
        || (text.len() == 36 && hexadecimal(text))
}
