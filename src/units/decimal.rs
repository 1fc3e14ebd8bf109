//! Exact conversion between decimal text and scaled integers.

use thiserror::Error;

/// Why a decimal text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// Not a plain decimal number.
    #[error("not a plain decimal number")]
    Malformed,
    /// More digits after the point than the scale holds, and they are not zero.
    #[error("more than {0} digits after the decimal point")]
    TooPrecise(u32),
    /// Does not fit a 64-bit integer at this scale.
    #[error("out of range")]
    OutOfRange,
}

/// Parses `[-]digits[.digits]` into an integer scaled by `10^scale`, exactly. No exponent, no spaces, no plus sign.
///
/// # Errors
/// [`DecimalError`] when the text is not such a number, is too precise, or does not fit.
///
/// ```
/// use placer::units::parse_scaled;
/// assert_eq!(parse_scaled("0.0416", 9), Ok(41_600_000));
/// assert!(parse_scaled("1e3", 9).is_err());
/// ```
pub fn parse_scaled(text: &str, scale: u32) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || (digits.contains('.') && fraction.is_empty()) {
        return Err(DecimalError::Malformed);
    }
    let fraction = fraction.trim_end_matches('0');
    let fraction_digits = u32::try_from(fraction.len()).map_err(|_| DecimalError::TooPrecise(scale))?;
    if fraction_digits > scale {
        return Err(DecimalError::TooPrecise(scale));
    }
    let mut value: i64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i64::from(digit - b'0')))
            .ok_or(DecimalError::OutOfRange)?;
    }
    let value = value.checked_mul(10_i64.pow(scale - fraction_digits)).ok_or(DecimalError::OutOfRange)?;
    Ok(if negative { -value } else { value })
}

/// Writes an integer scaled by `10^scale` as a decimal, trailing zeros removed down to `min_fraction` digits.
///
/// ```
/// use placer::units::format_scaled;
/// assert_eq!(format_scaled(41_600_000, 9, 2), "0.0416");
/// assert_eq!(format_scaled(5_000_000_000, 9, 2), "5.00");
/// ```
#[must_use]
pub fn format_scaled(value: i64, scale: u32, min_fraction: usize) -> String {
    let unit = 10_u64.pow(scale);
    let magnitude = value.unsigned_abs();
    let width = scale as usize;
    let mut text = format!("{}.{:0width$}", magnitude / unit, magnitude % unit);
    let point = text.len() - width - 1;
    while text.len() > point + 1 + min_fraction && text.ends_with('0') {
        text.pop();
    }
    if text.ends_with('.') {
        text.pop();
    }
    if value < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_integer_are_two_forms_of_one_number(value in -i64::MAX..=i64::MAX, min in 0_usize..=9) {
            prop_assert_eq!(parse_scaled(&format_scaled(value, 9, min), 9), Ok(value));
        }

        #[test]
        fn any_text_is_answered_without_a_panic(text in "\\PC{0,40}") {
            let _ = parse_scaled(&text, 9);
        }
    }

    #[test]
    fn refuses_what_is_not_a_plain_decimal() {
        for text in ["", "-", ".5", "5.", "1.2.3", "1e3", "+1", " 1", "0x1", "NaN", "١"] {
            assert_eq!(parse_scaled(text, 9), Err(DecimalError::Malformed), "{text:?}");
        }
        assert_eq!(parse_scaled("0.0000000001", 9), Err(DecimalError::TooPrecise(9)));
        assert_eq!(parse_scaled("99999999999", 9), Err(DecimalError::OutOfRange));
    }
}
