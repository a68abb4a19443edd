//! How one text is written: plain, quoted, or as a block of lines.

/// Words that YAML 1.1 or 1.2 reads as something else than a text.
const WORDS: [&str; 14] = ["~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<", ".inf", ".nan"];

/// A text on one line.
pub fn scalar(text: &str) -> String {
    if text.is_empty() || is_ambiguous(text) || !text.chars().all(is_printable) {
        // A text in JSON is a double-quoted text in YAML, once what JSON may leave as it is is escaped.
        let quoted = serde_json::Value::from(text).to_string();
        return quoted.chars().map(|c| if is_printable(c) { c.to_string() } else { escaped(c) }).collect();
    }
    if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// A text of several lines as a literal block, indented; nothing when it has one line or does not survive as a block.
pub fn block(text: &str, indent: usize) -> Option<String> {
    let body = text.trim_end_matches('\n');
    let first = body.lines().find(|line| !line.is_empty())?;
    let survives = text.contains('\n')
        && !first.starts_with([' ', '\t'])
        && text.chars().all(|character| character == '\n' || character == '\t' || is_printable(character));
    if !survives {
        return None;
    }
    let ends = text.len() - body.len();
    let mut written = String::from(match ends {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    for line in body.split('\n') {
        if !line.is_empty() {
            written.push_str(&" ".repeat(indent));
            written.push_str(line);
        }
        written.push('\n');
    }
    written.push_str(&"\n".repeat(ends.saturating_sub(1)));
    Some(written)
}

fn is_printable(character: char) -> bool {
    // The next line, and the separators of lines and paragraphs, end a line for some readers; the other is a mark of byte order.
    !character.is_control() && !['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'].contains(&character)
}

fn escaped(character: char) -> String {
    format!("\\u{:04x}", u32::from(character))
}

fn is_plain(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().unwrap_or(' ');
    let second = characters.next().unwrap_or(' ');
    let is_indicator = ",[]{}#&*!|>'\"%@`".contains(first) || ("-?:".contains(first) && second.is_whitespace());
    !is_indicator
        && text.trim() == text
        && !text.contains(": ")
        && !text.ends_with(':')
        && !text.contains(" #")
        && !text.starts_with("---")
        && !text.starts_with("...")
}

/// Whether some reader takes it for a number, a time, a truth value or nothing.
fn is_ambiguous(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.trim_start_matches(['+', '-']);
    if WORDS.contains(&unsigned) {
        return true;
    }
    let begins_as_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !begins_as_number {
        return false;
    }
    let digits = unsigned.replace('_', "");
    digits.parse::<f64>().is_ok()
        || ["0x", "0o", "0b"].iter().any(|prefix| digits.starts_with(prefix))
        || is_sexagesimal(&digits)
        || is_time(unsigned)
}

/// `12:30`, which YAML 1.1 reads to the base of 60.
fn is_sexagesimal(digits: &str) -> bool {
    digits.contains(':') && digits.split(':').all(|part| part.parse::<f64>().is_ok())
}

/// `2030-01-31`, with or without a time of the day.
fn is_time(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let is_number = |part: Option<&str>, length: usize| {
        part.is_some_and(|part| {
            part.len() <= length && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    is_number(parts.next(), 4)
        && is_number(parts.next(), 2)
        && parts.next().is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
