//! `data:` URLs (RFC 2397), the only ones that a configuration holds whole.

use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use data_encoding::HEXLOWER;
use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256, Sha512};

/// Most bytes of one unpacked file. More would not fit into the Secret that it travels in.
const LIMIT: u64 = 1 << 20;

/// Base64 with or without padding, as writers of URLs please.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of `source`, unpacked and verified.
pub(super) fn decode(source: &str, compression: &str, hash: Option<&str>) -> Result<Vec<u8>, String> {
    let scheme = source.split(':').next().unwrap_or_default();
    let Some(rest) = source.strip_prefix("data:") else {
        return Err(format!(
            "is a URL of scheme {scheme:?}, which hosts do not fetch: put the contents into a data: URL"
        ));
    };
    let Some((media_type, data)) = rest.split_once(',') else {
        return Err("is no data: URL: expected `data:,text` or `data:;base64,…`".to_owned());
    };
    let bytes = percent_decoded(data);
    let bytes = if media_type.ends_with(";base64") {
        BASE64.decode(bytes).map_err(|_| "is marked as base64 and is not".to_owned())?
    } else {
        bytes
    };
    let bytes = match compression {
        "" => bytes,
        "gzip" => unpacked(&bytes)?,
        other => return Err(format!("has compression {other:?}: expected gzip or none")),
    };
    match hash.filter(|hash| !hash.is_empty()) {
        Some(hash) => verified(bytes, hash),
        None => Ok(bytes),
    }
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(LIMIT + 1)
        .read_to_end(&mut unpacked)
        .map_err(|_| "is marked as gzip and cannot be unpacked".to_owned())?;
    if unpacked.len() as u64 > LIMIT {
        return Err(format!("unpacks to more than {LIMIT} bytes: bring big files to hosts in images"));
    }
    Ok(unpacked)
}

/// **Source:** Ignition's specification 3.x: of the unpacked contents, `sha512-` (or, since 3.1, `sha256-`) and hexadecimal.
fn verified(bytes: Vec<u8>, hash: &str) -> Result<Vec<u8>, String> {
    let found = match hash.split_once('-') {
        Some(("sha512", _)) => format!("sha512-{}", HEXLOWER.encode(&Sha512::digest(&bytes))),
        Some(("sha256", _)) => format!("sha256-{}", HEXLOWER.encode(&Sha256::digest(&bytes))),
        _ => return Err(format!("has verification.hash {hash:?}: expected sha512-… or sha256-…")),
    };
    if found.eq_ignore_ascii_case(hash) {
        Ok(bytes)
    } else {
        Err(format!("does not have its verification.hash, but {found}"))
    }
}

/// A `%` that begins no two hexadecimal digits stands for itself, as browsers take it.
fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let digits = (digit(bytes.get(index + 1)), digit(bytes.get(index + 2)));
        let (byte, length) = match digits {
            (Some(high), Some(low)) if *byte == b'%' => (u8::try_from(high * 16 + low).unwrap_or(b'%'), 3),
            _ => (*byte, 1),
        };
        decoded.push(byte);
        index += length;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use base64::engine::general_purpose::STANDARD;
    use rstest::rstest;

    use super::*;

    fn packed(text: &[u8]) -> String {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        format!("data:;base64,{}", STANDARD.encode(encoder.finish().unwrap()))
    }

    #[rstest]
    #[case::plain("data:,hello%20world%0A", b"hello world\n")]
    #[case::charset("data:text/plain;charset=utf-8,a%2Cb", b"a,b")]
    #[case::base64("data:;base64,aGVsbG8=", b"hello")]
    #[case::unpadded("data:text/plain;charset=utf-8;base64,aGVsbG8", b"hello")]
    #[case::percent_in_base64("data:;base64,aGVsbG8%3D", b"hello")]
    #[case::empty("data:,", b"")]
    #[case::lone_percent("data:,100%", b"100%")]
    fn contents_of_a_data_url(#[case] source: &str, #[case] expected: &[u8]) {
        assert_eq!(decode(source, "", None).unwrap(), expected);
    }

    #[test]
    fn gzip_is_unpacked_and_its_contents_are_verified() {
        let hash = "sha256-2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(decode(&packed(b"hello"), "gzip", Some(hash)).unwrap(), b"hello");
        let fault = decode(&packed(b"other"), "gzip", Some(hash)).unwrap_err();
        assert!(fault.contains("verification.hash"), "{fault}");
    }

    #[rstest]
    #[case::fetched("https://example.com/x", "", "data: URL")]
    #[case::no_comma("data:hello", "", "no data: URL")]
    #[case::not_base64("data:;base64,?", "", "base64")]
    #[case::not_gzip("data:,x", "gzip", "gzip")]
    #[case::unknown_compression("data:,x", "xz", "expected gzip")]
    fn what_cannot_be_read_is_told_without_quoting_it(
        #[case] source: &str,
        #[case] compression: &str,
        #[case] words: &str,
    ) {
        let fault = decode(source, compression, None).unwrap_err();
        assert!(fault.contains(words), "{fault}");
    }

    #[test]
    fn a_bomb_is_refused() {
        let fault = decode(&packed(&vec![0; 2 << 20]), "gzip", None).unwrap_err();
        assert!(fault.contains("more than"), "{fault}");
    }
}
