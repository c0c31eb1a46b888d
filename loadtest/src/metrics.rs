//! Reading a Prometheus text page.

/// The sum of all series of a metric (any labels); `None` when the page has none of that name.
#[must_use]
pub fn sum(page: &str, name: &str) -> Option<f64> {
    let values = page.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = match rest.split_once('}') {
            Some((labels, value)) if labels.starts_with('{') => value,
            None if rest.starts_with(' ') => rest,
            _ => return None,
        };
        value.split_ascii_whitespace().next()?.parse::<f64>().ok()
    });
    values.reduce(|a, b| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_one_name_are_added_and_longer_names_are_not() {
        let page = "# HELP a x\na{b=\"1\"} 2\na{b=\"}\"} 3\na_total 9\nc 4 170000\n";
        assert_eq!(sum(page, "c"), Some(4.0));
        assert_eq!(sum(page, "a_total"), Some(9.0));
        assert_eq!(sum(page, "missing"), None);
        assert_eq!(sum("a{b=\"1\"} 2\na{b=\"2\"} 3\n", "a"), Some(5.0));
    }
}
