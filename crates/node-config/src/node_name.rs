//! Which names a node may have.
//!
//! Shorter than Kubernetes allows (253): the name also becomes a label value, which ends at 63.

/// Most characters a node name may have.
pub const MAXIMUM_LENGTH: usize = 63;

/// A name no node can have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidNodeName {
    /// Nothing or too much.
    #[error("node name has {length} characters; it must have 1 to {MAXIMUM_LENGTH}")]
    Length {
        /// How many it has.
        length: usize,
    },
    /// A character that DNS names do not have.
    #[error("node name holds {character:?}; only lower-case letters, digits, '-' and '.' are allowed")]
    Character {
        /// The first such character.
        character: char,
    },
    /// A label that is empty or begins or ends with a dash.
    #[error("each part of a node name between dots must begin and end with a letter or digit")]
    Label,
}

/// Checks that `name` is a DNS-1123 subdomain of at most 63 characters.
pub fn validate_node_name(name: &str) -> Result<(), InvalidNodeName> {
    let length = name.chars().count();
    if length == 0 || length > MAXIMUM_LENGTH {
        return Err(InvalidNodeName::Length { length });
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if let Some(character) = name.chars().find(|c| !allowed(*c)) {
        return Err(InvalidNodeName::Character { character });
    }
    let well_formed = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    if !name.split('.').all(well_formed) {
        return Err(InvalidNodeName::Label);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("w1")]
    #[case("worker-1.example.net")]
    #[case("9lives")]
    fn dns_names_are_accepted(#[case] name: &str) {
        assert_eq!(validate_node_name(name), Ok(()));
    }

    #[rstest]
    #[case("", InvalidNodeName::Length { length: 0 })]
    #[case("Worker", InvalidNodeName::Character { character: 'W' })]
    #[case("a_b", InvalidNodeName::Character { character: '_' })]
    #[case("../etc", InvalidNodeName::Character { character: '/' })]
    #[case("-a", InvalidNodeName::Label)]
    #[case("a..b", InvalidNodeName::Label)]
    #[case("a-.b", InvalidNodeName::Label)]
    fn other_names_are_refused_with_the_reason(#[case] name: &str, #[case] expected: InvalidNodeName) {
        assert_eq!(validate_node_name(name), Err(expected));
    }

    #[test]
    fn a_name_longer_than_a_label_value_is_refused() {
        assert_eq!(validate_node_name(&"a".repeat(64)), Err(InvalidNodeName::Length { length: 64 }));
        assert_eq!(validate_node_name(&"a".repeat(63)), Ok(()));
    }
}
