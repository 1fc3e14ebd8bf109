//! Names that the user may have meant.

use super::failure::Failure;

/// An error for a name that nothing has, with the nearest one, or the whole list when it is short.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
    const LISTED_MAX: usize = 30;
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let near = known
        .iter()
        .map(|candidate| (strsim::osa_distance(&name.to_lowercase(), &candidate.to_lowercase()), *candidate))
        .min()
        .filter(|(slips, candidate)| *slips <= 2.max(candidate.len() / 4) && *slips < name.len().max(2));
    // A name in an error must not upset the terminal, and nobody needs a megabyte of it.
    let shown: String = name.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let hint = match near {
        Some((_, candidate)) => format!("; did you mean `{candidate}`?"),
        None if known.len() <= LISTED_MAX => format!("; there are {}", known.join(", ")),
        None => String::new(),
    };
    Failure::Input(format!("there is no {what} `{shown}`{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        let message = |failure| match failure {
            Failure::Input(text) => text,
            other => panic!("{other:?}"),
        };
        let known = ["aws", "azure", "hetzner"];
        assert_eq!(
            message(unknown("provider", "hetzer", known)),
            "there is no provider `hetzer`; did you mean `hetzner`?"
        );
        assert_eq!(
            message(unknown("provider", "zzzzzzzzzz", known)),
            "there is no provider `zzzzzzzzzz`; there are aws, azure, hetzner"
        );
    }
}
