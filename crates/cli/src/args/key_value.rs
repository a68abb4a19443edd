//! Flags of the form `key=value`.

use std::str::FromStr;

/// One pair. The value may hold `=` and may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// What is before the first `=`; never empty.
    pub key: String,
    /// What is after it.
    pub value: String,
}

/// A text without `=` or without a key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no pair; write key=value")]
pub struct NoPair(String);

impl FromStr for KeyValue {
    type Err = NoPair;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err(NoPair(text.to_owned())),
        }
    }
}

/// The pairs as a JSON object; the last of two equal keys wins, as in HyperShift.
pub fn object(pairs: &[KeyValue]) -> serde_json::Map<String, serde_json::Value> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone().into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_may_hold_an_equals_sign_and_the_key_may_not_be_empty() {
        assert_eq!("a=b=c".parse(), Ok(KeyValue { key: "a".into(), value: "b=c".into() }));
        assert_eq!("a=".parse(), Ok(KeyValue { key: "a".into(), value: String::new() }));
        assert!("=b".parse::<KeyValue>().is_err());
        assert!("a".parse::<KeyValue>().is_err());
    }
}
