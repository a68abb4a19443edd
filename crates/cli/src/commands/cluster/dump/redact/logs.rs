//! Takes secrets out of logs. Nobody knows their form, so whatever looks like a key, a token or a password goes.

use std::sync::LazyLock;

use regex::Regex;

use super::without_passwords;

/// What a secret looks like, and what stays of it.
const PATTERNS: [(&str, &str); 5] = [
    // A key whose end was cut off goes as far as the log does.
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)", "REDACTED"),
    // JSON web tokens, as service accounts have them.
    (r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", "REDACTED"),
    (r#"(?i)(authorization["']?\s*[:=]\s*\[?["']?(?:bearer|basic)\s+)[^\s"'\]]+"#, "${1}REDACTED"),
    // Join tokens and kubeadm's bootstrap tokens: the name stays, the secret goes.
    (r"\b(jt-[a-z0-9]+|[a-z0-9]{6})\.(?:[0-9a-f]{64}|[a-z0-9]{16})\b", "${1}.REDACTED"),
    (r#"(?i)\b(passw(?:or)?d["']?\s*[:=]\s*["']?)[^\s"',}]+"#, "${1}REDACTED"),
];

static SECRETS: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| PATTERNS.iter().filter_map(|(pattern, rest)| Some((Regex::new(pattern).ok()?, *rest))).collect());

/// The log without what looks secret in it.
pub fn redact(text: &str) -> String {
    let text =
        SECRETS.iter().fold(text.to_owned(), |text, (secret, rest)| secret.replace_all(&text, *rest).into_owned());
    without_passwords(&text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn all_patterns_are_patterns() {
        assert_eq!(SECRETS.len(), PATTERNS.len());
    }

    #[rstest]
    #[case("a\n-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\nb", "a\nREDACTED\nb")]
    #[case("a -----BEGIN PRIVATE KEY-----\nMHc", "a REDACTED")]
    #[case("-----BEGIN CERTIFICATE-----\nMHc", "-----BEGIN CERTIFICATE-----\nMHc")]
    #[case("got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2ln from x", "got REDACTED from x")]
    #[case("Authorization: Bearer abc.def", "Authorization: Bearer REDACTED")]
    #[case(r#"headers={"authorization":["Basic dTpw"]}"#, r#"headers={"authorization":["Basic REDACTED"]}"#)]
    #[case("joined with abcdef.0123456789abcdef", "joined with abcdef.REDACTED")]
    #[case("password=hunter2 user=a", "password=REDACTED user=a")]
    #[case("proxy http://u:p@h:80", "proxy http://REDACTED@h:80")]
    #[case(
        r#"I1 "Synced" secret="clusters/pull-secret" token expired"#,
        r#"I1 "Synced" secret="clusters/pull-secret" token expired"#
    )]
    fn what_looks_secret_goes_and_the_rest_stays(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(redact(text), expected);
    }

    #[test]
    fn the_secret_of_a_join_token_goes() {
        let secret = "0a".repeat(32);
        assert_eq!(redact(&format!("--token jt-abc12.{secret}")), "--token jt-abc12.REDACTED");
    }
}
