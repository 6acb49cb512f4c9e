//! Text in lines of a width, for terminals.

/// Lines of at most `width` characters, broken at spaces, and within a word only where the word is longer than a line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let (mut line, mut length) = (String::new(), 0);
    for word in text.split(' ') {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if length > 0 {
            line.push(' ');
            length += 1;
        }
        for character in word.chars() {
            if length == width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            line.push(character);
            length += 1;
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("a éééééé b", 4), ["a", "éééé", "éé b"]);
        assert_eq!(wrap("short", 80), ["short"]);
        assert_eq!(wrap("", 80), [""]);
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        let text = "C:\\Windows\\System32\\cmd.exe /c echo  two spaces and more ".repeat(9);
        for width in 1..90 {
            let lines = wrap(&text, width);
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}");
        }
    }
}
