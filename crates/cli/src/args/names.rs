//! Names as Kubernetes allows them.

/// Why a name is refused; the text says what is wrong and what would be right.
pub type Refusal = String;

/// Checks a DNS-1123 label: what a cluster's name must be, since it becomes part of host names and of a namespace.
pub fn dns_label(name: &str) -> Result<(), Refusal> {
    let well_formed = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if name.is_empty() || name.len() > 63 || !well_formed {
        return Err(format!(
            "{name:?} is not a DNS-1123 label: expected 1 to 63 lower-case letters, digits and '-', starting and ending with a letter or digit, such as 'demo' or 'team-1'"
        ));
    }
    Ok(())
}

/// Checks a DNS-1123 subdomain: what the names of most objects must be.
pub fn dns_subdomain(name: &str) -> Result<(), Refusal> {
    if is_dns_name(name) && !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(format!(
        "{name:?} is not a DNS-1123 subdomain: expected lower-case letters, digits, '-' and '.', starting and ending with a letter or digit, such as 'workers' or 'demo-2'"
    ))
}

/// Whether a text is a host name: labels of letters, digits and '-', with dots between them.
pub fn is_dns_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// Checks a namespace together with a cluster's name: their control plane namespace must be a label too.
pub fn control_plane_namespace(namespace: &str, name: &str) -> Result<String, Refusal> {
    let joined = hoist_api::names::control_plane_namespace(namespace, name);
    if joined.len() > 63 {
        return Err(format!(
            "the control plane namespace would be {joined:?} with {} characters: expected at most 63; choose a shorter name or namespace",
            joined.len()
        ));
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("")]
    #[case("Demo")]
    #[case("-a")]
    #[case("a-")]
    #[case("a.b")]
    #[case("a_b")]
    #[case("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    fn names_that_are_no_label_are_refused_and_quoted(#[case] name: &str) {
        assert!(dns_label(name).unwrap_err().contains(&format!("{name:?}")));
    }

    #[test]
    fn a_name_that_fits_alone_may_be_too_long_for_its_namespace() {
        let name = "a".repeat(60);
        assert_eq!(dns_label(&name), Ok(()));
        assert!(control_plane_namespace("clusters", &name).unwrap_err().contains("69 characters"));
    }
}
