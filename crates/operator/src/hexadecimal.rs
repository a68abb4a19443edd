//! Bytes as lowercase hexadecimal text.

use std::fmt::Write as _;

/// Two digits a byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn small_bytes_keep_their_zero() {
        assert_eq!(super::hexadecimal(&[0, 10, 255]), "000aff");
    }
}
