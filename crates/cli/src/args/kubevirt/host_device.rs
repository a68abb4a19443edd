//! `--host-device-name NAME[,count:N]`.

use std::str::FromStr;

use serde_json::{Value, json};

/// A device of the infrastructure cluster's nodes, and how many of it each machine gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostDevice {
    name: String,
    count: u32,
}

/// A text that is no device.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no host device: write NAME, or NAME,count:N with N of at least 1")]
pub struct InvalidHostDevice(String);

impl HostDevice {
    /// The device as it stands in a manifest.
    pub fn manifest(&self) -> Value {
        json!({"deviceName": self.name, "count": self.count})
    }
}

impl FromStr for HostDevice {
    type Err = InvalidHostDevice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidHostDevice(text.to_owned());
        let (name, rest) = text.split_once(',').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let count = match rest {
            None => 1,
            Some(rest) => {
                rest.trim().strip_prefix("count:").and_then(|count| count.trim().parse().ok()).ok_or_else(invalid)?
            }
        };
        if name.trim().is_empty() || count == 0 {
            return Err(invalid());
        }
        Ok(Self { name: name.trim().to_owned(), count })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a,count:0")]
    #[case("a,count:")]
    #[case("a,b")]
    #[case(",count:1")]
    #[case("")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<HostDevice>(), Err(InvalidHostDevice(text.to_owned())));
    }
}
