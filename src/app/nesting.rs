//! Finds dotted keys that are too long before the TOML parser sees them.
//!
//! The parser bounds brackets (80 levels) and the parts of a dotted key (80) each on its own. Together they make trees
//! of 6,400 levels, and dropping those takes more stack than a thread has. With nine parts to a key it is 720 levels.
//! Tokens are told apart exactly as the parser's own lexer does, errors included.

/// Dots of a key. The format needs two: `component.constraints.providers`.
const DOTS_MAX: usize = 8;

/// Where the first key with too many dots has one too many.
pub(super) fn too_many_dots(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut dots) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        at += match byte {
            b'.' => {
                dots += 1;
                if dots > DOTS_MAX {
                    return Some(at);
                }
                1
            }
            b' ' | b'\t' => 1,
            b'=' | b',' | b'[' | b']' | b'{' | b'}' | b'\r' | b'\n' => {
                dots = 0;
                1
            }
            b'#' => length_until(rest, b"\r\n"),
            b'\'' | b'"' => string_length(rest, *byte),
            _ => length_until(rest, b".=,[]{} \t#\r\n"),
        };
    }
    None
}

/// Bytes before the first that is one of `ends`.
fn length_until(bytes: &[u8], ends: &[u8]) -> usize {
    bytes.iter().position(|byte| ends.contains(byte)).unwrap_or(bytes.len())
}

/// Length of the string that begins here, its quotes included.
fn string_length(bytes: &[u8], quote: u8) -> usize {
    let fence = [quote; 3];
    let escapes = quote == b'"';
    let many_lines = bytes.starts_with(&fence);
    let mut at = if many_lines { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        if escapes && *byte == b'\\' {
            at += if matches!(rest.get(1), Some(b'\\' | b'"')) { 2 } else { 1 };
        } else if many_lines && rest.starts_with(&fence) {
            // Up to two quotes before the closing three belong to the text.
            return at + rest.iter().take(5).take_while(|byte| **byte == quote).count();
        } else if !many_lines && *byte == quote {
            return at + 1;
        } else if !many_lines && *byte == b'\n' {
            return at;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_count_in_keys_only() {
        let many = ".a".repeat(9);
        for fine in
            ["a.b.c.d.e.f.g.h.i = 1".to_owned(), format!("#{many}"), format!("x = 'a{many}'\ny = \"\\\"{many}\"")]
        {
            assert_eq!(too_many_dots(&fine), None, "{fine}");
        }
        assert_eq!(too_many_dots(&format!("x = \"\"\"\n{many}\\\"\"\"{many}\"\"\"\"\"\n")), None);
        assert_eq!(too_many_dots(&format!("a{many} = 1")), Some(17));
        assert_eq!(too_many_dots(&format!("x = '''a'''''\n{{ a{many} }}")), Some(33));
        assert!(too_many_dots(&"\"a\" . ".repeat(10)).is_some());
        assert!(too_many_dots(&format!("x = \"\nb{many}")).is_some());
        assert!(too_many_dots(&format!("# \rb{many}")).is_some());
        assert!(too_many_dots(&format!("x = {{ y = \"\"\"a\"\"\"\"\", b{many} = 1 }}")).is_some());
    }
}
