//! Text of strangers made fit to be shown, and commands as people write them.

use super::Command;

/// Text without control characters, in one line, of at most so many characters: it cannot upset a terminal.
pub(super) fn plain(text: &str, chars_max: usize) -> String {
    let mut chars = text.trim().chars().map(|c| match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() => '\u{fffd}',
        // Marks that turn the direction of text.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    });
    let mut short: String = chars.by_ref().take(chars_max).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// The command in quotes.
pub(super) fn commanded(command: &Command) -> String {
    let words = std::iter::once(command.program.as_str()).chain(command.args.iter().map(String::as_str));
    let line = shlex::try_join(words).unwrap_or_else(|_| command.program.clone());
    format!("`{}`", plain(&line, 120))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_upsets_a_terminal() {
        assert_eq!(plain("\u{1b}[31mred\u{7}\nline\u{202e}", 100), "\u{fffd}[31mred\u{fffd} line\u{fffd}");
        assert_eq!(plain("abcdef", 3), "abc…");
        assert_eq!(plain("abc", 3), "abc");
    }
}
